//! Laws: chunks, restarts, prepended rows, units, constant channels, order of devices.

use super::*;

fn faulty(seed: u64) -> Plant {
    plant("p1", seed, 900).shifted(0, 300..420, 25.0).shifted(1, 700..701, 4.0)
}

#[test]
fn chunks_of_any_size_and_restarts_give_equal_rows_and_events() {
    for plant in [faulty(5), faulty(6).spoilt(), plant("new", 7, 400).shifted(2, 200..260, 3.0)] {
        let whole = score(shared(), &plant);
        assert_eq!(whole.rows.len(), plant.rows());
        for size in [1, 7, 64, 500] {
            let chunks = score_in(shared(), &plant, size, false);
            assert_eq!(exactly(&chunks), exactly(&whole), "in chunks of {size}");
            let resumed = score_in(shared(), &plant, size.max(5), true);
            assert_eq!(exactly(&resumed), exactly(&whole), "resumed after {size}");
        }
    }
}

#[test]
fn the_state_does_not_depend_on_chunks() {
    let plant = faulty(5).spoilt();
    let columns = plant.columns();
    let state = |size: usize| {
        let mut scorer = Scorer::new(shared());
        let device = Devices::One(scorer.device("p1", "").unwrap());
        for begin in (0..400).step_by(size) {
            let end = (begin + size).min(400);
            let columns: Vec<&[f64]> = columns.iter().map(|column| &column[begin..end]).collect();
            let time = &plant.time[begin..end];
            scorer.push(&Chunk { time, device, columns: &columns }).unwrap();
        }
        scorer.save_state()
    };
    assert_eq!(state(400), state(9));
}

#[test]
fn prepended_normal_rows_shift_later_alarms_by_as_many_rows() {
    let clean = plant("p1", 9, 1_400);
    let tail = |from: usize| Plant {
        name: clean.name.clone(),
        time: clean.time[from..].to_vec(),
        columns: clean.columns.iter().map(|column| column[from..].to_vec()).collect(),
    };
    // The drift monitor's window is the longest memory: it is full before the fault either way.
    let base = score(shared(), &tail(600).shifted(0, 500..560, 25.0));
    let warm = shared().warm_up_rows();
    assert!(base.rows.iter().any(|row| row.alarm));
    for more in [1, 17, 250, 600] {
        let longer = score(shared(), &tail(600 - more).shifted(0, 500 + more..560 + more, 25.0));
        for (a, b) in base.rows.iter().zip(&longer.rows[more..]).skip(warm) {
            assert_eq!((a.score, a.alarm, a.threshold), (b.score, b.alarm, b.threshold));
        }
        assert_eq!(base.events.len(), longer.events.len());
    }
}

#[test]
fn another_unit_of_any_channel_keeps_scores_and_alarms() {
    let base = score(shared(), &faulty(5));
    for units in
        [[1e-3, 60.0, 1.8, 1.0, 1e3], [1.0, 6.894_757_293_168, 1.0 / 3.785_411_784, 7.0, 0.1]]
    {
        let training = [plant("p1", 1, 1_500), plant("p2", 2, 1_500)].map(|p| p.scaled(&units));
        let other = score(&train(&training), &faulty(5).scaled(&units));
        assert_eq!(base.rows.len(), other.rows.len());
        for (a, b) in base.rows.iter().zip(&other.rows) {
            assert!((a.score - b.score).abs() <= 1e-4 * a.score.abs(), "{a:?} {b:?}");
            assert_eq!(a.alarm, b.alarm);
        }
        let top = |scored: &Scored| -> Vec<usize> {
            scored.events.iter().map(|event| event.channels[0].channel).collect()
        };
        assert_eq!(top(&base), top(&other));
    }
}

