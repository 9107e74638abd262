//! The page of scored telemetry is complete, self-contained, bounded, escaped and repeatable, and
//! so are text, JSON and picture of one finding.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use super::axis::{TimeAxis, ValueAxis};
use super::timeline::{Fold, MOST_COLUMNS};
use super::*;
use fieldmirror_tables::finding_file::{FindingChannel, TracePoint};
use fieldmirror_tables::score_file::{ScoreChunk, ScoreRows, ScoreSpec, ScoreWriter};
use fieldmirror_tables::source::EpochUnit;
use proptest::prelude::*;

/// 2020-03-09 10:14:33.
const START: i64 = 1_583_748_873_000_000;
const SECOND: i64 = 1_000_000;

fn channel(name: &str, unit: &str, share: f32, observed: f32, expected: f32) -> FindingChannel {
    FindingChannel { name: name.into(), unit: unit.into(), share, observed, expected }
}

/// An event of 40 s on a valve, in the middle of a trace of two minutes.
fn finding(number: usize, device: &str, severity: f32) -> FindingRow {
    let onset = START + number as i64 * 600 * SECOND;
    let point = |i: i64| {
        let is_on = (40..=80).contains(&i);
        let wave = libm::sin(i as f64 / 9.0) as f32;
        TracePoint {
            time: onset + (i - 40) * SECOND,
            score: if is_on { 4.0 * severity - (i - 60).abs() as f32 * 0.05 } else { 1.0 + wave },
            observed: vec![32.0 + wave + if is_on { 20.0 } else { 0.0 }, 0.05 + wave / 100.0],
            expected: vec![32.0 + wave, 0.05 + wave / 101.0],
        }
    };
    FindingRow {
        id: format!("F-{number:06}"),
        device: device.into(),
        class: "valve".into(),
        onset,
        end: onset + 40 * SECOND,
        open: false,
        peak: onset + 20 * SECOND,
        rows: 41,
        alarms: 1,
        severity,
        peak_score: 4.0 * severity,
        threshold: 4.0,
        detector: "ridge VAR".into(),
        channels: vec![
            channel("Volume Flow RateRMS", "l/min", 0.82, 52.5, 32.25),
            channel("Pressure", "bar", 0.17, 0.052_345_6, 0.05),
            channel("Current", "", 0.004, 2.5, f32::NAN),
        ],
        trace: (0..120).map(point).collect(),
    }
}

fn findings() -> Vec<FindingRow> {
    vec![finding(1, "pump-1", 1.5), finding(2, "pump-2", 9.25), finding(3, "pump-1", 3.0)]
}

fn facts() -> Facts {
    let detector =
        |name: &str, weight| DetectorFacts { name: name.into(), class: "valve".into(), weight };
    Facts {
        title: "scores.parquet".into(),
        tool_version: "0.1.0".into(),
        kind: TimeKind::Naive,
        devices: 3,
        rows: 12_345,
        device_days: Some(4.0),
        alarms: 3,
        budget_per_device_day: Some(0.5),
        threshold: Some(4.0),
        model: ModelFacts {
            name: "pumps.model".into(),
            detectors: vec![detector("ridge VAR", 0.75), detector("dense autoencoder", 0.25)],
            more: vec![("channels".into(), "8".into())],
        },
        counts: ReadCounts {
            missing: 17,
            text: 2,
            out_of_order: 5,
            duplicates: 1,
            gaps: 4,
            more: vec![("lines that are no measurement".into(), 6)],
        },
        notes: vec!["The first 20 rows of a stretch have no score.".into()],
    }
}

/// Rows of devices every ten seconds, in alarm during findings of that device.
fn rows(devices: usize, count: usize, findings: &[FindingRow]) -> (ScoreChunk, Vec<String>) {
    let names: Vec<String> = (1..=devices).map(|device| format!("pump-{device}")).collect();
    let mut rows = ScoreChunk::default();
    for i in 0..count {
        for (device, name) in names.iter().enumerate() {
            let time = START + i as i64 * 10 * SECOND;
            let is_on = |f: &&FindingRow| f.device == *name && (f.onset..=f.end).contains(&time);
            let found = findings.iter().find(is_on);
            rows.time.push(time);
            rows.device.push(device as u32);
            rows.score.push(found.map_or(1.0 + (i % 7) as f32 / 4.0, |f| f.peak_score));
            rows.threshold.push(4.0);
            rows.alarm.push(found.is_some());
        }
    }
    (rows, names)
}

