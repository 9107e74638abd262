//! Each format, layout and choice of columns.

use super::*;
use crate::schema::UNIT;
use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{Field, Int32Type, Schema};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::properties::WriterProperties;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

#[test]
fn csv_is_sniffed_and_odd_cells_are_counted() {
    let csv = "datetime;a;b;note;c d\r\n2020-03-09 10:14:33;1.5;;x;\"7\"\r\n\
               2020-03-09 10:14:34;off;NaN;y;8\r\n\r\n2020-03-09 10:14:35; 2 ;3;\"a;\nb\";9\r\n";
    let mut source = text(&plain(), csv).unwrap();
    assert_eq!(names(&source), ["a", "b", "c d"]);
    assert_eq!(source.time_kind(), TimeKind::Naive);
    let rows = all(&mut source);
    assert_eq!(rows.time, [MOMENT, MOMENT + SECOND, MOMENT + 2 * SECOND]);
    assert_eq!(rows.device, [0, 0, 0]);
    assert_eq!(source.devices(), ["device"]);
    assert_eq!(rows.values[2], [7.0, 8.0, 9.0]);
    assert_eq!((rows.values[0][0], rows.values[0][2]), (1.5, 2.0));
    assert!(rows.values[0][1].is_nan() && rows.values[1][0].is_nan());
    let counts = source.counts();
    assert_eq!(counts.rows, 3);
    let place = |row, text: &str| Place { file: "t.csv".to_owned(), row, text: text.to_owned() };
    assert_eq!(counts.channels[0].text, Tally { count: 1, first: vec![place(2, "off")] });
    assert_eq!(counts.channels[0].missing, Tally::default());
    let missing = Tally { count: 2, first: vec![place(1, ""), place(2, "NaN")] };
    assert_eq!(counts.channels[1].missing, missing);
    assert_eq!(counts.channels[1].text, Tally::default());
}

#[test]
fn columns_are_what_the_user_says() {
    let csv = "id,when,kind,a,b,valve\nx,1,big,1,2,0\ny,1,small,3,4,1\nx,2,big,5,6,0\n";
    let mut spec = plain();
    spec.columns = ColumnMap {
        time: Some("when".to_owned()),
        device: Some("id".to_owned()),
        class: Some("kind".to_owned()),
        channels: Some(vec!["b".to_owned()]),
        exogenous: vec!["valve".to_owned()],
        ignore: Vec::new(),
        units: BTreeMap::from([("b".to_owned(), "bar".to_owned())]),
    };
    let mut source = text(&spec, csv).unwrap();
    let rows = all(&mut source);
    let channel = |name: &str, unit: &str, exogenous| Channel {
        name: name.to_owned(),
        unit: unit.to_owned(),
        exogenous,
    };
    assert_eq!(source.channels(), [channel("b", "bar", false), channel("valve", "", true)]);
    assert_eq!(rows.values, [[2.0, 4.0, 6.0], [0.0, 1.0, 0.0]]);
    assert_eq!(rows.device, [0, 1, 0]);
    assert_eq!(source.devices(), ["x", "y"]);
    assert_eq!(source.classes(), ["big", "small"]);
    assert_eq!(rows.time, [SECOND, SECOND, 2 * SECOND]);
    // Without channels: every numeric column but time and device.
    spec.columns.channels = None;
    spec.columns.ignore = vec!["a".to_owned()];
    assert_eq!(names(&text(&spec, csv).unwrap()), ["b", "valve"]);
}

