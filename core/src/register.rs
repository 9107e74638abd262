//! The asset register: what an operator knows of the farms on paper.
//!
//! Everything here is **nominal**: data-sheet and design values, names, places, who belongs to
//! whom. The simulation draws its true values around them; the twin knows nothing else. No true
//! value, fault or schedule ever stands in this module.

use crate::ids::{DeviceIx, EntityKey, Names, SiteIx, ZoneIx};
use crate::reading::DeviceClass;
use crate::time::{Span, Timestamp};
use std::sync::Arc;

/// All assets of one shard of farms.
#[derive(Clone, Debug)]
pub struct Register {
    /// Thing and equipment names, by [`DeviceIx`].
    pub names: Names,
    /// Assets by [`DeviceIx`]: reporting devices first, in the order of their report phase, so that
    /// those which report together lie together in memory; equipment after them.
    pub assets: Vec<Asset>,
    /// How many of the assets report (the first ones).
    pub reporting: usize,
    /// Farms by [`SiteIx`].
    pub sites: Vec<Site>,
    /// Irrigation zones by [`ZoneIx`]; a site's zones are contiguous.
    pub zones: Vec<Zone>,
}

/// What an asset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssetKind {
    /// A thing that reports readings of its class.
    Device(DeviceClass),
    /// The site's pump.
    Pump,
    /// The filter behind the pump.
    Filter,
    /// The valve of a zone.
    Valve,
}

/// One asset.
#[derive(Clone, Debug)]
pub struct Asset {
    /// What it is.
    pub kind: AssetKind,
    /// The key of its random draws: the hash of its name.
    pub key: EntityKey,
    /// Its farm.
    pub site: SiteIx,
    /// Its zone, for probes, pump controllers and valves.
    pub zone: Option<ZoneIx>,
    /// Where it stands, metres east and north of the site's origin.
    pub position_m: [f32; 2],
    /// Time between reports; zero for equipment.
    pub interval: Span,
    /// When in the interval it reports; zero for equipment.
    pub phase: Span,
    /// The number in its topic, such as `101`.
    pub number: u32,
}

/// One farm.
#[derive(Clone, Debug)]
pub struct Site {
    /// The name that begins its topics, such as `farmA`.
    pub name: String,
    /// The key of its random draws.
    pub key: EntityKey,
    /// Design values; farms of a fleet share one.
    pub model: Arc<SiteModel>,
    /// Its zones: `zones[first_zone..first_zone + zone_count]`.
    pub first_zone: ZoneIx,
    /// How many zones it has.
    pub zone_count: usize,
    /// Its weather station, if it has one.
    pub weather_station: Option<DeviceIx>,
    /// Its gateways.
    pub gateways: Vec<DeviceIx>,
    /// Its pump.
    pub pump: DeviceIx,
    /// Its filter.
    pub filter: DeviceIx,
}

/// One irrigation zone.
#[derive(Clone, Debug)]
pub struct Zone {
    /// The name, such as `farmA-zone-1`.
    pub name: String,
    /// The key of its random draws.
    pub key: EntityKey,
    /// Its farm.
    pub site: SiteIx,
    /// Position along the site's main, from 0 at the pump.
    pub position: usize,
    /// Irrigated area, in square metres.
    pub area_m2: f64,
    /// The controller that opens its valve.
    pub controller: DeviceIx,
    /// Its valve.
    pub valve: DeviceIx,
    /// Its soil probes.
    pub probes: Vec<DeviceIx>,
}

/// Design values of a farm.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteModel {
    /// Latitude, degrees north.
    pub latitude_deg: f64,
    /// Elevation above sea level, in metres.
    pub elevation_m: f64,
    /// The soil.
    pub soil: SoilModel,
    /// The crop.
    pub crop: CropModel,
    /// How water reaches the root zone.
    pub irrigation: IrrigationModel,
    /// Pump, filter and pipes.
    pub hydraulics: HydraulicsModel,
    /// The probes.
    pub probe: ProbeModel,
    /// The radio environment.
    pub radio: RadioModel,
}

/// Nominal soil. Volume fractions are m3 of water a m3 of soil.
#[derive(Clone, Debug, PartialEq)]
pub struct SoilModel {
    /// Water content at field capacity.
    pub field_capacity: f64,
    /// Water content at the permanent wilting point.
    pub wilting_point: f64,
    /// Water content when the run begins.
    pub initial: f64,
    /// Depth of the evaporating layer, in metres (FAO-56: 0.10 to 0.15).
    pub evaporation_depth_m: f64,
    /// Readily evaporable water, in millimetres (FAO-56 Table 19).
    pub readily_evaporable_mm: f64,
    /// SCS runoff curve number at average wetness.
    pub curve_number: f64,
}

/// Nominal crop (FAO-56 Tables 11, 12, 17, 22).
#[derive(Clone, Debug, PartialEq)]
pub struct CropModel {
    /// First day of the initial stage.
    pub planted: Timestamp,
    /// Basal crop coefficients: initial, mid-season, end.
    pub kcb: [f64; 3],
    /// Stage lengths in days: initial, development, mid-season, late.
    pub stages_d: [u32; 4],
    /// Height in metres: at planting, at most.
    pub height_m: [f64; 2],
    /// Rooting depth in metres: at planting, at most.
    pub root_depth_m: [f64; 2],
    /// Depletion fraction for no stress at ETc = 5 mm/d.
    pub depletion_fraction: f64,
}