fn timeline(devices: usize, count: usize, findings: &[FindingRow]) -> Timeline {
    let (rows, names) = rows(devices, count, findings);
    let mut fold = Fold::new(findings);
    fold.add(&rows, &names, 1);
    fold.finish()
}

fn page(facts: &Facts, findings: &[FindingRow]) -> String {
    html(facts, findings, &timeline(3, 240, findings)).unwrap()
}

/// All numbers of pictures are numbers.
fn assert_drawable(text: &str) {
    for piece in text.split('"').filter(|piece| piece.starts_with('M')) {
        for word in ["NaN", "inf", "e"] {
            assert!(!piece.contains(word), "{piece}");
        }
    }
}

#[test]
fn the_page_shows_numbers_timeline_and_findings() {
    let html = page(&facts(), &findings());
    for words in [
        "12\u{202f}345",
        "<dd class=\"value\">0.75</dd><dd class=\"note\">3 events; nominal 0.5, achieved 1.5 times",
        "3 devices, 2020-03-09 10:14:33 to 2020-03-09 10:54:23",
        "17 missing, 2 text",
        "<td>17</td>",
        "dense autoencoder</th><td class=\"word\">valve</td><td>0.25</td>",
        "Each column is the highest score of 4.194 s",
        "2020-03-09 10:34:33 to 2020-03-09 10:35:13: 41 rows, 40 s",
        "<strong>9.25 times the threshold</strong>",
        "Score 37 at 2020-03-09 10:34:53, threshold 4",
        "52.5 l&#x2f;min</td><td class=\"value\">32.25 l&#x2f;min</td>",
        "0.05235 bar",
        "<span class=\"amount\">&lt; 1 %</span>",
        "<td class=\"value\">2.5</td><td class=\"value\">n&#x2f;a</td>",
        "The first 20 rows of a stretch have no score.",
        "lines that are no measurement</th><td>6</td>",
    ] {
        assert!(html.contains(words), "{words}");
    }
    let order: Vec<usize> = [2, 3, 1]
        .iter()
        .map(|n| html.find(&format!("<article id=\"F-00000{n}\">")).unwrap())
        .collect();
    assert!(order.is_sorted(), "the gravest first");
    assert!(!html.contains("gravest of"), "nothing was cut");
    assert_drawable(&html);
}

#[test]
fn the_page_needs_nothing_outside_itself_and_runs_nothing() {
    let html = page(&facts(), &findings());
    for outside in ["http:", "https:", "<script", "src=", "@import", "url(", "<link", "onload"] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn words_of_others_are_escaped_everywhere() {
    let hostile = "<b>&\"x'\u{1b}[31m";
    let mut facts = facts();
    facts.title = hostile.into();
    facts.notes = vec![hostile.into()];
    facts.model.name = hostile.into();
    facts.model.detectors[0].name = hostile.into();
    facts.model.more[0].0 = hostile.into();
    facts.counts.more[0].0 = hostile.into();
    let mut finding = finding(1, hostile, 2.0);
    finding.id = hostile.into();
    finding.class = hostile.into();
    finding.detector = hostile.into();
    finding.channels[0].name = hostile.into();
    finding.channels[0].unit = hostile.into();
    let findings = [finding];
    let (rows, _) = rows(2, 90, &findings);
    let mut fold = Fold::new(&findings);
    fold.add(&rows, &[hostile.to_owned(), "other".to_owned()], 1);
    let html = html(&facts, &findings, &fold.finish()).unwrap();
    let svg = svg(TimeKind::Naive, &findings[0]);
    for text in [&html, &svg] {
        assert!(text.contains("&lt;b&gt;&amp;") && !text.contains("<b>"));
        assert!(!text.contains("\"x'"), "a quote may end an attribute");
    }
    assert!(html.matches("&lt;b&gt;&amp;").count() >= 15);
    assert!(!svg.contains('\u{1b}') && !to_text(TimeKind::Naive, &findings[0]).contains('\u{1b}'));
}

#[test]
fn every_id_of_the_page_is_its_own() {
    let html = page(&facts(), &findings());
    let mut ids: Vec<&str> =
        html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "ids repeat");
    assert_eq!(html.matches("<svg ").count(), 8, "three cards and a timeline, each twice");
    assert_eq!(html.matches("<a href=\"#F-").count(), 6, "marks lead to the three cards");
}

