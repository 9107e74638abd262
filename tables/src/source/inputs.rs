//! From what the user names to files, and a look at the beginning of each.

use super::batch;
use super::csv;
use super::devices;
use super::json;
use super::plan::{Head, HeadColumn, Preset, message, time_column};
use super::senml;
use super::spec::{Format, Layout, SourceSpec};
use crate::error::TablesError;
use crate::read::damaged;
use crate::scan::hinted;
use crate::schema::{TABLE, Table};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::{FileReader, StreamReader};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What stands for standard input in messages.
pub(super) const STDIN: &str = "standard input";

/// How much of a text file is looked at.
const LOOK_BYTES: u64 = 1 << 20;

/// How many rows are looked at.
const LOOK_ROWS: usize = 1000;

/// The files that `inputs` name, each once, in the order of their names. Standard input is none.
pub(super) fn files(inputs: &[String]) -> Result<Vec<PathBuf>, TablesError> {
    let mut found = BTreeMap::new();
    for input in inputs {
        for path in expand(input)? {
            // The same file by two names is one.
            let whole = path.canonicalize().map_err(|e| TablesError::io("read", &path, e))?;
            found.entry(whole).or_insert(path);
        }
    }
    let mut paths: Vec<PathBuf> = found.into_values().collect();
    paths.sort_by(|a, b| a.file_name().cmp(&b.file_name()).then_with(|| a.cmp(b)));
    Ok(paths)
}

fn expand(input: &str) -> Result<Vec<PathBuf>, TablesError> {
    let path = Path::new(input);
    if path.is_dir() {
        return folder(path);
    }
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let nothing = |problem: &str| {
        message(
            input,
            problem,
            "a file, a folder, a glob such as `data/*.csv`, or `-` for standard input",
            "check the name; quote a glob that the shell should not expand",
        )
    };
    if !input.contains(['*', '?', '[']) {
        return Err(nothing("there is no such file or folder"));
    }
    let pattern = glob::glob(input).map_err(|error| nothing(&format!("no glob: {error}")))?;
    let mut paths = Vec::new();
    for entry in pattern {
        let path = entry.map_err(|error| {
            let path = error.path().to_owned();
            TablesError::io("read", &path, error.into())
        })?;
        if path.is_file() {
            paths.push(path);
        }
    }
    if paths.is_empty() { Err(nothing("nothing matches")) } else { Ok(paths) }
}

/// The data files of a folder; of a run directory its telemetry.
fn folder(path: &Path) -> Result<Vec<PathBuf>, TablesError> {
    let telemetry = path.join(Table::Telemetry.file());
    if telemetry.is_file() {
        return Ok(vec![telemetry]);
    }
    let list = |source| TablesError::io("read", path, source);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path).map_err(list)? {
        let path = entry.map_err(list)?.path();
        if path.is_file() && Format::of_path(&path).is_some() {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(message(
            &path.display().to_string(),
            "the folder holds no data files",
            "files that end in .csv, .tsv, .parquet, .arrow, .jsonl or .senml",
            "name the files, or folders inside it with a glob such as `DIR/**/*.csv`",
        ));
    }
    Ok(paths)
}

/// The format of a text or file that begins with `start`.
pub(super) fn sniff(start: &[u8]) -> Format {
    let text = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    if start.starts_with(b"PAR1") {
        Format::Parquet
    } else if start.starts_with(b"ARROW1") || start.starts_with(&[0xFF; 4]) {
        Format::Arrow
    } else if text.starts_with(b"[") {
        Format::SenMl
    } else if text.starts_with(b"{") {
        Format::JsonLines
    } else {
        Format::Csv
    }
}

/// Of a text that begins with JSON, which it is by its first line. Of a long layout the user names
/// the columns, which those of SenML are not.
pub(super) fn json_or_senml(start: &[u8], spec: &SourceSpec) -> Format {
    let text = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    let first = json::lines(text).next();
    let senml = first.is_some_and(|(_, line)| senml::is_pack(line));
    if senml && spec.layout == Layout::Wide { Format::SenMl } else { Format::JsonLines }
}