#[test]
fn rows_are_numbered_a_device_where_there_is_no_time() {
    let mut spec = plain();
    spec.columns.device = Some("id".to_owned());
    let rows = all(&mut text(&spec, "id,a\nx,1\ny,2\nx,3\ny,4\nx,5").unwrap());
    assert_eq!(rows.time, [0, 0, 1, 1, 2]);
    assert_eq!(rows.values[0], [1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn decimal_commas_and_tabs_are_read() {
    let spec = SourceSpec { decimal_comma: true, ..plain() };
    let rows = all(&mut text(&spec, "t;a\nx;1,5\nx;-2\n").unwrap());
    assert_eq!(rows.values[0], [1.5, -2.0]);
    let rows = all(&mut text(&plain(), "\u{feff}a\tb\n1\t2\n").unwrap());
    assert_eq!(rows.values, [[1.0], [2.0]]);
}

#[test]
fn late_rows_and_duplicates_are_marked_and_counted() {
    let csv = "time,a\n10,1\n20,2\n30,3\n25,4\n30,5\n40,6\n";
    let mut source = text(&plain(), csv).unwrap();
    let rows = all(&mut source);
    assert_eq!(rows.irregular, [(3, Irregular::Late), (4, Irregular::Duplicate)]);
    assert_eq!(rows.values[0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "in file order");
    let late = &source.counts().late;
    assert_eq!((late.count, late.first[0].to_string().as_str()), (1, "t.csv row 4: 25 of device"));
    assert_eq!(source.counts().duplicates.count, 1);
}

#[test]
fn the_long_layout_is_pivoted() {
    let folder = tempfile::tempdir().unwrap();
    let csv = "time,id,name,v\n1,x,b,2\n1,x,a,1\n1,y,a,7\n2,x,a,3\n2,y,b,oops\n2,x,state,on\n\
               2,x,b,\n3,x,a,4\n";
    let path = write(folder.path(), "long.csv", csv);
    let mut spec = of(&[&path]);
    spec.columns.device = Some("id".to_owned());
    spec.layout = Layout::Long { metric: "name".to_owned(), value: "v".to_owned() };
    let mut source = Source::open(&spec).unwrap();
    assert_eq!(names(&source), ["a", "b"], "by name, and only those with a number");
    let rows = all(&mut source);
    let x = source.devices().iter().position(|name| name == "x").unwrap() as u32;
    let of_x: Vec<(i64, f64, f64)> = (0..rows.len())
        .filter(|&row| rows.device[row] == x)
        .map(|row| (rows.time[row] / SECOND, rows.values[0][row], rows.values[1][row]))
        .collect();
    assert_eq!((of_x[0], of_x.len()), ((1, 1.0, 2.0), 3));
    assert!(of_x[1].1 == 3.0 && of_x[1].2.is_nan());
    assert_eq!(rows.len(), 5);
    let counts = source.counts();
    assert_eq!(counts.rows, 5);
    assert_eq!((counts.channels[1].text.count, counts.channels[1].missing.count), (1, 1));
    assert_eq!(counts.channels[1].text.first[0].text, "oops");
    assert_eq!(counts.channels[1].text.first[0].row, 5);
    assert_eq!(counts.channels[1].missing.first[0].row, 7);
    // Named channels need no pass of their own, so that standard input will do.
    spec.columns.channels = Some(vec!["b".to_owned()]);
    let mut source = text(&spec, csv).unwrap();
    assert_eq!(all(&mut source).values.len(), 1);
}

fn batch() -> RecordBatch {
    let time = TimestampMillisecondArray::from(vec![MOMENT / 1000, MOMENT / 1000 + 1000]);
    let device: DictionaryArray<Int32Type> = vec![Some("p1"), Some("p2")].into_iter().collect();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(time.with_timezone("Europe/Paris")),
        Arc::new(device),
        Arc::new(Float64Array::from(vec![Some(1.5), None])),
        Arc::new(Float32Array::from(vec![f32::INFINITY, 0.25])),
        Arc::new(Int64Array::from(vec![7, 8])),
        Arc::new(BooleanArray::from(vec![true, false])),
        Arc::new(StringArray::from(vec!["free", "text"])),
    ];
    let names = ["ts", "device", "a", "b", "c", "d", "note"];
    let fields = names.iter().zip(&columns).map(|(name, column)| {
        let field = Field::new(*name, column.data_type().clone(), true);
        let unit = if *name == "a" { "bar" } else { "" };
        field.with_metadata(HashMap::from([(UNIT.to_owned(), unit.to_owned())]))
    });
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

/// A Parquet file of the batches, a row group each.
fn write_parquet(path: &Path, batches: &[RecordBatch]) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batches[0].schema(), None).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn parquet_and_both_forms_of_arrow_are_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_parquet(&path("t.parquet"), &[batch()]);
    let file = std::fs::File::create(path("t.arrow")).unwrap();
    let mut writer = FileWriter::try_new(file, &batch().schema()).unwrap();
    writer.write(&batch()).unwrap();
    writer.finish().unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch().schema()).unwrap();
    writer.write(&batch()).unwrap();
    let stream = writer.into_inner().unwrap();
    std::fs::write(path("t.arrows"), &stream).unwrap();

    let spec = |name: &str| {
        let mut spec = of(&[&path(name).display().to_string()]);
        spec.columns.device = Some("device".to_owned());
        spec.digest = true;
        spec
    };
    let mut digests = Vec::new();
    let mut check = |mut source: Source| {
        assert_eq!(names(&source), ["a", "b", "c", "d"]);
        assert_eq!(source.channels()[0].unit, "bar");
        assert_eq!(source.time_kind(), TimeKind::Zoned);
        let rows = all(&mut source);
        assert_eq!(rows.time, [MOMENT, MOMENT + SECOND]);
        assert_eq!(source.devices(), ["p1", "p2"]);
        assert_eq!(rows.values[2..], [[7.0, 8.0], [1.0, 0.0]]);
        assert!(rows.values[0][0] == 1.5 && rows.values[0][1].is_nan());
        assert!(rows.values[1][0].is_nan() && rows.values[1][1] == 0.25);
        let counts = source.counts();
        assert_eq!(counts.channels[0].missing.count, 1);
        assert_eq!(counts.channels[1].text.first[0].text, "inf");
        assert_eq!(source.bytes_done(), source.bytes_total());
        digests.push(source.digest().unwrap());
    };
    for name in ["t.parquet", "t.arrow", "t.arrows"] {
        check(Source::open(&spec(name)).unwrap());
    }
    let reader = Box::new(Cursor::new(stream));
    check(Source::open_reader(&spec("-"), "standard input", reader).unwrap());
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]), "content, not format");
}