#[test]
fn only_the_gravest_of_many_are_shown_and_it_is_said() {
    let many: Vec<FindingRow> = (0..1_000)
        .map(|i| finding(i, &format!("pump-{}", 1 + i % 40), 1.0 + (i % 500) as f32))
        .collect();
    let html = html(&facts(), &many, &timeline(45, 300, &many)).unwrap();
    assert_eq!(html.matches("<article ").count(), MOST_CARDS);
    assert!(html.contains("The 200 gravest of 1\u{202f}000 are shown"));
    assert!(
        html.contains("<article id=\"F-000499\">") && !html.contains("<article id=\"F-000001\">")
    );
    assert!(html.contains(
        "The 20 devices with the most findings have a line each; 25 others are drawn together."
    ));
    assert!(html.contains("25 others</text>"));
    assert!(html.len() < 6_000_000, "{} bytes", html.len());
}

#[test]
fn a_job_without_findings_or_rows_says_so() {
    let html = page(&facts(), &[]);
    assert!(html.contains("Nothing was found.") && !html.contains("<article "));
    let facts = Facts { device_days: None, kind: TimeKind::Row, threshold: None, ..facts() };
    let html = super::html(&facts, &[], &Timeline::default()).unwrap();
    for words in
        ["No row was scored.", "3 devices, no rows", "n&#x2f;a", "several", "numbered from 0"]
    {
        assert!(html.contains(words), "{words}");
    }
    assert!(!html.contains("<svg "));
}

