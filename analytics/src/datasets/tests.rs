//! Each benchmark is read as its authors lay it out, judged by its protocol, and no label reaches
//! a method. Real data is used where the variable FIELDMIRROR_DATA names a folder with it.

use super::*;
use std::fmt::Write;
use tempfile::TempDir;

fn write(folder: &TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn options(position_blind: bool, seed: u64) -> Options {
    Options { position_blind, seed: Seed::new(seed) }
}

/// Knows the anomaly when it sees it: channels of these tests stay within 10 until then.
struct Sees;

impl Method for Sees {
    fn name(&self) -> &'static str {
        "sees"
    }

    fn run(&mut self, case: &Case) -> Result<Scored> {
        let largest = |row: usize| case.test.iter().map(|v| v[row].abs()).fold(0.0, f64::max);
        let scores: Vec<f32> = (0..case.test_rows()).map(|row| largest(row) as f32).collect();
        let alarms = scores.iter().map(|&score| score >= 50.0).collect();
        Ok(Scored { scores, threshold: Threshold::Fixed(50.0), alarms })
    }
}

/// Experiments of 700 rows with the anomaly in 550..600, and a clean file that must not be taken.
fn skab() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "datetime;Current;Volume Flow RateRMS;anomaly;changepoint\n".to_owned();
    for row in 0..700 {
        let label = (550..600).contains(&row);
        let flow = if label { 99.0 } else { f64::from(row % 7) };
        let (minute, second) = (row / 60, row % 60);
        let label = f64::from(u8::from(label));
        writeln!(text, "2020-03-09 10:{minute:02}:{second:02};{row}e-3;{flow};{label:.1};0.0")
            .unwrap();
    }
    for name in ["valve1/0.csv", "valve1/1.csv", "other/9.csv"] {
        write(&folder, name, &text);
    }
    write(&folder, "anomaly-free/anomaly-free.csv", "datetime;Current\n2020-03-09 10:00:00;1\n");
    folder
}

#[test]
fn skab_is_pooled_over_all_files_but_the_clean_one() {
    let root = skab();
    let folder = Folder::open(Dataset::Skab, root.path()).unwrap();
    let trial = folder.trial(0, &options(false, 1)).unwrap();
    assert_eq!((folder.len(), trial.case.name.as_str()), (3, "other/9.csv"));
    assert_eq!(trial.case.channels, ["Current", "Volume Flow RateRMS"]);
    assert_eq!((trial.case.train_rows(), trial.case.test_rows(), trial.width), (400, 300, 60));
    assert_eq!((trial.case.period_s, trial.case.continues), (Some(1.0), true));
    assert_eq!(trial.labels.iter().position(|&label| label), Some(150));
    let row = evaluate(&folder, &mut Sees, &options(false, 1)).unwrap();
    assert_eq!((row.figure(Measure::F1), row.figure(Measure::Far)), (Some(1.0), Some(0.0)));
    assert_eq!((row.figure(Measure::Segments), row.figure(Measure::Found)), (Some(3.0), Some(3.0)));
    assert!((row.figure(Measure::VusRoc).unwrap() - 1.0).abs() < 0.05);
}

#[test]
fn position_blind_feeds_more_normal_rows_and_counts_the_same() {
    let root = skab();
    let folder = Folder::open(Dataset::Skab, root.path()).unwrap();
    let mut lengths = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let trial = folder.trial(1, &options(true, seed)).unwrap();
        let inserted = trial.case.test_rows() - 300;
        assert!([0, 300, 600, 900].contains(&inserted));
        assert_eq!(trial.counted.iter().filter(|&&counted| counted).count(), 300);
        assert!(trial.counted[inserted..].iter().all(|&counted| counted));
        assert_eq!(trial.labels.len(), trial.case.test_rows());
        // Each inserted row is one of the training rows, all channels from the same.
        for row in 0..inserted {
            let from = (trial.case.test[0][row] * 1e3).round() as usize;
            assert_eq!(trial.case.test[1][row], trial.case.train[1][from]);
        }
        assert_eq!(trial, folder.trial(1, &options(true, seed)).unwrap());
        lengths.insert(inserted);
    }
    assert!(lengths.len() > 2, "{lengths:?}");
    let row = evaluate(&folder, &mut Sees, &options(true, 3)).unwrap();
    assert_eq!((row.figure(Measure::F1), &*row.protocol), (Some(1.0), "position-blind, seed 3"));
}