/// A look at the file `path`.
pub(super) fn head(path: &Path, spec: &SourceSpec) -> Result<Head, TablesError> {
    let name = path.display().to_string();
    let io = |source| TablesError::io("read", path, source);
    let mut file = File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    let mut start = Vec::new();
    (&mut file).take(8).read_to_end(&mut start).map_err(io)?;
    if bytes == 0 {
        return Err(empty(&name));
    }
    let mut format = spec.format.or_else(|| Format::of_path(path)).unwrap_or_else(|| sniff(&start));
    if spec.format.is_none() && format == Format::JsonLines {
        // What is called JSON may be SenML; of a long layout the user names the columns.
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        let mut look = Vec::new();
        (&mut file).take(LOOK_BYTES).read_to_end(&mut look).map_err(io)?;
        format = json_or_senml(&look, spec);
    }
    let mut head = match format {
        Format::Parquet => parquet(path, &name, spec)?,
        Format::Arrow => arrow(path, &name, &start, spec)?,
        _ => {
            file.seek(SeekFrom::Start(0)).map_err(io)?;
            let mut look = Vec::new();
            file.take(LOOK_BYTES).read_to_end(&mut look).map_err(io)?;
            text(&look, bytes <= LOOK_BYTES, format, &name, spec)?
        }
    };
    path.clone_into(&mut head.path);
    head.bytes = bytes;
    Ok(head)
}

fn empty(name: &str) -> TablesError {
    message(name, "the file is empty", "a header and rows", "check how it was made or copied")
}

/// A look at text that begins with `look`, which is all of it if `whole`.
pub(super) fn text(
    look: &[u8],
    whole: bool,
    format: Format,
    name: &str,
    spec: &SourceSpec,
) -> Result<Head, TablesError> {
    if look.trim_ascii().is_empty() {
        return Err(empty(name));
    }
    // The look may end within a row.
    let text = if whole { look } else { &look[..csv::whole_rows(look).unwrap_or(look.len())] };
    let mut head = Head {
        path: PathBuf::new(),
        name: name.to_owned(),
        format,
        bytes: 0,
        columns: Vec::new(),
        preset: Preset::default(),
        times: Vec::new(),
        device_like: None,
        stamps: None,
        delimiter: b',',
        body: 0,
        has_rows: false,
        ragged: format != Format::Csv,
    };
    let placed = |error| placed(error, name, 0);
    match format {
        Format::JsonLines => {
            let sample = json::sample(text, LOOK_ROWS).map_err(placed)?;
            head.has_rows = !sample.rows.is_empty();
            head.columns = sample.columns;
            head.preset = sample.preset;
            if let Some(time) = time_column(&spec.columns, &head.preset, &head.columns) {
                let times = sample.rows.iter().filter_map(|row| row.get(&time));
                head.times = times.cloned().collect();
                let rows = || sample.rows.iter().filter(|row| row.contains_key(&time));
                let times: Vec<&str> = rows().map(|row| row[&time].as_str()).collect();
                let cells = head.columns.iter().filter(|column| column.name != time).map(|c| {
                    let cells = rows().filter_map(|row| row.get(&c.name)).map(String::as_str);
                    (c.name.as_str(), c.texts > 0, cells.collect())
                });
                head.device_like = devices::column(&times, cells).map(str::to_owned);
            }
        }
        Format::SenMl => {
            let (columns, times) = senml::sample(text, LOOK_ROWS).map_err(placed)?;
            head.has_rows = !times.is_empty();
            (head.columns, head.times) = (columns, times);
            head.preset = senml::PRESET;
            head.stamps = Some(super::TimeKind::Zoned);
        }
        _ => {
            check_text(look, name)?;
            look_at_csv(text, &mut head, spec)?;
        }
    }
    Ok(head)
}