#[test]
fn a_timeline_is_the_same_in_any_chunks_and_bounded() {
    let findings = findings();
    let (rows, names) = rows(3, 5_000, &findings);
    let whole = timeline(3, 5_000, &findings);
    let mut fold = Fold::new(&findings);
    let mut from = 0;
    for size in [1, 2, 997, 3, 1_000_000] {
        let range = from..(from + size).min(rows.time.len());
        from = range.end;
        let part = ScoreChunk {
            time: rows.time[range.clone()].to_vec(),
            device: rows.device[range.clone()].to_vec(),
            score: rows.score[range.clone()].to_vec(),
            threshold: rows.threshold[range.clone()].to_vec(),
            alarm: rows.alarm[range].to_vec(),
        };
        fold.add(&part, &names[..names.len().min(from)], 1);
    }
    assert_eq!(fold.finish(), whole);
    assert!((MOST_COLUMNS / 2..=MOST_COLUMNS).contains(&whole.width()), "{}", whole.width());
    assert_eq!((whole.rows, whole.range), (15_000, Some((START, START + 49_990 * SECOND))));
    let top =
        |at: usize| whole.lanes[at].columns.iter().filter_map(|c| c.score).fold(0.0, f32::max);
    let lanes: Vec<(&str, f32)> = (0..3).map(|at| (&*whole.lanes[at].device, top(at))).collect();
    assert_eq!(lanes, [("pump-1", 3.0), ("pump-2", 9.25), ("pump-3", 0.625)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the order and the distance of rows, the highest score and each alarm stay, in the
    /// column of their time.
    #[test]
    fn no_row_is_lost_in_the_fold(
        rows in prop::collection::vec((any::<i64>(), 0_u32..3, 0.0_f32..9.0, any::<bool>()), 1..80),
        shift in 0_u32..63,
    ) {
        let chunk = ScoreChunk {
            time: rows.iter().map(|row| row.0 >> shift).collect(),
            device: rows.iter().map(|row| row.1).collect(),
            score: rows.iter().map(|row| row.2).collect(),
            threshold: vec![1.0; rows.len()],
            alarm: rows.iter().map(|row| row.3).collect(),
        };
        let names = ["a", "b", "c"].map(str::to_owned);
        let mut fold = Fold::new(&[]);
        fold.add(&chunk, &names, 1);
        let timeline = fold.finish();
        prop_assert!(timeline.width() <= MOST_COLUMNS);
        for (at, row) in rows.iter().enumerate() {
            let lane = timeline.lanes.iter().find(|l| l.device == names[row.1 as usize]).unwrap();
            let number = (chunk.time[at] >> timeline.power) - timeline.first;
            let column = lane.columns[number as usize];
            prop_assert!(column.score.unwrap() >= row.2);
            prop_assert!(column.alarm || !row.3);
        }
        let highest = |scores: &mut dyn Iterator<Item = f32>| scores.fold(0.0, f32::max);
        let kept = timeline.lanes.iter().flat_map(|lane| &lane.columns);
        prop_assert_eq!(
            highest(&mut kept.filter_map(|column| column.score)),
            highest(&mut rows.iter().map(|row| row.2))
        );
        let html = html(&facts(), &[], &timeline).unwrap();
        assert_drawable(&html);
    }

    /// Findings of any numbers are drawn, said and printed without a panic.
    #[test]
    fn any_numbers_can_be_drawn(
        values in prop::collection::vec((any::<f32>(), any::<f32>(), any::<f32>()), 0..40),
        times in prop::collection::vec(any::<i64>(), 40),
        shift in 0_u32..63,
        number in (any::<f32>(), any::<f32>(), any::<f32>()),
    ) {
        let mut finding = finding(1, "pump", number.0);
        (finding.threshold, finding.peak_score) = (number.1, number.2);
        (finding.onset, finding.end) = (times[0] >> shift, times[1] >> shift);
        let point = |(i, (score, observed, expected)): (usize, &(f32, f32, f32))| TracePoint {
            time: times[i] >> shift,
            score: *score,
            observed: vec![*observed, 1.0],
            expected: vec![*expected],
        };
        finding.trace = values.iter().enumerate().map(point).collect();
        for kind in [TimeKind::Row, TimeKind::Zoned, TimeKind::Epoch(EpochUnit::Second)] {
            assert_drawable(&svg(kind, &finding));
            prop_assert!(to_text(kind, &finding).starts_with("F-000001  pump (valve)\n"));
            prop_assert_eq!(&to_json(kind, &finding)["schema_version"], 1);
        }
    }
}

#[test]
fn a_score_file_becomes_a_page_and_twice_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (scores, out) = (folder.path().join("scores.parquet"), folder.path().join("report.html"));
    let findings = findings();
    for kind in [TimeKind::Naive, TimeKind::Row] {
        let (rows, names) = rows(3, 240, &findings);
        let is_row = kind == TimeKind::Row;
        let number = |time: &i64| if is_row { (time - START) / SECOND / 10 } else { *time };
        let rows = ScoreRows {
            time: rows.time.iter().map(number).collect(),
            device: rows.device,
            score: rows.score,
            threshold: rows.threshold,
            judged: vec![true; rows.alarm.len()],
            alarm: rows.alarm,
            more: Vec::new(),
        };
        let spec = ScoreSpec { kind, more: Vec::new(), key: Vec::new() };
        let mut writer = ScoreWriter::create(&scores, spec).unwrap();
        writer.append(&rows, &names).unwrap();
        writer.finish().unwrap();
        let facts = Facts { kind, ..facts() };
        write(&out, &facts, &findings, &scores).unwrap();
        let first = std::fs::read_to_string(&out).unwrap();
        write(&out, &facts, &findings, &scores).unwrap();
        assert_eq!(first, std::fs::read_to_string(&out).unwrap());
        let range =
            if is_row { "rows 0 to 239" } else { "2020-03-09 10:14:33 to 2020-03-09 10:54:23" };
        assert!(first.contains(range), "{range}");
        assert!(first.contains("2.08 % of rows in alarm"), "15 of 720");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-written");
    }
    let missing = folder.path().join("none.parquet");
    let error = write(&out, &facts(), &findings, &missing).unwrap_err();
    assert!(error.to_string().contains("none.parquet"), "{error}");
}

#[test]
fn text_is_compact_and_shows_the_course() {
    let text = to_text(TimeKind::Naive, &finding(1, "pump-1", 1.5));
    let expected = "\
F-000001  pump-1 (valve)
onset     2020-03-09 10:24:33
end       2020-03-09 10:25:13 (41 rows, 40 s)
peak      2020-03-09 10:24:53
severity  1.5 times the threshold: score 6, threshold 4
detector  ridge VAR

channel              share     observed     expected
Volume Flow RateRMS   82 %   52.5 l/min  32.25 l/min
Pressure              17 %  0.05235 bar     0.05 bar
Current              < 1 %          2.5          n/a

";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("Volume Flow RateRMS observed  "));
    assert!(text.lines().all(|line| line.chars().count() <= 120 && !line.ends_with(' ')));
}

#[test]
fn json_is_exact_and_has_null_where_there_is_no_number() {
    let finding = finding(1, "pump-1", 1.5);
    let json = to_json(TimeKind::Zoned, &finding);
    assert_eq!(json["schema_version"], 1);
    assert_eq!(json["onset"], "2020-03-09T10:24:33Z");
    assert_eq!(json["seconds"], 40.0);
    assert_eq!(json["channels"][0]["share"].to_string(), "0.82");
    assert!(json["channels"][2]["expected"].is_null());
    assert_eq!(json["trace"].as_array().unwrap().len(), 120);
    let seconds = to_json(TimeKind::Epoch(EpochUnit::Second), &finding);
    assert_eq!(seconds["onset"], 1_583_749_473);
    let rows = to_json(TimeKind::Row, &finding);
    assert!(rows["seconds"].is_null() && rows["onset"].is_i64());
}

#[test]
fn a_finding_is_found_by_name_or_number_and_otherwise_the_message_helps() {
    let findings = findings();
    for id in ["F-000002", "f-000002", "2", "000002"] {
        assert_eq!(find(&findings, id).unwrap().device, "pump-2", "{id}");
    }
    let error = find(&findings, "7").unwrap_err();
    assert!(error.is_bad_input());
    assert_eq!(
        error.to_string(),
        "there is no finding `7`: the file has 3, F-000001 to F-000003; name one of them"
    );
    assert!(find(&[], "1").unwrap_err().to_string().contains("the file has no findings"));
}

#[test]
fn a_picture_of_its_own_is_whole_and_repeatable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.svg");
    let one = finding(1, "pump-1", 40.0);
    write_svg(&path, TimeKind::Zoned, &one).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, svg(TimeKind::Zoned, &one));
    assert!(
        text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" ")
            && text.ends_with("</svg>\n")
    );
    for words in ["Volume Flow RateRMS, l&#x2f;min", "Pressure, bar", "threshold 4", ">10:24:30<"] {
        assert!(text.contains(words), "{words}");
    }
    assert!(!text.contains("Current"), "the trace has two channels");
    assert_drawable(&text);
    let bare = svg(TimeKind::Zoned, &FindingRow { trace: Vec::new(), ..one });
    assert!(bare.contains("This finding has no trace."));
}

