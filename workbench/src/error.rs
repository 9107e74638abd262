//! What can be wrong with what a team brings.

/// Why an input could not be used. None is fatal to the process; nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkbenchError {
    /// A file could not be read.
    #[error("{path}: {source}; expected a readable file")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
