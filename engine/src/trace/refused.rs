//! What the cloud refused a device or another client, and which statements of its policies spoke.

use crate::clients;
use crate::error::EngineError;
use crate::plans;
use crate::recorded::Recorded;
use crate::worlds;
use fieldmirror_cloud::iot_core::IotCore;
use fieldmirror_cloud::outputs::RejectionCode;
use fieldmirror_cloud::policy::explain::Explanation;
use fieldmirror_cloud::policy::{Action, Request};
use fieldmirror_core::time::Timestamp;
use fieldmirror_tables::Table;
use fieldmirror_tables::read::{self, TableReader};
use std::path::Path;

/// Something that was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Row of the `rejections` table, from 0.
    pub row: u64,
    /// When.
    pub time: Timestamp,
    /// Why, such as `not_authorized`.
    pub code: String,
    /// What was asked, and the deciding statement.
    pub detail: String,
    /// The certificate that was shown; `None` if none was, or policies are not enforced.
    pub certificate: Option<String>,
    /// Each statement of its policies over the request, decided again; `None` if no policy decided.
    pub explanation: Option<Explanation>,
}

/// The last refusals of `device` up to `until`: more than one only if they share an instant.
pub(super) fn refused(
    run: &Path,
    recorded: &Recorded,
    device: &str,
    until: Option<Timestamp>,
) -> Result<Vec<Refused>, EngineError> {
    let until = until.map_or(i64::MAX, Timestamp::nanos);
    let reader = TableReader::open_table(run, Table::Rejections)?;
    let (mut found, mut best, mut row) = (Vec::new(), i64::MIN, 0);
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        let principals = read::texts(&batch, "principal")?;
        let (codes, details) = (read::texts(&batch, "code")?, read::texts(&batch, "detail")?);
        for i in 0..times.len() {
            if principals[i] != Some(device) || times[i] > until || times[i] < best {
                continue;
            }
            if times[i] > best {
                best = times[i];
                found.clear();
            }
            found.push(Refused {
                row: row + i as u64,
                time: Timestamp::from_nanos(times[i]),
                code: codes[i].unwrap_or_default().to_owned(),
                detail: details[i].unwrap_or_default().to_owned(),
                certificate: None,
                explanation: None,
            });
        }
        row += times.len() as u64;
    }
    for refused in &mut found {
        if refused.code == RejectionCode::NotAuthorized.name() {
            explain(recorded, device, refused)?;
        }
    }
    Ok(found)
}

/// Decides a denied request again.
fn explain(recorded: &Recorded, device: &str, refused: &mut Refused) -> Result<(), EngineError> {
    let scenario = &recorded.scenario;
    let is_this = |foreign: &&crate::scenario::file::ForeignText| {
        foreign.client == device && scenario.start() + foreign.at.0 == refused.time
    };
    let has = |register: &std::sync::Arc<fieldmirror_core::register::Register>| {
        register.names.iter().any(|name| name == device)
    };
    let (shard, certificate, clean) = match scenario.text.foreign.iter().find(is_this) {
        Some(foreign) => {
            (plans::shard_of(scenario, &foreign.topic), foreign.certificate.clone(), true)
        }
        None => {
            let shard = scenario.registers.iter().position(has).unwrap_or(0);
            let all = clients::connections(scenario, &scenario.registers[shard]);
            let own = all.into_iter().find(|connected| connected.client == device);
            let own = own.map(|connected| (connected.certificate, connected.clean));
            let (certificate, clean) = own.unwrap_or((None, true));
            (shard, certificate, clean)
        }
    };
    let core = IotCore::new(worlds::cloud_spec(scenario, &scenario.registers[shard])?)?;
    if let (Some(certificate), Some((action, name))) = (&certificate, request(&refused.detail)) {
        let request = Request::new(action, name);
        refused.explanation = core.explain_access(device, certificate, clean, request);
    }
    refused.certificate = certificate;
    Ok(())
}

/// The request of a denial `iot:Publish on topic/a/b: why`.
fn request(detail: &str) -> Option<(Action, &str)> {
    let (action, rest) = detail.split_once(" on ")?;
    // Neither names of policies nor those of statements have a colon.
    let (resource, _) = rest.rsplit_once(": ")?;
    let (_, name) = resource.split_once('/')?;
    Some((Action::parse(action)?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_its_request() {
        let detail = "iot:Publish on topic/a: b/c: denied by statement 0 (No) of policy p";
        assert_eq!(request(detail), Some((Action::Publish, "a: b/c")));
        let detail = "iot:Connect on client/x: no statement of 2 allows it";
        assert_eq!(request(detail), Some((Action::Connect, "x")));
        assert_eq!(request("intruder"), None);
    }
}
