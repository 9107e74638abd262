//! Surface runoff of a day's rain by the curve-number method.

/// Runoff of a storm, mm.
///
/// # Source
/// USDA-SCS (1972), NEH section 4, with S of [`storage_mm`].
pub fn scs_mm(rain_mm: f64, curve_number: f64) -> f64 {
    beyond_storage_mm(rain_mm, storage_mm(curve_number))
}

/// Runoff of a day as the daily water balance of irrigation takes it, mm.
///
/// # Source
/// ASCE MOP 70 (2016) eq. 14-12 and 14-13: as [`scs_mm`], with S rounded to 250 (100/CN - 1) mm.
pub fn asce_mm(rain_mm: f64, curve_number: f64) -> f64 {
    beyond_storage_mm(rain_mm, 250.0 * (100.0 / curve_number - 1.0))
}

/// Potential retention S of a curve number, mm.
///
/// # Source
/// USDA-SCS (1972), NEH section 4: 25400/CN - 254.
pub fn storage_mm(curve_number: f64) -> f64 {
    25_400.0 / curve_number - 254.0
}

/// Initial abstraction is .2 S.
fn beyond_storage_mm(rain_mm: f64, storage_mm: f64) -> f64 {
    let excess_mm = rain_mm - 0.2 * storage_mm;
    if excess_mm <= 0.0 {
        return 0.0;
    }
    excess_mm * excess_mm / (rain_mm + 0.8 * storage_mm)
}

/// Curve number adjusted to how wet the surface layer is.
///
/// `cn2` is the tabulated one. A layer wetter than half its readily evaporable water takes the wet
/// one (CN3), one drier than `.7 REW + .3 TEW` the dry one (CN1), in between it is interpolated.
///
/// # Source
/// ASCE MOP 70 (2016) eq. 14-12 to 14-17 (CN1 and CN3 after Hawkins et al. 1985).
pub fn adjusted_curve_number(cn2: f64, de_mm: f64, rew_mm: f64, tew_mm: f64) -> f64 {
    let dry = cn2 / (2.281 - 0.01281 * cn2);
    let wet = cn2 / (0.427 + 0.00573 * cn2);
    let wet_until_mm = 0.5 * rew_mm;
    let dry_from_mm = 0.7 * rew_mm + 0.3 * tew_mm;
    if de_mm <= wet_until_mm {
        wet
    } else if de_mm >= dry_from_mm {
        dry
    } else {
        ((de_mm - wet_until_mm) * dry + (dry_from_mm - de_mm) * wet) / (dry_from_mm - wet_until_mm)
    }
}
