//! What is found, told and learned: faults with their channels, level shifts, drift, new devices,
//! and as many false alarms as the budget allows.

use super::*;

#[test]
fn a_fault_is_told_with_its_time_channel_and_expectation() {
    let plant = plant("p1", 5, 900).shifted(1, 600..660, 3.0);
    let found = score(shared(), &plant);
    let during = |event: &&Event| (590 * SECOND..680 * SECOND).contains(&event.raised);
    let event = found.events.iter().find(during).unwrap();
    assert!((600 * SECOND..606 * SECOND).contains(&event.raised), "{event:?}");
    assert!(event.onset <= event.raised && event.onset >= 596 * SECOND);
    assert!((655 * SECOND..760 * SECOND).contains(&event.end), "{event:?}");
    assert!(event.score >= event.threshold && event.severity > 0.0 && event.severity <= 1.0);
    let part = &event.channels[0];
    assert_eq!(part.channel, 1);
    assert!(part.share > 0.5, "{part:?}");
    assert!((part.observed - part.expected - 3.0).abs() < 1.5, "{part:?}");
    assert!(event.channels.iter().all(|part| part.channel != 3), "a command is no finding");
    assert!((event.channels.iter().map(|part| part.share).sum::<f32>() - 1.0).abs() < 1e-5);
    let trace = &event.trace;
    assert_eq!(trace.channels[0], 1);
    assert!(trace.time.is_sorted() && trace.time[0] <= event.onset);
    assert_eq!(trace.time.len(), trace.observed.len());
    assert!(trace.time.len() <= 32 + 32 + 64 && trace.observed[0].len() == 3);
    let at = trace.time.iter().position(|&time| time == event.raised).unwrap();
    assert_eq!(trace.observed[at][0], plant.columns[1][(event.raised / SECOND) as usize]);
}

#[test]
fn what_was_not_sent_is_not_told_as_observed_and_a_long_silence_is_told() {
    let mut plant = plant("p1", 5, 900);
    plant.columns[0][600..700].fill(f64::NAN);
    // Its neighbour goes on, and says that something is wrong.
    let plant = plant.shifted(1, 600..660, 3.0);
    let found = score(shared(), &plant);
    let during = |event: &&Event| (590 * SECOND..680 * SECOND).contains(&event.raised);
    let event = found.events.iter().find(during).unwrap();
    let part = |channel: usize| event.channels.iter().find(|p| p.channel == channel).unwrap();
    assert!(part(0).observed.is_nan() && part(0).expected.is_finite());
    assert!(part(1).observed.is_finite());
    let place = event.trace.channels.iter().position(|&channel| channel == 0).unwrap();
    for (time, observed) in event.trace.time.iter().zip(&event.trace.observed) {
        assert_eq!(observed[place].is_nan(), *time >= 600 * SECOND, "{time}");
    }
    let (from, until) = (600 * SECOND, 699 * SECOND);
    assert_eq!(found.silences, [Silence { device: 0, channel: 0, from, until, rows: 100 }]);
    // No longer than the last value stands in for it.
    let mut short = super::plant("p1", 5, 900);
    short.columns[0][600..608].fill(f64::NAN);
    assert!(score(shared(), &short).silences.is_empty());
}

#[test]
fn a_silent_channel_raises_no_alarm_and_does_not_mislead_about_its_neighbours() {
    // `pressure` follows `heat`, which goes silent far from its centre.
    let high = |mut plant: Plant| {
        for row in 400..900 {
            plant.columns[0][row] += 6.0;
            plant.columns[1][row] += 0.3 * 0.9 * 1.5;
        }
        plant
    };
    let model = train(&[high(plant("p1", 1, 1_500)), high(plant("p2", 2, 1_500))]);
    let alarms = |plant: &Plant, rows: std::ops::Range<usize>| {
        score(&model, plant).rows[rows].iter().filter(|row| row.alarm).count()
    };
    let mut silent = high(plant("p1", 5, 1_000));
    assert_eq!(alarms(&silent, 500..800), 0);
    silent.columns[0][500..800].fill(f64::NAN);
    assert_eq!(alarms(&silent, 500..800), 0);
    let faulty = silent.shifted(1, 600..640, 3.0);
    assert!(alarms(&faulty, 600..660) > 30, "a neighbour's fault is seen all the same");
}

