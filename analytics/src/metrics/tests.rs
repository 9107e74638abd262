//! Inputs at the edge of what metrics are defined for.

use super::*;
use fieldmirror_core::seed::Seed;
use fieldmirror_tables::labels::{LabelPoint, LabelSpan};

const NONE: [bool; 6] = [false; 6];
const ALL: [bool; 6] = [true; 6];
const SOME: [bool; 6] = [false, true, true, false, false, false];
const SCORES: [f64; 6] = [0.1, 0.9, 0.2, 0.4, 0.3, 0.0];

#[test]
fn without_a_positive_row_what_needs_one_is_undefined() {
    assert_eq!(auc_pr(&NONE, &SCORES).unwrap(), None);
    assert_eq!(auc_roc(&NONE, &SCORES).unwrap(), None);
    assert_eq!(vus(&NONE, &SCORES, 4).unwrap(), Vus { pr: None, roc: None });
    assert_eq!(composite_event_f1(&NONE, &SOME).unwrap(), None);
    assert_eq!(point_adjust_f1(&NONE, &SOME, Adjustment::Whole).unwrap(), None);
    assert_eq!(affiliation(&NONE, &SOME).unwrap(), None);
    assert_eq!(affiliation_of_chance(&NONE, &SOME, 3, Seed::new(1)).unwrap(), None);
    assert_eq!(batadal(&NONE, &SOME).unwrap(), None);
    let range = range_score(&NONE, &SOME, 0.5, Bias::Flat).unwrap();
    assert_eq!((range.precision, range.recall, range.f1()), (Some(0.0), None, None));
    let counts = Confusion::count(&NONE, &SOME).unwrap();
    assert_eq!((counts.f1(), counts.recall(), counts.mar_percent()), (None, None, None));
    assert_eq!(counts.far_percent(), Some(100.0 / 3.0));
    let delays = delays(&NONE, &SOME).unwrap();
    assert_eq!((delays.median(), delays.p90(), delays.missed()), (None, None, 0));
}

