//! The model file: one safetensors file with all numbers, and a manifest in its metadata that says
//! what they are.
//!
//! The same model gives the same bytes, and the manifest holds a SHA-256 over all of them, so that a
//! damaged file is no other model. Numbers that must come back exactly are tensors; the
//! manifest's numbers are settings, and copies for people.

use super::budget::Calibration;
use super::fusion::Normaliser;
use super::model::{ClassModel, Model, Provenance};
use super::scaler::{ClassScaler, DeviceScaler, State};
use super::schema::Schema;
use super::settings::Settings;
use crate::detector::{Kind, Weights};
use crate::error::{AnalyticsError, Result};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// Version of the file's layout.
pub const FORMAT_VERSION: u32 = 4;

/// The key of the manifest in the file's metadata.
const MANIFEST: &str = "fieldmirror_model";

#[derive(Serialize, Deserialize)]
struct Manifest {
    format_version: u32,
    /// Of the whole file, with [`NO_SUM`] in this place.
    sha256: String,
    provenance: Provenance,
    schema: Schema,
    period_us: i64,
    settings: Settings,
    classes: Vec<ClassManifest>,
}

/// What stands in the place of the sum while it is made.
const NO_SUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Only to tell a wrong version from a damaged file.
#[derive(Deserialize)]
struct Version {
    format_version: u32,
}

#[derive(Serialize, Deserialize)]
struct ClassManifest {
    name: String,
    /// In the order of the scaler's rows.
    devices: Vec<String>,
    detectors: Vec<DetectorManifest>,
    /// For people; its numbers are tensors.
    calibration: Calibration,
}

#[derive(Serialize, Deserialize)]
struct DetectorManifest {
    kind: Kind,
    sizes: BTreeMap<String, usize>,
}

/// A tensor on its way into a file.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    fn f64(shape: Vec<usize>, values: impl Iterator<Item = f64>) -> Self {
        let bytes = values.flat_map(f64::to_le_bytes).collect();
        Self { dtype: Dtype::F64, shape, bytes }
    }

    fn f32(shape: Vec<usize>, values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self { dtype: Dtype::F32, shape, bytes }
    }
}

impl Model {
    /// The model file's bytes.
    ///
    /// # Errors
    /// [`AnalyticsError::ModelFile`] if it cannot be put into a file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut tensors: BTreeMap<String, Tensor> = BTreeMap::new();
        let mut classes = Vec::new();
        for (index, class) in self.classes.iter().enumerate() {
            classes.push(put_class(class, index, &mut tensors));
        }
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            sha256: NO_SUM.to_owned(),
            provenance: self.provenance.clone(),
            schema: self.schema.clone(),
            period_us: self.period_us,
            settings: self.settings.clone(),
            classes,
        };
        let wrong = |problem: String| AnalyticsError::ModelFile { problem };
        let text = serde_json::to_string(&manifest).map_err(|error| wrong(error.to_string()))?;
        let views = tensors.iter().map(|(name, tensor)| {
            let view = TensorView::new(tensor.dtype, tensor.shape.clone(), &tensor.bytes);
            view.map(|view| (name.as_str(), view))
        });
        let views: std::result::Result<Vec<_>, _> = views.collect();
        let views = views.map_err(|error| wrong(error.to_string()))?;
        // One key, so that the map's order says nothing.
        let metadata = HashMap::from([(MANIFEST.to_owned(), text)]);
        let bytes = safetensors::serialize(views, Some(metadata));
        let mut bytes = bytes.map_err(|error| wrong(error.to_string()))?;
        let sum = hex(&Sha256::digest(&bytes));
        let at = place(&bytes, NO_SUM).ok_or_else(|| wrong("it has no manifest".to_owned()))?;
        bytes[at..at + sum.len()].copy_from_slice(sum.as_bytes());
        Ok(bytes)
    }

    /// The model in a file's bytes.
    ///
    /// # Errors
    /// [`AnalyticsError::ModelFile`] if it is no model file or a damaged one;
    /// [`AnalyticsError::ModelVersion`] if it is of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let wrong = |problem: String| AnalyticsError::ModelFile { problem };
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|error| wrong(format!("it is no safetensors file ({error})")))?;
        let text = header.metadata().as_ref().and_then(|metadata| metadata.get(MANIFEST));
        let text = text.ok_or_else(|| {
            wrong("it is a safetensors file, but not of a detection model".to_owned())
        })?;
        let version: Version = serde_json::from_str(text)
            .map_err(|error| wrong(format!("its manifest is damaged ({error})")))?;
        if version.format_version != FORMAT_VERSION {
            let found = version.format_version;
            return Err(AnalyticsError::ModelVersion { found, expected: FORMAT_VERSION });
        }
        let manifest: Manifest = serde_json::from_str(text)
            .map_err(|error| wrong(format!("its manifest is damaged ({error})")))?;
        check_sum(bytes, &manifest.sha256)?;
        manifest.settings.check()?;
        let tensors = SafeTensors::deserialize(bytes)
            .map_err(|error| wrong(format!("it is damaged ({error})")))?;
        let file = File { tensors };
        let channels = manifest.schema.channels.len();
        let classes = manifest.classes.into_iter().enumerate();
        let classes: Result<Vec<ClassModel>> =
            classes.map(|(index, class)| file.class(class, index, channels)).collect();
        Ok(Self {
            settings: manifest.settings,
            schema: manifest.schema,
            period_us: manifest.period_us,
            classes: classes?,
            provenance: manifest.provenance,
        })
    }

    /// A number that tells this model from others.
    ///
    /// # Source
    /// FNV-1a, 64 bits (Fowler, Noll, Vo), eight bytes at a time.
    pub fn fingerprint(&self) -> u64 {
        let bytes = self.to_bytes().unwrap_or_default();
        bytes.chunks(8).fold(0xcbf2_9ce4_8422_2325, |hash: u64, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
        })
    }
}

