//! Columns that look like labels and would be learned as channels.
//!
//! A label among the channels makes a model that looks good where labels are and is wrong where
//! they are not. It is not left out here: an attack flag of a controller may well be a channel.

use fieldmirror_tables::source::{Channel, Chunk};

/// Channels named like labels, with the values that they held so far.
#[derive(Debug)]
pub(super) struct Suspects {
    columns: Vec<(usize, Held)>,
}

/// Which of the values that labels have.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    unknown: bool,
    zero: bool,
    one: bool,
    others: bool,
}

/// How data sets call labels: lower case, letters and digits alone, without `is` before it.
const NAMES: [&str; 25] = [
    "label",
    "labels",
    "anomaly",
    "anomalies",
    "anomalous",
    "anomalylabel",
    "labelanomaly",
    "outlier",
    "changepoint",
    "attflag",
    "attack",
    "attackflag",
    "attacklabel",
    "normalattack",
    "fault",
    "faulty",
    "faultflag",
    "failure",
    "failed",
    "machinefailure",
    "machinestatus",
    "target",
    "class",
    "groundtruth",
    "abnormal",
];

fn is_named_like_a_label(name: &str) -> bool {
    // Nested JSON has dotted names.
    let last = name.rsplit('.').next().unwrap_or(name).to_lowercase();
    let plain: String = last.chars().filter(|c| c.is_alphanumeric()).collect();
    let short = plain.strip_prefix("is").unwrap_or(&plain);
    NAMES.contains(&plain.as_str()) || NAMES.contains(&short)
}

impl Suspects {
    /// Those of `channels` whose names are suspicious.
    pub(super) fn among(channels: &[Channel]) -> Self {
        let suspicious = |(_, channel): &(usize, &Channel)| {
            !channel.exogenous && is_named_like_a_label(&channel.name)
        };
        let columns = channels.iter().enumerate().filter(suspicious);
        Self { columns: columns.map(|(at, _)| (at, Held::default())).collect() }
    }

    /// Looks at the values of a chunk.
    pub(super) fn take(&mut self, chunk: &Chunk) {
        for (at, held) in &mut self.columns {
            for &value in chunk.values[*at].iter().filter(|value| !value.is_nan()) {
                match value {
                    0.0 => held.zero = true,
                    1.0 => held.one = true,
                    -999.0 => held.unknown = true,
                    _ => held.others = true,
                }
            }
        }
    }

    /// What there is to say of each that held nothing but labels.
    pub(super) fn notes(&self, channels: &[Channel]) -> Vec<String> {
        let note = |(at, held): &(usize, Held)| {
            let words = [(held.unknown, "-999"), (held.zero, "0"), (held.one, "1")];
            let words: Vec<&str> = words.iter().filter(|one| one.0).map(|one| one.1).collect();
            let (last, before) = words.split_last().filter(|_| !held.others)?;
            let holds = match before {
                [] => (*last).to_owned(),
                before => format!("{} and {last}", before.join(", ")),
            };
            let name = &channels[*at].name;
            let flag =
                if name.contains(char::is_whitespace) { format!("'{name}'") } else { name.clone() };
            Some(format!(
                "column `{name}` holds only {holds} and is named like a label; it is learned as a \
                 channel; --ignore {flag} leaves it out"
            ))
        };
        self.columns.iter().filter_map(note).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(columns: &[(&str, &[f64])]) -> Vec<String> {
        let channels = columns.iter().map(|(name, _)| Channel {
            name: (*name).to_owned(),
            unit: String::new(),
            exogenous: false,
        });
        let channels: Vec<Channel> = channels.collect();
        let values = columns.iter().map(|(_, values)| values.to_vec()).collect();
        let chunk = Chunk { values, ..Chunk::default() };
        let mut suspects = Suspects::among(&channels);
        suspects.take(&chunk);
        suspects.notes(&channels)
    }

    #[test]
    fn a_column_is_a_label_by_its_name_and_by_its_values() {
        let notes = told(&[
            ("Is_Anomaly", &[0.0, 1.0, f64::NAN]),
            ("ATT_FLAG", &[-999.0, 0.0, 1.0]),
            ("Machine failure", &[0.0, 0.0]),
            ("object.fault", &[1.0]),
            ("target", &[0.0, 1.0, 0.5]),
            ("class", &[f64::NAN]),
            ("valve", &[0.0, 1.0]),
            ("island", &[0.0, 1.0]),
        ]);
        let heads: Vec<&str> =
            notes.iter().map(|note| note.split(" and is named").next().unwrap()).collect();
        assert_eq!(
            heads,
            [
                "column `Is_Anomaly` holds only 0 and 1",
                "column `ATT_FLAG` holds only -999, 0 and 1",
                "column `Machine failure` holds only 0",
                "column `object.fault` holds only 1",
            ]
        );
        assert!(notes[2].ends_with("--ignore 'Machine failure' leaves it out"), "{}", notes[2]);
    }
}