#[test]
fn as_long_as_in_training_is_no_silence() {
    let sparse = |seed: u64, rows: usize, most: usize| {
        let mut plant = plant("p1", seed, rows);
        for row in (100..rows - most).step_by(100) {
            plant.columns[0][row..row + most].fill(f64::NAN);
        }
        plant
    };
    let model = train(&[sparse(1, 1_500, 40)]);
    assert_eq!(model.classes[0].silent_rows, [40, 0, 0, 0, 0]);
    assert!(score(&model, &sparse(2, 900, 40)).silences.is_empty());
    let longer = score(&model, &sparse(2, 900, 41));
    assert_eq!(longer.silences.len(), 8);
    assert_eq!(score(shared(), &sparse(2, 900, 40)).silences.len(), 8);
}

#[test]
fn rows_without_a_value_are_not_judged_and_change_nothing() {
    let whole = plant("p1", 5, 900).shifted(1, 600..660, 3.0);
    let at = [30, 200, 201, 620, 621, 640];
    let mut holes = whole.clone();
    for &row in &at {
        [0, 1, 2, 4].into_iter().for_each(|at| holes.columns[at][row] = f64::NAN);
    }
    let mut absent = whole;
    for &row in at.iter().rev() {
        absent.time.remove(row);
        for column in &mut absent.columns {
            column.remove(row);
        }
    }
    let (found, expected) = (score(shared(), &holes), score(shared(), &absent));
    let of = |row: &ScoredRow| (row.time, row.score, row.threshold, row.alarm, row.judged);
    let there = |row: &&ScoredRow| !at.contains(&((row.time / SECOND) as usize));
    let rest: Vec<_> = found.rows.iter().filter(there).map(of).collect();
    assert_eq!(rest, expected.rows.iter().map(of).collect::<Vec<_>>());
    assert_eq!(found.rows.len(), 900);
    for &row in &at {
        let (now, before) = (found.rows[row], found.rows[row - 1]);
        assert!(!now.judged && now.score == 0.0 && now.alarm == before.alarm, "{row}");
    }
    assert!(found.rows[620].alarm, "an alarm goes on over a hole");
    let warm_up = found.rows.iter().take_while(|row| !row.judged).count();
    assert!(warm_up > 0 && warm_up <= shared().warm_up_rows());
    assert!(found.rows[warm_up..].iter().filter(|row| !row.judged).count() < 7);
}

#[test]
fn some_channel_has_a_share_in_every_finding() {
    // Kicks so long that the rows before are as loud as those that are explained.
    let mut settings = settings();
    settings.budget.threshold = Some(0.5);
    (settings.shift.rows, settings.drift.rows, settings.alarm.apart_rows) = (0, 0, 0);
    let (model, _) = train_with(&[plant("p1", 1, 1_500)], &settings);
    let found = score(&model, &plant("p1", 5, 20_000));
    assert!(found.events.len() > 100);
    for event in &found.events {
        let all: f32 = event.channels.iter().map(|part| part.share).sum();
        assert!((all - 1.0).abs() < 1e-5, "{event:?}");
    }
}

#[test]
fn fresh_clean_rows_raise_about_as_many_alarms_as_allowed() {
    let mut settings = settings();
    let (_, report) = train_with(&[plant("p1", 1, 6_000)], &settings);
    let found = report.classes[0].calibration;
    assert!((found.device_days - 6_000.0 / 86_400.0).abs() < 1e-9);
    let events = |budget: f64, settings: &mut Settings| {
        settings.budget.per_device_day = Some(budget);
        let (model, _) = train_with(&[plant("p1", 1, 6_000)], settings);
        score(&model, &plant("p1", 77, 20_000)).events.len() as f64 / (20_000.0 / 86_400.0)
    };
    let many = events(100.0, &mut settings);
    assert!((50.0..=200.0).contains(&many), "{many} a day of 100 asked for");
    let few = events(2.0, &mut settings);
    assert!(few <= 10.0, "{few} a day of 2 asked for");
}