/// Where the manifest of a file says `sum`.
fn place(bytes: &[u8], sum: &str) -> Option<usize> {
    // Inside the header's text the manifest's quotes are escaped.
    let before = br#"\"sha256\":\""#;
    let wanted = [before, sum.as_bytes()].concat();
    let found = bytes.windows(wanted.len()).position(|window| window == wanted)?;
    Some(found + before.len())
}

/// That a file's bytes are those of which its manifest has the sum.
fn check_sum(bytes: &[u8], sum: &str) -> Result<()> {
    let wrong = || {
        let problem = "it is damaged: its checksum is not that of its bytes; copy it again";
        AnalyticsError::ModelFile { problem: problem.to_owned() }
    };
    if sum.len() != NO_SUM.len() {
        return Err(wrong());
    }
    let at = place(bytes, sum).ok_or_else(wrong)?;
    let mut hasher = Sha256::new();
    for part in [&bytes[..at], NO_SUM.as_bytes(), &bytes[at + sum.len()..]] {
        hasher.update(part);
    }
    if hex(&hasher.finalize()) == sum { Ok(()) } else { Err(wrong()) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn put_class(
    class: &ClassModel,
    index: usize,
    tensors: &mut BTreeMap<String, Tensor>,
) -> ClassManifest {
    let scaler = &class.scaler;
    let channels = scaler.states.len();
    let states = scaler.states.iter().map(|state| match state {
        State::Live => 0.0,
        State::Constant => 1.0,
        State::Absent => 2.0,
    });
    let of_class = states
        .chain(scaler.centre.iter().copied())
        .chain(scaler.within.iter().copied())
        .chain(scaler.between.iter().copied());
    tensors.insert(format!("{index}.class"), Tensor::f64(vec![4, channels], of_class));
    let of_devices =
        scaler.devices.values().flat_map(|device| device.centre.iter().chain(&device.scale));
    let shape = vec![scaler.devices.len(), 2, channels];
    tensors.insert(format!("{index}.devices"), Tensor::f64(shape, of_devices.copied()));
    let normalisers = class.detectors.iter().map(|one| &one.1);
    let normalisers = normalisers.flat_map(|n| [n.rest, n.median, n.unit, n.weight, n.rows as f64]);
    let shape = vec![class.detectors.len(), 5];
    tensors.insert(format!("{index}.fusion"), Tensor::f64(shape, normalisers));
    let found = &class.calibration;
    let limits = [f64::from(found.threshold), f64::from(found.mean)];
    let limits = limits.into_iter().chain([found.nominal, found.achieved, found.device_days]);
    tensors.insert(format!("{index}.limits"), Tensor::f64(vec![5], limits));
    let mut detectors = Vec::new();
    for (place, (detector, _)) in class.detectors.iter().enumerate() {
        let weights = detector.weights();
        for (name, (shape, values)) in &weights.tensors {
            let tensor = Tensor::f32(shape.clone(), values);
            tensors.insert(format!("{index}.{place}.{name}"), tensor);
        }
        detectors.push(DetectorManifest { kind: detector.kind(), sizes: weights.sizes });
    }
    ClassManifest {
        name: class.name.clone(),
        devices: scaler.devices.keys().cloned().collect(),
        detectors,
        calibration: class.calibration,
    }
}

struct File<'a> {
    tensors: SafeTensors<'a>,
}

impl File<'_> {
    fn wrong(name: &str) -> AnalyticsError {
        let problem = format!("the tensor `{name}` is missing or not as expected");
        AnalyticsError::ModelFile { problem }
    }

    fn f64s(&self, name: &str, shape: &[usize]) -> Result<Vec<f64>> {
        let found = self.tensors.tensor(name).ok();
        let found = found.filter(|view| view.dtype() == Dtype::F64 && view.shape() == shape);
        let bytes = found.ok_or_else(|| Self::wrong(name))?;
        let (words, _) = bytes.data().as_chunks();
        Ok(words.iter().map(|&word| f64::from_le_bytes(word)).collect())
    }

    fn f32s(&self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let found = self.tensors.tensor(name).ok();
        let found = found.filter(|view| view.dtype() == Dtype::F32);
        let view = found.ok_or_else(|| Self::wrong(name))?;
        let (words, _) = view.data().as_chunks();
        Ok((view.shape().to_vec(), words.iter().map(|&word| f32::from_le_bytes(word)).collect()))
    }

    fn class(&self, class: ClassManifest, index: usize, channels: usize) -> Result<ClassModel> {
        let scaler = self.scaler(&class.devices, index, channels)?;
        let mut calibration = class.calibration;
        let name = format!("{index}.limits");
        let limits = self.f64s(&name, &[5])?;
        let &[threshold, mean, nominal, achieved, device_days] = limits.as_slice() else {
            return Err(Self::wrong(&name));
        };
        let (threshold, mean) = (threshold as f32, mean as f32);
        calibration =
            Calibration { threshold, mean, nominal, achieved, device_days, ..calibration };
        let fusion = self.f64s(&format!("{index}.fusion"), &[class.detectors.len(), 5])?;
        let mut detectors = Vec::new();
        for (place, (one, fusion)) in class.detectors.iter().zip(fusion.as_chunks().0).enumerate() {
            let &[rest, median, unit, weight, rows] = fusion;
            let prefix = format!("{index}.{place}.");
            let mut weights = Weights { sizes: one.sizes.clone(), ..Weights::default() };
            let mut names: Vec<&str> = self.tensors.names();
            names.sort_unstable();
            for name in names {
                if let Some(short) = name.strip_prefix(&prefix) {
                    weights.tensors.insert(short.to_owned(), self.f32s(name)?);
                }
            }
            let detector = one.kind.restore(&weights)?;
            if !(1.0..=65_536.0).contains(&rows) {
                return Err(Self::wrong(&format!("{index}.fusion")));
            }
            let rows = rows as usize;
            detectors.push((detector, Normaliser { rest, median, unit, weight, rows }));
        }
        Ok(ClassModel { name: class.name, scaler, detectors, calibration })
    }

    fn scaler(&self, devices: &[String], index: usize, channels: usize) -> Result<ClassScaler> {
        let name = format!("{index}.class");
        let all = self.f64s(&name, &[4, channels])?;
        let row = |row: usize| all[row * channels..(row + 1) * channels].to_vec();
        let states = row(0).into_iter().map(|state| match state {
            0.0 => Ok(State::Live),
            1.0 => Ok(State::Constant),
            2.0 => Ok(State::Absent),
            _ => Err(Self::wrong(&name)),
        });
        let states = states.collect::<Result<Vec<State>>>()?;
        let values = self.f64s(&format!("{index}.devices"), &[devices.len(), 2, channels])?;
        let values = values.chunks_exact((2 * channels).max(1));
        let device = |(name, values): (&String, &[f64])| {
            let (centre, scale) = values.split_at(channels);
            (name.clone(), DeviceScaler { centre: centre.to_vec(), scale: scale.to_vec() })
        };
        Ok(ClassScaler {
            states,
            centre: row(1),
            within: row(2),
            between: row(3),
            noise: vec![0.0; channels],
            devices: devices.iter().zip(values).map(device).collect(),
        })
    }
}
