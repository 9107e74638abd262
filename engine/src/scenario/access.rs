//! Certificates, policies and foreign publishes of a scenario: read, kept, checked.
//!
//! A policy goes by the stem of its file: that is its name in rejections, and how certificates of
//! the compiled form find its text.

use super::file::ScenarioText;
use super::read;
use crate::error::EngineError;
use crate::plans;
use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::policy::PolicyDocument;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_tables::scenario_file::PolicyRow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The name of the policy in `file`.
pub(crate) fn policy_name(file: &str) -> String {
    Path::new(file).file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The files that certificates name, each once, in order.
fn files(text: &ScenarioText) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let all = text.certificates.iter().flat_map(|certificate| certificate.files());
    all.filter(|file| seen.insert(*file)).collect()
}

/// Reads the policies that a TOML scenario names.
pub(super) fn read_policies(
    scenario: &Path,
    folder: &Path,
    text: &ScenarioText,
) -> Result<Vec<PolicyRow>, EngineError> {
    let mut rows: Vec<PolicyRow> = Vec::new();
    for file in files(text) {
        let name = policy_name(file);
        if rows.iter().any(|row| row.name == name) {
            let why = format!("certificates: two policy files are called `{name}`; rename one");
            return Err(read::problem(scenario, why));
        }
        let document = read::read_beside(&folder.join(file), scenario)?;
        rows.push(PolicyRow { name, document });
    }
    Ok(rows)
}

/// The policies among those that a compiled scenario holds that `text` names.
pub(super) fn held_policies(
    scenario: &Path,
    held: &[PolicyRow],
    text: &ScenarioText,
) -> Result<Vec<PolicyRow>, EngineError> {
    let mut rows: Vec<PolicyRow> = Vec::new();
    for file in files(text) {
        let name = policy_name(file);
        let row = held.iter().find(|row| row.name == name).ok_or_else(|| {
            let names: Vec<&str> = held.iter().map(|row| row.name.as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let why =
                format!("certificates: the compiled form has no policy `{name}`, but {names}");
            read::problem(scenario, why)
        })?;
        if rows.iter().all(|known| known.name != name) {
            rows.push(row.clone());
        }
    }
    Ok(rows)
}

/// Reads the documents; each problem with its file and its place in the JSON.
pub(super) fn documents(
    text: &ScenarioText,
    rows: &[PolicyRow],
    report: &mut impl FnMut(String),
) -> Vec<(String, PolicyDocument)> {
    let files: BTreeMap<String, &str> =
        files(text).into_iter().map(|file| (policy_name(file), file)).collect();
    let mut documents = Vec::new();
    for row in rows {
        let file = files.get(&row.name).copied().unwrap_or(&row.name);
        match PolicyDocument::parse(&row.document) {
            Ok(document) => documents.push((row.name.clone(), document)),
            Err(CloudError::Policy { problems }) => {
                problems.iter().for_each(|problem| report(format!("{file}: {problem}")));
            }
            Err(error) => report(format!("{file}: {error}")),
        }
    }
    documents
}

/// Checks certificates and foreign publishes; `devices` are the names of all assets.
pub(super) fn check(
    text: &ScenarioText,
    devices: &BTreeSet<&str>,
    report: &mut impl FnMut(String),
) {
    let mut ids = BTreeSet::new();
    for (c, certificate) in text.certificates.iter().enumerate() {
        let at = format!("certificates.{c}");
        match (&certificate.class, &certificate.client) {
            (Some(class), None) => {
                if !DeviceClass::ALL.iter().any(|known| known.name() == class) {
                    let known = DeviceClass::ALL.map(DeviceClass::name).join(", ");
                    report(format!("{at}.class: expected one of {known}, found `{class}`"));
                }
            }
            (None, Some(client)) if devices.contains(client.as_str()) => report(format!(
                "{at}.client: `{client}` is a device; give its class a certificate instead"
            )),
            (None, Some(_)) => {}
            _ => report(format!("{at}: expected either `class` or `client`")),
        }
        if certificate.files().next().is_none() {
            report(format!("{at}: expected `policy` or `policies`, a policy file each"));
        }
        if !ids.insert(certificate.id()) {
            report(format!("{at}: there are two certificates of `{}`", certificate.id()));
        }
    }
    for (f, foreign) in text.foreign.iter().enumerate() {
        let at = format!("foreign.{f}");
        // Without certificates nothing is enforced, so that none is asked for.
        if let Some(certificate) = &foreign.certificate
            && !ids.is_empty()
            && !ids.contains(certificate.as_str())
        {
            let known = ids.iter().copied().collect::<Vec<_>>().join(", ");
            report(format!("{at}.certificate: expected one of {known}, found `{certificate}`"));
        }
        if foreign.client == plans::CLIENT {
            report(format!("{at}.client: `{}` is the irrigation plan's own", plans::CLIENT));
        }
        if foreign.at.0 < fieldmirror_core::time::Span::ZERO {
            report(format!("{at}.at: expected 0 or more, found {}", foreign.at.0));
        }
    }
}
