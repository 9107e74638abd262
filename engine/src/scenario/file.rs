//! The scenario file as people write it: TOML sections with units in their names.
//!
//! These are the unchecked shapes. Unknown keys are refused everywhere, because a misspelt key that
//! is silently ignored costs an afternoon.

use fieldmirror_core::register::{
    CropModel, HydraulicsModel, IrrigationModel, PipeModel, ProbeModel, RadioModel, SiteModel,
    SoilModel,
};
use fieldmirror_core::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format version that this program writes and the newest that it reads.
pub const FORMAT: u32 = 1;

/// A whole scenario file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioText {
    /// Format version: 1.
    pub format: u32,
    /// Name; also the start of the run directory's name.
    pub name: String,
    /// Seed of every random draw.
    pub seed: u64,
    /// When the run begins: midnight of a day that the forcing covers.
    pub start: Time,
    /// How long it lasts.
    pub span: Duration,
    /// Step of the loop; feedback from cloud to farm takes at most this long.
    pub step: Duration,
    /// Learning.
    pub learn: LearnText,
    /// Forcing.
    pub weather: WeatherText,
    /// The farm, or the pattern of every farm of a fleet.
    pub site: SiteText,
    /// How many farms are made from the pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<FleetText>,
    /// Nominal soil.
    pub soil: SoilText,
    /// Nominal crop.
    pub crop: CropText,
    /// Irrigation.
    pub irrigation: IrrigationText,
    /// Pump and pipes.
    pub hydraulics: HydraulicsText,
    /// Probes.
    pub probe: ProbeText,
    /// Radio.
    pub radio: RadioText,
    /// How far true values lie from nominal ones.
    pub uncertainty: UncertaintyText,
    /// Gateways of the farm.
    pub gateways: Vec<GatewayText>,
    /// Zones, from the pump outwards.
    pub zones: Vec<ZoneText>,
    /// Rules, each an AWS rule JSON file beside the scenario.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleText>,
    /// Functions that lambda actions call, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, FunctionText>,
    /// Certificates of device classes and other clients; if there are any, policies are enforced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateText>,
    /// Publishes of clients that are not of the farm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<ForeignText>,
    /// Faults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultText>,
    /// Confounders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confounders: Vec<ConfounderText>,
}

/// `[learn]`: what the models learn from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnText {
    /// Length of the fault-free stretch at the start.
    pub clean: Duration,
    /// Stated false alarms a device and day, per detector.
    #[serde(default = "default_false_alarms")]
    pub false_alarms_per_device_day: f64,
}

const fn default_false_alarms() -> f64 {
    0.001
}

/// `[weather]`: daily forcing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeatherText {
    /// CSV with the columns date, `tmin_c`, `tmax_c`, `rain_mm`, `et0_mm`; relative to the scenario.
    pub file: String,
    /// Daily mean wind speed at 2 m.
    pub wind_ms: f64,
}

/// `[site]`: a farm.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteText {
    /// Name; for a fleet, the prefix of every farm's name.
    pub name: String,
    /// Latitude, degrees north.
    pub latitude_deg: f64,
    /// Elevation above sea level.
    pub elevation_m: f64,
    /// Time between reports of every device.
    pub report_every: Duration,
}

/// `[fleet]`: copies of the farm.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetText {
    /// How many farms.
    pub farms: u32,
    /// How many farms share one partition of the run (one world, one recorder).
    pub farms_per_shard: u32,
}

/// `[soil]`: see [`SoilModel`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are documented at SoilModel")]
pub struct SoilText {
    pub field_capacity: f64,
    pub wilting_point: f64,
    pub initial: f64,
    pub evaporation_depth_m: f64,
    pub readily_evaporable_mm: f64,
    pub curve_number: f64,
}

/// `[crop]`: see [`CropModel`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are documented at CropModel")]
pub struct CropText {
    pub planted: Time,
    pub kcb: [f64; 3],
    pub stages_d: [u32; 4],
    pub height_m: [f64; 2],
    pub root_depth_m: [f64; 2],
    pub depletion_fraction: f64,
}

/// `[irrigation]`: see [`IrrigationModel`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are documented at IrrigationModel")]
pub struct IrrigationText {
    pub efficiency: f64,
    pub wetted_fraction: f64,
}

