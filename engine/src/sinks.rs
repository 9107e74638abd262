//! Files that stand for the targets of `s3`, `kinesis`, `sqs`, `sns` and `firehose` actions.
//!
//! | kind | file under `sinks/` | holds |
//! |---|---|---|
//! | `s3` | `s3/<bucket>/<key>` | the object; the last one of a key |
//! | `kinesis` | `kinesis/<stream>.jsonl` | a line a record: `time`, `key`, `body` |
//! | `sqs`, `sns` | `sqs/<queue>.jsonl`, `sns/<topic>.jsonl` | a line a message: `time`, `body` |
//! | `firehose` | `firehose/<stream>` | the records end to end |
//!
//! Names are percent-encoded, `/` too, so that no key can leave the folder; a body that is no
//! UTF-8 is `base64` in place of `body`. Shards' records come epoch by epoch in the shards' order,
//! as row groups do, so that any number of threads writes the same bytes. The folder is only there
//! if an action wrote into it.

use crate::error::EngineError;
use fieldmirror_cloud::outputs::{ActionKind, Outputs, base64};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Most objects of a run; further keys are counted and not written. Source: ours, for the sake of
/// the file system.
pub(crate) const OBJECTS_MAX: usize = 100_000;

/// Longest file name before it is cut and told apart by a hash, in bytes. Source: ours; file
/// systems take 255.
const NAME_BYTES_MAX: usize = 200;

/// Records of a shard that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct SinkRecords(Vec<Record>);

#[derive(Debug)]
struct Record {
    time: Timestamp,
    kind: ActionKind,
    target: String,
    key: String,
    body: Vec<u8>,
}

/// The files of a run.
#[derive(Debug)]
pub(crate) struct Sinks {
    folder: PathBuf,
    objects: BTreeSet<PathBuf>,
    counts: BTreeMap<String, u64>,
}

impl SinkRecords {
    /// Copies what a step left.
    pub(crate) fn take(&mut self, out: &Outputs) {
        for row in &out.sinks {
            self.0.push(Record {
                time: row.time,
                kind: row.kind,
                target: out.text(row.target).into_owned(),
                key: out.text(row.key).into_owned(),
                body: out.slice(row.body).to_vec(),
            });
        }
    }
}

impl Sinks {
    /// The files of the run in `folder`; nothing is written yet.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.join("sinks"), objects: BTreeSet::new(), counts: BTreeMap::new() }
    }

    /// Writes and empties the records of a shard.
    ///
    /// # Errors
    /// [`EngineError::Write`].
    pub(crate) fn write(&mut self, records: &mut SinkRecords) -> Result<(), EngineError> {
        // Appended together, file by file: one file is opened once for an epoch of a shard.
        let mut streams = BTreeMap::<PathBuf, Vec<u8>>::new();
        for record in records.0.drain(..) {
            let kind = record.kind.name();
            *self.counts.entry(kind.to_owned()).or_default() += 1;
            let folder = self.folder.join(kind);
            let target = file_name(&record.target);
            match record.kind {
                ActionKind::S3 => {
                    let path = folder.join(target).join(file_name(&record.key));
                    self.write_object(&path, &record.body)?;
                }
                ActionKind::Firehose => {
                    streams.entry(folder.join(target)).or_default().extend(record.body);
                }
                _ => {
                    let path = folder.join(format!("{target}.jsonl"));
                    streams.entry(path).or_default().extend(record.line());
                }
            }
        }
        for (path, bytes) in streams {
            append(&path, &bytes)
                .map_err(|source| EngineError::Write { path: path.clone(), source })?;
        }
        Ok(())
    }

    /// How many records there were, by kind; objects that were not written for their number are
    /// `s3_not_written`.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.clone()
    }

    fn write_object(&mut self, path: &Path, body: &[u8]) -> Result<(), EngineError> {
        if !self.objects.contains(path) {
            if self.objects.len() >= OBJECTS_MAX {
                *self.counts.entry("s3_not_written".to_owned()).or_default() += 1;
                return Ok(());
            }
            self.objects.insert(path.to_owned());
        }
        let write = || {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(path, body)
        };
        write().map_err(|source| EngineError::Write { path: path.to_owned(), source })
    }
}

impl Record {
    /// The record as a line of JSON.
    fn line(&self) -> Vec<u8> {
        let mut line = serde_json::Map::new();
        line.insert("time".to_owned(), self.time.to_string().into());
        if !self.key.is_empty() {
            line.insert("key".to_owned(), self.key.as_str().into());
        }
        match std::str::from_utf8(&self.body) {
            Ok(text) => line.insert("body".to_owned(), text.into()),
            Err(_) => line.insert("base64".to_owned(), base64(&self.body).into()),
        };
        let mut bytes = serde_json::Value::Object(line).to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }
}

fn append(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
    OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)
}

/// A name of letters, digits, `-`, `_`, `.` and percent codes, different for different texts.
fn file_name(text: &str) -> String {
    let mut name = String::new();
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        // A dot at the beginning hides a file or names a folder above.
        if plain || (byte == b'.' && !name.is_empty()) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    if name.is_empty() {
        return "%".to_owned();
    }
    if name.len() > NAME_BYTES_MAX {
        name.truncate(NAME_BYTES_MAX - 20);
        name.push_str(&format!("%-{}", EntityKey::of(text)));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: ActionKind, target: &str, key: &str, body: &[u8]) -> Record {
        let (target, key) = (target.to_owned(), key.to_owned());
        Record { time: Timestamp::from_millis(0), kind, target, key, body: body.to_vec() }
    }

    #[test]
    fn no_key_leaves_the_folder_and_different_keys_have_different_files() {
        let long = "x".repeat(1_000);
        let texts = ["a/b", "a%2Fb", "..", ".", "../..", "", "a", "%", &long, &long[1..]];
        let names: BTreeSet<String> = texts.iter().map(|text| file_name(text)).collect();
        assert_eq!(names.len(), texts.len());
        for name in names {
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
            assert!(name.len() <= NAME_BYTES_MAX, "{name}");
        }
    }

    #[test]
    fn objects_are_replaced_and_streams_grow() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut sinks = Sinks::new(folder.path());
        sinks.write(&mut SinkRecords::default()).expect("nothing to write");
        assert!(!folder.path().join("sinks").exists());
        for n in ["1", "2"] {
            let mut records = SinkRecords(vec![
                record(ActionKind::S3, "b", "k/x", n.as_bytes()),
                record(ActionKind::Firehose, "d", "", n.as_bytes()),
                record(ActionKind::Kinesis, "s", "p", n.as_bytes()),
                record(ActionKind::Sqs, "https://q", "", b"\xff"),
            ]);
            sinks.write(&mut records).expect("written");
        }
        let read = |path: &str| {
            std::fs::read_to_string(folder.path().join("sinks").join(path)).expect("a file")
        };
        assert_eq!((read("s3/b/k%2Fx"), read("firehose/d")), ("2".to_owned(), "12".to_owned()));
        let line =
            |n| format!("{{\"time\":\"1970-01-01T00:00:00Z\",\"key\":\"p\",\"body\":\"{n}\"}}\n");
        assert_eq!(read("kinesis/s.jsonl"), line(1) + &line(2));
        assert!(read("sqs/https%3A%2F%2Fq.jsonl").contains("\"base64\":\"/w==\""));
        assert_eq!(sinks.counts()["s3"], 2);
    }
}
