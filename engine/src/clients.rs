//! Who connects to the cloud, and what they listen to.

use crate::plans;
use crate::scenario::Scenario;
use crate::scenario::file::ConfounderText;
use fieldmirror_cloud::iot_core::{Input, IotCore};
use fieldmirror_cloud::outputs::Outputs;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Timestamp;

/// A client that keeps a connection open for the whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connected {
    /// Client id.
    pub(crate) client: String,
    /// Whether its session ends with its connection.
    pub(crate) clean: bool,
    /// What it subscribes to; quality 1.
    pub(crate) filter: Option<String>,
    /// The certificate that it shows.
    pub(crate) certificate: Option<String>,
}

/// Quality of service of every subscription in a run.
pub(crate) const SUBSCRIBED_QOS: u8 = 1;

/// The clients of a shard: pump controllers keep a persistent session and listen for commands; the
/// operator's plan connects as a client of its own. Other devices publish and hear nothing.
pub(crate) fn connected(register: &Register) -> Vec<Connected> {
    let mut clients = Vec::new();
    for (device, asset) in register.iter().take(register.reporting) {
        if register.class(device) == Some(DeviceClass::PumpController) {
            let site = &register.sites[asset.site.index()].name;
            clients.push(Connected {
                client: register.names.name(device).to_owned(),
                clean: false,
                filter: Some(format!("{site}/pump/{}/cmd", asset.number)),
                certificate: None,
            });
        }
    }
    clients.push(publisher(plans::CLIENT));
    clients
}

/// The connections of a shard. Where certificates are asked for, devices that only publish connect
/// too, each with its class's certificate if that has one; the operator's application connects if
/// there is a plan.
pub(crate) fn connections(scenario: &Scenario, register: &Register) -> Vec<Connected> {
    let mut clients = connected(register);
    let certificates = &scenario.text.certificates;
    if certificates.is_empty() {
        return clients;
    }
    if !has_plan(scenario) {
        clients.retain(|connected| connected.client != plans::CLIENT);
    }
    let has = |id: &str| certificates.iter().any(|certificate| certificate.id() == id);
    for connected in clients.iter_mut() {
        // Pump controllers and the plan's client.
        let class = DeviceClass::PumpController.name();
        let id = if connected.client == plans::CLIENT { plans::CLIENT } else { class };
        connected.certificate = has(id).then(|| id.to_owned());
    }
    for (device, _) in register.iter().take(register.reporting) {
        if let Some(class) = register.class(device)
            && class != DeviceClass::PumpController
        {
            let certificate = has(class.name()).then(|| class.name().to_owned());
            clients.push(Connected { certificate, ..publisher(register.names.name(device)) });
        }
    }
    clients
}

/// Whether an operator's application waters zones.
pub(crate) fn has_plan(scenario: &Scenario) -> bool {
    let is_plan = |c: &ConfounderText| matches!(c, ConfounderText::IrrigationPlan { .. });
    scenario.text.confounders.iter().any(is_plan)
}

fn publisher(client: &str) -> Connected {
    Connected { client: client.to_owned(), clean: true, filter: None, certificate: None }
}

/// Opens a connection and subscribes.
pub(crate) fn open(connected: &Connected, cloud: &mut IotCore, now: Timestamp, out: &mut Outputs) {
    let Connected { client, clean, filter, certificate } = connected;
    let (client, certificate) = (client.as_str(), certificate.as_deref());
    cloud.handle(now, Input::Connect { client, certificate, clean: *clean }, out);
    // Who was refused has no connection to subscribe over.
    if let Some(filter) = filter.as_deref().filter(|_| cloud.is_connected(client)) {
        cloud.handle(now, Input::Subscribe { client, filter, qos: SUBSCRIBED_QOS }, out);
    }
}
