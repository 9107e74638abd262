//! The thing registry: every asset is a thing with a type, attributes and a group.
//!
//! What the asset register says is not copied per thing: attributes that follow from it are looked
//! up when asked for. Things whose attributes were changed have a record of their own.
//!
//! | thing | type | attributes |
//! |---|---|---|
//! | probe | `soil_probe` | `site`, `zone`, `pump` (its zone's controller), `number` |
//! | valve | `valve` | `site`, `zone`, `pump`, `number` |
//! | pump controller | `pump_controller` | `site`, `zone`, `number` |
//! | any other asset | its class or kind | `site`, `number` |
//! | a thing beside the register | as declared | as declared |
//!
//! `number` is the one in the thing's topics, if its name ends with it (`farmA-203`): policies can
//! then name the topics of just this thing.
//!
//! # Source
//! AWS IoT Core developer guide, "Managing things with the registry"; AWS IoT API, `UpdateThing`.

use crate::error::CloudError;
use crate::spec::ThingSpec;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::{AssetKind, Register};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most attributes of a thing that has a type. Source: AWS IoT Core developer guide, "Thing types".
pub const ATTRIBUTES_MAX: usize = 50;

/// Most attributes of a thing without a type. Source: AWS IoT Core developer guide, "Thing types".
const UNTYPED_ATTRIBUTES_MAX: usize = 3;

/// Longest thing name, in bytes. Source: AWS IoT API, `ThingName`.
const THING_NAME_BYTES_MAX: usize = 128;

/// Longest attribute name, in bytes. Source: AWS IoT API, `AttributeName`.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 128;

/// Longest attribute value, in bytes. Source: AWS IoT API, `AttributeValue`.
pub const ATTRIBUTE_VALUE_BYTES_MAX: usize = 800;

/// All things of one shard.
#[derive(Clone, Debug)]
pub struct Registry {
    register: Arc<Register>,
    /// Each thing's attribute `pump`, resolved, by [`DeviceIx`]; [`NONE`] if it names no thing.
    pumps: Vec<u32>,
    changed: BTreeMap<DeviceIx, Record>,
    /// Things beside the assets, which come before them in [`DeviceIx`] order.
    declared: Vec<ThingSpec>,
}

const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Record {
    version: u64,
    attributes: BTreeMap<String, String>,
}

/// A thing as `DescribeThing` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing<'a> {
    /// Its name, which is also its default client id.
    pub name: &'a str,
    /// Its type, if it has one.
    pub thing_type: Option<&'a str>,
    /// Its attributes by name.
    pub attributes: BTreeMap<String, String>,
    /// The groups that it is in; an asset's is its site.
    pub groups: Vec<&'a str>,
    /// 1 at first, one more with each change.
    pub version: u64,
}

impl Registry {
    /// The assets of `register` and the `declared` things beside them.
    ///
    /// # Errors
    /// [`CloudError::Registry`] if a declared thing's name or attributes break a limit.
    pub(crate) fn new(register: Arc<Register>, declared: &[ThingSpec]) -> Result<Self, CloudError> {
        for thing in declared {
            check_thing(thing)
                .map_err(|why| CloudError::Registry { thing: thing.name.clone(), why })?;
        }
        let pump_of = |device| derived_pump(&register, device).map_or(NONE, DeviceIx::raw);
        let pumps = register.iter().map(|(device, _)| pump_of(device));
        let pumps = pumps.chain(declared.iter().map(|_| NONE)).collect();
        Ok(Self { register, pumps, changed: BTreeMap::new(), declared: declared.to_vec() })
    }

    /// The declaration of a thing that is no asset.
    fn declared(&self, device: DeviceIx) -> Option<&ThingSpec> {
        self.declared.get(device.index().checked_sub(self.register.assets.len())?)
    }