#[test]
fn epochs_and_texts_are_times_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let millis: ArrayRef = Arc::new(Int64Array::from(vec![MOMENT / 1000, MOMENT / 1000 + 1]));
    let texts: ArrayRef =
        Arc::new(StringArray::from(vec!["2020-03-09T10:14:33Z", "2020-03-09T10:14:33.001Z"]));
    let seconds: ArrayRef = Arc::new(Float64Array::from(vec![1_583_748_873.0, 1_583_748_873.001]));
    for time in [millis, texts, seconds] {
        let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
        let kind = time.data_type().clone();
        let batch = RecordBatch::try_from_iter([("time", time), ("a", values)]).unwrap();
        write_parquet(&path, &[batch]);
        let mut source = Source::open(&of(&[&path.display().to_string()])).unwrap();
        assert_eq!(all(&mut source).time, [MOMENT, MOMENT + 1000], "{kind}");
        assert_eq!(names(&source), ["a"], "{kind}");
    }
}

#[test]
fn json_is_flattened() {
    let json = "{\"time\":\"2020-03-09T10:14:33Z\",\"id\":\"x\",\"m\":{\"b\":2,\"a\":1.5},\"ok\":true}\n\
                \n{\"time\":\"2020-03-09T10:14:34Z\",\"id\":\"x\",\"m\":{\"a\":\"low\"},\"v\":[1,2]}\n";
    let mut spec = plain();
    spec.columns.device = Some("id".to_owned());
    let mut source = text(&spec, json).unwrap();
    assert_eq!(names(&source), ["m.a", "m.b", "ok", "v.0", "v.1"]);
    let rows = all(&mut source);
    assert_eq!(rows.time, [MOMENT, MOMENT + SECOND]);
    assert_eq!((rows.values[0][0], rows.values[1][0], rows.values[2][0]), (1.5, 2.0, 1.0));
    assert_eq!((rows.values[3][1], rows.values[4][1]), (1.0, 2.0));
    let counts = source.counts();
    assert_eq!(counts.channels[0].text.first[0].to_string(), "t.csv row 3: low");
    assert_eq!(counts.channels[1].missing.first[0].to_string(), "t.csv row 3");
    assert_eq!(counts.channels[3].missing.count, 1);
}

