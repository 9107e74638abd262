//! What a world is made of: the unchecked specification and its check.

use crate::error::SimError;
use crate::fault::{FaultClass, FaultSpec};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::{AssetKind, Register};
use fieldmirror_core::seed::Seed;
use fieldmirror_core::time::{Span, Timestamp};
use std::sync::Arc;

/// Everything that a shard's world needs.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The scenario's seed.
    pub seed: Seed,
    /// When the run begins: a midnight. Times are UTC, and UTC is the farms' local standard time.
    pub start: Timestamp,
    /// Length of a step, a whole part of an hour.
    pub step: Span,
    /// The farms on paper.
    pub register: Arc<Register>,
    /// Weather of the days from the start on, shared by all farms; one day more than the run lasts,
    /// since an evening leans on the next morning.
    pub forcing: Arc<[DailyForcing]>,
    /// What breaks.
    pub faults: Vec<FaultSpec>,
    /// What changes without anything being broken.
    pub confounders: Vec<Confounder>,
    /// How far true values lie from the register's.
    pub uncertainty: Uncertainty,
}

/// One day of weather as a station's record gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DailyForcing {
    /// Minimum air temperature, degrees C.
    pub tmin_c: f64,
    /// Maximum air temperature, degrees C.
    pub tmax_c: f64,
    /// Rain, mm.
    pub rain_mm: f64,
    /// Mean wind speed at 2 m, m/s.
    pub wind_ms: f64,
    /// The record's own reference evapotranspiration, mm: the world computes its own, and
    /// [`crate::et0_by_day`] puts both side by side.
    pub reference_et0_mm: f64,
}

/// Something unusual that is no fault. A changed irrigation plan needs no entry: it reaches the
/// world as other commands.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Confounder {
    /// Days that are warmer than the record, by day and by night.
    HeatWave {
        /// The first day whose midnight is at or after this is warm.
        from: Timestamp,
        /// The first day whose midnight is at or after this is not.
        to: Timestamp,
        /// By how many kelvin.
        warmer_k: f64,
    },
}

/// How far true values lie from nominal ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uncertainty {
    /// Largest relative deviation of field capacity, wilting point, readily evaporable water and
    /// thermal diffusivity of a zone; uniform.
    pub soil: f64,
    /// Largest relative deviation of pipe roughness, minor losses and emitter coefficients; uniform.
    pub pipe: f64,
    /// Deviation of a probe's gain from 1, one standard deviation.
    pub probe_gain: f64,
    /// Offset of a probe's water reading, one standard deviation, m3/m3.
    pub probe_offset: f64,
    /// Offset of a thermometer, one standard deviation, in K.
    pub temperature_offset_k: f64,
    /// Largest relative deviation of a battery's capacity; uniform.
    pub battery: f64,
    /// Fading of a link from frame to frame, one standard deviation, in dB.
    pub fading_db: f64,
    /// Longest random delay of a radio report within its slot; uniform.
    pub report_delay: Span,
}

impl Default for Uncertainty {
    /// Soil +-10 %, pipes and emitters +-5 %, probes as data sheets of capacitive probes promise
    /// after calibration in their own soil (gain 2 %, offset .3 % VWC), reports up to a second late.
    fn default() -> Self {
        Self {
            soil: 0.10,
            pipe: 0.05,
            probe_gain: 0.02,
            probe_offset: 0.003,
            temperature_offset_k: 0.1,
            battery: 0.05,
            fading_db: 1.0,
            report_delay: Span::from_seconds(1),
        }
    }
}

impl Spec {
    /// Checks what the types do not say.
    pub(crate) fn check(&self) -> Result<(), SimError> {
        let hour = Span::from_hours(1).nanos();
        if self.step <= Span::ZERO || hour % self.step.nanos() != 0 {
            return Err(SimError::Step { step: self.step });
        }
        if self.start.nanos().rem_euclid(24 * hour) != 0 {
            return Err(SimError::Start { start: self.start });
        }
        if self.forcing.is_empty() {
            return Err(SimError::ForcingEnds { days: 0, now: self.start });
        }
        for (day, forcing) in self.forcing.iter().enumerate() {
            check_day(day, forcing)?;
        }
        self.faults.iter().try_for_each(|fault| self.check_fault(fault))
    }

    /// The forcing with the confounders' part.
    pub(crate) fn effective_forcing(&self) -> Vec<DailyForcing> {
        let mut days = self.forcing.to_vec();
        for confounder in &self.confounders {
            let Confounder::HeatWave { from, to, warmer_k } = *confounder;
            for (day, forcing) in days.iter_mut().enumerate() {
                let midnight = self.start + Span::from_days(day as i64);
                if (from..to).contains(&midnight) {
                    forcing.tmin_c += warmer_k;
                    forcing.tmax_c += warmer_k;
                }
            }
        }
        days
    }

    fn check_fault(&self, fault: &FaultSpec) -> Result<(), SimError> {
        let fail =
            |why: String| Err(SimError::Fault { id: fault.id.clone(), class: fault.class, why });
        if !(fault.severity > 0.0 && fault.severity <= 1.0) {
            return fail(format!("severity is {}, expected above 0 to 1", fault.severity));
        }
        if fault.end.is_some_and(|end| end <= fault.onset) {
            return fail("it ends before it begins".to_owned());
        }
        let Some(asset) = self.register.assets.get(fault.device.index()) else {
            return fail(format!("there is no device {}", fault.device.raw()));
        };
        let expected = match (fault.class, asset.kind) {
            (FaultClass::FilterClogging, AssetKind::Filter)
            | (
                FaultClass::ProbeStuck | FaultClass::ProbeDrift,
                AssetKind::Device(DeviceClass::SoilProbe),
            )
            | (FaultClass::ValveStuckClosed, AssetKind::Valve)
            | (FaultClass::PipeLeak, AssetKind::Valve | AssetKind::Pump)
            | (FaultClass::PumpWear, AssetKind::Pump)
            | (FaultClass::GatewayOutage, AssetKind::Device(DeviceClass::Gateway)) => return Ok(()),
            (FaultClass::FilterClogging, _) => "a filter",
            (FaultClass::ProbeStuck | FaultClass::ProbeDrift, _) => "a soil probe",
            (FaultClass::ValveStuckClosed, _) => "a valve",
            (FaultClass::PipeLeak, _) => "a valve or a pump",
            (FaultClass::PumpWear, _) => "a pump",
            (FaultClass::GatewayOutage, _) => "a gateway",
        };
        fail(format!("`{}` is not {expected}", self.name(fault.device)))
    }

    /// The name of an asset.
    pub(crate) fn name(&self, device: DeviceIx) -> &str {
        self.register.names.name(device)
    }
}

fn check_day(day: usize, forcing: &DailyForcing) -> Result<(), SimError> {
    let check = |quantity, value: f64, low: f64, high: f64, expected| {
        if (low..=high).contains(&value) {
            return Ok(());
        }
        Err(SimError::Forcing { day, quantity, value, expected })
    };
    check("tmin_c", forcing.tmin_c, -60.0, 50.0, "-60 to 50 degrees C")?;
    check("tmax_c", forcing.tmax_c, forcing.tmin_c, 60.0, "tmin_c to 60 degrees C")?;
    check("rain_mm", forcing.rain_mm, 0.0, 2_000.0, "0 to 2000 mm")?;
    check("wind_ms", forcing.wind_ms, 0.0, 60.0, "0 to 60 m/s")
}
