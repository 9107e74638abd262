//! The trie answers for many filters what `TopicFilter::matches` answers for each.

use super::*;
use proptest::prelude::*;

fn filter(text: &str) -> TopicFilter {
    TopicFilter::parse(text).expect("a valid filter")
}

fn matching(trie: &TopicTrie<u32>, topic: &str) -> Vec<u32> {
    let mut ids = Vec::new();
    trie.matches(topic, &mut ids);
    ids
}

#[test]
fn an_id_with_overlapping_filters_is_found_once() {
    let mut trie = TopicTrie::default();
    for text in ["farmA/#", "farmA/+/101/data", "farmA/sensor/101/data", "#"] {
        assert!(trie.insert(&filter(text), 7));
    }
    trie.insert(&filter("farmA/sensor/+/data"), 3);
    assert!(!trie.insert(&filter("#"), 7));
    assert_eq!(matching(&trie, "farmA/sensor/101/data"), [3, 7]);
    assert_eq!(matching(&trie, "farmA"), [7]);
    assert_eq!(matching(&trie, "$aws/things/x/shadow/update"), [0; 0]);
}

#[test]
fn removed_filters_leave_nothing_behind() {
    let mut trie = TopicTrie::default();
    let filters = ["a/b/c", "a/+/c", "a/#", "#", "+", "$aws/x/#"];
    for (id, text) in filters.iter().enumerate() {
        trie.insert(&filter(text), id as u32);
    }
    let nodes = trie.nodes.len();
    for (id, text) in filters.iter().enumerate() {
        assert!(!trie.remove(&filter(text), 99));
        assert!(trie.remove(&filter(text), id as u32), "{text}");
        assert!(!trie.remove(&filter(text), id as u32), "{text}");
    }
    assert!(trie.is_empty());
    for (id, text) in filters.iter().enumerate() {
        trie.insert(&filter(text), id as u32);
    }
    assert_eq!(trie.nodes.len(), nodes, "nodes are used again");
}

/// Levels from a small alphabet, so that filters and topics meet.
fn topic() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["a", "b", "", "é", "e\u{301}", "日本", "$aws", "$"]);
    prop::collection::vec(level, 1..6)
        .prop_map(|levels| levels.join("/"))
        .prop_filter("not empty", |topic| !topic.is_empty())
}

fn any_filter() -> impl Strategy<Value = String> {
    let level = prop::sample::select(vec!["a", "b", "", "é", "日本", "$aws", "$", "+", "+", "+"]);
    (prop::collection::vec(level, 0..5), any::<bool>())
        .prop_map(|(mut levels, hash)| {
            if hash {
                levels.push("#");
            }
            levels.join("/")
        })
        .prop_filter("not empty", |filter| !filter.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    #[test]
    fn it_finds_exactly_the_filters_that_match(
        // Many from few levels: filters overlap, and some come twice.
        filters in prop::collection::vec(any_filter(), 1..40),
        removed in prop::collection::vec(any::<bool>(), 40),
        topics in prop::collection::vec(topic(), 1..10),
    ) {
        let mut trie = TopicTrie::default();
        for (id, text) in filters.iter().enumerate() {
            trie.insert(&filter(text), id as u32);
        }
        for (id, text) in filters.iter().enumerate() {
            if removed[id] {
                prop_assert!(trie.remove(&filter(text), id as u32));
            }
        }
        for topic in &topics {
            let expected: Vec<u32> = (0..filters.len())
                .filter(|&id| !removed[id] && filter(&filters[id]).matches(topic))
                .map(|id| id as u32)
                .collect();
            prop_assert_eq!(matching(&trie, topic), expected, "{}", topic);
        }
    }
}