/// That bytes are text: no control characters but those that text has. Bytes that are no UTF-8 pass,
/// since many programs write names and units in older encodings.
pub(crate) fn check_text(look: &[u8], name: &str) -> Result<(), TablesError> {
    // Tab, line ends, page ends; the end of a file as DOS marked it, and escape.
    let odd = |byte: &u8| *byte < b' ' && !matches!(byte, 0x09..=0x0d | 0x1a | 0x1b);
    let Some(at) = look.iter().position(odd) else { return Ok(()) };
    let (is, advice) = match look {
        [0x1f, 0x8b, ..] => ("; it looks like gzip", "unpack it first"),
        [b'P', b'K', 3, 4, ..] => {
            ("; it looks like a zip archive, which workbooks are too", "unpack it, or save as CSV")
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("; it looks like UTF-16", "save it as UTF-8"),
        [b'P', b'A', b'R', b'1', ..] => ("; it looks like Parquet", "say --input-format parquet"),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => {
            ("; it looks like Arrow", "say --input-format arrow")
        }
        _ => ("", "check how it was made or copied, or name its format with --input-format"),
    };
    let byte = look[at];
    let problem = format!("this is not text: the byte at offset {at} is 0x{byte:02x}{is}");
    Err(message(name, &problem, "separated values as text", advice))
}

fn look_at_csv(text: &[u8], head: &mut Head, spec: &SourceSpec) -> Result<(), TablesError> {
    let Some((names, body, delimiter)) = csv::header(text, spec.delimiter) else {
        return Err(empty(&head.name));
    };
    (head.body, head.delimiter) = (body as u64, delimiter);
    let rows = csv::sample(&text[body..], delimiter, LOOK_ROWS);
    head.has_rows = !rows.is_empty();
    let point = if spec.decimal_comma { b',' } else { b'.' };
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) && !spec.columns.ignore.contains(name) {
            return Err(message(
                &head.name,
                &format!("two columns are called `{name}`"),
                "a name of its own for each column",
                "rename one, or leave both out with --ignore",
            ));
        }
        let mut column = HeadColumn { name: name.clone(), ..HeadColumn::default() };
        for cell in rows.iter().filter_map(|row| row.get(at)) {
            match super::number::cell(cell.as_bytes(), point) {
                super::number::Cell::Number(_) => column.numbers += 1,
                super::number::Cell::Missing => {}
                super::number::Cell::Text => {
                    column.texts += 1;
                    if column.example.is_empty() {
                        column.example = super::block::shown(cell.as_bytes());
                    }
                }
            }
        }
        head.columns.push(column);
    }
    if let Some(time) = time_column(&spec.columns, &head.preset, &head.columns) {
        let at = names.iter().position(|name| *name == time);
        let cells = rows.iter().filter_map(|row| row.get(at?));
        head.times = cells.filter(|cell| !cell.is_empty()).cloned().collect();
        let rows = || rows.iter().filter(|row| row.len() == names.len());
        let times: Vec<&str> = rows().filter_map(|row| Some(row[at?].as_str())).collect();
        let columns = head.columns.iter().enumerate().filter(|(column, _)| Some(*column) != at);
        let cells = columns.map(|(column, head)| {
            let cells = rows().map(|row| row[column].as_str()).collect();
            (head.name.as_str(), head.texts > 0, cells)
        });
        head.device_like = devices::column(&times, cells).map(str::to_owned);
    }
    Ok(())
}

/// The metadata of a Parquet file; its texts will come as dictionaries.
pub(super) fn parquet_metadata(path: &Path) -> Result<ArrowReaderMetadata, TablesError> {
    let name = path.display().to_string();
    let io = |source| TablesError::io("read", path, source);
    let mut file = File::open(path).map_err(io)?;
    let length = file.metadata().map_err(io)?.len();
    let mut ends = [[0_u8; 4]; 2];
    if length >= 12 {
        file.read_exact(&mut ends[0]).map_err(io)?;
        file.seek(SeekFrom::End(-4)).map_err(io)?;
        file.read_exact(&mut ends[1]).map_err(io)?;
    }
    let expected = "a whole Parquet file";
    if length >= 12 && &ends[0] != b"PAR1" {
        return Err(message(&name, "this is no Parquet", expected, "name its format"));
    }
    if &ends[1] != b"PAR1" {
        return Err(message(&name, "the file is truncated", expected, "copy or make it again"));
    }
    let plain = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
        .map_err(|source| damaged(path, source))?;
    if let Some(codec) = unsupported(plain.metadata()) {
        return Err(message(
            &name,
            &format!("it is compressed with {codec}, which is not supported"),
            "Parquet that is not compressed, or with Snappy, gzip, LZ4 or Zstandard",
            "write it again with one of these",
        ));
    }
    let options = ArrowReaderOptions::new().with_schema(hinted(plain.schema()));
    Ok(ArrowReaderMetadata::load(&file, options).unwrap_or(plain))
}

/// A codec of the file that is not read.
fn unsupported(metadata: &ParquetMetaData) -> Option<&'static str> {
    let groups = metadata.row_groups().iter();
    let codecs = groups.flat_map(|group| group.columns()).map(|column| column.compression());
    codecs.into_iter().find_map(|codec| match codec {
        Compression::LZO => Some("LZO"),
        // Two minutes of building for what few files have.
        Compression::BROTLI(_) => Some("Brotli"),
        _ => None,
    })
}

fn parquet(path: &Path, name: &str, spec: &SourceSpec) -> Result<Head, TablesError> {
    let metadata = parquet_metadata(path)?;
    let schema = std::sync::Arc::clone(metadata.schema());
    let rows = metadata.metadata().file_metadata().num_rows();
    let preset = run_preset(&schema);
    let columns = batch::columns(&schema);
    let time = time_column(&spec.columns, &preset, &columns);
    let at = time.and_then(|time| schema.index_of(&time).ok());
    let first = match at {
        Some(at) if rows > 0 => {
            let file = File::open(path).map_err(|e| TablesError::io("read", path, e))?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata);
            let mask = ProjectionMask::roots(builder.parquet_schema(), [at]);
            let reader = builder.with_projection(mask).with_batch_size(LOOK_ROWS).build();
            let mut reader = reader.map_err(|source| damaged(path, source))?;
            reader.next().transpose().map_err(|source| damaged(path, source))?
        }
        _ => None,
    };
    let mut head = arrow_head(name, Format::Parquet, columns, preset);
    head.has_rows = rows > 0;
    take_times(&mut head, path, first.as_ref().map(|batch| batch.column(0)))?;
    Ok(head)
}

