//! Metrics are those of the public implementations, to 1e-9 (VUS: 1e-6); and they keep laws that
//! hold for any series.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use fieldmirror_analytics::metrics::{
    Adjustment, Bias, Confusion, NabProfile, NabSeries, affiliation, alarms, auc_pr, auc_roc,
    batadal, composite_event_f1, delays, nab_score, nab_sweep, point_adjust_f1, probation_rows,
    range_score, segments, vus,
};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

const TOLERANCE: f64 = 1e-9;
const VUS_TOLERANCE: f64 = 1e-6;

struct Case {
    name: String,
    labels: Vec<bool>,
    scores: Vec<f64>,
    threshold: f64,
    expected: Value,
}

impl Case {
    fn alarms(&self) -> Vec<bool> {
        alarms(&self.scores, self.threshold)
    }
}

fn cases() -> Vec<Case> {
    let file: Value = serde_json::from_str(include_str!("fixtures/metrics.json")).unwrap();
    let case = |case: &Value| Case {
        name: case["name"].as_str().unwrap().to_owned(),
        labels: list(&case["labels"]).iter().map(|label| label.as_u64() == Some(1)).collect(),
        scores: list(&case["scores"]).iter().map(|score| score.as_f64().unwrap()).collect(),
        threshold: case["threshold"].as_f64().unwrap(),
        expected: case["expected"].clone(),
    };
    list(&file["cases"]).iter().map(case).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// Compares with the leaf at `path` and strikes it off the list of what is left to check.
struct Ledger<'a> {
    case: &'a Case,
    open: BTreeSet<String>,
}

impl<'a> Ledger<'a> {
    fn new(case: &'a Case) -> Self {
        let mut open = BTreeSet::new();
        leaves("", &case.expected, &mut open);
        Self { case, open }
    }

    fn check(&mut self, path: &str, value: Option<f64>, tolerance: f64) {
        let expected = self.case.expected.pointer(path).unwrap().as_f64();
        let near = match (expected, value) {
            (Some(expected), Some(value)) => (expected - value).abs() <= tolerance,
            (expected, value) => expected == value,
        };
        assert!(near, "{} {path}: expected {expected:?}, got {value:?}", self.case.name);
        assert!(self.open.remove(path), "{path} twice");
    }
}

fn leaves(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(&format!("{path}/{key}"), value, found));
        }
        Value::Array(items) => {
            let each = |(at, value): (usize, &Value)| leaves(&format!("{path}/{at}"), value, found);
            items.iter().enumerate().for_each(each);
        }
        _ => assert!(found.insert(path.to_owned())),
    }
}

#[test]
fn every_expected_value_is_met() {
    let mut checked = 0;
    for case in cases() {
        let mut ledger = Ledger::new(&case);
        checked += ledger.open.len();
        check_rows(&mut ledger);
        check_events(&mut ledger);
        check_ranges(&mut ledger);
        check_volumes(&mut ledger);
        check_nab(&mut ledger);
        assert!(ledger.open.is_empty(), "{}: not checked: {:?}", case.name, ledger.open);
    }
    assert_eq!(checked, 471, "expected values in the file");
}

fn check_rows(ledger: &mut Ledger<'_>) {
    let case = ledger.case;
    let alarms = case.alarms();
    let counts = Confusion::count(&case.labels, &alarms).unwrap();
    for (name, count) in [
        ("tp", counts.true_positives),
        ("fp", counts.false_positives),
        ("fn", counts.false_negatives),
        ("tn", counts.true_negatives),
    ] {
        ledger.check(&format!("/point/{name}"), Some(count as f64), 0.0);
    }
    ledger.check("/point/f1", counts.f1(), TOLERANCE);
    ledger.check("/point/far_percent", counts.far_percent(), TOLERANCE);
    ledger.check("/point/mar_percent", counts.mar_percent(), TOLERANCE);
    let average = auc_pr(&case.labels, &case.scores).unwrap();
    ledger.check("/auc_pr_average_precision", average, TOLERANCE);
    ledger.check("/auc_roc", auc_roc(&case.labels, &case.scores).unwrap(), TOLERANCE);
}

