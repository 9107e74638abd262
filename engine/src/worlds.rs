//! From a scenario to what each part is made of.

use crate::error::EngineError;
use crate::scenario::Scenario;
use crate::scenario::access::policy_name;
use crate::scenario::file::{ConfounderText, FaultText};
use fieldmirror_cloud::functions::{Builtin, FunctionSpec, IrrigationParameters};
use fieldmirror_cloud::identity::{CertificateSpec, IdentitySpec};
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_core::ids::{DeviceIx, EntityKey};
use fieldmirror_core::register::Register;
use fieldmirror_sim::{Confounder, FaultClass, FaultSpec, Growth, Uncertainty};
use std::sync::Arc;

/// The world of one shard.
pub(crate) fn sim_spec(scenario: &Scenario, register: &Arc<Register>) -> fieldmirror_sim::Spec {
    let text = &scenario.text;
    fieldmirror_sim::Spec {
        seed: scenario.seed(),
        start: scenario.start(),
        step: scenario.step(),
        register: Arc::clone(register),
        forcing: Arc::clone(&scenario.forcing),
        faults: text.faults.iter().filter_map(|f| fault(scenario, register, f)).collect(),
        confounders: text.confounders.iter().filter_map(|c| confounder(scenario, c)).collect(),
        uncertainty: Uncertainty {
            soil: text.uncertainty.soil,
            pipe: text.uncertainty.pipe,
            probe_gain: text.uncertainty.probe_gain,
            probe_offset: text.uncertainty.probe_offset,
            ..Uncertainty::default()
        },
    }
}

/// The fault, if its device belongs to this shard.
fn fault(scenario: &Scenario, register: &Register, fault: &FaultText) -> Option<FaultSpec> {
    let position = register.names.iter().position(|name| name == fault.device)?;
    let onset = scenario.start() + fault.onset.0;
    Some(FaultSpec {
        id: fault.id.clone(),
        // The check of the scenario refused other classes.
        class: FaultClass::parse(&fault.class)?,
        device: DeviceIx::new(position as u32),
        onset,
        end: fault.lasts.map(|lasts| onset + lasts.0),
        severity: fault.severity,
        growth: growth_of(fault),
    })
}

fn growth_of(fault: &FaultText) -> Growth {
    let grows_for = fault.grows_for.map(|span| span.0).unwrap_or_default();
    match fault.growth.as_str() {
        "linear" => Growth::Linear(grows_for),
        "exponential" => Growth::Exponential(grows_for),
        _ => Growth::Step,
    }
}

/// How the fault called `id` grows.
pub(crate) fn growth(scenario: &Scenario, id: &str) -> Growth {
    let fault = scenario.text.faults.iter().find(|fault| fault.id == id);
    fault.map_or(Growth::Step, growth_of)
}

/// The confounder, if it acts on the world and not through commands.
fn confounder(scenario: &Scenario, confounder: &ConfounderText) -> Option<Confounder> {
    match confounder {
        ConfounderText::HeatWave { onset, lasts, warmer_k, .. } => {
            let from = scenario.start() + onset.0;
            Some(Confounder::HeatWave { from, to: from + lasts.0, warmer_k: *warmer_k })
        }
        ConfounderText::IrrigationPlan { .. } => None,
    }
}

/// The cloud of one shard.
pub(crate) fn cloud_spec(
    scenario: &Scenario,
    register: &Arc<Register>,
) -> Result<fieldmirror_cloud::spec::Spec, EngineError> {
    let mut spec = fieldmirror_cloud::spec::Spec::new(Arc::clone(register));
    // Shards share an account, but no draw: each has farms of its own.
    let farm = register.sites.first().map_or("", |site| &site.name);
    let seed = scenario.seed().bits();
    spec.seed = EntityKey::of(&format!("{seed} {farm}")).bits();
    for (name, payload) in &scenario.rules {
        let rule = RuleSpec::parse(payload).map_err(|error| EngineError::Scenario {
            path: scenario.origin.clone(),
            problems: vec![format!("rule `{name}`: {error}")],
        })?;
        spec.rules.push((name.clone(), rule));
    }
    for (name, function) in &scenario.text.functions {
        let duration = function.duration.0;
        let rest = function.rest.map_or(duration, |rest| rest.0);
        let parameters = IrrigationParameters {
            duration_s: duration.seconds() as u32,
            rest_s: Some(rest.seconds() as u32),
        };
        let builtin = Builtin::Irrigation(parameters);
        spec.functions.push(FunctionSpec { name: name.clone(), builtin });
    }
    spec.identity = identity_spec(scenario, register);
    Ok(spec)
}

/// Certificates, each attached to the shard's things of its class; none if the scenario has none.
fn identity_spec(scenario: &Scenario, register: &Register) -> Option<IdentitySpec> {
    let certificates = &scenario.text.certificates;
    if certificates.is_empty() {
        return None;
    }
    let things = |class: &str| {
        let of_class = |(device, _): &(DeviceIx, _)| {
            register.class(*device).is_some_and(|known| known.name() == class)
        };
        let things = register.iter().filter(of_class);
        things.map(|(device, _)| register.names.name(device).to_owned()).collect()
    };
    let certificates = certificates.iter().map(|certificate| CertificateSpec {
        id: certificate.id().to_owned(),
        subject: certificate.subject.clone(),
        policies: certificate.files().map(policy_name).collect(),
        things: certificate.class.as_deref().map(things).unwrap_or_default(),
        ..CertificateSpec::default()
    });
    Some(IdentitySpec {
        policies: scenario.policies.clone(),
        certificates: certificates.collect(),
        groups: Vec::new(),
    })
}