#[test]
fn an_alarm_that_is_soon_back_is_the_same_event_and_calibration_counts_alike() {
    // Kicks of two rows, some closer to each other than others.
    let kicks = [200, 230, 262, 400, 470, 640, 700, 712, 895];
    let mut settings = settings();
    (settings.shift.rows, settings.drift.rows) = (0, 0);
    let mut counts = Vec::new();
    for apart_rows in [0, 5, 40, 80, 1_000] {
        settings.alarm.apart_rows = apart_rows;
        let (model, _) = train_with(&[plant("p1", 1, 1_500)], &settings);
        let kicked = kicks
            .iter()
            .fold(plant("p1", 5, 900), |plant, &row| plant.shifted(0, row..row + 2, 40.0));
        let found = score(&model, &kicked);
        let scores: Vec<f32> = found.rows.iter().map(|row| row.score).collect();
        let high = model.classes[0].calibration.threshold;
        let expected = super::super::alarm::episodes(&scores, high, &settings.alarm);
        let told = |e: &Event| (e.raised / SECOND, e.score, e.rows);
        let counted = expected.iter().map(|e| (e.from as i64, e.peak, e.rows as u64));
        assert!(found.events.iter().map(told).eq(counted), "apart {apart_rows}");
        let alarmed = found.rows.iter().filter(|row| row.alarm).count() as u64;
        assert_eq!(found.events.iter().map(|event| event.rows).sum::<u64>(), alarmed);
        let begins = found.rows.windows(2).filter(|two| !two[0].alarm && two[1].alarm).count();
        assert_eq!(found.events.iter().map(|event| event.alarms).sum::<u64>(), begins as u64);
        assert!(found.events.iter().all(|event| event.channels[0].channel == 0));
        counts.push(found.events.len());
    }
    assert!(counts.is_sorted_by(|a, b| a >= b) && counts[0] > counts[2], "{counts:?}");
    assert_eq!(counts[4], 1);
}

#[test]
fn a_level_that_stays_is_adopted_once_confirmed() {
    let plant = plant("p1", 5, 2_000).shifted(0, 500..2_000, 40.0);
    let found = score(shared(), &plant);
    let event = found.events.iter().find(|event| event.adopted).unwrap();
    assert_eq!(event.rows, 400);
    let later = &found.rows[950..];
    let alarms = later.iter().filter(|row| row.alarm).count();
    assert!(alarms < later.len() / 10, "{alarms} rows after the new centre");
    let mut off = settings();
    off.shift.rows = 0;
    off.drift.rows = 0;
    let (model, _) = train_with(&[super::plant("p1", 1, 1_500)], &off);
    let found = score(&model, &plant);
    assert!(found.rows[600..].iter().all(|row| row.alarm));
    assert!(found.events.last().unwrap().open);
}

#[test]
fn the_drift_monitor_raises_the_threshold_slowly_and_not_during_alarms() {
    // A little more noise in everything, too little for an alarm of a patient threshold.
    let noisy = |by: f64| {
        let (mut noisy, other) = (plant("p1", 5, 1_500), plant("p1", 6, 1_500));
        for (column, other) in noisy.columns.iter_mut().zip(&other.columns).take(2) {
            let mean = other.iter().sum::<f64>() / other.len() as f64;
            let values = column.iter_mut().zip(other).skip(400);
            values.for_each(|(value, other)| *value += by * (other - mean));
        }
        noisy
    };
    let mut settings = settings();
    settings.budget.threshold = Some(6.0);
    let (model, _) = train_with(&[plant("p1", 1, 1_500)], &settings);
    let found = score(&model, &noisy(1.0));
    assert!(found.rows[..400].iter().all(|row| row.threshold == 6.0));
    let last = found.rows.last().unwrap().threshold;
    assert!(last > 6.0 && last <= 8.0, "{last}");
    let alarm = score(&model, &plant("p1", 5, 1_500).shifted(0, 400..1_400, 400.0));
    let open = |row: &&ScoredRow| row.alarm;
    let mut thresholds: Vec<f32> =
        alarm.rows.iter().filter(open).map(|row| row.threshold).collect();
    thresholds.dedup();
    assert_eq!(thresholds.len(), 1, "frozen");
    settings.drift.rows = 0;
    let (model, _) = train_with(&[plant("p1", 1, 1_500)], &settings);
    assert!(score(&model, &noisy(1.0)).rows.iter().all(|row| row.threshold == 6.0));
}

