//! `eval`: scores judged by labels, detectors by public benchmarks.

use super::{read_settings, told};
use crate::Verdict;
use crate::args::{Benchmark, EvalArgs, Format};
use crate::console::{Bar, print, say};
use anyhow::Result;
use fieldmirror_analytics::datasets::{
    self, Dataset, Folder, Method, Options, RandomScore, Table, published,
};
use fieldmirror_analytics::detector::Kind;
use fieldmirror_analytics::job::judge;
use fieldmirror_analytics::job::method::Detection;
use fieldmirror_analytics::telemetry::settings::Settings;
use fieldmirror_core::seed::Seed;
use std::path::Path;

pub(in super::super) fn execute_eval(args: &EvalArgs, format: Format) -> Result<Verdict> {
    if let (Some(scores), Some(labels)) = (&args.scores, &args.labels) {
        let judged =
            judge::judge(scores, labels, args.width, Seed::new(args.seed)).map_err(told)?;
        match format {
            Format::Json => {
                let mut object = serde_json::to_value(&judged)?;
                object["schema_version"] = 1.into();
                say!("{object}");
            }
            _ => print(&judged.to_string()),
        }
        return Ok(Verdict::Fine);
    }
    let (Some(benchmark), Some(path)) = (args.dataset, &args.path) else {
        crate::console::usage("eval needs --scores and --labels, or --dataset and --path");
    };
    let table = run_benchmark(dataset(benchmark), path, args)?;
    match format {
        Format::Json => say!("{}", table.json()?),
        _ => print(&table.text()),
    }
    Ok(Verdict::Fine)
}

const fn dataset(benchmark: Benchmark) -> Dataset {
    match benchmark {
        Benchmark::Skab => Dataset::Skab,
        Benchmark::Nab => Dataset::Nab,
        Benchmark::Batadal => Dataset::Batadal,
        Benchmark::Msl => Dataset::Msl,
        Benchmark::Tsb => Dataset::Tsb,
    }
}

fn run_benchmark(dataset: Dataset, path: &Path, args: &EvalArgs) -> Result<Table> {
    let mut settings = read_settings(args.config.as_deref())?;
    if let Some(period) = args.period {
        settings.time.period_seconds = Some(period.seconds());
    }
    if let Some(rows) = args.smooth {
        settings.fusion.smooth_rows = Some(rows);
    }
    let seed = Seed::new(args.seed);
    let folder = Folder::open(dataset, path).map_err(told)?;
    let options = Options { position_blind: args.position_blind, seed };
    let mut table = Table { rows: Vec::new() };
    let bar = Bar::new(args.quiet);
    for mut method in methods(args.detector.as_deref(), &settings, seed)? {
        let name = method.name().to_owned();
        let row = datasets::evaluate_with(&folder, method.as_mut(), &options, &mut |done, file| {
            bar.files(done, folder.len(), &format!("{name} {file}"));
        });
        table.rows.push(row.map_err(told)?);
    }
    bar.finish();
    table.rows.extend(published(dataset));
    Ok(table)
}

/// The methods that `--detector` asks for.
fn methods(name: Option<&str>, settings: &Settings, seed: Seed) -> Result<Vec<Box<dyn Method>>> {
    let whole = || Box::new(Detection::new(settings.clone(), seed)) as Box<dyn Method>;
    let only = |kind| Box::new(Detection::only(kind, settings.clone(), seed)) as Box<dyn Method>;
    let random = || Box::new(RandomScore { seed }) as Box<dyn Method>;
    Ok(match name {
        None => {
            vec![whole(), only(Kind::IsolationForest), only(Kind::SubPca), random()]
        }
        Some("default" | "fieldmirror") => vec![whole()],
        Some("random") => vec![random()],
        Some("all") => {
            let mut all = vec![whole()];
            all.extend(Kind::ALL.into_iter().map(only));
            all.push(random());
            all
        }
        Some(name) => match Kind::ALL.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => vec![only(kind)],
            None => {
                let names = Kind::ALL.map(Kind::name).join(", ");
                crate::console::usage(&format!(
                    "--detector {name}: there is no such detector; expected default, all, random, \
                     {names}"
                ))
            }
        },
    })
}
