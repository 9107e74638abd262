//! What can go wrong between a clean stretch and a ticket.

/// A failure of learning, scoring or reading the catalogue. All are fatal to the call, none to the
/// data: nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalyticsError {
    /// The tensor library refused an operation.
    #[error("the autoencoder could not be computed")]
    Tensor(#[from] candle_core::Error),
    /// A covariance matrix could not be inverted.
    #[error("the residuals' covariance could not be inverted")]
    Covariance(#[from] linfa_linalg::LinalgError),
    /// The one-thread pool in which tensors are computed could not be started.
    #[error("the scoring thread could not be started")]
    Pool(#[from] rayon::ThreadPoolBuildError),
    /// The model was not trained on the shard that is to be scored.
    #[error(
        "the model knows no shard that begins with farm `{site}`; expected one it learned from"
    )]
    UnknownShard {
        /// The shard's first farm.
        site: String,
    },
    /// The catalogue file is not what it should be.
    #[error(
        "the catalogue is not valid: {source}; expected tables such as [class.filter_clogging] \
         with action, sentence and optionally part and part_number"
    )]
    Catalogue {
        /// What the TOML reader found.
        source: Box<toml::de::Error>,
    },
    /// The catalogue names a class that no detector can raise.
    #[error(
        "the catalogue has a class `{class}` that is not known; expected one of {expected}; \
         correct the name or remove the table"
    )]
    UnknownClass {
        /// The name as given.
        class: String,
        /// All known names.
        expected: String,
    },
    /// A sentence of the catalogue has a placeholder that no ticket can fill.
    #[error(
        "the catalogue's sentence of `{class}` has an unknown placeholder {{{placeholder}}}; \
         expected {{device}}, {{site}} or {{part}}"
    )]
    Placeholder {
        /// The class whose sentence it is.
        class: String,
        /// The placeholder's text.
        placeholder: String,
    },
}

/// Short for results of this crate.
pub type Result<T> = std::result::Result<T, AnalyticsError>;