    /// The thing at `device`.
    ///
    /// # Panics
    /// If `device` is not of this shard.
    pub fn thing(&self, device: DeviceIx) -> Thing<'_> {
        let record = self.changed.get(&device);
        if let Some(declared) = self.declared(device) {
            return Thing {
                name: &declared.name,
                thing_type: declared.thing_type.as_deref(),
                attributes: record.map_or_else(
                    || declared.attributes.clone(),
                    |record| record.attributes.clone(),
                ),
                groups: declared.groups.iter().map(String::as_str).collect(),
                version: record.map_or(1, |record| record.version),
            };
        }
        let asset = &self.register.assets[device.index()];
        Thing {
            name: self.register.names.name(device),
            thing_type: Some(match asset.kind {
                AssetKind::Device(class) => class.name(),
                AssetKind::Pump => "pump",
                AssetKind::Filter => "filter",
                AssetKind::Valve => "valve",
            }),
            attributes: match record {
                Some(record) => record.attributes.clone(),
                None => self.derived_attributes(device),
            },
            groups: vec![&self.register.sites[asset.site.index()].name],
            version: record.map_or(1, |record| record.version),
        }
    }

    /// One attribute of a thing.
    pub fn attribute(&self, device: DeviceIx, name: &str) -> Option<&str> {
        match self.changed.get(&device) {
            Some(record) => record.attributes.get(name).map(String::as_str),
            None => match self.declared(device) {
                Some(thing) => thing.attributes.get(name).map(String::as_str),
                None => self.derived(device, name),
            },
        }
    }

    /// The thing that the attribute `pump` names.
    pub fn pump(&self, device: DeviceIx) -> Option<DeviceIx> {
        let pump = self.pumps[device.index()];
        (pump != NONE).then_some(DeviceIx::new(pump))
    }

    /// Changes a thing's attributes as `UpdateThing` does: `merge` keeps those that are not named
    /// and an empty value deletes one; otherwise they are replaced. `find` gives a thing by name.
    pub(crate) fn update(
        &mut self,
        device: DeviceIx,
        attributes: &[(&str, &str)],
        merge: bool,
        find: impl Fn(&str) -> Option<DeviceIx>,
    ) -> Result<(), CloudError> {
        let refuse =
            |why: String| CloudError::Registry { thing: self.thing(device).name.to_owned(), why };
        let thing = self.thing(device);
        let (version, mut updated) = (thing.version + 1, BTreeMap::new());
        if merge {
            updated = thing.attributes;
        }
        for &(name, value) in attributes {
            check_attribute(name, value).map_err(&refuse)?;
            if merge && value.is_empty() {
                updated.remove(name);
            } else {
                updated.insert(name.to_owned(), value.to_owned());
            }
        }
        if updated.len() > ATTRIBUTES_MAX {
            let found = updated.len();
            return Err(refuse(format!(
                "it would have {found} attributes, at most 50 are allowed"
            )));
        }
        let pump = updated.get("pump").and_then(|name| find(name));
        self.pumps[device.index()] = pump.map_or(NONE, DeviceIx::raw);
        self.changed.insert(device, Record { version, attributes: updated });
        Ok(())
    }

    fn derived_attributes(&self, device: DeviceIx) -> BTreeMap<String, String> {
        ["site", "zone", "pump", "number"]
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), self.derived(device, name)?.to_owned())))
            .collect()
    }

    /// What the asset register says.
    fn derived(&self, device: DeviceIx, name: &str) -> Option<&str> {
        let asset = &self.register.assets[device.index()];
        match name {
            "site" => Some(&self.register.sites[asset.site.index()].name),
            "zone" => Some(&self.register.zones[asset.zone?.index()].name),
            "pump" => Some(self.register.names.name(derived_pump(&self.register, device)?)),
            "number" => {
                let (_, last) = self.register.names.name(device).rsplit_once('-')?;
                (last.parse() == Ok(asset.number)).then_some(last)
            }
            _ => None,
        }
    }
}

/// The controller of a probe's or valve's zone.
fn derived_pump(register: &Register, device: DeviceIx) -> Option<DeviceIx> {
    let asset = &register.assets[device.index()];
    match asset.kind {
        AssetKind::Device(DeviceClass::SoilProbe) | AssetKind::Valve => {
            Some(register.zones[asset.zone?.index()].controller)
        }
        AssetKind::Device(_) | AssetKind::Pump | AssetKind::Filter => None,
    }
}