fn check_events(ledger: &mut Ledger<'_>) {
    let case = ledger.case;
    let alarms = case.alarms();
    let adjusted = |adjustment| point_adjust_f1(&case.labels, &alarms, adjustment).unwrap();
    ledger.check("/point_adjust_f1", adjusted(Adjustment::Whole), TOLERANCE);
    let variant = adjusted(Adjustment::AllButRowZero);
    ledger.check("/point_adjust_f1_tsbad_impl", variant, TOLERANCE);
    let composite = composite_event_f1(&case.labels, &alarms).unwrap();
    ledger.check("/composite_event_f1", composite, TOLERANCE);
    for (at, segment) in segments(&case.labels).iter().enumerate() {
        ledger.check(&format!("/segments/{at}/0"), Some(segment.start as f64), 0.0);
        ledger.check(&format!("/segments/{at}/1"), Some(segment.end as f64), 0.0);
    }
    for (at, delay) in delays(&case.labels, &alarms).unwrap().rows.iter().enumerate() {
        let path = format!("/first_detection_delay_per_segment/{at}");
        ledger.check(&path, delay.map(|rows| rows as f64), 0.0);
    }
}

fn check_ranges(ledger: &mut Ledger<'_>) {
    let case = ledger.case;
    let alarms = case.alarms();
    let range = |alpha, bias| range_score(&case.labels, &alarms, alpha, bias).unwrap();
    let half = range(0.5, Bias::Flat);
    ledger.check("/range/recall_flat_a0", range(0.0, Bias::Flat).recall, TOLERANCE);
    ledger.check("/range/precision_flat", half.precision, TOLERANCE);
    ledger.check("/range/recall_flat_a05", half.recall, TOLERANCE);
    ledger.check("/range/f1_flat_a05", half.f1(), TOLERANCE);
    ledger.check("/range/recall_front_a05", range(0.5, Bias::Front).recall, TOLERANCE);
    let near = affiliation(&case.labels, &alarms).unwrap().unwrap();
    ledger.check("/affiliation/precision", near.precision, TOLERANCE);
    ledger.check("/affiliation/recall", Some(near.recall), TOLERANCE);
    ledger.check("/affiliation/f1", Some(near.f1()), TOLERANCE);
}

fn check_volumes(ledger: &mut Ledger<'_>) {
    let case = ledger.case;
    for width in case.expected["vus"].as_object().unwrap().keys() {
        let volumes = vus(&case.labels, &case.scores, width.parse().unwrap()).unwrap();
        ledger.check(&format!("/vus/{width}/vus_roc"), volumes.roc, VUS_TOLERANCE);
        ledger.check(&format!("/vus/{width}/vus_pr"), volumes.pr, VUS_TOLERANCE);
    }
}

fn check_nab(ledger: &mut Ledger<'_>) {
    let case = ledger.case;
    let windows = segments(&case.labels);
    let probation = probation_rows(case.labels.len());
    let series = NabSeries { scores: &case.scores, windows: &windows, probation };
    let profiles = case.expected["nab"].as_object().unwrap();
    for name in profiles.keys() {
        let profile = match name.as_str() {
            "standard" => NabProfile::Standard,
            "reward_low_fp" => NabProfile::LowFalsePositives,
            "reward_low_fn" => NabProfile::LowFalseNegatives,
            other => panic!("{other}"),
        };
        let score = nab_score(&[series], profile, case.threshold).unwrap();
        let path = |figure: &str| format!("/nab/{name}/{figure}");
        ledger.check(&path("raw"), Some(score.raw), TOLERANCE);
        ledger.check(&path("null"), Some(score.null), TOLERANCE);
        ledger.check(&path("perfect_first_row"), Some(score.perfect), TOLERANCE);
        ledger.check(&path("normalised"), score.normalised, TOLERANCE);
        ledger.check(&path("tp"), Some(score.true_positives as f64), 0.0);
        ledger.check(&path("fp"), Some(score.false_positives as f64), 0.0);
        ledger.check(&path("fn"), Some(score.false_negatives as f64), 0.0);
        ledger.check(&path("tn"), Some(score.true_negatives as f64), 0.0);
    }
    // Windows of one row, for which the public code has no answer, have one here.
    let best = nab_sweep(&[series], NabProfile::Standard).unwrap();
    assert!(best.normalised.is_some_and(f64::is_finite), "{}: {best:?}", case.name);
}

