//! Times one detector on rows from a file, for `tests/bench/side_by_side.py`, which times others on
//! the same rows. Prints one line of JSON.
//!
//! `side_by_side ROWS.f32 WHAT COUNT THREADS`: rows of 8 values; COUNT is training steps or rows.

use fieldmirror_analytics::detector::dense::{self, Dense};
use fieldmirror_analytics::detector::{Detector, Role, Rows, Training};
use fieldmirror_analytics::detector::{isolation_forest, mahalanobis, var};
use fieldmirror_core::seed::Seed;
use std::error::Error;
use std::time::Instant;

type Failure = Box<dyn Error + Send + Sync>;

const CHANNELS: usize = 8;

/// Rows that detectors other than the trained one learn from.
const LEARNED: usize = 20_000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, what, count, threads] = arguments.as_slice() else {
        println!("measures nothing by itself: run tests/bench/side_by_side.py");
        return Ok(());
    };
    let values = rows(path)?;
    let count: usize = count.parse()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse()?).build()?;
    let per_second = pool.install(|| measure(what, &values, count))?;
    println!("{}", serde_json::json!({ "what": what, "per_second": per_second }));
    Ok(())
}

fn rows(path: &str) -> std::io::Result<Vec<f32>> {
    let bytes = std::fs::read(path)?;
    let word = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    Ok(bytes.chunks_exact(4).map(word).collect())
}

/// Training steps make windows, scoring makes rows.
fn measure(what: &str, values: &[f32], count: usize) -> Result<f64, Failure> {
    let roles = [Role::Measured; CHANNELS];
    let all = [Rows::new(values, CHANNELS)];
    let few = [Rows::new(&values[..values.len().min(LEARNED * CHANNELS)], CHANNELS)];
    let training =
        |stretches| Training { noise: &[], stretches, roles: &roles, seed: Seed::new(1) };
    let settings = dense::Settings {
        window: 32,
        hidden: 64,
        middle: 16,
        steps: count as u32,
        batch: 256,
        rate: 1e-3,
        decay: 1e-4,
        patience: 0,
        ..dense::Settings::default()
    };
    let few = training(&few);
    let detector: Box<dyn Detector> = match what {
        "dense_training" => return dense_training(&training(&all), &settings),
        "dense_scoring" => Box::new(Dense::fit(&few, &dense::Settings { steps: 100, ..settings })?),
        "isolation_forest" => Box::new(isolation_forest::IsolationForest::fit(
            &few,
            &isolation_forest::Settings::default(),
        )?),
        "var" => Box::new(var::Var::fit(&few, &var::Settings::default())?),
        "mahalanobis" => {
            Box::new(mahalanobis::Mahalanobis::fit(&few, &mahalanobis::Settings::default())?)
        }
        other => return Err(format!("nothing is called `{other}`").into()),
    };
    let rows = Rows::new(&values[..values.len().min(count * CHANNELS)], CHANNELS);
    let mut scores = vec![0.0; rows.len() - detector.history()];
    detector.score(
        Rows::new(&values[..1_000 * CHANNELS], CHANNELS),
        &mut scores[..1_000 - detector.history()],
    )?;
    let start = Instant::now();
    detector.score(rows, &mut scores)?;
    let spent = start.elapsed().as_secs_f64();
    assert!(scores.iter().sum::<f32>().is_finite());
    Ok(scores.len() as f64 / spent)
}

/// Windows per second of a whole fit, after one to warm up. What is not training (the copy of the
/// rows, the usual errors) is in it: taking a second timing off would leave its noise in the figure.
fn dense_training(training: &Training<'_>, settings: &dense::Settings) -> Result<f64, Failure> {
    Dense::fit(training, &dense::Settings { steps: 50, ..settings.clone() })?;
    let start = Instant::now();
    Dense::fit(training, settings)?;
    let spent = start.elapsed().as_secs_f64();
    Ok(f64::from(settings.steps) * settings.batch as f64 / spent)
}