#[test]
fn axes_are_round_for_values_of_any_size() {
    let labels = |values: &[f64]| -> Vec<String> {
        let axis = ValueAxis::around(values.iter().copied());
        axis.ticks().into_iter().map(|(_, label)| label).collect()
    };
    assert_eq!(labels(&[31.0, 52.5]), ["30", "40", "50"]);
    assert_eq!(labels(&[-0.011, 0.024]), ["0", "0.02"]);
    assert_eq!(labels(&[0.0, 0.45]), ["0", "0.2", "0.4"]);
    for value in [0.0, 1.0, -5.0, 1e-40, 3e38, 101_325.0] {
        let ticks = ValueAxis::around([value, f64::NAN].into_iter()).ticks();
        assert!((1..=6).contains(&ticks.len()), "{value}: {ticks:?}");
        assert!(
            ticks.iter().all(|(at, label)| (0.0..=1.0).contains(at) && label.len() < 16),
            "{ticks:?}"
        );
    }
    let scores = ValueAxis::of_scores([1.0, 5e6].into_iter(), 4.0);
    let labels: Vec<String> = scores.ticks().into_iter().map(|(_, label)| label).collect();
    assert_eq!(labels, ["1", "100", "10000", "1e6"]);
}

#[test]
fn axes_of_time_fit_their_kind_and_length() {
    let labels = |kind, from: i64, length: i64| -> Vec<String> {
        let ticks = TimeAxis::new(kind, from, from + length).ticks(4);
        ticks.into_iter().map(|(_, label)| label).collect()
    };
    let naive = |length| labels(TimeKind::Naive, START, length);
    assert_eq!(naive(SECOND / 2), ["14:33.0", "14:33.2", "14:33.4"]);
    assert_eq!(naive(120 * SECOND), ["10:15:00", "10:15:30", "10:16:00", "10:16:30"]);
    assert_eq!(naive(86_400 * SECOND), ["12:00", "18:00", "10 Mar", "06:00"]);
    assert_eq!(naive(20 * 86_400 * SECOND), ["12 Mar", "19 Mar", "26 Mar"]);
    assert_eq!(naive(400 * 86_400 * SECOND), ["Jul", "2021"]);
    assert_eq!(naive(20 * 366 * 86_400 * SECOND), ["2030", "2040"]);
    assert_eq!(labels(TimeKind::Row, 990, 30), ["990", "1000", "1010", "1020"]);
    let epoch = TimeKind::Epoch(EpochUnit::Second);
    assert_eq!(labels(epoch, 0, 30 * SECOND), ["0", "10", "20", "30"]);
    assert_eq!(labels(epoch, START, 120 * SECOND).len(), 4);
}
