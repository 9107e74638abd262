//! Reading a scenario from TOML or from its compiled form, and compiling it.

use super::file::{ConfounderText, FaultText, FunctionText, RuleText, ScenarioText};
use super::{Scenario, access};
use crate::error::EngineError;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_tables::scenario_file::{
    ConfounderRow, FaultRow, ForcingRow, FunctionRow, RosterRow, RuleRow, ScenarioFile,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the command line changes in a scenario.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--until`: a shorter span.
    pub until: Option<Span>,
    /// `--set key=value`, in order; keys are dotted paths, with numbers for list positions.
    pub set: Vec<(String, String)>,
}

impl Scenario {
    /// Reads a scenario from TOML or from its compiled Arrow form, by what the file holds.
    ///
    /// # Errors
    /// [`EngineError::Scenario`] with every problem found, [`EngineError::Read`] if the file or one
    /// that it names cannot be read, [`EngineError::Tables`] for a damaged compiled form.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Self, EngineError> {
        let bytes = std::fs::read(path).map_err(|source| EngineError::Read {
            path: path.to_owned(),
            source,
            hint: "give the path of a scenario, such as scenarios/first-farm.toml".to_owned(),
        })?;
        let is_arrow =
            bytes.starts_with(b"ARROW1") || path.extension().is_some_and(|e| e == "arrow");
        let compiled = if is_arrow {
            change(path, ScenarioFile::read(path)?, overrides)?
        } else {
            compile(path, apply(path, parse(path, &bytes)?, overrides)?)?
        };
        Self::check(path, compiled)
    }
}

/// One problem of the scenario at `path`.
pub(super) fn problem(path: &Path, what: String) -> EngineError {
    EngineError::Scenario { path: path.to_owned(), problems: vec![what] }
}

/// Reads TOML.
fn parse(path: &Path, bytes: &[u8]) -> Result<ScenarioText, EngineError> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        problem(path, format!("byte {}: not UTF-8; a scenario is TOML text", e.valid_up_to()))
    })?;
    toml::from_str(text).map_err(|e| problem(path, e.to_string().trim_end().to_owned()))
}

/// Compiles a text: reads the forcing, the rules and the policies that it names.
fn compile(path: &Path, text: ScenarioText) -> Result<ScenarioFile, EngineError> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let forcing = read_forcing(&folder.join(&text.weather.file), path)?;
    let mut rules = Vec::new();
    for rule in &text.rules {
        let rule_path = folder.join(&rule.file);
        let payload = read_beside(&rule_path, path)?;
        let stem = rule_path.file_stem().map(|s| s.to_string_lossy().into_owned());
        rules.push(RuleRow { name: stem.unwrap_or_default(), payload });
    }
    let policies = access::read_policies(path, &folder, &text)?;
    let mut compiled = split(text)?;
    compiled.forcing = forcing;
    compiled.rules = rules;
    compiled.policies = policies;
    Ok(compiled)
}

pub(super) fn read_beside(file: &Path, scenario: &Path) -> Result<String, EngineError> {
    std::fs::read_to_string(file).map_err(|source| EngineError::Read {
        path: file.to_owned(),
        source,
        hint: format!("{} names it, relative to itself", scenario.display()),
    })
}

/// Reads the forcing CSV.
fn read_forcing(file: &Path, scenario: &Path) -> Result<Vec<ForcingRow>, EngineError> {
    const HEADER: &str = "date,tmin_c,tmax_c,rain_mm,et0_mm";
    let text = read_beside(file, scenario)?;
    let mut lines = text.lines().enumerate();
    if lines.next().map(|(_, header)| header.trim()) != Some(HEADER) {
        return Err(problem(file, format!("line 1: expected the header `{HEADER}`")));
    }
    let mut rows: Vec<ForcingRow> = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: &str| problem(file, format!("line {}: {what}", number + 1));
        let mut cells = line.split(',').map(str::trim);
        let date = cells
            .next()
            .and_then(|cell| Timestamp::parse(cell).ok())
            .ok_or_else(|| wrong("expected a date such as 2017-06-05 in the first column"))?;
        let mut number_of = |name: &str| {
            cells
                .next()
                .and_then(|cell| cell.parse::<f64>().ok())
                .filter(|value| value.is_finite())
                .ok_or_else(|| wrong(&format!("expected a number in column {name}")))
        };
        let row = ForcingRow {
            date,
            tmin_c: number_of("tmin_c")?,
            tmax_c: number_of("tmax_c")?,
            rain_mm: number_of("rain_mm")?,
            et0_mm: number_of("et0_mm")?,
            wind_ms: 0.0,
        };
        if row.tmin_c > row.tmax_c || row.rain_mm < 0.0 {
            return Err(wrong("expected tmin_c <= tmax_c and rain_mm >= 0"));
        }
        if rows.last().is_some_and(|last| last.date + Span::from_days(1) != row.date) {
            return Err(wrong("the days must follow one another without a gap"));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Moves what has a column of its own out of the text.
fn split(mut text: ScenarioText) -> Result<ScenarioFile, EngineError> {
    let faults = std::mem::take(&mut text.faults);
    let confounders = std::mem::take(&mut text.confounders);
    let functions = std::mem::take(&mut text.functions);
    text.rules.clear();
    Ok(ScenarioFile {
        format: text.format,
        name: text.name.clone(),
        spec: to_toml(&text)?,
        forcing: Vec::new(),
        roster: Vec::new(),
        faults: faults.into_iter().map(fault_row).collect(),
        confounders: confounders.iter().map(confounder_row).collect(),
        rules: Vec::new(),
        policies: Vec::new(),
        functions: functions.into_iter().map(function_row).collect(),
    })
}

fn to_toml(text: &ScenarioText) -> Result<String, EngineError> {
    toml::to_string(text).map_err(|e| problem(Path::new(&text.name), e.to_string()))
}

/// The text with faults, confounders and functions back in place.
pub(super) fn join(path: &Path, compiled: &ScenarioFile) -> Result<ScenarioText, EngineError> {
    let mut text: ScenarioText = toml::from_str(&compiled.spec)
        .map_err(|e| problem(path, format!("in its spec: {}", e.to_string().trim_end())))?;
    text.faults = compiled.faults.iter().map(fault_text).collect();
    text.confounders = compiled
        .confounders
        .iter()
        .map(|row| confounder_text(path, row))
        .collect::<Result<_, _>>()?;
    text.functions = compiled
        .functions
        .iter()
        .map(|row| Ok((row.name.clone(), function_text(path, row)?)))
        .collect::<Result<BTreeMap<_, _>, EngineError>>()?;
    Ok(text)
}

/// Changes a compiled scenario: forcing, rules and policies stay those that it holds.
fn change(
    path: &Path,
    compiled: ScenarioFile,
    overrides: &Overrides,
) -> Result<ScenarioFile, EngineError> {
    let mut before = join(path, &compiled)?;
    // Rules go by their names here: the files are inside.
    before.rules = compiled.rules.iter().map(|rule| RuleText { file: rule.name.clone() }).collect();
    let after = apply(path, before.clone(), overrides)?;
    if after.weather.file != before.weather.file {
        let why = "--set weather.file: the compiled form holds its forcing; change it in the TOML";
        return Err(problem(path, why.to_owned()));
    }
    let mut rules = Vec::new();
    for wanted in &after.rules {
        let held = compiled.rules.iter().find(|rule| rule.name == wanted.file);
        let held = held.ok_or_else(|| {
            let names: Vec<&str> = compiled.rules.iter().map(|rule| rule.name.as_str()).collect();
            let (file, names) = (&wanted.file, names.join(", "));
            problem(path, format!("--set rules: the compiled form has no `{file}`, only {names}"))
        })?;
        rules.push(held.clone());
    }
    let policies = access::held_policies(path, &compiled.policies, &after)?;
    let ScenarioFile { forcing, .. } = compiled;
    Ok(ScenarioFile { forcing, rules, policies, ..split(after)? })
}

/// Applies the command line's overrides.
fn apply(
    path: &Path,
    mut text: ScenarioText,
    over: &Overrides,
) -> Result<ScenarioText, EngineError> {
    if !over.set.is_empty() {
        let mut value = toml::Value::try_from(&text).map_err(|e| problem(path, e.to_string()))?;
        for (key, new) in &over.set {
            set(&mut value, key, new)
                .map_err(|why| problem(path, format!("--set {key}: {why}")))?;
        }
        text = serde_path_to_error::deserialize(value).map_err(|e| {
            let place = e.path().to_string();
            problem(path, format!("--set: at {place}: {}", e.into_inner().message()))
        })?;
    }
    if let Some(seed) = over.seed {
        text.seed = seed;
    }
    if let Some(until) = over.until {
        if until > text.span.0 {
            let span = text.span.0;
            return Err(problem(path, format!("--until {until} is beyond the span of {span}")));
        }
        // The run ends with a step: the first that reaches the asked time.
        let step = text.step.0.nanos().max(1);
        let steps = until.nanos().div_euclid(step) + i64::from(until.nanos() % step != 0);
        text.span.0 = Span::from_nanos(steps * step).min(text.span.0);
    }
    Ok(text)
}

/// Sets the value at a dotted path. The new value is read as TOML, or taken as text.
fn set(root: &mut toml::Value, key: &str, new: &str) -> Result<(), String> {
    let parsed = format!("v = {new}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
    let new = parsed.unwrap_or_else(|| toml::Value::String(new.to_owned()));
    let mut at = root;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        at = match at {
            toml::Value::Table(table) if is_last => {
                table.insert(part.to_owned(), new);
                return Ok(());
            }
            toml::Value::Table(table) => {
                let known = table.keys().cloned().collect::<Vec<_>>().join(", ");
                table
                    .get_mut(part)
                    .ok_or(format!("there is no `{part}`; expected one of {known}"))?
            }
            toml::Value::Array(list) => {
                let len = list.len();
                let item = part.parse::<usize>().ok().and_then(|i| list.get_mut(i));
                let item = item
                    .ok_or(format!("`{part}` is no position; expected 0 to {}", len.max(1) - 1))?;
                if is_last {
                    *item = new;
                    return Ok(());
                }
                item
            }
            _ => return Err(format!("`{part}` lies inside a plain value")),
        };
    }
    Err("expected key=value with a dotted key, such as radio.interference=false".to_owned())
}

fn fault_row(fault: FaultText) -> FaultRow {
    FaultRow {
        id: fault.id,
        class: fault.class,
        device: fault.device,
        onset_s: fault.onset.0.seconds(),
        end_s: fault.lasts.map(|lasts| (fault.onset.0 + lasts.0).seconds()),
        severity: fault.severity,
        growth: fault.growth,
        growth_s: fault.grows_for.map_or(0.0, |span| span.0.seconds()),
    }
}

fn fault_text(row: &FaultRow) -> FaultText {
    let span = |seconds: f64| super::file::Duration(Span::from_seconds_f64(seconds));
    FaultText {
        id: row.id.clone(),
        class: row.class.clone(),
        device: row.device.clone(),
        onset: span(row.onset_s),
        lasts: row.end_s.map(|end| span(end - row.onset_s)),
        severity: row.severity,
        growth: row.growth.clone(),
        grows_for: (row.growth_s > 0.0).then(|| span(row.growth_s)),
    }
}

fn confounder_row(confounder: &ConfounderText) -> ConfounderRow {
    let (id, kind, onset, lasts, amount) = match confounder {
        ConfounderText::HeatWave { id, onset, lasts, warmer_k } => {
            (id, "heat_wave", onset, lasts, *warmer_k)
        }
        ConfounderText::IrrigationPlan { id, onset, lasts, duration, .. } => {
            (id, "irrigation_plan", onset, lasts, duration.0.seconds())
        }
    };
    ConfounderRow {
        id: id.clone(),
        kind: kind.to_owned(),
        onset_s: onset.0.seconds(),
        end_s: (onset.0 + lasts.0).seconds(),
        amount,
        // Infallible: the type has only string keys and plain values.
        parameters: serde_json::to_string(confounder).unwrap_or_default(),
    }
}

fn confounder_text(path: &Path, row: &ConfounderRow) -> Result<ConfounderText, EngineError> {
    serde_json::from_str(&row.parameters)
        .map_err(|e| problem(path, format!("confounder `{}`: {e}", row.id)))
}

fn function_row((name, function): (String, FunctionText)) -> FunctionRow {
    FunctionRow {
        name,
        builtin: function.builtin.clone(),
        // Infallible, as above.
        parameters: serde_json::to_string(&function).unwrap_or_default(),
    }
}

fn function_text(path: &Path, row: &FunctionRow) -> Result<FunctionText, EngineError> {
    serde_json::from_str(&row.parameters)
        .map_err(|e| problem(path, format!("function `{}`: {e}", row.name)))
}

/// The roster rows of a register, for readers of the compiled form.
pub(super) fn roster_rows(register: &fieldmirror_core::register::Register) -> Vec<RosterRow> {
    register
        .iter()
        .map(|(device, asset)| RosterRow {
            device: register.names.name(device).to_owned(),
            class: crate::names::asset_class(asset.kind).to_owned(),
            site: register.sites[asset.site.index()].name.clone(),
            zone: asset.zone.map(|zone| register.zones[zone.index()].name.clone()),
            x_m: asset.position_m[0],
            y_m: asset.position_m[1],
            interval_s: asset.interval.seconds(),
        })
        .collect()
}