/// Two series of 100 rows; the second has a window over its rows 50..60.
fn nab(labels: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, peak) in [("realX/quiet.csv", 0), ("realX/loud.csv", 50), ("realX/unknown.csv", 9)] {
        let mut text = "timestamp,value\n".to_owned();
        for row in 0..100 {
            let value = if peak > 0 && row == peak { 80 } else { row % 5 };
            writeln!(text, "2014-04-01 {:02}:{:02}:00,{value}", row / 12, row % 12 * 5).unwrap();
        }
        let data = if labels.contains('/') { "data/" } else { "" };
        write(&folder, &format!("{data}{name}"), &text);
    }
    let windows = r#"{"realX/quiet.csv": [], "realX/missing.csv": [],
        "realX/loud.csv": [["2014-04-01 04:10:00.000000", "2014-04-01 04:55:00.000000"]]}"#;
    write(&folder, labels, windows);
    folder
}

#[test]
fn nab_has_one_threshold_and_a_probation() {
    for labels in ["windows.json", "combined_windows.json", "labels/combined_windows.json"] {
        let root = nab(labels);
        let folder = Folder::open(Dataset::Nab, root.path()).unwrap();
        assert_eq!(folder.len(), 2, "{labels}");
        let trial = folder.trial(0, &options(false, 1)).unwrap();
        assert_eq!((&*trial.case.name, trial.case.train_rows()), ("realX/loud.csv", 15));
        assert_eq!(trial.windows, [Segment { start: 50, end: 60 }]);
        assert_eq!(trial.labels.iter().position(|&label| label), Some(35));
        assert_eq!(trial.case.period_s, Some(300.0));
        let row = evaluate(&folder, &mut Sees, &options(false, 1)).unwrap();
        // The window's first row alone is alarmed.
        assert!((row.figure(Measure::NabStandard).unwrap() - 100.0).abs() < 1e-9);
        assert_eq!(row.figure(Measure::Far), Some(0.0));
    }
    let root = nab("labels/combined_windows.json");
    let inside = Folder::open(Dataset::Nab, &root.path().join("data")).unwrap();
    assert_eq!(inside.len(), 2);
}

/// A clean file of 60 hours, and two with the attack in rows 20..30, the second with few labels.
fn batadal() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, attacked, other) in [
        ("clean.csv", false, "0"),
        ("attacks_partly_labelled.csv", true, "-999"),
        ("attacks.csv", true, "0"),
    ] {
        let mut text = "DATETIME, L_T1, S_PU1, ATT_FLAG\n".to_owned();
        for row in 0..60 {
            let attack = attacked && (20..30).contains(&row);
            let level = if attack && row >= 25 { 77.0 } else { f64::from(row % 4) };
            let label = if attack { "1" } else { other };
            let (day, hour) = (1 + row / 24, row % 24);
            writeln!(text, "{day:02}/07/16 {hour:02}, {level}, 1, {label}").unwrap();
        }
        write(&folder, name, &text);
    }
    write(&folder, "contest.csv", "DATETIME, L_T1, S_PU1\n01/07/16 00, 1, 1\n");
    folder
}

#[test]
fn batadal_learns_the_clean_year_and_takes_full_labels() {
    let root = batadal();
    let folder = Folder::open(Dataset::Batadal, root.path()).unwrap();
    let trial = folder.trial(0, &options(false, 1)).unwrap();
    assert_eq!((folder.len(), &*trial.case.name), (1, "attacks.csv"));
    assert_eq!((trial.case.train_rows(), trial.case.period_s), (60, Some(3_600.0)));
    assert!(!trial.case.continues && trial.counted.iter().all(|&counted| counted));
    let row = evaluate(&folder, &mut Sees, &options(false, 1)).unwrap();
    // Found after 5 of 10 rows, half of the rows.
    assert!((row.figure(Measure::Sttd).unwrap() - 0.5).abs() < 1e-12);
    assert!((row.figure(Measure::Scm).unwrap() - 0.75).abs() < 1e-12);
    assert!((row.figure(Measure::S).unwrap() - 0.625).abs() < 1e-12);
    assert_eq!((row.figure(Measure::Segments), row.figure(Measure::Found)), (Some(1.0), Some(1.0)));
}

#[test]
fn rows_without_a_label_do_not_count() {
    let root = batadal();
    std::fs::remove_file(root.path().join("attacks.csv")).unwrap();
    let folder = Folder::open(Dataset::Batadal, root.path()).unwrap();
    let trial = folder.trial(0, &options(false, 1)).unwrap();
    assert_eq!(trial.counted.iter().filter(|&&counted| counted).count(), 10);
}

