//! The only source of randomness: counter-based, so that a draw depends on what it is for and not
//! on who drew before.
//!
//! A draw is a pure function of (scenario seed, entity, purpose, counter). Adding a device, a
//! thread or a stage therefore changes nobody else's draws. No generator state exists anywhere.
//!
//! # Source
//! Philox4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3"
//! (SC 2011). Normal quantile: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988).

use crate::ids::EntityKey;

/// A scenario's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(u64);

/// What a draw is for. Two purposes never share draws; the numbers are part of the recorded
/// format and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// True soil values around the register's nominal ones.
    SoilTruth = 1,
    /// True pipe and emitter values around nominal.
    PipeTruth = 2,
    /// A transducer's gain and offset.
    ProbeTruth = 3,
    /// A transducer's noise at each sample.
    SensorNoise = 4,
    /// A transducer's drift (random walk steps).
    SensorDrift = 5,
    /// When in its interval a device reports.
    ReportPhase = 6,
    /// Where a device stands on its farm.
    Placement = 7,
    /// Shadowing of a link, frozen for its life.
    Shadowing = 8,
    /// Which channel a frame takes.
    Channel = 9,
    /// Fading of a link at each frame.
    Fading = 10,
    /// How rain falls within a day.
    RainStorm = 11,
    /// Clouds within a day.
    Cloud = 12,
    /// Gusts.
    Wind = 13,
    /// A battery's true capacity.
    BatteryTruth = 14,
    /// How a fault grows.
    FaultGrowth = 15,
    /// Which of many windows a model is trained on.
    TrainingSample = 16,
    /// A model's first weights.
    ModelWeights = 17,
    /// The order in which a model sees its training windows.
    TrainingOrder = 18,
    /// Random delay of a report within its slot.
    ReportJitter = 19,
    /// What `rand()` and `newuuid()` of a rule draw.
    SqlChance = 20,
    /// Which normal rows are put between training and test rows of a benchmark, and how many.
    Bootstrap = 31,
    /// A score that knows nothing, to compare with.
    RandomScore = 32,
}

impl Seed {
    /// The seed with these bits.
    #[inline]
    pub const fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The draws of `entity` for `purpose`.
    #[inline]
    pub const fn draws(self, entity: EntityKey, purpose: Purpose) -> Draws {
        Draws { seed: self.0, entity: entity.bits(), purpose: purpose as u32 }
    }
}

/// All draws of one entity for one purpose, addressed by counter.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    seed: u64,
    entity: u64,
    purpose: u32,
}

impl Draws {
    /// The 128 random bits at `counter`.
    #[inline]
    pub fn block(&self, counter: u32) -> [u32; 4] {
        let key = [self.seed as u32, (self.seed >> 32) as u32];
        let at = [counter, self.purpose, self.entity as u32, (self.entity >> 32) as u32];
        philox4x32(at, key)
    }

    /// Two uniforms in the open interval (0, 1) at `counter`, with 53 bits each.
    #[inline]
    pub fn uniforms(&self, counter: u32) -> [f64; 2] {
        let [a, b, c, d] = self.block(counter);
        [open_unit(u64::from(a) << 32 | u64::from(b)), open_unit(u64::from(c) << 32 | u64::from(d))]
    }

    /// One uniform in (0, 1) at `counter`.
    #[inline]
    pub fn uniform(&self, counter: u32) -> f64 {
        self.uniforms(counter)[0]
    }

    /// Two independent standard normals at `counter`.
    #[inline]
    pub fn normals(&self, counter: u32) -> [f64; 2] {
        self.uniforms(counter).map(normal_quantile)
    }

    /// One standard normal at `counter`.
    #[inline]
    pub fn normal(&self, counter: u32) -> f64 {
        normal_quantile(self.uniform(counter))
    }

    /// Four independent standard normals at `counter`, of 32 random bits each (|z| <= 6.3): for
    /// noise that is quantised anyway, at half the price.
    #[inline]
    pub fn normals4(&self, counter: u32) -> [f64; 4] {
        self.block(counter).map(normal_of_word)
    }

    /// An integer in 0..`bound` at `counter`, by multiplication (bias below 2^-32).
    #[inline]
    pub fn below(&self, counter: u32, bound: u32) -> u32 {
        ((u64::from(self.block(counter)[0]) * u64::from(bound)) >> 32) as u32
    }
}

/// The standard normal of 32 random bits, as [`Draws::normals4`] makes four of them: for those who
/// need fewer of a [`Draws::block`].
#[inline]
pub fn normal_of_word(word: u32) -> f64 {
    normal_quantile((f64::from(word) + 0.5) / 4_294_967_296.0)
}