#[test]
fn a_new_device_is_scored_from_its_first_row_and_gets_a_centre_of_its_own() {
    let apart = |p: Plant, by: f64| {
        let rows = p.rows();
        p.shifted(0, 0..rows, by)
    };
    let training = [
        plant("p1", 1, 1_200),
        apart(plant("p2", 2, 1_200), 50.0),
        apart(plant("p3", 3, 1_200), 90.0),
    ];
    let model = train(&training);
    let found = score(&model, &apart(plant("p9", 9, 1_200), 70.0));
    assert!(found.rows.iter().all(|row| row.score.is_finite()));
    let alarms = |rows: &[ScoredRow]| rows.iter().filter(|row| row.alarm).count();
    assert!(alarms(&found.rows) < 120, "{} rows", alarms(&found.rows));
    let faulty = score(&model, &apart(plant("p9", 9, 1_200), 70.0).shifted(0, 800..850, 25.0));
    assert!(alarms(&faulty.rows[800..850]) > 25);
    // A known device is judged by its own centre: what is normal to another is not to it.
    let moved = score(&model, &apart(plant("p1", 9, 300), 50.0));
    assert!(alarms(&moved.rows[50..]) > 200);
}

#[test]
fn an_event_goes_on_while_a_new_device_finds_its_centre() {
    let apart = |p: Plant, by: f64| {
        let rows = p.rows();
        p.shifted(0, 0..rows, by)
    };
    let training = [plant("p1", 1, 1_200), plant("p2", 2, 1_200), plant("p3", 3, 1_200)];
    let mut settings = settings();
    settings.shift.rows = 0;
    let (model, _) = train_with(&training, &settings);
    // A fault over the rows after which the centre moves: 32, 64 and 100.
    let new = apart(plant("p9", 9, 400), 1.0).shifted(1, 24..110, 30.0);
    let found = score(&model, &new);
    let during = |event: &&Event| event.raised < 150 * SECOND;
    let events: Vec<&Event> = found.events.iter().filter(during).collect();
    assert_eq!(events.len(), 1, "{:?}", events.iter().map(|e| e.raised / SECOND));
    assert_eq!(events[0].channels[0].channel, 1);
    assert!(events[0].end >= 60 * SECOND, "{}", events[0].end / SECOND);
}

#[test]
fn detectors_count_by_evidence_and_the_report_says_so() {
    let (_, report) = train_with(&[plant("p1", 1, 3_000)], &settings());
    let class = &report.classes[0];
    let weights: f64 = class.detectors.iter().map(|one| one.weight).sum();
    assert!((weights - 1.0).abs() < 1e-9);
    for one in &class.detectors {
        let evidence = one.evidence.as_ref().unwrap();
        assert_eq!(evidence.block_medians.len(), 4);
        assert_eq!(evidence.faults.len(), 6);
        assert!(evidence.area() > 0.6, "{one:?}");
    }
    let text = report.to_string();
    for word in ["period      1 s (inferred)", "site, constant", "threshold", "sub_pca", "0.03 dev"]
    {
        assert!(text.contains(word), "{word} in\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["classes"][0]["detectors"][0]["kind"], "var");
}