#[test]
fn msl_has_telemetry_first_and_commands_behind() {
    let root = tempfile::tempdir().unwrap();
    let rows = |label: bool| {
        let mut text = if label { "c00,c01,label\n" } else { "c00,c01\n" }.to_owned();
        for row in 0..80 {
            let odd = label && (40..50).contains(&row);
            write!(text, "{},{}", if odd { 60 } else { row % 3 }, row % 2).unwrap();
            writeln!(
                text,
                "{}",
                if !label {
                    ""
                } else if odd {
                    ",1"
                } else {
                    ",0"
                }
            )
            .unwrap();
        }
        text
    };
    write(&root, "X-1_train.csv", &rows(false));
    write(&root, "X-1_test.csv", &rows(true));
    write(&root, "labels.csv", "chan_id,spacecraft\nX-1,MSL\n");
    let folder = Folder::open(Dataset::Msl, root.path()).unwrap();
    let trial = folder.trial(0, &options(false, 1)).unwrap();
    assert_eq!((folder.len(), &*trial.case.name, trial.width), (1, "X-1", 100));
    assert_eq!(trial.case.roles, [Role::Measured, Role::Exogenous]);
    let row = evaluate(&folder, &mut Sees, &options(false, 1)).unwrap();
    assert_eq!(row.figure(Measure::AucPr), Some(1.0));
    assert_eq!(row.figure(Measure::FalseAlarmsPerDay), None, "no period is known");
    std::fs::remove_file(root.path().join("X-1_train.csv")).unwrap();
    assert!(Folder::open(Dataset::Msl, root.path()).is_err());
}

#[test]
fn tsb_says_in_the_name_where_training_ends_and_judges_all_rows() {
    let root = tempfile::tempdir().unwrap();
    let mut text = "a,b,Label\n".to_owned();
    for row in 0..300 {
        let odd = (200..220).contains(&row);
        let wave = (f64::from(row) * std::f64::consts::TAU / 25.0).sin();
        writeln!(text, "{wave},{},{}", if odd { 90 } else { 1 }, u8::from(odd)).unwrap();
    }
    write(&root, "001_X_id_1_Sensor_tr_120_1st_200.csv", &text);
    let folder = Folder::open(Dataset::Tsb, root.path()).unwrap();
    let trial = folder.trial(0, &options(false, 1)).unwrap();
    assert_eq!((trial.case.train_rows(), trial.case.test_rows()), (120, 300));
    assert_eq!(trial.width, 25, "the period of the first channel");
    let row = evaluate(&folder, &mut Sees, &options(false, 1)).unwrap();
    assert_eq!(row.figure(Measure::AucPr), Some(1.0));
}

#[test]
fn a_channel_without_a_peak_has_the_default_period() {
    assert_eq!(tsb::period(&[1.0; 50]), 125);
    assert_eq!(tsb::period(&[1.0, 2.0]), 125);
}

#[test]
fn another_layout_is_told() {
    let root = tempfile::tempdir().unwrap();
    write(&root, "x.csv", "a,b\n1,2\n");
    for dataset in Dataset::ALL {
        assert_eq!(Dataset::named(dataset.name()), Some(dataset));
        let error = Folder::open(dataset, root.path()).unwrap_err().to_string();
        assert!(error.contains("expected") || error.contains("ATT_FLAG"), "{error}");
        let error = Folder::open(dataset, &root.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("is no folder"), "{error}");
    }
    let short = tempfile::tempdir().unwrap();
    write(&short, "valve1/0.csv", "datetime;x;anomaly\n2020-01-01;1;0\n2020-01-02;1;0\n");
    let folder = Folder::open(Dataset::Skab, short.path()).unwrap();
    let error = folder.trial(0, &options(false, 1)).unwrap_err().to_string();
    assert!(error.contains("has 2 rows, 400 of them to learn from"), "{error}");
}

/// Says nothing about most rows.
struct Short;

impl Method for Short {
    fn name(&self) -> &'static str {
        "short"
    }

    fn run(&mut self, _: &Case) -> Result<Scored> {
        Ok(Scored { scores: vec![0.0], threshold: Threshold::Fixed(1.0), alarms: vec![false] })
    }
}

