//! How assets are called in tables.

use fieldmirror_core::register::AssetKind;

/// The class of an asset, as tables and tickets name it.
pub(crate) const fn asset_class(kind: AssetKind) -> &'static str {
    match kind {
        AssetKind::Device(class) => class.name(),
        AssetKind::Pump => "pump",
        AssetKind::Filter => "filter",
        AssetKind::Valve => "valve",
    }
}
