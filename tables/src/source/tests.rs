//! Telemetry of each format is read as it was written, what is odd in it is counted with its place,
//! and what cannot be read is told with its place.

mod errors;
mod formats;
mod properties;

use super::*;
use std::io::Cursor;
use std::path::Path;

/// A chunk of all rows.
fn all(source: &mut Source) -> Chunk {
    let mut whole = Chunk { values: vec![Vec::new(); source.channels().len()], ..Chunk::default() };
    while let Some(chunk) = source.next_chunk().unwrap() {
        assert!(!chunk.is_empty());
        let base = whole.len() as u32;
        whole.irregular.extend(chunk.irregular.iter().map(|&(row, what)| (base + row, what)));
        whole.time.extend(chunk.time);
        whole.device.extend(chunk.device);
        for (column, values) in whole.values.iter_mut().zip(chunk.values) {
            column.extend(values);
        }
    }
    whole
}

fn text(spec: &SourceSpec, text: &str) -> Result<Source, TablesError> {
    Source::open_reader(spec, "t.csv", Box::new(Cursor::new(text.as_bytes().to_vec())))
}

fn plain() -> SourceSpec {
    SourceSpec::default()
}

fn names(source: &Source) -> Vec<&str> {
    source.channels().iter().map(|channel| channel.name.as_str()).collect()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn of(inputs: &[&str]) -> SourceSpec {
    SourceSpec::of(inputs)
}

/// 2020-03-09 10:14:33 UTC.
const MOMENT: i64 = 1_583_748_873_000_000;
const SECOND: i64 = 1_000_000;