#[test]
fn with_positive_rows_alone_false_alarms_are_undefined() {
    assert_eq!(auc_pr(&ALL, &SCORES).unwrap(), Some(1.0));
    assert_eq!(auc_roc(&ALL, &SCORES).unwrap(), None);
    let volumes = vus(&ALL, &SCORES, 4).unwrap();
    assert_eq!(volumes.roc, None);
    assert!((volumes.pr.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(batadal(&ALL, &SOME).unwrap(), None);
    assert_eq!(Confusion::count(&ALL, &SOME).unwrap().far_percent(), None);
    let all = affiliation(&ALL, &SOME).unwrap().unwrap();
    assert!(all.recall > 0.0 && all.precision == Some(1.0));
}

#[test]
fn without_an_alarm_precisions_are_undefined_and_f_scores_zero() {
    let counts = Confusion::count(&SOME, &NONE).unwrap();
    assert_eq!((counts.precision(), counts.recall(), counts.f1()), (None, Some(0.0), Some(0.0)));
    assert_eq!(composite_event_f1(&SOME, &NONE).unwrap(), Some(0.0));
    let range = range_score(&SOME, &NONE, 0.5, Bias::Flat).unwrap();
    assert_eq!((range.precision, range.recall, range.f1()), (None, Some(0.0), Some(0.0)));
    let near = affiliation(&SOME, &NONE).unwrap().unwrap();
    assert_eq!((near.precision, near.recall, near.f1()), (None, 0.0, 0.0));
    assert_eq!(delays(&SOME, &NONE).unwrap().missed(), 1);
    let score = batadal(&SOME, &NONE).unwrap().unwrap();
    assert_eq!((score.s_ttd, score.s_cm, score.found, score.attacks), (0.0, 0.5, 0, 1));
}

#[test]
fn nothing_at_all_is_undefined_and_no_error() {
    assert_eq!(auc_pr(&[], &[]).unwrap(), None);
    assert_eq!(vus(&[], &[], 10).unwrap(), Vus::default());
    let summary = summarise(&[], &[], &[], 10, Some(60.0), Seed::new(1)).unwrap();
    assert_eq!((summary.rows, summary.f1, summary.false_alarms_per_device_day), (0, None, None));
}

#[test]
fn one_row_is_enough() {
    assert_eq!(auc_pr(&[true], &[0.0]).unwrap(), Some(1.0));
    assert_eq!(vus(&[true], &[0.0], 3).unwrap().roc, None);
}

#[test]
fn unequal_lengths_and_nan_are_errors() {
    assert_eq!(
        auc_pr(&[true], &SCORES).unwrap_err().to_string(),
        "6 scores came with 1 labels; expected one each a row"
    );
    let error = vus(&[true, false], &[0.5, f64::NAN], 2).unwrap_err().to_string();
    assert!(error.starts_with("the score of row 1 is NaN"), "{error}");
    assert!(Confusion::count(&SOME, &[true]).is_err());
}

#[test]
fn infinite_scores_rank_above_all_others() {
    let scores = [0.0, f64::INFINITY, f64::INFINITY, 1.0, 2.0, f64::NEG_INFINITY];
    assert_eq!(auc_roc(&SOME, &scores).unwrap(), Some(1.0));
    assert!(vus(&SOME, &scores, 4).unwrap().pr.is_some_and(f64::is_finite));
}

#[test]
fn zero_and_minus_zero_are_one_threshold() {
    let labels = [true, false];
    assert_eq!(auc_roc(&labels, &[0.0, -0.0]).unwrap(), Some(0.5));
    assert_eq!(auc_pr(&labels, &[0.0, -0.0]).unwrap(), Some(0.5));
}

#[test]
fn quantiles_of_delays_are_delays() {
    let rows = vec![Some(9), None, Some(1), Some(2), Some(3)];
    let delays = Delays { rows };
    assert_eq!((delays.median(), delays.p90(), delays.missed()), (Some(2), Some(9), 1));
}

#[test]
fn alarms_that_touch_no_segment_are_false_ones() {
    let alarms = [true, true, false, true, false, true];
    let events = event_counts(&SOME, &alarms).unwrap();
    let expected = Events { segments: 1, found: 1, alarms: 3, false_alarms: 2 };
    assert_eq!(events, expected);
    assert_eq!(per_device_day(2, 24, 3_600.0), Some(2.0));
    assert_eq!(per_device_day(2, 0, 3_600.0), None);
}

#[test]
fn s_of_batadal_by_hand() {
    // Attacks of 4 and 2 rows; the first is found after 1 row, the second missed.
    let labels = [false, true, true, true, true, false, true, true, false, false];
    let alarms = [true, false, true, true, false, false, false, false, false, false];
    let score = batadal(&labels, &alarms).unwrap().unwrap();
    assert!((score.s_ttd - (1.0 - (0.25 + 1.0) / 2.0)).abs() < 1e-15);
    assert!((score.s_cm - (2.0 / 6.0 + 3.0 / 4.0) / 2.0).abs() < 1e-15);
    assert!((score.s - (score.s_ttd + score.s_cm) / 2.0).abs() < 1e-15);
    assert_eq!((score.found, score.attacks), (1, 2));
}

#[test]
fn one_threshold_holds_for_all_files_of_a_corpus() {
    let quiet = [0.0, 0.0, 0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let noisy = [0.0, 0.0, 0.9, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 0.5];
    let windows = [Segment { start: 2, end: 5 }];
    let series = |scores| NabSeries { scores, windows: &windows, probation: 1 };
    let corpus = [series(&quiet[..]), series(&noisy[..])];
    let best = nab_sweep(&corpus, NabProfile::Standard).unwrap();
    // To catch the quiet window, too, all of the noise would have to be taken: 1 + 1 against the
    // five false alarms, which are still worth less than a missed window.
    assert_eq!(best.threshold, 0.4);
    assert_eq!((best.true_positives, best.false_positives), (2, 5));
    let strict = nab_sweep(&corpus, NabProfile::LowFalsePositives).unwrap();
    assert!(strict.raw < best.raw);
    let alone = nab_sweep(&corpus[1..], NabProfile::Standard).unwrap();
    assert_eq!((alone.threshold, alone.normalised), (0.9, Some(100.0)));
    let at = nab_score(&corpus, NabProfile::Standard, best.threshold).unwrap();
    assert_eq!(at, best);
}

#[test]
fn windows_in_the_probation_do_not_count() {
    assert_eq!((probation_rows(20), probation_rows(25), probation_rows(9_000)), (3, 3, 750));
    let scores = [1.0, 1.0, 0.0, 0.0];
    let windows = [Segment { start: 0, end: 2 }];
    let series = NabSeries { scores: &scores, windows: &windows, probation: 2 };
    let best = nab_sweep(&[series], NabProfile::Standard).unwrap();
    assert_eq!((best.normalised, best.raw, best.threshold), (None, 0.0, f64::INFINITY));
    let beyond = [Segment { start: 3, end: 5 }];
    let series = NabSeries { scores: &scores, windows: &beyond, probation: 0 };
    assert!(nab_sweep(&[series], NabProfile::Standard).is_err());
}

fn names() -> Vec<String> {
    vec!["a".to_owned(), "b".to_owned()]
}

fn interval(device: Option<&str>, start: i64, end: i64) -> LabelSpan {
    LabelSpan { device: device.map(str::to_owned), start, end }
}

#[test]
fn intervals_include_both_ends_and_hold_for_their_device() {
    let (times, devices) = ([1, 1, 2, 2, 3, 3], [0, 1, 0, 1, 0, 1]);
    let labels = [interval(Some("b"), 2, 3), interval(None, 1, 1), interval(Some("a"), 9, 9)];
    let joined = join_intervals(&times, &devices, &names(), &labels).unwrap();
    assert_eq!(joined.labels, [true, true, false, true, false, true]);
    assert_eq!((joined.unlabelled, joined.unused), (0, vec![2]));
}

#[test]
fn points_meet_rows_of_their_very_time() {
    let (times, devices) = ([1, 2, 3], [0, 0, 0]);
    let point = |time, anomalous| LabelPoint { device: None, time, anomalous };
    let points = [point(1, false), point(2, true), point(7, true)];
    let joined = join_points(&times, &devices, &names(), &points).unwrap();
    assert_eq!(joined.labels, [false, true, false]);
    assert_eq!((joined.unlabelled, joined.unused), (1, vec![2]));
}

#[test]
fn labels_of_other_times_or_devices_are_errors_that_name_both() {
    let day = 86_400_000_000_i64;
    let (times, devices) = ([18_000 * day, 18_001 * day], [0, 0]);
    let labels = [interval(None, 19_000 * day, 19_001 * day)];
    let error = join_intervals(&times, &devices, &names(), &labels).unwrap_err().to_string();
    assert!(error.contains("labels span 2022-01-08T00:00:00Z to 2022-01-09T00:00:00Z"), "{error}");
    assert!(error.contains("scores 2019-04-14T00:00:00Z to 2019-04-15T00:00:00Z"), "{error}");
    let strange = [interval(Some("c"), 0, 1)];
    let error = join_intervals(&times, &devices, &names(), &strange).unwrap_err().to_string();
    assert!(error.contains("`c`") && error.contains("a, b"), "{error}");
    let backwards = [interval(None, 2, 1)];
    assert!(join_intervals(&times, &devices, &names(), &backwards).is_err());
    let points = [LabelPoint { device: None, time: 5, anomalous: true }];
    assert!(join_points(&times, &devices, &names(), &points).is_err());
}
