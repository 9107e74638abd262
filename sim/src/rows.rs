//! What a step hands out: frames, uplinks, publishes and table rows.

use fieldmirror_core::ids::{DeviceIx, ZoneIx};
use fieldmirror_core::message::{Message, Uplink};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_lorawan::gateway;

/// Everything that came out of one step. Keep one and hand it to every step to save allocations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepOutput {
    /// Frames whose fate was decided in the step: those that the duty cycle forbade, then farm by farm
    /// in order of their ends. Those still on air come with a later step.
    pub frames: Vec<FrameRow>,
    /// What gateways heard, one for each frame and gateway, in the order of `frames`, then of the
    /// site's gateways.
    pub heard: Vec<Uplink>,
    /// What MQTT clients (pump controllers and gateways) published, by (received_at, device).
    pub published: Vec<Message>,
    /// Changes that pump controllers report to their shadows, by (time, device).
    pub shadow_reports: Vec<ShadowReport>,
    /// Soil water, hourly for each zone, in the step that ends the hour.
    pub soil: Vec<SoilRow>,
    /// Hydraulics of each zone, by (time, zone): one row for each interval with constant flows while
    /// the pump runs, in the step that ends the interval; hours end intervals.
    pub hydraulics: Vec<HydraulicsRow>,
}

impl StepOutput {
    /// Empties it and keeps the memory.
    pub fn clear(&mut self) {
        self.frames.clear();
        self.heard.clear();
        self.published.clear();
        self.shadow_reports.clear();
        self.soil.clear();
        self.hydraulics.clear();
    }
}

/// Why an uplink never reached the network server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// Too weak at every gateway.
    BelowSensitivity,
    /// Destroyed by others on its channel.
    Collision,
    /// All demodulators were busy.
    NoDemodulator,
    /// The gateway did not run.
    GatewayDown,
    /// Never sent: the device had used up its share of the sub-band.
    DutyCycle,
}

impl Loss {
    /// All reasons.
    pub const ALL: [Self; 5] = [
        Self::BelowSensitivity,
        Self::Collision,
        Self::NoDemodulator,
        Self::GatewayDown,
        Self::DutyCycle,
    ];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BelowSensitivity => gateway::Loss::BelowSensitivity.name(),
            Self::Collision => gateway::Loss::Collision.name(),
            Self::NoDemodulator => gateway::Loss::NoDemodulator.name(),
            Self::GatewayDown => gateway::Loss::GatewayDown.name(),
            Self::DutyCycle => "duty_cycle",
        }
    }
}

impl From<gateway::Loss> for Loss {
    fn from(loss: gateway::Loss) -> Self {
        match loss {
            gateway::Loss::BelowSensitivity => Self::BelowSensitivity,
            gateway::Loss::Collision => Self::Collision,
            gateway::Loss::NoDemodulator => Self::NoDemodulator,
            gateway::Loss::GatewayDown => Self::GatewayDown,
        }
    }
}

/// The fate of one uplink.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameRow {
    /// When it began, which is also when the device sampled.
    pub sent_at: Timestamp,
    /// The sender.
    pub device: DeviceIx,
    /// The sender's count of reports, from 0; (device, frame_counter) names a row.
    pub frame_counter: u32,
    /// Its channel.
    pub frequency_hz: u32,
    /// Its spreading factor, 7 to 12.
    pub spreading_factor: u8,
    /// Its time on air.
    pub airtime: Span,
    /// The gateway that received it best; if none did, the one at which it was strongest.
    pub gateway: DeviceIx,
    /// How many gateways received it.
    pub copies: u8,
    /// Power at `gateway`, dBm; for a frame that was never sent, what would have arrived.
    pub rssi_dbm: f32,
    /// Signal to noise ratio at `gateway`, dB.
    pub snr_db: f32,
    /// Why it was lost; `None` if at least one gateway received it.
    pub lost: Option<Loss>,
}

/// What a pump controller reports to its shadow when its state changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShadowReport {
    /// When.
    pub time: Timestamp,
    /// The pump controller.
    pub device: DeviceIx,
    /// Whether it is ON now.
    pub on: bool,
    /// For how long it was told to be; zero when OFF.
    pub duration: Span,
}

/// Soil water of one zone over one hour. Depths are mm over the zone's area. The books close to the
/// row: the change of `depletion_mm` since the hour before is `-rain + runoff - irrigation + eta +
/// deep_percolation + residual`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoilRow {
    /// When the hour began; sums cover the hour, states are those at its end.
    pub time: Timestamp,
    /// The zone.
    pub zone: ZoneIx,
    /// Reference evapotranspiration.
    pub et0_mm: f64,
    /// Crop evapotranspiration without stress.
    pub etc_mm: f64,
    /// Actual evapotranspiration: `evaporation_mm + transpiration_mm`.
    pub eta_mm: f64,
    /// Evaporation from the soil.
    pub evaporation_mm: f64,
    /// Transpiration.
    pub transpiration_mm: f64,
    /// Rain.
    pub rain_mm: f64,
    /// Part of the rain that ran off.
    pub runoff_mm: f64,
    /// Irrigation that reached the root zone: the hour's `applied_mm` times the efficiency.
    pub irrigation_mm: f64,
    /// Water that left below the roots.
    pub deep_percolation_mm: f64,
    /// Root zone depletion Dr.
    pub depletion_mm: f64,
    /// Surface layer depletion De.
    pub surface_depletion_mm: f64,
    /// Total available water of the root zone.
    pub taw_mm: f64,
    /// Depth of the roots, m.
    pub root_depth_m: f64,
    /// Water stress coefficient Ks, 1 without stress.
    pub stress: f64,
    /// Mean water content of the root zone, m3/m3.
    pub theta: f64,
    /// Plant-available water, percent.
    pub available_pct: f64,
    /// What the row's books do not explain.
    pub residual_mm: f64,
}

/// Flows and pressures of one zone over an interval in which they are constant and the pump runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HydraulicsRow {
    /// When the interval began.
    pub time: Timestamp,
    /// How long it lasted.
    pub duration: Span,
    /// The zone.
    pub zone: ZoneIx,
    /// Whether its valve was open in truth, whatever it was told.
    pub valve_open: bool,
    /// Flow out of the zone's emitters, l/s.
    pub zone_flow_lps: f64,
    /// Pressure at the zone's emitters, kPa; 0 behind a closed valve.
    pub zone_pressure_kpa: f64,
    /// Flow through the pump, l/s.
    pub pump_flow_lps: f64,
    /// Head that the pump adds, m.
    pub pump_head_m: f64,
    /// Pressure at the pump's outlet, before the filter, kPa.
    pub pump_pressure_kpa: f64,
    /// Pressure after the filter, kPa.
    pub filter_pressure_kpa: f64,
    /// Electric power of the pump's motor, kW.
    pub power_kw: f64,
    /// Water given to the zone: flow x duration / area, mm.
    pub applied_mm: f64,
}