/// `[hydraulics]`: see [`HydraulicsModel`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are documented at HydraulicsModel")]
pub struct HydraulicsText {
    pub reservoir_head_m: f64,
    pub pump_elevation_m: f64,
    pub pump_curve: [[f64; 2]; 3],
    pub pump_efficiency: f64,
    pub pump_best_flow_lps: f64,
    pub motor_efficiency: f64,
    pub filter: PipeText,
    pub main: PipeText,
    pub lateral: PipeText,
    pub emitter_coefficient: f64,
}

/// A pipe: see [`PipeModel`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are documented at PipeModel")]
pub struct PipeText {
    pub length_m: f64,
    pub diameter_m: f64,
    pub roughness: f64,
    pub minor_loss: f64,
}

/// `[probe]`: see [`ProbeModel`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are documented at ProbeModel")]
pub struct ProbeText {
    pub depth_m: f64,
    pub water_noise: f64,
    pub temperature_noise_k: f64,
    pub response_s: f64,
    pub drift_per_year: f64,
    pub battery_ah: f64,
}

/// `[radio]`: see [`RadioModel`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are documented at RadioModel")]
pub struct RadioText {
    pub reference_loss_db: f64,
    pub reference_distance_m: f64,
    pub exponent: f64,
    pub burial_loss_db: f64,
    pub shadowing_db: f64,
    pub power_dbm: f64,
    pub margin_db: f64,
    pub interference: bool,
}

/// `[uncertainty]`: how far true values lie from nominal ones, as shares.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncertaintyText {
    /// Soil properties.
    pub soil: f64,
    /// Pipes and emitters.
    pub pipe: f64,
    /// Probe gain.
    pub probe_gain: f64,
    /// Probe offset, m3/m3.
    pub probe_offset: f64,
}

/// `[[gateways]]`: a LoRaWAN gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayText {
    /// Metres east and north of the site's origin.
    pub position_m: [f32; 2],
}

/// `[[zones]]`: an irrigation zone with its probes, valve and controller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneText {
    /// Irrigated area.
    pub area_m2: f64,
    /// Centre, metres east and north of the site's origin.
    pub position_m: [f32; 2],
    /// Elevation above the reservoir's datum.
    pub elevation_m: f64,
    /// The zone from whose junction its main comes, counted from 1; 0 is the filter. The zone before
    /// it in the file if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fed_by: Option<usize>,
    /// How many soil probes.
    pub probes: u32,
}

/// `[[rules]]`: a rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleText {
    /// AWS rule JSON, relative to the scenario.
    pub file: String,
}

/// `[functions.NAME]`: a function.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionText {
    /// Which built-in: `irrigation`.
    pub builtin: String,
    /// How long one command irrigates.
    #[serde(default = "default_irrigation")]
    pub duration: Duration,
    /// Least time between two commands for one zone; the duration if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Duration>,
}

const fn default_irrigation() -> Duration {
    Duration(Span::from_seconds(600))
}

/// `[[certificates]]`: a certificate that all devices of a class show, or another client.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateText {
    /// A class of devices, such as `soil_probe`; the certificate is attached to all of its things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The id of a client that is no device; instead of `class`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Policy JSON, relative to the scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Several of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The certificate's subject by field, such as `CommonName`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subject: BTreeMap<String, String>,
}

impl CertificateText {
    /// The class or client, which is also the certificate's id.
    pub fn id(&self) -> &str {
        self.class.as_deref().or(self.client.as_deref()).unwrap_or_default()
    }

    /// The policy files, as written.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.policy.iter().chain(&self.policies).map(String::as_str)
    }
}

/// `[[foreign]]`: a client that is not of the farm connects, publishes once and leaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignText {
    /// When, from the start of the run.
    pub at: Duration,
    /// Its client id; a device's own takes that device's connection over.
    pub client: String,
    /// The certificate that it shows, by class or client; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: String,
    /// Whether the message is to be retained.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retain: bool,
}

/// `[[faults]]`: a fault of the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultText {
    /// Name in the truth table.
    pub id: String,
    /// Class, such as `filter_clogging`.
    pub class: String,
    /// The device that fails, such as `farmA-filter`.
    pub device: String,
    /// When it begins, from the start of the run.
    pub onset: Duration,
    /// How long until it is mended; the rest of the run if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
    /// Largest severity, 0 to 1.
    pub severity: f64,
    /// `step` (default), `linear` or `exponential`.
    #[serde(default = "default_growth")]
    pub growth: String,
    /// How long it grows to its largest severity; for `linear` and `exponential`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grows_for: Option<Duration>,
}

