//! The asset graph: mirrors shadows, tracks freshness, predicts, yields residuals.
