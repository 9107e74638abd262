//! Who stands where: the places of one shard's devices, as findings are correlated by them.
//!
//! It holds names and neighbourhood only. Nominal values stay with the twin.

use fieldmirror_core::ids::{DeviceIx, Names, SiteIx, ZoneIx};
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::{AssetKind, Register};

/// The places of one shard's devices.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// Names of devices and equipment, by [`DeviceIx`].
    pub names: Names,
    /// Places, by [`DeviceIx`].
    pub places: Vec<Place>,
    /// Farms, by [`SiteIx`].
    pub sites: Vec<SiteAssets>,
    /// Zones, by [`ZoneIx`].
    pub zones: Vec<ZoneAssets>,
}

/// Where one device or piece of equipment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its class, if it reports.
    pub class: Option<DeviceClass>,
    /// Its farm.
    pub site: SiteIx,
    /// Its zone, if it belongs to one.
    pub zone: Option<ZoneIx>,
}

/// What a farm has once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteAssets {
    /// Its name.
    pub name: String,
    /// Its pump.
    pub pump: DeviceIx,
    /// The filter behind the pump.
    pub filter: DeviceIx,
    /// Its gateways.
    pub gateways: Vec<DeviceIx>,
    /// Its zones.
    pub zones: Vec<ZoneIx>,
}

/// What a zone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneAssets {
    /// Its farm.
    pub site: SiteIx,
    /// The controller of its valve.
    pub controller: DeviceIx,
    /// Its valve.
    pub valve: DeviceIx,
    /// Its soil probes.
    pub probes: Vec<DeviceIx>,
}

impl Topology {
    /// The places that `register` lists.
    pub fn of(register: &Register) -> Self {
        let places = register
            .iter()
            .map(|(_, asset)| Place {
                class: match asset.kind {
                    AssetKind::Device(class) => Some(class),
                    AssetKind::Pump | AssetKind::Filter | AssetKind::Valve => None,
                },
                site: asset.site,
                zone: asset.zone,
            })
            .collect();
        let sites = register
            .sites
            .iter()
            .map(|site| SiteAssets {
                name: site.name.clone(),
                pump: site.pump,
                filter: site.filter,
                gateways: site.gateways.clone(),
                zones: (0..site.zone_count)
                    .map(|i| ZoneIx::new(site.first_zone.raw() + i as u32))
                    .collect(),
            })
            .collect();
        let zones = register
            .zones
            .iter()
            .map(|zone| ZoneAssets {
                site: zone.site,
                controller: zone.controller,
                valve: zone.valve,
                probes: zone.probes.clone(),
            })
            .collect();
        Self { names: register.names.clone(), places, sites, zones }
    }

    /// The name of the first farm, by which a shard is known; empty without farms.
    pub fn first_site(&self) -> &str {
        self.sites.first().map_or("", |site| site.name.as_str())
    }

    /// The devices of `class` in index order.
    pub fn devices(&self, class: DeviceClass) -> impl Iterator<Item = DeviceIx> {
        self.places
            .iter()
            .enumerate()
            .filter(move |(_, place)| place.class == Some(class))
            .map(|(i, _)| DeviceIx::new(i as u32))
    }
}
