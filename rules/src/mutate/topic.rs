//! Changes of FROM, each with a topic that tells it from the original.

use super::{Change, Contrast, MutantKind, Search};
use fieldmirror_core::topic::TopicFilter;
use std::ops::Range;

impl Search<'_> {
    /// Levels made narrower, wider and different, and the last one dropped.
    pub(super) fn topic(&mut self, from: &TopicFilter, span: &Range<usize>) {
        let levels: Vec<&str> = from.levels().collect();
        for position in 0..levels.len() {
            let changed: Vec<String> = match levels[position] {
                "+" => vec!["other".to_owned()],
                "#" => vec!["+".to_owned()],
                // A level that begins a reserved topic cannot be anything else.
                level if position == 0 && level.starts_with('$') => continue,
                level => vec![format!("{level}_x"), "+".to_owned()],
            };
            for level in changed {
                let mut other = levels.clone();
                other[position] = &level;
                self.other_filter(from, &other.join("/"), span);
            }
        }
        if levels.len() > 1 {
            self.other_filter(from, &levels[..levels.len() - 1].join("/"), span);
        }
    }

    fn other_filter(&mut self, from: &TopicFilter, other: &str, span: &Range<usize>) {
        let Ok(filter) = TopicFilter::parse(other) else { return };
        let by = format!("'{}'", other.replace('\'', "''"));
        let description = format!("FROM '{from}' becomes FROM '{other}'");
        let (span, shown) = (span.clone(), span.clone());
        let change = Change { kind: MutantKind::Topic, span, by: &by, shown };
        let known = self.mutants.len();
        self.add(description, &change, &Contrast::Nothing);
        if let Some(mutant) = self.mutants[known..].last_mut() {
            mutant.topic = [from, &filter]
                .into_iter()
                .flat_map(samples)
                .find(|topic| from.matches(topic) != filter.matches(topic));
        }
    }
}

/// Topics that `filter` hears: wildcards filled in, once shallow and once deep.
fn samples(filter: &TopicFilter) -> [String; 2] {
    ["1", "1/2"].map(|rest| {
        let levels = filter.levels().map(|level| match level {
            "+" => "1",
            "#" => rest,
            literal => literal,
        });
        levels.collect::<Vec<_>>().join("/")
    })
}