#[test]
fn chirpstack_events_need_no_mapping() {
    let up = |eui: &str, time: &str, object: &str| {
        format!(
            "{{\"deduplicationId\":\"d\",\"time\":\"{time}\",\"deviceInfo\":{{\"tenantName\":\"t\",\
             \"deviceProfileName\":\"soil\",\"deviceName\":\"n\",\"devEui\":\"{eui}\"}},\"fCnt\":4,\
             \"rxInfo\":[{{\"rssi\":-48,\"snr\":9}}],\"object\":{object}}}\n"
        )
    };
    let time = "2020-03-09T10:14:33.000000+00:00";
    let join = "{\"time\":\"2020-03-09T10:00:00Z\",\"deviceInfo\":{\"devEui\":\"01\"},\
                \"devAddr\":\"00\"}\n";
    let json = join.to_owned()
        + &up("01", time, "{\"temperature\":20.5,\"soil\":{\"moisture\":31},\"state\":\"ok\"}")
        + &up("02", time, "{\"temperature\":21.5}");
    let mut source = text(&plain(), &json).unwrap();
    assert_eq!(names(&source), ["soil.moisture", "temperature"]);
    let rows = all(&mut source);
    assert_eq!(rows.time, [MOMENT, MOMENT]);
    assert_eq!(source.devices(), ["01", "02"]);
    assert_eq!(source.classes(), ["soil", "soil"]);
    assert_eq!(rows.values[1], [20.5, 21.5]);
    assert_eq!(source.counts().other.count, 1);
    assert_eq!(source.counts().other.first[0].row, 1);
    let mut spec = plain();
    spec.columns.channels = Some(vec!["temperature".to_owned()]);
    assert_eq!(names(&text(&spec, &json).unwrap()), ["temperature"]);
}

#[test]
fn senml_packs_are_resolved() {
    // The second record of RFC 8428, section 5.1.3, with a device of its own.
    let pack = "[{\"bn\":\"urn:dev:ow:10e2073a01080063:\",\"bt\":1583748873,\"bu\":\"A\",\
                \"n\":\"voltage\",\"u\":\"V\",\"v\":120.1},{\"n\":\"current\",\"t\":-5,\"v\":1.2},\
                {\"n\":\"current\",\"t\":0,\"v\":1.3},{\"n\":\"open\",\"vb\":true},\
                {\"n\":\"label\",\"vs\":\"x\"}]\n\
                [{\"n\":\"urn:dev:mac:02:current\",\"t\":1583748900,\"v\":2}]\n";
    let mut source = text(&plain(), pack).unwrap();
    assert_eq!(names(&source), ["current", "open", "voltage"]);
    assert_eq!(source.channels()[0].unit, "A");
    assert_eq!(source.channels()[2].unit, "V");
    let rows = all(&mut source);
    assert_eq!(source.devices(), ["urn:dev:ow:10e2073a01080063", "urn:dev:mac:02"]);
    assert_eq!(rows.time, [MOMENT, MOMENT - 5 * SECOND, MOMENT + 27 * SECOND]);
    assert_eq!(rows.values[0], [1.3, 1.2, 2.0]);
    assert_eq!((rows.values[1][0], rows.values[2][0]), (1.0, 120.1));
    assert_eq!(rows.irregular, [(1, Irregular::Late)]);
}

#[test]
fn recordings_of_fieldmirror_need_no_mapping() {
    let folder = tempfile::tempdir().unwrap();
    let tables = crate::sample::run(folder.path(), 500, 100);
    let telemetry = tables.iter().find(|entry| entry.name == "telemetry").unwrap();
    let mut source = Source::open(&of(&[&folder.path().display().to_string()])).unwrap();
    let rows = all(&mut source);
    assert_eq!(rows.len() as u64, telemetry.rows);
    assert!(!rows.is_empty());
    assert!(source.devices().iter().all(|name| !name.is_empty()));
    assert!(source.classes().iter().all(|name| !name.is_empty()));
    let temperature = source.channels().iter().find(|c| c.name == "temperature").unwrap();
    assert_eq!(temperature.unit, "°C");
}

