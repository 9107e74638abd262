//! The checkpoint of a score file: what is not in its pieces yet, with a digest over all of it.

use super::{ScoreRows, ScoreSpec};
use crate::error::TablesError;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// What a checkpoint holds.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) state: Vec<u8>,
    pub(super) rows_in: u64,
    pub(super) rows: u64,
    pub(super) lengths: Vec<u64>,
    pub(super) devices: Vec<String>,
    pub(super) pending: ScoreRows,
}

const MAGIC: &[u8] = b"fieldmirror scores 3\n";

/// What there is at the place of a checkpoint.
#[derive(Debug)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// Something that is no whole checkpoint of this version.
    Damaged,
    /// The checkpoint of a job with another spec.
    Other {
        rows_in: u64,
        /// The parts of the key in which it differs.
        differs: Vec<String>,
    },
    /// The checkpoint of a job with this spec.
    Here(Box<Saved>),
}

impl Saved {
    /// Writes it beside `name` and then into its place, so that there is always a whole one.
    pub(super) fn store(
        &self,
        folder: &Path,
        name: &str,
        spec: &ScoreSpec,
    ) -> Result<(), TablesError> {
        let bytes = self.bytes(spec);
        let (fresh, place) = (folder.join("state.new"), folder.join(name));
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&fresh)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&fresh, &place)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|source| TablesError::io("write", &place, source))
    }

    /// What stands at `path`.
    pub(super) fn load(path: &Path, spec: &ScoreSpec) -> Result<Found, TablesError> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Self::parse(&bytes, spec).unwrap_or(Found::Damaged)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Found::Nothing),
            Err(error) => Err(TablesError::io("read", path, error)),
        }
    }

    fn bytes(&self, spec: &ScoreSpec) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let key = identity(spec);
        number(&mut out, key.len() as u64);
        for (name, value) in key {
            block(&mut out, name.as_bytes());
            block(&mut out, value.as_bytes());
        }
        number(&mut out, self.rows_in);
        block(&mut out, &self.state);
        number(&mut out, self.rows);
        number(&mut out, self.lengths.len() as u64);
        self.lengths.iter().for_each(|&length| number(&mut out, length));
        number(&mut out, self.devices.len() as u64);
        self.devices.iter().for_each(|name| block(&mut out, name.as_bytes()));
        let rows = &self.pending;
        number(&mut out, rows.len() as u64);
        rows.time.iter().for_each(|v| out.extend(v.to_le_bytes()));
        rows.device.iter().for_each(|v| out.extend(v.to_le_bytes()));
        rows.score.iter().for_each(|v| out.extend(v.to_le_bytes()));
        rows.threshold.iter().for_each(|v| out.extend(v.to_le_bytes()));
        rows.alarm.iter().for_each(|&v| out.push(u8::from(v)));
        rows.judged.iter().for_each(|&v| out.push(u8::from(v)));
        rows.more.iter().flatten().for_each(|v| out.extend(v.to_le_bytes()));
        let digest = Sha256::digest(&out);
        out.extend(digest);
        out
    }

    /// None if they are damaged.
    fn parse(bytes: &[u8], spec: &ScoreSpec) -> Option<Found> {
        let (bytes, digest) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
        if Sha256::digest(bytes)[..] != *digest {
            return None;
        }
        let mut bytes = Bytes(bytes.strip_prefix(MAGIC)?);
        let text = |bytes: &mut Bytes<'_>| String::from_utf8(bytes.block()?.to_vec()).ok();
        let pair = |bytes: &mut Bytes<'_>| Some((text(bytes)?, text(bytes)?));
        let key: Vec<(String, String)> =
            (0..bytes.number()?).map(|_| pair(&mut bytes)).collect::<Option<_>>()?;
        let rows_in = bytes.number()?;
        let differs = differences(&key, &identity(spec));
        if !differs.is_empty() {
            return Some(Found::Other { rows_in, differs });
        }
        let state = bytes.block()?.to_vec();
        let rows = bytes.number()?;
        let lengths = (0..bytes.number()?).map(|_| bytes.number()).collect::<Option<_>>()?;
        let devices = (0..bytes.number()?).map(|_| text(&mut bytes)).collect::<Option<_>>()?;
        let count = usize::try_from(bytes.number()?).ok()?;
        let pending = ScoreRows {
            time: bytes.words(count, i64::from_le_bytes)?,
            device: bytes.words(count, u32::from_le_bytes)?,
            score: bytes.words(count, f32::from_le_bytes)?,
            threshold: bytes.words(count, f32::from_le_bytes)?,
            alarm: bytes.words(count, |[byte]: [u8; 1]| byte == 1)?,
            judged: bytes.words(count, |[byte]: [u8; 1]| byte == 1)?,
            more: spec
                .more
                .iter()
                .map(|_| bytes.words(count, f32::from_le_bytes))
                .collect::<Option<_>>()?,
        };
        let saved = Self { state, rows_in, rows, lengths, devices, pending };
        Some(Found::Here(Box::new(saved)))
    }
}

/// What makes two jobs the same.
fn identity(spec: &ScoreSpec) -> Vec<(String, String)> {
    let mut key = spec.key.clone();
    key.push(("times".to_owned(), format!("{:?}", spec.kind)));
    key.push(("columns of scores".to_owned(), format!("{:?}", spec.more)));
    key
}

/// The names of the parts that are not equal in both.
fn differences(found: &[(String, String)], wanted: &[(String, String)]) -> Vec<String> {
    let lacks = |of: &[(String, String)], part: &(String, String)| !of.contains(part);
    let mut names: Vec<String> = Vec::new();
    for (of, others) in [(wanted, found), (found, wanted)] {
        for part in of.iter().filter(|part| lacks(others, part)) {
            if !names.contains(&part.0) {
                names.push(part.0.clone());
            }
        }
    }
    names
}

fn number(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_le_bytes());
}

fn block(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Bytes that are eaten from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn block(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        self.take(count)
    }

    fn words<const N: usize, T>(&mut self, count: usize, of: fn([u8; N]) -> T) -> Option<Vec<T>> {
        let bytes = self.take(count.checked_mul(N)?)?;
        // Each is of N bytes by its name.
        bytes.chunks_exact(N).map(|word| Some(of(word.try_into().ok()?))).collect()
    }
}