/// What the columns of fieldmirror's own recordings mean.
fn run_preset(schema: &SchemaRef) -> Preset {
    let table = schema.metadata().get(TABLE).map(String::as_str);
    if table == Some(Table::Telemetry.name()) {
        let (time, device, class) = (Some("time"), Some("device"), Some("class"));
        Preset { time, device, class, prefix: "" }
    } else {
        Preset::default()
    }
}

fn arrow_head(name: &str, format: Format, columns: Vec<HeadColumn>, preset: Preset) -> Head {
    Head {
        path: PathBuf::new(),
        name: name.to_owned(),
        format,
        bytes: 0,
        columns,
        preset,
        times: Vec::new(),
        device_like: None,
        stamps: None,
        delimiter: b',',
        body: 0,
        has_rows: true,
        ragged: false,
    }
}

fn take_times(
    head: &mut Head,
    path: &Path,
    column: Option<&arrow::array::ArrayRef>,
) -> Result<(), TablesError> {
    if let Some(column) = column {
        head.stamps = batch::stamps(column.data_type());
        head.times = batch::times(column, LOOK_ROWS).map_err(|source| damaged(path, source))?;
    }
    Ok(())
}

/// A reader of the two forms of Arrow IPC.
pub(super) enum Batches {
    File(Box<FileReader<BufReader<File>>>),
    Stream(Box<StreamReader<Box<dyn Read + Send>>>),
}

impl Batches {
    /// Opens an IPC file, or a stream in a file.
    pub(super) fn open(path: &Path, start: &[u8]) -> Result<Self, TablesError> {
        let file = File::open(path).map_err(|e| TablesError::io("read", path, e))?;
        let failed = |source| unreadable(&path.display().to_string(), &source);
        if start.starts_with(b"ARROW1") {
            let reader = FileReader::try_new_buffered(file, None).map_err(failed)?;
            return Ok(Self::File(Box::new(reader)));
        }
        let reader: Box<dyn Read + Send> = Box::new(BufReader::with_capacity(1 << 20, file));
        Ok(Self::Stream(Box::new(StreamReader::try_new(reader, None).map_err(failed)?)))
    }

    pub(super) fn schema(&self) -> SchemaRef {
        match self {
            Self::File(reader) => reader.schema(),
            Self::Stream(reader) => reader.schema(),
        }
    }

    pub(super) fn next(&mut self, name: &str) -> Result<Option<RecordBatch>, TablesError> {
        let batch = match self {
            Self::File(reader) => reader.next(),
            Self::Stream(reader) => reader.next(),
        };
        batch.transpose().map_err(|source| unreadable(name, &source))
    }
}

/// The error of Arrow IPC that cannot be read.
pub(super) fn unreadable(name: &str, source: &arrow::error::ArrowError) -> TablesError {
    message(
        name,
        &format!("this is no whole Arrow IPC file or stream ({source})"),
        "an Arrow IPC file or stream that was closed",
        "copy or make it again, or name its format with --input-format",
    )
}

fn arrow(path: &Path, name: &str, start: &[u8], spec: &SourceSpec) -> Result<Head, TablesError> {
    let mut batches = Batches::open(path, start)?;
    arrow_look(&mut batches, name, spec).map(|(head, _)| head)
}

/// A look at Arrow batches; gives the batches that it took to find the first row.
pub(super) fn arrow_look(
    batches: &mut Batches,
    name: &str,
    spec: &SourceSpec,
) -> Result<(Head, Option<RecordBatch>), TablesError> {
    let schema = batches.schema();
    let preset = run_preset(&schema);
    let columns = batch::columns(&schema);
    let mut first = batches.next(name)?;
    while first.as_ref().is_some_and(|batch| batch.num_rows() == 0) {
        first = batches.next(name)?;
    }
    let mut head = arrow_head(name, Format::Arrow, columns, preset);
    head.has_rows = first.is_some();
    let time = time_column(&spec.columns, &head.preset, &head.columns);
    let column = time.and_then(|time| first.as_ref()?.column_by_name(&time));
    take_times(&mut head, Path::new(name), column)?;
    Ok((head, first))
}

/// An error of a block whose first row is `base` in the file `name`.
pub(super) fn placed(error: TablesError, name: &str, base: u64) -> TablesError {
    match error {
        TablesError::Telemetry(mut problem) => {
            if problem.file.is_empty() {
                name.clone_into(&mut problem.file);
            }
            problem.row = problem.row.map(|row| base + row + 1);
            TablesError::Telemetry(problem)
        }
        other => other,
    }
}