#[test]
fn files_are_read_by_their_first_time_whatever_the_order_of_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let late = write(folder.path(), "a.csv", "time,x,y\n2020-01-03,3,30\n2020-01-04,4,40\n");
    let early = write(folder.path(), "b.csv", "time,y,x\n2020-01-01,10,1\n2020-01-02,20,2\n");
    write(folder.path(), "notes.txt", "not data");
    let glob = format!("{}/*.csv", folder.path().display());
    let folder_name = folder.path().display().to_string();
    let mut digests = Vec::new();
    for inputs in [
        vec![late.as_str(), early.as_str()],
        vec![early.as_str(), late.as_str()],
        vec![glob.as_str(), late.as_str()],
        vec![folder_name.as_str()],
    ] {
        let mut source = Source::open(&SourceSpec { digest: true, ..of(&inputs) }).unwrap();
        let rows = all(&mut source);
        assert_eq!(names(&source), ["y", "x"], "in the order of the earliest file");
        assert_eq!(rows.values[1], [1.0, 2.0, 3.0, 4.0], "{inputs:?}");
        assert_eq!(rows.values[0], [10.0, 20.0, 30.0, 40.0], "columns by name");
        assert_eq!(source.files().len(), 2);
        digests.push((source.digest(), source.identity()));
    }
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));
    let spec = SourceSpec { device_from_file: true, ..of(&[&folder_name]) };
    let mut source = Source::open(&spec).unwrap();
    assert_eq!(all(&mut source).device, [0, 0, 1, 1]);
    assert_eq!(source.devices(), ["b", "a"]);
}

#[test]
fn names_that_come_up_late_in_json_are_counted() {
    let mut json = String::new();
    for row in 0..2000 {
        let more = if row == 1900 { ",\"late\":1" } else { "" };
        json.push_str(&format!("{{\"time\":{row},\"a\":{row}{more}}}\n"));
    }
    let mut source = text(&plain(), &json).unwrap();
    assert_eq!(all(&mut source).len(), 2000);
    assert_eq!(source.counts().unread.first[0].to_string(), "t.csv row 1901: late");
}

#[test]
fn rows_without_a_device_are_kept_as_those_of_one_without_a_name_and_counted() {
    let csv = "time,id,a\n1,x,1\n1,,2\n2,x,3\n2, ,4\n3,\"\",5\n";
    let json = "{\"time\":1,\"id\":\"x\",\"a\":1}\n{\"time\":1,\"a\":2}\n\
                {\"time\":2,\"id\":\"x\",\"a\":3}\n{\"time\":2,\"id\":\"\",\"a\":4}\n\
                {\"time\":3,\"id\":null,\"a\":5}\n";
    let mut spec = plain();
    spec.columns.device = Some("id".to_owned());
    for written in [csv, json] {
        let mut source = text(&spec, written).unwrap();
        let rows = all(&mut source);
        assert_eq!(source.devices(), ["x", ""], "{written}");
        assert_eq!(rows.device, [0, 1, 0, 1, 1], "none is lost, and none is another device's");
        assert_eq!(rows.values[0], [1.0, 2.0, 3.0, 4.0, 5.0]);
        let blank = &source.counts().blank_devices;
        assert_eq!((blank.count, blank.first[0].row), (3, 2));
    }
    let mut source = text(&spec, "time,id,a\n1,x,1\n").unwrap();
    all(&mut source);
    assert_eq!(source.counts().blank_devices.count, 0);
}