fn default_growth() -> String {
    "step".to_owned()
}

/// `[[confounders]]`: something unusual that is no fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ConfounderText {
    /// Warmer days and nights.
    HeatWave {
        /// Name.
        id: String,
        /// When it begins.
        onset: Duration,
        /// How long it lasts.
        lasts: Duration,
        /// By how many kelvin.
        warmer_k: f64,
    },
    /// An operator waters some zones each day at a fixed hour, beside the rules.
    IrrigationPlan {
        /// Name.
        id: String,
        /// When it begins.
        onset: Duration,
        /// How long it lasts.
        lasts: Duration,
        /// Zone numbers, from 1.
        zones: Vec<u32>,
        /// Time after midnight.
        at: Duration,
        /// How long each watering lasts.
        duration: Duration,
    },
}

/// A duration as text: `90s`, `15m`, `36h`, `10d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Duration(pub Span);

/// A time as text: RFC 3339 or a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(pub Timestamp);

impl TryFrom<String> for Duration {
    type Error = fieldmirror_core::error::CoreError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Span::parse(&text).map(Self)
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.0.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = fieldmirror_core::error::CoreError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Timestamp::parse(&text).map(Self)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.0.to_string()
    }
}

impl ScenarioText {
    /// The zone (from 0) that feeds zone `z`; `None` for the filter.
    pub fn upstream(&self, z: usize) -> Option<usize> {
        self.zones[z].fed_by.unwrap_or(z).checked_sub(1)
    }

    /// The nominal values that every farm of the scenario shares.
    pub fn site_model(&self) -> SiteModel {
        let (soil, crop, water, radio) = (&self.soil, &self.crop, &self.hydraulics, &self.radio);
        SiteModel {
            latitude_deg: self.site.latitude_deg,
            elevation_m: self.site.elevation_m,
            soil: SoilModel {
                field_capacity: soil.field_capacity,
                wilting_point: soil.wilting_point,
                initial: soil.initial,
                evaporation_depth_m: soil.evaporation_depth_m,
                readily_evaporable_mm: soil.readily_evaporable_mm,
                curve_number: soil.curve_number,
            },
            crop: CropModel {
                planted: crop.planted.0,
                kcb: crop.kcb,
                stages_d: crop.stages_d,
                height_m: crop.height_m,
                root_depth_m: crop.root_depth_m,
                depletion_fraction: crop.depletion_fraction,
            },
            irrigation: IrrigationModel {
                efficiency: self.irrigation.efficiency,
                wetted_fraction: self.irrigation.wetted_fraction,
            },
            hydraulics: HydraulicsModel {
                reservoir_head_m: water.reservoir_head_m,
                pump_elevation_m: water.pump_elevation_m,
                pump_curve: water.pump_curve.map(|[flow_lps, head_m]| (flow_lps, head_m)),
                pump_efficiency: water.pump_efficiency,
                pump_best_flow_lps: water.pump_best_flow_lps,
                motor_efficiency: water.motor_efficiency,
                filter: water.filter.model(),
                main: water.main.model(),
                lateral: water.lateral.model(),
                zone_upstream: (0..self.zones.len()).map(|z| self.upstream(z)).collect(),
                zone_elevation_m: self.zones.iter().map(|zone| zone.elevation_m).collect(),
                emitter_coefficient: water.emitter_coefficient,
            },
            probe: ProbeModel {
                depth_m: self.probe.depth_m,
                water_noise: self.probe.water_noise,
                temperature_noise_k: self.probe.temperature_noise_k,
                response_s: self.probe.response_s,
                drift_per_year: self.probe.drift_per_year,
                battery_ah: self.probe.battery_ah,
            },
            radio: RadioModel {
                reference_loss_db: radio.reference_loss_db,
                reference_distance_m: radio.reference_distance_m,
                exponent: radio.exponent,
                burial_loss_db: radio.burial_loss_db,
                shadowing_db: radio.shadowing_db,
                power_dbm: radio.power_dbm,
                margin_db: radio.margin_db,
                interference: radio.interference,
            },
        }
    }
}

impl PipeText {
    const fn model(self) -> PipeModel {
        PipeModel {
            length_m: self.length_m,
            diameter_m: self.diameter_m,
            roughness: self.roughness,
            minor_loss: self.minor_loss,
        }
    }
}
