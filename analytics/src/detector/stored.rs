//! Reading a detector's numbers back: by name, with the shape they must have.

use super::{Kind, Weights};
use crate::error::{AnalyticsError, Result};

/// The numbers of one detector.
#[derive(Clone, Copy)]
pub(crate) struct Stored<'a> {
    weights: &'a Weights,
    detector: Kind,
}

impl<'a> Stored<'a> {
    pub(crate) const fn new(weights: &'a Weights, detector: Kind) -> Self {
        Self { weights, detector }
    }

    /// The whole number `name`, within `range`.
    pub(crate) fn size(&self, name: &str, range: std::ops::RangeInclusive<usize>) -> Result<usize> {
        let found = self.weights.sizes.get(name).copied().filter(|size| range.contains(size));
        found.ok_or_else(|| self.wrong(name, format!("a number of {range:?}")))
    }

    /// The array `name` with this shape and finite values.
    pub(crate) fn tensor(&self, name: &str, shape: &[usize]) -> Result<&'a [f32]> {
        let values = shape.iter().try_fold(1_usize, |all, &size| all.checked_mul(size));
        match self.weights.tensors.get(name) {
            Some((found, data))
                if found == shape
                    && Some(data.len()) == values
                    && data.iter().all(|v| v.is_finite()) =>
            {
                Ok(data)
            }
            _ => Err(self.wrong(name, format!("finite numbers of shape {shape:?}"))),
        }
    }

    /// How long the array `name` of one dimension is.
    pub(crate) fn length(&self, name: &str) -> Result<usize> {
        match self.weights.tensors.get(name) {
            Some((shape, _)) if shape.len() == 1 => Ok(shape[0]),
            _ => Err(self.wrong(name, "a list of numbers".to_owned())),
        }
    }

    /// The array `name` of places below `end`, none twice, in rising order.
    pub(crate) fn places(&self, name: &str, end: usize) -> Result<Vec<usize>> {
        let data = self.tensor(name, &[self.length(name)?])?;
        let places: Vec<usize> = data.iter().map(|&v| v as usize).collect();
        let exact = data.iter().zip(&places).all(|(&v, &place)| place as f32 == v && place < end);
        if exact && places.windows(2).all(|pair| pair[0] < pair[1]) {
            Ok(places)
        } else {
            Err(self.wrong(name, format!("rising whole numbers below {end}")))
        }
    }

    pub(crate) fn wrong(&self, name: &str, expected: String) -> AnalyticsError {
        AnalyticsError::Stored { detector: self.detector, name: name.to_owned(), expected }
    }
}

impl Weights {
    /// With the array `name`.
    pub(crate) fn with(mut self, name: &str, shape: &[usize], data: &[f32]) -> Self {
        self.tensors.insert(name.to_owned(), (shape.to_vec(), data.to_vec()));
        self
    }

    /// With the list of places `name`.
    pub(crate) fn with_places(self, name: &str, places: &[usize]) -> Self {
        let data: Vec<f32> = places.iter().map(|&place| place as f32).collect();
        self.with(name, &[places.len()], &data)
    }

    /// With the whole number `name`.
    pub(crate) fn with_size(mut self, name: &str, size: usize) -> Self {
        self.sizes.insert(name.to_owned(), size);
        self
    }
}
