//! Harness, integration tests, corpora and golden files.
