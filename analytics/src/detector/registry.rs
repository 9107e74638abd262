//! Which detectors there are, by name: how each is fitted with its settings and restored from a
//! model file.

use super::{
    Detector, Kind, Training, Weights, autoregression, clusters, convolutional, dense,
    isolation_forest, mahalanobis, robust_z, sub_pca, transformer, var, variational,
};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// A detector to fit, with its settings: a `[[detectors]]` table with its `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Choice {
    /// [`Kind::Var`].
    Var(var::Settings),
    /// [`Kind::Mahalanobis`].
    Mahalanobis(mahalanobis::Settings),
    /// [`Kind::RobustZ`].
    RobustZ(robust_z::Settings),
    /// [`Kind::SubPca`].
    SubPca(sub_pca::Settings),
    /// [`Kind::Dense`].
    Dense(dense::Settings),
    /// [`Kind::Convolutional`].
    Convolutional(convolutional::Settings),
    /// [`Kind::Variational`].
    Variational(variational::Settings),
    /// [`Kind::Transformer`].
    Transformer(transformer::Settings),
    /// [`Kind::Autoregression`].
    Autoregression(autoregression::Settings),
    /// [`Kind::Clusters`].
    Clusters(clusters::Settings),
    /// [`Kind::IsolationForest`].
    IsolationForest(isolation_forest::Settings),
}

impl Choice {
    /// The detectors of the default configuration.
    pub fn defaults() -> Vec<Self> {
        vec![
            Self::of(Kind::Var),
            Self::of(Kind::Mahalanobis),
            Self::of(Kind::RobustZ),
            Self::of(Kind::SubPca),
        ]
    }

    /// A detector with its default settings.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Var => Self::Var(var::Settings::default()),
            Kind::Mahalanobis => Self::Mahalanobis(mahalanobis::Settings::default()),
            Kind::RobustZ => Self::RobustZ(robust_z::Settings::default()),
            Kind::SubPca => Self::SubPca(sub_pca::Settings::default()),
            Kind::Autoregression => Self::Autoregression(autoregression::Settings::default()),
            Kind::Clusters => Self::Clusters(clusters::Settings::default()),
            Kind::IsolationForest => Self::IsolationForest(isolation_forest::Settings::default()),
            Kind::Dense => Self::Dense(dense::Settings::default()),
            Kind::Convolutional => Self::Convolutional(convolutional::Settings::default()),
            Kind::Variational => Self::Variational(variational::Settings::default()),
            Kind::Transformer => Self::Transformer(transformer::Settings::default()),
        }
    }

    /// Which one.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Var(_) => Kind::Var,
            Self::Mahalanobis(_) => Kind::Mahalanobis,
            Self::RobustZ(_) => Kind::RobustZ,
            Self::SubPca(_) => Kind::SubPca,
            Self::Dense(_) => Kind::Dense,
            Self::Convolutional(_) => Kind::Convolutional,
            Self::Variational(_) => Kind::Variational,
            Self::Transformer(_) => Kind::Transformer,
            Self::Autoregression(_) => Kind::Autoregression,
            Self::Clusters(_) => Kind::Clusters,
            Self::IsolationForest(_) => Kind::IsolationForest,
        }
    }

    /// Fits it.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::TooFewRows`] if rows never run on long enough, and what else its
    /// own `fit` says.
    pub fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Detector>> {
        Ok(match self {
            Self::Var(settings) => Box::new(var::Var::fit(training, settings)?),
            Self::Mahalanobis(settings) => {
                Box::new(mahalanobis::Mahalanobis::fit(training, settings)?)
            }
            Self::RobustZ(settings) => Box::new(robust_z::RobustZ::fit(training, settings)?),
            Self::SubPca(settings) => Box::new(sub_pca::SubPca::fit(training, settings)?),
            Self::Dense(settings) => Box::new(dense::Dense::fit(training, settings)?),
            Self::Convolutional(settings) => {
                Box::new(convolutional::Convolutional::fit(training, settings)?)
            }
            Self::Variational(settings) => {
                Box::new(variational::Variational::fit(training, settings)?)
            }
            Self::Transformer(settings) => {
                Box::new(transformer::Transformer::fit(training, settings)?)
            }
            Self::Autoregression(settings) => {
                Box::new(autoregression::Autoregression::fit(training, settings)?)
            }
            Self::Clusters(settings) => Box::new(clusters::Clusters::fit(training, settings)?),
            Self::IsolationForest(settings) => {
                Box::new(isolation_forest::IsolationForest::fit(training, settings)?)
            }
        })
    }
}

impl Kind {
    /// All of them. Their places are part of recorded state.
    pub const ALL: [Self; 11] = [
        Self::Var,
        Self::Mahalanobis,
        Self::RobustZ,
        Self::SubPca,
        Self::Dense,
        Self::Convolutional,
        Self::Variational,
        Self::Transformer,
        Self::Autoregression,
        Self::Clusters,
        Self::IsolationForest,
    ];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Var => "var",
            Self::Mahalanobis => "mahalanobis",
            Self::RobustZ => "robust_z",
            Self::SubPca => "sub_pca",
            Self::Dense => "dense",
            Self::Convolutional => "convolutional",
            Self::Variational => "variational",
            Self::Transformer => "transformer",
            Self::Autoregression => "autoregression",
            Self::Clusters => "clusters",
            Self::IsolationForest => "isolation_forest",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The detector that these numbers came from.
    ///
    /// # Errors
    /// [`crate::AnalyticsError::Stored`] if numbers are missing or of another shape.
    pub fn restore(self, weights: &Weights) -> Result<Box<dyn Detector>> {
        Ok(match self {
            Self::Var => Box::new(var::Var::restore(weights)?),
            Self::Mahalanobis => Box::new(mahalanobis::Mahalanobis::restore(weights)?),
            Self::RobustZ => Box::new(robust_z::RobustZ::restore(weights)?),
            Self::SubPca => Box::new(sub_pca::SubPca::restore(weights)?),
            Self::Autoregression => Box::new(autoregression::Autoregression::restore(weights)?),
            Self::Clusters => Box::new(clusters::Clusters::restore(weights)?),
            Self::IsolationForest => Box::new(isolation_forest::IsolationForest::restore(weights)?),
            Self::Dense => Box::new(dense::Dense::restore(weights)?),
            Self::Convolutional => Box::new(convolutional::Convolutional::restore(weights)?),
            Self::Variational => Box::new(variational::Variational::restore(weights)?),
            Self::Transformer => Box::new(transformer::Transformer::restore(weights)?),
        })
    }
}
