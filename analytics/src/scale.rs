//! Running moments per device and channel, and the scaling they lead to.

/// How many values a device needs before outlying ones are pulled in.
const WINSOR_AFTER: u32 = 24;

/// How far, in standard deviations, a value may move the moments.
const WINSOR_SD: f32 = 6.0;

/// How many values' worth of weight the class's pooled variance has against a device's own.
const POOL_WEIGHT: f32 = 24.0;

/// The largest standardised value, of either sign.
pub const CLIP: f32 = 10.0;

/// Count, mean and variance of `N` channels, updated value by value.
///
/// # Source
/// Welford, Technometrics 4 (1962). Values beyond six standard deviations are winsorised, so that
/// a rare outlier of the clean stretch does not widen the scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments<const N: usize> {
    count: [u32; N],
    mean: [f32; N],
    /// Sum of squared deviations from the mean.
    squares: [f32; N],
}

impl<const N: usize> Default for Moments<N> {
    fn default() -> Self {
        Self { count: [0; N], mean: [0.0; N], squares: [0.0; N] }
    }
}

impl<const N: usize> Moments<N> {
    /// Adds one value per channel; NaN means that the channel has none.
    pub fn add(&mut self, values: &[f32; N]) {
        for (i, &value) in values.iter().enumerate() {
            if value.is_nan() {
                continue;
            }
            let mut value = value;
            if self.count[i] >= WINSOR_AFTER {
                let reach = WINSOR_SD * self.variance(i).sqrt().max(1e-6);
                value = value.clamp(self.mean[i] - reach, self.mean[i] + reach);
            }
            self.count[i] += 1;
            let before = value - self.mean[i];
            self.mean[i] += before / self.count[i] as f32;
            self.squares[i] += before * (value - self.mean[i]);
        }
    }

    /// The variance of `channel`; 0 below two values.
    pub fn variance(&self, channel: usize) -> f32 {
        let n = self.count[channel];
        if n < 2 { 0.0 } else { self.squares[channel] / (n - 1) as f32 }
    }

    /// The mean of `channel`.
    pub const fn mean(&self, channel: usize) -> f32 {
        self.mean[channel]
    }

    /// How many values `channel` had.
    pub const fn count(&self, channel: usize) -> u32 {
        self.count[channel]
    }
}

/// The smallest scale of each channel: what deviation is ordinary whatever the clean stretch says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance<const N: usize> {
    /// In the channel's unit.
    pub absolute: [f32; N],
    /// As a share of the device's mean.
    pub relative: [f32; N],
}

/// Centre and scale of `N` channels of one device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale<const N: usize> {
    /// The device's clean mean.
    pub centre: [f32; N],
    /// 1 / standard deviation, the tolerance included.
    pub inverse: [f32; N],
}

impl<const N: usize> Scale<N> {
    /// The scale of a device whose clean moments are `own`, among devices of `pooled` variance.
    pub fn of(own: &Moments<N>, pooled: &[f32; N], tolerance: &Tolerance<N>) -> Self {
        let inverse = std::array::from_fn(|i| {
            let n = own.count(i) as f32;
            let shared = (n * own.variance(i) + POOL_WEIGHT * pooled[i]) / (n + POOL_WEIGHT);
            let relative = tolerance.relative[i] * own.mean(i);
            let absolute = tolerance.absolute[i];
            1.0 / (shared + absolute * absolute + relative * relative).sqrt().max(1e-9)
        });
        Self { centre: own.mean, inverse }
    }

    /// The standardised value of `channel`, within ±[`CLIP`]; 0 (ordinary) for NaN.
    pub fn standardise(&self, channel: usize, value: f32) -> f32 {
        if value.is_nan() {
            return 0.0;
        }
        ((value - self.centre[channel]) * self.inverse[channel]).clamp(-CLIP, CLIP)
    }
}

/// The mean over devices of each channel's variance, weighted by their values; 0 without any.
pub fn pooled_variance<'a, const N: usize>(
    devices: impl Iterator<Item = &'a Moments<N>>,
) -> [f32; N] {
    let mut sum = [0.0_f64; N];
    let mut weight = [0.0_f64; N];
    for moments in devices {
        let channels = sum.iter_mut().zip(&mut weight);
        for ((sum, weight), (&squares, &count)) in
            channels.zip(moments.squares.iter().zip(&moments.count))
        {
            if count >= 2 {
                *sum += f64::from(squares);
                *weight += f64::from(count - 1);
            }
        }
    }
    std::array::from_fn(|i| if weight[i] > 0.0 { (sum[i] / weight[i]) as f32 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_agree_with_the_two_pass_formulas_and_skip_missing_values() {
        let values = [3.0_f32, 5.0, f32::NAN, 4.0, 8.0];
        let mut moments = Moments::<1>::default();
        values.iter().for_each(|&v| moments.add(&[v]));
        assert_eq!(moments.count(0), 4);
        assert!((moments.mean(0) - 5.0).abs() < 1e-6);
        assert!((moments.variance(0) - 14.0 / 3.0).abs() < 1e-5);
    }

    #[test]
    fn an_outlier_moves_the_scale_only_as_far_as_six_deviations() {
        let mut moments = Moments::<1>::default();
        for i in 0..200 {
            moments.add(&[if i % 2 == 0 { 1.0 } else { -1.0 }]);
        }
        moments.add(&[1e6]);
        assert!(moments.variance(0) < 1.4, "{}", moments.variance(0));
    }

    #[test]
    fn a_tolerance_bounds_the_scale_from_below() {
        let mut own = Moments::<1>::default();
        (0..100).for_each(|_| own.add(&[10.0]));
        let scale = Scale::of(&own, &[0.0], &Tolerance { absolute: [0.0], relative: [0.1] });
        assert!((scale.standardise(0, 13.0) - 3.0).abs() < 1e-4);
        assert_eq!(scale.standardise(0, 1e9), CLIP);
        assert_eq!(scale.standardise(0, f32::NAN), 0.0);
    }
}
