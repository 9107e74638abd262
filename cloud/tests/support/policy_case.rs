//! Cases of policies as the corpus writes them: files, documents and facts.

#![allow(dead_code, reason = "each test file uses some of it")]

use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::policy::{CertificateFacts, Facts, PolicyDocument, PolicySet, ThingFacts};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The corpus: each file's name and content.
pub(crate) fn corpus() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/policies");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the corpus folder")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus in {}", folder.display());
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("readable");
        let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, value)
    };
    files.iter().map(read).collect()
}

/// A case's documents.
pub(crate) fn policies(case: &Value) -> Result<PolicySet, CloudError> {
    let documents = case["policies"].as_object().expect("policies").iter();
    let read = |(name, value): (&String, &Value)| {
        PolicyDocument::from_value(value).map(|document| (name.clone(), document))
    };
    Ok(PolicySet::new(documents.map(read).collect::<Result<Vec<_>, _>>()?))
}

/// A file's facts with those of a case in their places.
pub(crate) fn facts(base: &Value, own: &Value) -> Facts {
    let key = |name: &str| own.get(name).unwrap_or(&base[name]);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let flag = |value: &Value| value.as_bool().unwrap_or(false);
    let thing = key("thing").as_object().map(|thing| {
        let thing = Value::Object(thing.clone());
        let attributes = thing["attributes"].as_object().into_iter().flatten();
        ThingFacts {
            name: text(&thing["name"]).expect("a thing has a name"),
            thing_type: text(&thing["type"]),
            attributes: attributes
                .map(|(name, value)| (name.clone(), text(value).expect("a text")))
                .collect(),
            attached: flag(&thing["attached"]),
        }
    });
    let certificate = key("certificate").as_object().map(|certificate| {
        let values: BTreeMap<String, Vec<String>> =
            serde_json::from_value(certificate["values"].clone()).expect("lists of texts");
        CertificateFacts { id: text(&certificate["id"]).expect("a certificate has an id"), values }
    });
    Facts {
        client_id: text(key("clientId")),
        thing,
        certificate,
        source_ip: key("sourceIp").as_str().map(|ip| ip.parse().expect("an address")),
        domain_name: text(key("domainName")),
        persistent: flag(key("persistent")),
        last_will: flag(key("lastWill")),
        ..Facts::new("eu-west-1", "123456789012")
    }
}