/// How irrigation water reaches the root zone.
#[derive(Clone, Debug, PartialEq)]
pub struct IrrigationModel {
    /// Share of the emitted water that infiltrates, 0 to 1.
    pub efficiency: f64,
    /// Share of the surface that it wets, 0 to 1.
    pub wetted_fraction: f64,
}

/// Pump, filter and a tree of mains: reservoir, pump, filter pipe, then for each zone a reach of main
/// from the upstream junction (`zone_upstream`), with a lateral, valve and emitter group at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct HydraulicsModel {
    /// Water level of the reservoir, in metres.
    pub reservoir_head_m: f64,
    /// Elevation of the pump's outlet, in metres.
    pub pump_elevation_m: f64,
    /// Pump curve: (flow in l/s, head in m) at shut-off, design and largest flow.
    pub pump_curve: [(f64, f64); 3],
    /// Best efficiency of the pump, 0 to 1.
    pub pump_efficiency: f64,
    /// Flow at best efficiency, in l/s.
    pub pump_best_flow_lps: f64,
    /// Motor efficiency, 0 to 1.
    pub motor_efficiency: f64,
    /// Pipe that holds the filter.
    pub filter: PipeModel,
    /// One reach of the main, from zone to zone.
    pub main: PipeModel,
    /// A zone's lateral with its valve.
    pub lateral: PipeModel,
    /// Elevation of each zone above the reservoir's datum, in metres, from the pump outwards.
    pub zone_elevation_m: Vec<f64>,
    /// The zone at whose junction each zone's reach of the main begins; `None` for the filter. The
    /// reaches form a tree.
    pub zone_upstream: Vec<Option<usize>>,
    /// Emitter coefficient of a zone: flow in m3/s is this times the square root of the head in m.
    pub emitter_coefficient: f64,
}

/// A pipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PipeModel {
    /// Length, in metres.
    pub length_m: f64,
    /// Inner diameter, in metres.
    pub diameter_m: f64,
    /// Hazen-Williams coefficient.
    pub roughness: f64,
    /// Minor loss coefficient K.
    pub minor_loss: f64,
}

/// A soil probe on paper.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeModel {
    /// Depth of the temperature sensor, in metres.
    pub depth_m: f64,
    /// Noise of the water reading, one standard deviation, m3/m3.
    pub water_noise: f64,
    /// Noise of the temperature reading, one standard deviation, in K.
    pub temperature_noise_k: f64,
    /// Response time of the water reading (soil contact), in seconds.
    pub response_s: f64,
    /// Largest drift of the water reading, one standard deviation, m3/m3 a year.
    pub drift_per_year: f64,
    /// Nominal battery capacity, in ampere hours.
    pub battery_ah: f64,
}

/// The radio environment on paper.
#[derive(Clone, Debug, PartialEq)]
pub struct RadioModel {
    /// Loss at the reference distance, in dB.
    pub reference_loss_db: f64,
    /// Reference distance, in metres.
    pub reference_distance_m: f64,
    /// Path loss exponent.
    pub exponent: f64,
    /// Extra loss of a probe in the ground or in the crop, in dB.
    pub burial_loss_db: f64,
    /// Shadowing, one standard deviation, in dB; frozen per link.
    pub shadowing_db: f64,
    /// Transmit power, in dBm.
    pub power_dbm: f64,
    /// Link margin by which a device's spreading factor is chosen, in dB.
    pub margin_db: f64,
    /// Whether frames interfere with each other.
    pub interference: bool,
}

impl Register {
    /// A register without assets: for a cloud that serves no farm.
    pub fn empty() -> Self {
        Self {
            names: Names::default(),
            assets: Vec::new(),
            reporting: 0,
            sites: Vec::new(),
            zones: Vec::new(),
        }
    }

    /// The class of `device`, if it reports.
    pub fn class(&self, device: DeviceIx) -> Option<DeviceClass> {
        match self.assets[device.index()].kind {
            AssetKind::Device(class) => Some(class),
            AssetKind::Pump | AssetKind::Filter | AssetKind::Valve => None,
        }
    }

    /// All assets with their indices.
    pub fn iter(&self) -> impl Iterator<Item = (DeviceIx, &Asset)> {
        self.assets.iter().enumerate().map(|(i, asset)| (DeviceIx::new(i as u32), asset))
    }

    /// The data topic of a reporting device, such as `farmA/sensor/101/data`.
    pub fn topic(&self, device: DeviceIx) -> Option<String> {
        let asset = &self.assets[device.index()];
        let site = &self.sites[asset.site.index()].name;
        let number = asset.number;
        Some(match self.class(device)? {
            DeviceClass::SoilProbe => format!("{site}/sensor/{number}/data"),
            DeviceClass::WeatherStation => format!("{site}/weather/{number}/data"),
            DeviceClass::PumpController => format!("{site}/pump/{number}/state"),
            DeviceClass::Gateway => format!("{site}/gateway/{number}/stat"),
        })
    }
}
