//! Many topic filters at once: which of them match a topic?
//!
//! A tree of levels; `+` and `#` are branches of their own, so that a match walks at most two
//! branches a level. It answers exactly what [`TopicFilter::matches`] answers for each filter.

use fieldmirror_core::topic::TopicFilter;

/// Filters, each with the ids that hold it.
#[derive(Clone, Debug)]
pub struct TopicTrie<T> {
    nodes: Vec<Node<T>>,
    /// Nodes that were cut off and may be used again.
    free: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Node<T> {
    /// Literal levels below this one, sorted.
    children: Vec<(Box<str>, u32)>,
    /// The level `+` below this one.
    plus: Option<u32>,
    /// Ids of filters that end here, sorted.
    exact: Vec<T>,
    /// Ids of filters that end with `#` below this level, sorted.
    hash: Vec<T>,
}

const ROOT: u32 = 0;

impl<T: Copy + Ord> Default for TopicTrie<T> {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], free: Vec::new() }
    }
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { children: Vec::new(), plus: None, exact: Vec::new(), hash: Vec::new() }
    }
}

impl<T: Copy + Ord> TopicTrie<T> {
    /// Adds `id` to the holders of `filter`; false if it was one already.
    pub fn insert(&mut self, filter: &TopicFilter, id: T) -> bool {
        let mut at = ROOT;
        for level in filter.levels() {
            match level {
                "#" => return insert_sorted(&mut self.nodes[at as usize].hash, id),
                "+" => at = self.plus_below(at),
                literal => at = self.child_below(at, literal),
            }
        }
        insert_sorted(&mut self.nodes[at as usize].exact, id)
    }

    /// Takes `id` off the holders of `filter`; false if it was none. Branches without holders go.
    pub fn remove(&mut self, filter: &TopicFilter, id: T) -> bool {
        let levels: Vec<&str> = filter.levels().collect();
        self.remove_below(ROOT, &levels, id)
    }

    /// The ids of all filters that match `topic`, appended to `ids` in ascending order; an id that
    /// holds several matching filters comes once.
    pub fn matches(&self, topic: &str, ids: &mut Vec<T>) {
        let from = ids.len();
        // Wildcards at the first level do not see reserved topics.
        self.collect(ROOT, Some(topic), !topic.starts_with('$'), ids);
        ids[from..].sort_unstable();
        let mut kept = from;
        for i in from..ids.len() {
            if i == from || ids[i] != ids[kept - 1] {
                ids[kept] = ids[i];
                kept += 1;
            }
        }
        ids.truncate(kept);
    }

    /// Whether no filter is held.
    pub fn is_empty(&self) -> bool {
        let root = &self.nodes[ROOT as usize];
        root.children.is_empty() && root.plus.is_none() && root.hash.is_empty()
    }

    fn collect(&self, at: u32, rest: Option<&str>, wildcards: bool, ids: &mut Vec<T>) {
        let node = &self.nodes[at as usize];
        let Some(rest) = rest else {
            ids.extend_from_slice(&node.exact);
            return;
        };
        let (level, rest) = match rest.split_once('/') {
            Some((level, rest)) => (level, Some(rest)),
            None => (rest, None),
        };
        if let Ok(i) = node.children.binary_search_by(|(name, _)| (**name).cmp(level)) {
            self.collect(node.children[i].1, rest, true, ids);
        }
        if wildcards {
            ids.extend_from_slice(&node.hash);
            if let Some(plus) = node.plus {
                self.collect(plus, rest, true, ids);
            }
        }
    }

    fn plus_below(&mut self, at: u32) -> u32 {
        if let Some(plus) = self.nodes[at as usize].plus {
            return plus;
        }
        let plus = self.new_node();
        self.nodes[at as usize].plus = Some(plus);
        plus
    }

    fn child_below(&mut self, at: u32, level: &str) -> u32 {
        let search = |(name, _): &(Box<str>, u32)| (**name).cmp(level);
        match self.nodes[at as usize].children.binary_search_by(search) {
            Ok(i) => self.nodes[at as usize].children[i].1,
            Err(i) => {
                let child = self.new_node();
                self.nodes[at as usize].children.insert(i, (level.into(), child));
                child
            }
        }
    }

    fn new_node(&mut self) -> u32 {
        match self.free.pop() {
            Some(at) => at,
            None => {
                self.nodes.push(Node::default());
                self.nodes.len() as u32 - 1
            }
        }
    }

    fn remove_below(&mut self, at: u32, levels: &[&str], id: T) -> bool {
        let node = &mut self.nodes[at as usize];
        let Some((&level, rest)) = levels.split_first() else {
            return remove_sorted(&mut node.exact, id);
        };
        let child = match level {
            "#" => return remove_sorted(&mut node.hash, id),
            "+" => node.plus,
            literal => {
                let found = node.children.binary_search_by(|(name, _)| (**name).cmp(literal));
                found.ok().map(|i| node.children[i].1)
            }
        };
        let Some(child) = child else { return false };
        let removed = self.remove_below(child, rest, id);
        if removed && self.nodes[child as usize].is_bare() {
            let node = &mut self.nodes[at as usize];
            if level == "+" {
                node.plus = None;
            } else {
                node.children.retain(|&(_, below)| below != child);
            }
            self.nodes[child as usize] = Node::default();
            self.free.push(child);
        }
        removed
    }
}

impl<T> Node<T> {
    fn is_bare(&self) -> bool {
        self.children.is_empty()
            && self.plus.is_none()
            && self.exact.is_empty()
            && self.hash.is_empty()
    }
}

fn insert_sorted<T: Copy + Ord>(ids: &mut Vec<T>, id: T) -> bool {
    match ids.binary_search(&id) {
        Ok(_) => false,
        Err(i) => {
            ids.insert(i, id);
            true
        }
    }
}

fn remove_sorted<T: Copy + Ord>(ids: &mut Vec<T>, id: T) -> bool {
    match ids.binary_search(&id) {
        Ok(i) => {
            ids.remove(i);
            true
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