#[test]
fn senml_is_found_out_by_its_content_whatever_the_file_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let pack = "\n[{\"bn\":\"urn:dev:mac:01:\",\"bt\":1583748873,\"n\":\"flow\",\"v\":2},\
                {\"n\":\"heat\",\"v\":3}]\n";
    let single = "{\"bn\":\"urn:dev:mac:01:\",\"bt\":1583748873,\"n\":\"flow\",\"u\":\"l/s\",\"v\":2}\n\
                  {\"n\":\"urn:dev:mac:01:flow\",\"t\":1583748874,\"v\":3}\n";
    for (name, written, channels) in [
        ("a.jsonl", pack, ["flow", "heat"].as_slice()),
        ("a.json", pack, &["flow", "heat"]),
        ("b.jsonl", single, &["flow"]),
        ("b.json", single, &["flow"]),
    ] {
        let mut source = Source::open(&of(&[&write(folder.path(), name, written)])).unwrap();
        assert_eq!(names(&source), channels, "{name}");
        assert_eq!(all(&mut source).time[0], MOMENT, "{name}");
        assert_eq!(source.devices(), ["urn:dev:mac:01"], "{name}");
    }
    assert_eq!(names(&text(&plain(), single).unwrap()), ["flow"], "of standard input as well");
    // Other JSON with some of the same names is none.
    let other = "{\"time\":1,\"n\":7,\"v\":2}\n{\"time\":2,\"n\":8,\"v\":3}\n";
    let source = Source::open(&of(&[&write(folder.path(), "c.jsonl", other)])).unwrap();
    assert_eq!(names(&source), ["n", "v"]);
    let long = "{\"t\":1,\"n\":\"a\",\"v\":2}\n{\"t\":2,\"n\":\"a\",\"v\":3}\n";
    let mut spec = of(&[&write(folder.path(), "d.jsonl", long)]);
    spec.layout = Layout::Long { metric: "n".to_owned(), value: "v".to_owned() };
    spec.columns.time = Some("t".to_owned());
    assert_eq!(names(&Source::open(&spec).unwrap()), ["a"], "as the user says");
}

#[test]
fn parquet_of_every_codec_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ];
    let time: ArrayRef = Arc::new(Int64Array::from_iter_values(0..500));
    let values: ArrayRef =
        Arc::new(Float64Array::from_iter_values((0..500).map(|v| f64::from(v % 7))));
    let batch = RecordBatch::try_from_iter([("time", time), ("a", values)]).unwrap();
    for codec in codecs {
        let path = folder.path().join("t.parquet");
        let file = std::fs::File::create(&path).unwrap();
        let properties = WriterProperties::builder().set_compression(codec).build();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        let written = writer.close().unwrap();
        assert_eq!(written.row_group(0).column(0).compression(), codec);
        let mut source = Source::open(&of(&[&path.display().to_string()])).unwrap();
        let rows = all(&mut source);
        let sum: f64 = rows.values[0].iter().sum();
        assert_eq!((rows.len(), sum), (500, 1494.0), "{codec}");
    }
}

#[test]
fn parquet_of_a_codec_that_is_not_read_is_not_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    for (codec, name) in
        [(Compression::LZO, "LZO"), (Compression::BROTLI(BrotliLevel::default()), "Brotli")]
    {
        write_parquet(&path, &[batch()]);
        let mut bytes = std::fs::read(&path).unwrap();
        let metadata =
            ParquetMetaDataReader::new().parse_and_finish(&Bytes::from(bytes.clone())).unwrap();
        let mut group = metadata.row_group(0).clone().into_builder();
        let column = |column: &ColumnChunkMetaData| {
            column.clone().into_builder().set_compression(codec).build().unwrap()
        };
        group =
            group.set_column_metadata(metadata.row_group(0).columns().iter().map(column).collect());
        let metadata = metadata.into_builder().set_row_groups(vec![group.build().unwrap()]).build();
        let footer = u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
        bytes.truncate(bytes.len() - 8 - footer);
        ParquetMetaDataWriter::new(&mut bytes, &metadata).finish().unwrap();
        std::fs::write(&path, bytes).unwrap();
        let error = Source::open(&of(&[&path.display().to_string()])).unwrap_err().to_string();
        assert!(
            error.contains(&format!(
                "t.parquet: it is compressed with {name}, which is not supported"
            )),
            "{error}"
        );
    }
}