#[test]
fn a_constant_channel_changes_nothing_until_it_changes() {
    // `site` is constant; take it away, and all else is the same.
    let without = |mut plant: Plant| {
        plant.columns.pop();
        plant
    };
    let mut schema = schema();
    schema.channels.pop();
    let plants = [plant("p1", 1, 1_500), plant("p2", 2, 1_500)].map(without);
    let columns: Vec<Vec<&[f64]>> = plants.iter().map(Plant::columns).collect();
    let series: Vec<Series<'_>> = plants
        .iter()
        .zip(&columns)
        .map(|(p, columns)| Series { device: &p.name, class: "", time: &p.time, columns })
        .collect();
    let (model, _) = Model::train(schema, &series, &settings(), Seed::new(1)).unwrap();
    let (bare, full) = (score(&model, &without(faulty(5))), score(shared(), &faulty(5)));
    assert_eq!(bare.rows, full.rows);
    // A change of any size is an anomaly of one size.
    for by in [1e-4, -3.0, 1e9] {
        let plant = plant("p1", 5, 300).shifted(4, 200..205, by);
        let found = score(shared(), &plant);
        let most = shared().settings.fusion.clip_high;
        assert!(found.rows[200..205].iter().all(|row| row.score == most && row.alarm));
        let event = found.events.iter().find(|event| event.origin == Origin::ConstantChannel);
        let part = &event.unwrap().channels[0];
        assert_eq!((part.channel, part.expected, part.observed), (4, 17.0, 17.0 + by));
        assert_eq!(event.unwrap().severity, 1.0);
    }
}

#[test]
fn the_order_of_devices_and_the_size_of_chunks_change_neither_model_nor_scores() {
    let plants = [plant("p1", 1, 700), plant("p2", 2, 900), plant("p3", 3, 800)];
    let mut settings = settings();
    settings.training.block_rows = 64;
    settings.training.rows_max = 1_500;
    let of = |order: [usize; 3]| {
        let plants = order.map(|place| plants[place].clone());
        train_with(&plants, &settings).0
    };
    let model = of([0, 1, 2]);
    assert_eq!(model.to_bytes().unwrap(), of([2, 0, 1]).to_bytes().unwrap());
    // All devices in one chunk, row by row in turn, against one device after the other.
    let mut scorer = Scorer::new(&model);
    let numbers: Vec<u32> =
        ["p3", "p1", "p2"].iter().map(|name| scorer.device(name, "").unwrap()).collect();
    let mut mixed: Vec<(i64, u32, usize, usize)> = Vec::new();
    for (name, plant) in [(1, &plants[0]), (2, &plants[1]), (0, &plants[2])] {
        let place = plants.iter().position(|other| other.name == plant.name).unwrap();
        mixed.extend((0..plant.rows()).map(|row| (plant.time[row], numbers[name], place, row)));
    }
    mixed.sort_unstable();
    let time: Vec<i64> = mixed.iter().map(|row| row.0).collect();
    let device: Vec<u32> = mixed.iter().map(|row| row.1).collect();
    let columns: Vec<Vec<f64>> =
        (0..5).map(|c| mixed.iter().map(|row| plants[row.2].columns[c][row.3]).collect()).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let chunk = Chunk { time: &time, device: Devices::Each(&device), columns: &columns };
    let mut all = scorer.push(&chunk).unwrap().rows;
    all.extend(scorer.finish().unwrap().rows);
    for plant in &plants {
        let alone = score(&model, plant).rows;
        let among = all.iter().filter(|row| scorer.name(row.device) == plant.name);
        assert!(among.eq_by_score(&alone), "{}", plant.name);
    }
}

trait SameScores<'a> {
    fn eq_by_score(self, other: &[ScoredRow]) -> bool;
}

impl<'a, I: Iterator<Item = &'a ScoredRow>> SameScores<'a> for I {
    fn eq_by_score(self, other: &[ScoredRow]) -> bool {
        let key =
            |row: &ScoredRow| (row.time, row.score.to_bits(), row.threshold.to_bits(), row.alarm);
        self.map(key).eq(other.iter().map(key))
    }
}
