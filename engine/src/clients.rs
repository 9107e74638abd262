//! Who connects to the cloud, and what they listen to.

use crate::plans;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::Register;

/// A client that keeps a connection open for the whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connected {
    /// Client id.
    pub(crate) client: String,
    /// Whether its session ends with its connection.
    pub(crate) clean: bool,
    /// What it subscribes to; quality 1.
    pub(crate) filter: Option<String>,
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
            });
        }
    }
    clients.push(Connected { client: plans::CLIENT.to_owned(), clean: true, filter: None });
    clients
}