/// VUS as TSB-AD computes it: every width, every threshold, every row.
fn slow_vus(labels: &[bool], scores: &[f64], width: usize) -> (f64, f64) {
    let n = labels.len();
    let truths = segments(labels);
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let positives = labels.iter().filter(|&&label| label).count() as f64;
    let (mut roc, mut pr) = (0.0, 0.0);
    for w in 0..=width {
        let h = (w / 2) as i64;
        let mut weights: Vec<f64> =
            labels.iter().map(|&label| f64::from(u8::from(label))).collect();
        for truth in &truths {
            for distance in 1..=h {
                let shoulder = (1.0 - distance as f64 / w as f64).sqrt();
                for row in [truth.start as i64 - distance, truth.end as i64 - 1 + distance] {
                    if (0..n as i64).contains(&row) {
                        weights[row as usize] = (weights[row as usize] + shoulder).min(1.0);
                    }
                }
            }
        }
        let mut extended = vec![(truths[0].start as i64 - h, truths[0].end as i64 - 1 + h)];
        for truth in &truths[1..] {
            let (start, end) = (truth.start as i64 - h, truth.end as i64 - 1 + h);
            let last = extended.last_mut().unwrap();
            if last.1 < start {
                extended.push((start, end));
            } else {
                last.1 = end;
            }
        }
        let (mut last_recall, mut last_far) = (0.0, 0.0);
        for k in 0..250 {
            let rank =
                if k == 249 { n - 1 } else { (k as f64 * ((n - 1) as f64 / 249.0)) as usize };
            let alarmed: Vec<bool> = scores.iter().map(|&score| score >= sorted[rank]).collect();
            let hits: f64 = (0..n).filter(|&row| alarmed[row]).map(|row| weights[row]).sum();
            let soft = (0..n).filter(|&row| alarmed[row] && !labels[row]);
            let new = positives + soft.map(|row| weights[row]).sum::<f64>() / 2.0;
            let inside = |&&(start, end): &&(i64, i64)| {
                (start.max(0)..=end.min(n as i64 - 1)).any(|row| alarmed[row as usize])
            };
            let found = extended.iter().filter(inside).count() as f64 / extended.len() as f64;
            let count = alarmed.iter().filter(|&&alarm| alarm).count() as f64;
            let recall = (hits / new).min(1.0) * found;
            let far = (count - hits) / (n as f64 - new);
            roc += (far - last_far) * (recall + last_recall) / 2.0;
            pr += (recall - last_recall) * hits / count;
            (last_recall, last_far) = (recall, far);
        }
        roc += (1.0 - last_far) * (1.0 + last_recall) / 2.0;
    }
    (roc / (width + 1) as f64, pr / (width + 1) as f64)
}

/// Series with rows of both kinds, scores with many ties.
fn series() -> impl Strategy<Value = (Vec<bool>, Vec<f64>)> {
    let row = (prop::bool::weighted(0.3), 0..40_u8);
    let both =
        |rows: &Vec<(bool, u8)>| rows.iter().any(|row| row.0) && rows.iter().any(|row| !row.0);
    prop::collection::vec(row, 2..90)
        .prop_filter("rows of both kinds", both)
        .prop_map(|rows| rows.into_iter().map(|(label, score)| (label, f64::from(score))).unzip())
}

