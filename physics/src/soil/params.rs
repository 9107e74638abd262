//! Constants of a soil and of a crop.

use crate::error::Error;

/// Constants of the soil under a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoilParams {
    /// Volumetric water content at field capacity, m3/m3.
    pub theta_fc: f64,
    /// Volumetric water content at the wilting point, m3/m3.
    pub theta_wp: f64,
    /// Depth of the surface layer that evaporation dries, m.
    pub ze_m: f64,
    /// Readily evaporable water of the surface layer, mm.
    pub rew_mm: f64,
    /// Curve number of the second moisture class; none switches runoff off.
    pub curve_number: Option<f64>,
}

impl SoilParams {
    /// Sandy loam, midpoints of the ranges.
    ///
    /// # Source
    /// FAO-56 table 19; curve number of row crops on hydrologic group B.
    pub const SANDY_LOAM: Self = Self::midpoint(0.23, 0.11, 8.0);
    /// Loam, midpoints of the ranges.
    ///
    /// # Source
    /// FAO-56 table 19; curve number of row crops on hydrologic group B.
    pub const LOAM: Self = Self::midpoint(0.25, 0.12, 9.0);
    /// Silt loam, midpoints of the ranges.
    ///
    /// # Source
    /// FAO-56 table 19; curve number of row crops on hydrologic group B.
    pub const SILT_LOAM: Self = Self::midpoint(0.29, 0.15, 9.5);

    const fn midpoint(theta_fc: f64, theta_wp: f64, rew_mm: f64) -> Self {
        Self { theta_fc, theta_wp, ze_m: 0.10, rew_mm, curve_number: Some(75.0) }
    }

    /// Total evaporable water of the surface layer, mm.
    ///
    /// # Source
    /// FAO-56 eq. 73.
    pub fn tew_mm(&self) -> f64 {
        1000.0 * (self.theta_fc - 0.5 * self.theta_wp) * self.ze_m
    }

    /// Checks that the balance can run on these numbers.
    ///
    /// # Errors
    /// [`Error::BadValue`] names the first number outside its range.
    pub fn check(&self) -> Result<(), Error> {
        within("soil theta_fc", self.theta_fc, 0.01, 0.8, "0.01 to 0.8")?;
        let below_fc = self.theta_fc - 0.01;
        within("soil theta_wp", self.theta_wp, 0.0, below_fc, "0 to theta_fc - 0.01")?;
        within("soil ze_m", self.ze_m, 0.01, 0.5, "0.01 to 0.5 m")?;
        let below_tew_mm = self.tew_mm() - 1e-6;
        within("soil rew_mm", self.rew_mm, 0.0, below_tew_mm, "0 to TEW")?;
        match self.curve_number {
            Some(cn) => within("soil curve_number", cn, 1.0, 100.0, "1 to 100"),
            None => Ok(()),
        }
    }
}

/// Constants of a crop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CropParams {
    /// Basal crop coefficient of the initial stage.
    pub kcb_ini: f64,
    /// Basal crop coefficient of the middle stage.
    pub kcb_mid: f64,
    /// Basal crop coefficient at the end of the season.
    pub kcb_end: f64,
    /// Length of the initial stage, d.
    pub initial_d: u32,
    /// Length of the development stage, d.
    pub development_d: u32,
    /// Length of the middle stage, d.
    pub middle_d: u32,
    /// Length of the late stage, d.
    pub late_d: u32,
    /// Height when planted, m.
    pub height_ini_m: f64,
    /// Greatest height, m.
    pub height_max_m: f64,
    /// Depth of the roots when planted, m.
    pub zr_ini_m: f64,
    /// Greatest depth of the roots, m.
    pub zr_max_m: f64,
    /// Fraction of the available water free of stress at 5 mm/d.
    pub p_base: f64,
}

impl CropParams {
    /// Maize for grain, harvested dry, with the stage lengths of Spain and California; roots to the
    /// depth that irrigation is scheduled for.
    ///
    /// # Source
    /// FAO-56 tables 11 (30/40/50/30 d), 12 (2 m), 17 (.15/1.15/.15), 22 (1.0 to 1.7 m, p .55).
    pub const MAIZE_GRAIN: Self = Self {
        kcb_ini: 0.15,
        kcb_mid: 1.15,
        kcb_end: 0.15,
        initial_d: 30,
        development_d: 40,
        middle_d: 50,
        late_d: 30,
        height_ini_m: 0.05,
        height_max_m: 2.0,
        zr_ini_m: 0.2,
        zr_max_m: 1.0,
        p_base: 0.55,
    };

    /// Basal crop coefficient `day` days after planting.
    ///
    /// # Source
    /// FAO-56 eq. 66; the last value holds after the season.
    pub fn kcb(&self, day: u32) -> f64 {
        let developing = self.initial_d;
        let middle = developing + self.development_d;
        let late = middle + self.middle_d;
        let end = late + self.late_d;
        let ramp = |from: u32, length_d: u32, low: f64, high: f64| {
            low + f64::from(day - from) / f64::from(length_d) * (high - low)
        };
        if day <= developing {
            self.kcb_ini
        } else if day <= middle {
            ramp(developing, self.development_d, self.kcb_ini, self.kcb_mid)
        } else if day <= late {
            self.kcb_mid
        } else if day <= end {
            ramp(late, self.late_d, self.kcb_mid, self.kcb_end)
        } else {
            self.kcb_end
        }
    }

    /// Days from planting to the end of the season.
    pub fn season_d(&self) -> u32 {
        self.initial_d + self.development_d + self.middle_d + self.late_d
    }

    /// Checks that the balance can run on these numbers.
    ///
    /// # Errors
    /// [`Error::BadValue`] names the first number outside its range.
    pub fn check(&self) -> Result<(), Error> {
        within("crop kcb_ini", self.kcb_ini, 0.0, 2.0, "0 to 2")?;
        let above_ini = self.kcb_ini + 0.01;
        within("crop kcb_mid", self.kcb_mid, above_ini, 2.0, "kcb_ini + 0.01 to 2")?;
        within("crop kcb_end", self.kcb_end, 0.0, 2.0, "0 to 2")?;
        within("crop height_ini_m", self.height_ini_m, 0.0, 20.0, "0 to 20 m")?;
        within(
            "crop height_max_m",
            self.height_max_m,
            self.height_ini_m,
            20.0,
            "height_ini_m to 20 m",
        )?;
        within("crop zr_ini_m", self.zr_ini_m, 0.05, 5.0, "0.05 to 5 m")?;
        within("crop zr_max_m", self.zr_max_m, self.zr_ini_m, 5.0, "zr_ini_m to 5 m")?;
        within("crop p_base", self.p_base, 0.1, 0.8, "0.1 to 0.8")
    }

    /// How far the crop is grown, by its basal coefficient: 0 when planted, 1 in the middle stage.
    pub(super) fn grown_fraction(&self, kcb: f64) -> f64 {
        (kcb - self.kcb_ini) / (self.kcb_mid - self.kcb_ini)
    }

    /// FAO-56 table 22, note 2.
    pub(super) fn depletion_fraction(&self, etc_mm_per_d: f64) -> f64 {
        (self.p_base + 0.04 * (5.0 - etc_mm_per_d)).clamp(0.1, 0.8)
    }
}

fn within(
    quantity: &'static str,
    value: f64,
    low: f64,
    high: f64,
    expected: &'static str,
) -> Result<(), Error> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::BadValue { quantity, value, expected })
}
