//! Arrow schemas, typed column batches, Parquet and IPC files, canonical digests.