proptest! {
    #[test]
    fn vus_is_what_the_slow_way_gives((labels, scores) in series(), width in 0_usize..40) {
        let fast = vus(&labels, &scores, width).unwrap();
        let (roc, pr) = slow_vus(&labels, &scores, width);
        prop_assert!((fast.roc.unwrap() - roc).abs() < 1e-9, "{fast:?} {roc}");
        prop_assert!((fast.pr.unwrap() - pr).abs() < 1e-9, "{fast:?} {pr}");
    }

    #[test]
    fn ranking_ignores_what_keeps_the_order((labels, scores) in series()) {
        let bent: Vec<f64> = scores.iter().map(|score| (score / 7.0).exp() * 3.0 - 8.0).collect();
        prop_assert_eq!(auc_pr(&labels, &scores).unwrap(), auc_pr(&labels, &bent).unwrap());
        prop_assert_eq!(auc_roc(&labels, &scores).unwrap(), auc_roc(&labels, &bent).unwrap());
        prop_assert_eq!(vus(&labels, &scores, 9).unwrap(), vus(&labels, &bent, 9).unwrap());
    }

    #[test]
    fn turning_scores_round_mirrors_the_area((labels, scores) in series()) {
        let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
        let areas = [&scores, &turned].map(|scores| auc_roc(&labels, scores).unwrap().unwrap());
        prop_assert!((areas[0] + areas[1] - 1.0).abs() < 1e-12);
    }

    #[test]
    fn shares_lie_between_nothing_and_all((labels, scores) in series(), threshold in 0.0..45.0) {
        let alarms = alarms(&scores, threshold);
        let counts = Confusion::count(&labels, &alarms).unwrap();
        let volumes = vus(&labels, &scores, 12).unwrap();
        let range = range_score(&labels, &alarms, 0.5, Bias::Front).unwrap();
        let near = affiliation(&labels, &alarms).unwrap().unwrap();
        let score = batadal(&labels, &alarms).unwrap().unwrap();
        for share in [
            auc_pr(&labels, &scores).unwrap(),
            auc_roc(&labels, &scores).unwrap(),
            volumes.pr,
            counts.f1(),
            range.recall,
            range.f1(),
            Some(near.recall),
            Some(near.f1()),
            composite_event_f1(&labels, &alarms).unwrap(),
            point_adjust_f1(&labels, &alarms, Adjustment::Whole).unwrap(),
            Some(score.s),
        ] {
            prop_assert!(share.is_some_and(|share| (-1e-12..=1.0 + 1e-12).contains(&share)));
        }
        for share in [counts.precision(), range.precision, near.precision].into_iter().flatten() {
            prop_assert!((-1e-12..=1.0 + 1e-12).contains(&share), "{share}");
        }
        prop_assert!(volumes.roc.unwrap().is_finite());
        prop_assert!(counts.far_percent().is_some_and(|share| (0.0..=100.0).contains(&share)));
    }

    #[test]
    fn constant_scores_tell_nothing((labels, scores) in series()) {
        let constant = vec![scores[0]; scores.len()];
        let share = labels.iter().filter(|&&label| label).count() as f64 / labels.len() as f64;
        prop_assert_eq!(auc_roc(&labels, &constant).unwrap(), Some(0.5));
        prop_assert!((auc_pr(&labels, &constant).unwrap().unwrap() - share).abs() < 1e-12);
    }

    #[test]
    fn labels_as_scores_are_perfect((labels, _) in series()) {
        let scores: Vec<f64> = labels.iter().map(|&label| f64::from(u8::from(label))).collect();
        let near = affiliation(&labels, &labels).unwrap().unwrap();
        prop_assert_eq!(auc_pr(&labels, &scores).unwrap(), Some(1.0));
        prop_assert_eq!(auc_roc(&labels, &scores).unwrap(), Some(1.0));
        prop_assert!((near.f1() - 1.0).abs() < 1e-12);
        prop_assert_eq!(range_score(&labels, &labels, 0.5, Bias::Flat).unwrap().f1(), Some(1.0));
        prop_assert_eq!(batadal(&labels, &labels).unwrap().unwrap().s, 1.0);
        let windows = segments(&labels);
        let corpus = [NabSeries { scores: &scores, windows: &windows, probation: 0 }];
        let best = nab_sweep(&corpus, NabProfile::Standard).unwrap();
        prop_assert!((best.normalised.unwrap() - 100.0).abs() < 1e-9);
    }

    #[test]
    fn the_sweep_finds_the_best_threshold((labels, scores) in series(), probation in 0_usize..5) {
        let windows = segments(&labels);
        let corpus = [NabSeries { scores: &scores, windows: &windows, probation }];
        for profile in NabProfile::ALL {
            let best = nab_sweep(&corpus, profile).unwrap();
            let again = nab_score(&corpus, profile, best.threshold).unwrap();
            prop_assert!((best.raw - again.raw).abs() < 1e-9);
            for threshold in 0..41 {
                let one = nab_score(&corpus, profile, f64::from(threshold)).unwrap();
                prop_assert!(one.raw <= best.raw + 1e-9);
            }
        }
    }
}