/// Checks a declared thing.
fn check_thing(thing: &ThingSpec) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-:".contains(c);
    if thing.name.is_empty()
        || thing.name.len() > THING_NAME_BYTES_MAX
        || !thing.name.chars().all(plain)
    {
        return Err("this is no thing name; expected 1 to 128 of a-zA-Z0-9_:-".to_owned());
    }
    let (found, most) = (thing.attributes.len(), attributes_max(thing));
    if found > most {
        return Err(format!("it has {found} attributes, at most {most} are allowed"));
    }
    thing.attributes.iter().try_for_each(|(name, value)| check_attribute(name, value))
}

/// How many attributes a thing may have. Source: AWS IoT Core developer guide, "Thing types".
const fn attributes_max(thing: &ThingSpec) -> usize {
    if thing.thing_type.is_some() { ATTRIBUTES_MAX } else { UNTYPED_ATTRIBUTES_MAX }
}

fn check_attribute(name: &str, value: &str) -> Result<(), String> {
    let allowed = |text: &str, more: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.,@/:#-".contains(c) || more.contains(c))
    };
    if name.is_empty() || name.len() > ATTRIBUTE_NAME_BYTES_MAX || !allowed(name, "") {
        return Err(format!(
            "`{name}` is no attribute name; expected 1 to 128 of a-zA-Z0-9_.,@/:#-"
        ));
    }
    if value.len() > ATTRIBUTE_VALUE_BYTES_MAX || !allowed(value, "=[]") {
        return Err(format!(
            "attribute `{name}` cannot be `{value}`; expected at most 800 of a-zA-Z0-9_.,@/:#=[]-"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm;

    fn registry() -> (Registry, impl Fn(&str) -> Option<DeviceIx>) {
        let register = Arc::new(farm::register(1, 2, 2));
        let names = register.names.clone();
        let find = move |name: &str| {
            names.iter().position(|known| known == name).map(|i| DeviceIx::new(i as u32))
        };
        (Registry::new(register, &[]).expect("no things"), find)
    }

    #[test]
    fn a_probe_knows_its_zone_and_pump() {
        let (registry, find) = registry();
        let probe = find("farmA-201").expect("a probe");
        let thing = registry.thing(probe);
        assert_eq!(
            (thing.thing_type, thing.groups, thing.version),
            (Some("soil_probe"), vec!["farmA"], 1)
        );
        let attributes: Vec<_> =
            thing.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            attributes,
            [
                ("number", "201"),
                ("pump", "farmA-pump-2"),
                ("site", "farmA"),
                ("zone", "farmA-zone-2")
            ]
        );
        let pump = find("farmA-pump-1").expect("a controller");
        assert_eq!(registry.attribute(pump, "number"), Some("1"));
        assert_eq!(registry.pump(probe), find("farmA-pump-2"));
        let weather = find("farmA-weather-1").expect("a station");
        assert_eq!((registry.attribute(weather, "zone"), registry.pump(weather)), (None, None));
    }

    #[test]
    fn updates_merge_or_replace_and_keep_the_pump_in_step() {
        let (mut registry, find) = registry();
        let probe = find("farmA-201").expect("a probe");
        registry
            .update(probe, &[("pump", "farmA-pump-1"), ("site", "")], true, &find)
            .expect("valid");
        assert_eq!(registry.pump(probe), find("farmA-pump-1"));
        assert_eq!(registry.attribute(probe, "zone"), Some("farmA-zone-2"));
        assert_eq!(registry.attribute(probe, "site"), None);
        registry.update(probe, &[("owner", "x")], false, &find).expect("valid");
        assert_eq!((registry.pump(probe), registry.thing(probe).version), (None, 3));
        assert_eq!(registry.thing(probe).attributes.len(), 1);
    }

    #[test]
    fn attributes_keep_to_the_services_letters_and_limits() {
        let (mut registry, find) = registry();
        let probe = find("farmA-201").expect("a probe");
        let long = "x".repeat(801);
        for pair in [("a b", "x"), ("", "x"), ("a", "x y"), ("a", long.as_str())] {
            assert!(registry.update(probe, &[pair], true, &find).is_err(), "{pair:?}");
        }
        let names: Vec<String> = (0..51).map(|i| format!("a{i}")).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), "x")).collect();
        assert!(registry.update(probe, &many, false, &find).is_err());
        assert_eq!(registry.thing(probe).version, 1, "nothing was changed");
    }
}
