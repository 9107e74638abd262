//! From residual rows to feature vectors: hour by hour, device by device.
//!
//! Two kinds of vectors are kept apart on purpose. *Observed* channels use nothing but what
//! devices sent, against their neighbours: the autoencoder learns on them, so that it works where
//! no twin exists. *Residual* channels use the twin's prediction: the Mahalanobis detector judges
//! them. Neighbours take out what weather and plans do to all of them alike.
//!
//! Weather stations have no neighbour on their farm and no prediction: only their freshness is
//! judged.

pub mod probe;
pub mod pump;

/// Marks a device without a row of a metric in the hour at hand.
pub(crate) const NO_ROW: u32 = u32::MAX;

/// The median of `values`, which it sorts; NaN for none.
pub(crate) fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return f32::NAN;
    }
    values.sort_unstable_by(f32::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_the_two_middle_values() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 9.0]), 3.0);
        assert!(median(&mut []).is_nan());
    }
}