#[test]
fn an_answer_of_the_wrong_length_is_an_error() {
    let root = skab();
    let folder = Folder::open(Dataset::Skab, root.path()).unwrap();
    let error = evaluate(&folder, &mut Short, &options(false, 1)).unwrap_err().to_string();
    assert_eq!(error, "short gave 1 scores for 300 rows of other/9.csv; expected one each");
}

#[test]
fn baselines_score_what_they_say() {
    let case = Case {
        name: "x".to_owned(),
        channels: vec!["a".to_owned(), "dead".to_owned(), "command".to_owned()],
        roles: vec![Role::Measured, Role::Measured, Role::Exogenous],
        period_s: None,
        train: vec![vec![1.0, 3.0, f64::NAN], vec![5.0; 3], vec![0.0; 3]],
        test: vec![vec![2.0, 5.0, f64::NAN, 2.0], vec![5.0, 5.0, 5.0, 6.0], vec![9.0; 4]],
        continues: true,
    };
    let scored = ZScore.run(&case).unwrap();
    assert_eq!(scored.scores, [0.0, 3.0, 0.0, 10.0]);
    assert_eq!(scored.alarms, [false, true, false, true]);
    let mut random = RandomScore { seed: Seed::new(5) };
    let scored = random.run(&case).unwrap();
    assert_eq!(scored, random.run(&case).unwrap());
    assert!(scored.scores.iter().all(|score| (0.0..1.0).contains(score)));
}

#[test]
fn tables_put_published_figures_beside_measured_ones() {
    let root = skab();
    let folder = Folder::open(Dataset::Skab, root.path()).unwrap();
    let row = evaluate(&folder, &mut Sees, &options(false, 1)).unwrap();
    let mut rows = vec![row];
    rows.extend(published(Dataset::Skab));
    let table = Table { rows };
    let text = table.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("skab") && lines[0].contains("FAR %"), "{text}");
    assert!(lines[1].starts_with("sees") && lines[1].contains("1.000"), "{text}");
    assert!(lines[2].starts_with("Conv-AE *") && lines[2].contains("13.55"), "{text}");
    assert!(lines.last().unwrap().starts_with("* published, all 34 files"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&table.json().unwrap()).unwrap();
    assert_eq!(json["rows"][0]["dataset"], "skab");
    assert_eq!(json["rows"][1]["figures"][0]["measure"], "f1");
    for dataset in Dataset::ALL {
        assert_eq!(published(dataset).is_empty(), dataset == Dataset::Msl);
    }
}

#[test]
fn the_mean_of_seeds_is_figure_by_figure() {
    let figure = |value| Figure { measure: Measure::F1, value };
    let row = |figures| TableRow {
        dataset: Dataset::Skab,
        protocol: "position-blind, seed 1".to_owned(),
        method: "x".to_owned(),
        files: Some(1),
        figures,
        origin: Origin::Measured,
        source: None,
    };
    let rows = [row(vec![figure(0.5)]), row(vec![figure(1.0)])];
    let mean = TableRow::mean(&rows, "position-blind, 2 seeds").unwrap();
    assert_eq!((mean.figure(Measure::F1), mean.figure(Measure::Far)), (Some(0.75), None));
    assert!(TableRow::mean(&[], "").is_none());
}

/// The z-score and chance on real data: loaders hold for the real files, and a method that looks
/// beats one that does not.
#[test]
fn real_data_is_read_where_there_is_some() {
    let Some(data) = std::env::var_os("FIELDMIRROR_DATA").map(PathBuf::from) else { return };
    let mut rows = Vec::new();
    for (dataset, name) in [
        (Dataset::Skab, "skab"),
        (Dataset::Nab, "nab"),
        (Dataset::Batadal, "batadal"),
        (Dataset::Msl, "msl"),
        (Dataset::Tsb, "tsb_samples"),
    ] {
        let folder = Folder::open(dataset, &data.join(name)).unwrap();
        let chance = &mut RandomScore { seed: Seed::new(1) };
        let (z, random) = (
            evaluate(&folder, &mut ZScore, &options(false, 1)).unwrap(),
            evaluate(&folder, chance, &options(false, 1)).unwrap(),
        );
        assert!(z.figure(Measure::VusPr) > random.figure(Measure::VusPr), "{z:?} {random:?}");
        rows.extend([z, random]);
        if dataset == Dataset::Skab {
            rows.push(evaluate(&folder, &mut ZScore, &options(true, 1)).unwrap());
        }
        rows.extend(published(dataset));
    }
    print!("{}", Table { rows }.text());
}
