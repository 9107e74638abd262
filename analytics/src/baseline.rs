//! Learned normal behaviour: what a score measures the distance from.

pub mod autoencoder;
pub mod mahalanobis;