/// Maps 64 random bits into (0, 1), never touching either end.
#[inline]
fn open_unit(bits: u64) -> f64 {
    ((bits >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

#[inline]
fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let p0 = u64::from(counter[0]) * 0xD251_1F53;
        let p1 = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (p1 >> 32) as u32 ^ counter[1] ^ key[0],
            p1 as u32,
            (p0 >> 32) as u32 ^ counter[3] ^ key[1],
            p0 as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

/// The standard normal quantile of `p` in (0, 1), to about 1 part in 10^16.
#[inline]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE_NUMERATOR, r) / polynomial(&CENTRE_DENOMINATOR, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = libm::sqrt(-libm::log(tail));
    let z = if r <= 5.0 {
        polynomial(&MIDDLE_NUMERATOR, r - 1.6) / polynomial(&MIDDLE_DENOMINATOR, r - 1.6)
    } else {
        polynomial(&FAR_NUMERATOR, r - 5.0) / polynomial(&FAR_DENOMINATOR, r - 5.0)
    };
    if q < 0.0 { -z } else { z }
}

/// Horner's rule, coefficients from the constant up.
#[inline]
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

// Coefficients of AS 241 (PPND16).
#[allow(clippy::excessive_precision, reason = "digits as printed")]
const CENTRE_NUMERATOR: [f64; 8] = [
    3.387_132_872_796_366_608,
    133.141_667_891_784_377_45,
    1_971.590_950_306_551_442_7,
    13_731.693_765_509_461_125,
    45_921.953_931_549_871_457,
    67_265.770_927_008_700_853,
    33_430.575_583_588_128_105,
    2_509.080_928_730_122_672_7,
];
#[allow(clippy::excessive_precision, reason = "digits as printed")]
const CENTRE_DENOMINATOR: [f64; 8] = [
    1.0,
    42.313_330_701_600_911_252,
    687.187_007_492_057_908_3,
    5_394.196_021_424_751_107_7,
    21_213.794_301_586_595_867,
    39_307.895_800_092_710_61,
    28_729.085_735_721_942_674,
    5_226.495_278_852_854_561,
];
#[allow(clippy::excessive_precision, reason = "digits as printed")]
const MIDDLE_NUMERATOR: [f64; 8] = [
    1.423_437_110_749_683_577_34,
    4.630_337_846_156_545_295_9,
    5.769_497_221_460_691_405_5,
    3.647_848_324_763_204_605_04,
    1.270_458_252_452_368_382_58,
    0.241_780_725_177_450_611_77,
    2.272_384_498_926_918_458_33e-2,
    7.745_450_142_783_414_076_4e-4,
];
#[allow(clippy::excessive_precision, reason = "digits as printed")]
const MIDDLE_DENOMINATOR: [f64; 8] = [
    1.0,
    2.053_191_626_637_758_821_87,
    1.676_384_830_183_803_849_4,
    0.689_767_334_985_100_004_55,
    0.148_103_976_427_480_074_59,
    1.519_866_656_361_645_719_66e-2,
    5.475_938_084_995_344_946e-4,
    1.050_750_071_644_416_843_24e-9,
];
#[allow(clippy::excessive_precision, reason = "digits as printed")]
const FAR_NUMERATOR: [f64; 8] = [
    6.657_904_643_501_103_777_2,
    5.463_784_911_164_114_369_9,
    1.784_826_539_917_291_335_8,
    0.296_560_571_828_504_891_23,
    2.653_218_952_657_612_309_3e-2,
    1.242_660_947_388_078_438_6e-3,
    2.711_555_568_743_487_578_15e-5,
    2.010_334_399_292_288_132_65e-7,
];
#[allow(clippy::excessive_precision, reason = "digits as printed")]
const FAR_DENOMINATOR: [f64; 8] = [
    1.0,
    0.599_832_206_555_887_937_69,
    0.136_929_880_922_735_805_31,
    1.487_536_129_085_061_485_25e-2,
    7.868_691_311_456_132_591e-4,
    1.846_318_317_510_054_681_8e-5,
    1.421_511_758_316_445_888_7e-7,
    2.044_263_103_389_939_785_64e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The known-answer vectors of the authors' Random123 distribution (kat_vectors).
    #[test]
    fn philox_gives_the_published_vectors() {
        assert_eq!(
            philox4x32([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox4x32([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox4x32(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn normal_quantile_gives_the_tabulated_values() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
        ] {
            assert!(
                (normal_quantile(p) - z).abs() < 1e-13 * (1.0 + z.abs()),
                "{p}: {}",
                normal_quantile(p)
            );
        }
    }

    #[test]
    fn draws_differ_by_seed_entity_purpose_and_counter_only() {
        let (a, b) = (EntityKey::of("farmA-101"), EntityKey::of("farmA-102"));
        let base = Seed::new(7).draws(a, Purpose::SensorNoise);
        assert_eq!(base.block(3), Seed::new(7).draws(a, Purpose::SensorNoise).block(3));
        assert_ne!(base.block(3), base.block(4));
        assert_ne!(base.block(3), Seed::new(8).draws(a, Purpose::SensorNoise).block(3));
        assert_ne!(base.block(3), Seed::new(7).draws(b, Purpose::SensorNoise).block(3));
        assert_ne!(base.block(3), Seed::new(7).draws(a, Purpose::SensorDrift).block(3));
    }

    #[test]
    fn normals_have_zero_mean_and_unit_variance() {
        let draws = Seed::new(1).draws(EntityKey::of("x"), Purpose::SensorNoise);
        let n = 20_000_u32;
        let all: Vec<f64> = (0..n).flat_map(|i| draws.normals4(i)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 4.0 / libm::sqrt(all.len() as f64), "mean {mean}");
        assert!((variance - 1.0).abs() < 0.02, "variance {variance}");
    }
}
