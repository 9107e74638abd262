//! Model files, and what is said of bad input.

use super::*;
use crate::error::AnalyticsError;

#[test]
fn a_model_file_gives_the_same_model_and_the_same_bytes() {
    let bytes = shared().to_bytes().unwrap();
    let again = Model::from_bytes(&bytes).unwrap();
    assert_eq!(again.to_bytes().unwrap(), bytes);
    let trained = train(&[plant("p1", 1, 1_500), plant("p2", 2, 1_500)]);
    assert_eq!(trained.to_bytes().unwrap(), bytes, "the same data and seed");
    let plant = plant("p1", 5, 600).shifted(0, 300..400, 25.0);
    assert_eq!(exactly(&score(&again, &plant)), exactly(&score(shared(), &plant)));
}

#[test]
fn what_is_no_model_is_refused_with_the_reason() {
    let bytes = shared().to_bytes().unwrap();
    let error = |bytes: &[u8]| Model::from_bytes(bytes).unwrap_err();
    assert!(error(b"time,flow\n1,2\n").to_string().contains("no safetensors"));
    assert!(error(&[]).to_string().contains("no safetensors"));
    assert!(matches!(error(&bytes[..bytes.len() - 9]), AnalyticsError::ModelFile { .. }));
    let none: Vec<(&str, safetensors::tensor::TensorView<'_>)> = Vec::new();
    let other = safetensors::serialize(none, None).unwrap();
    assert!(error(&other).to_string().contains("not of a detection model"));
    let version = "\\\"format_version\\\":4";
    let mut places = bytes.windows(version.len());
    let at = places.position(|w| w == version.as_bytes()).unwrap() + version.len() - 1;
    let mut newer = bytes.clone();
    newer[at] = b'7';
    assert!(matches!(error(&newer), AnalyticsError::ModelVersion { found: 7, expected: 4 }));
}

#[test]
fn a_flipped_byte_anywhere_makes_no_other_model() {
    let bytes = shared().to_bytes().unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let places = (0..header).step_by(7).chain((header..bytes.len()).step_by(3));
    for at in places.chain([header - 1, header, bytes.len() - 1]) {
        for bit in [0, 5] {
            let mut other = bytes.clone();
            other[at] ^= 1 << bit;
            let refused = Model::from_bytes(&other).map(|_| at).unwrap_err();
            let of_file = matches!(
                refused,
                AnalyticsError::ModelFile { .. } | AnalyticsError::ModelVersion { .. }
            );
            assert!(of_file && refused.is_bad_input(), "byte {at}: {refused}");
        }
    }
    let mut other = bytes.clone();
    other[header + 3] ^= 1;
    let told = Model::from_bytes(&other).unwrap_err().to_string();
    assert!(told.contains("its checksum is not that of its bytes"), "{told}");
}

#[test]
fn what_has_no_class_is_told_without_one() {
    let mut constant = plant("p1", 1, 400);
    constant.columns[..3].iter_mut().for_each(|column| column.fill(1.0));
    let told = |class: &str, plant: &Plant| {
        let columns = plant.columns();
        let one = Series { device: "p1", class, time: &plant.time, columns: &columns };
        Model::train(schema(), &[one], &settings(), Seed::new(1)).unwrap_err().to_string()
    };
    assert!(told("", &constant).starts_with("no measured channel ever changes"));
    assert!(told("pumps", &constant).contains("channel of the class `pumps` ever"));
    assert!(told("", &plant("p1", 1, 5)).contains("too few to learn from"));
    let told = shared().class("boilers").unwrap_err().to_string();
    assert!(told.contains("the model learned without classes") && !told.contains("``"), "{told}");
}

#[test]
fn telemetry_of_another_schema_is_refused() {
    let found = [("heat", None), ("flow", Some("L/s"))];
    let found = found.map(|(name, unit)| (name.to_owned(), unit.map(str::to_owned)));
    let error = shared().check_schema(&found).unwrap_err().to_string();
    assert!(error.contains("missing: pressure, command, site"), "{error}");
}

#[test]
fn a_state_of_another_model_is_refused() {
    let mut scorer = Scorer::new(shared());
    scorer.device("p1", "").unwrap();
    let state = scorer.save_state();
    let other = train(&[plant("p1", 8, 500)]);
    for (model, bytes) in
        [(&other, state.clone()), (shared(), state[..state.len() - 1].to_vec()), (shared(), vec![])]
    {
        let refused = Scorer::restore_state(model, &bytes).unwrap_err();
        assert!(matches!(refused, AnalyticsError::State { .. }), "{refused}");
    }
    for cut in 0..state.len() {
        assert!(Scorer::restore_state(shared(), &state[..cut]).is_err());
    }
}

fn refused(plant: &Plant) -> AnalyticsError {
    let columns = plant.columns();
    let one = Series { device: "p1", class: "pumps", time: &plant.time, columns: &columns };
    Model::train(schema(), &[one], &settings(), Seed::new(1)).unwrap_err()
}

#[test]
fn bad_training_telemetry_is_told_in_one_sentence() {
    assert!(matches!(refused(&plant("p1", 1, 0)), AnalyticsError::NoRows));
    assert!(matches!(refused(&plant("p1", 1, 1)), AnalyticsError::NoPeriod));
    assert!(matches!(refused(&plant("p1", 1, 5)), AnalyticsError::FewRows { rows: 5, .. }));
    let mut empty = plant("p1", 1, 400);
    empty.columns[2].fill(f64::NAN);
    assert!(refused(&empty).to_string().contains("flow"));
    let mut constant = plant("p1", 1, 400);
    constant.columns[..3].iter_mut().for_each(|column| column.fill(1.0));
    assert!(matches!(refused(&constant), AnalyticsError::NothingVaries { .. }));
    let mut back = plant("p1", 1, 400);
    back.time[200..].iter_mut().for_each(|time| *time -= 100 * SECOND);
    let error = refused(&back).to_string();
    assert!(error.contains("row 200 is of 1") && error.contains("p1"), "{error}");
    let mut dated = plant("p1", 1, 400);
    dated.time.iter_mut().for_each(|time| *time += 1_700_000_000 * SECOND);
    dated.time[200..].iter_mut().for_each(|time| *time -= 100 * SECOND);
    let error = refused(&dated).to_string();
    assert!(error.contains("row 200 is of 2023-11-14T22:15:00"), "{error}");
}

#[test]
fn bad_rows_in_scoring_are_told_or_counted() {
    let mut back = plant("p1", 5, 400);
    back.time[200..].iter_mut().for_each(|time| *time -= 100 * SECOND);
    let mut scorer = Scorer::new(shared());
    let device = Devices::One(scorer.device("p1", "").unwrap());
    assert!(scorer.device("x", "boilers").unwrap_err().to_string().contains("boilers"));
    let columns = back.columns();
    let chunk = Chunk { time: &back.time, device, columns: &columns };
    assert!(matches!(scorer.push(&chunk).unwrap_err(), AnalyticsError::Late { row: 200, .. }));
    let narrow = Chunk { columns: &columns[..2], ..chunk };
    assert!(matches!(scorer.push(&narrow).unwrap_err(), AnalyticsError::Schema { .. }));
    let mut lenient = settings();
    lenient.time.late = super::super::settings::Late::Skip;
    let (model, _) = train_with(&[plant("p1", 1, 600)], &lenient);
    let found = score(&model, &back);
    assert_eq!(found.rows.len(), 400, "a row for each row");
    let mut numbers: Vec<u64> = found.rows.iter().map(|row| row.row).collect();
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(0..400));
}
