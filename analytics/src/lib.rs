//! Tables in, findings and tickets out.
