//! L021: rules that hear what they republish, alone or in a circle.
//!
//! AWS stops no loop and bills every turn of it ("Creating an AWS IoT rule" of the developer
//! guide warns of it); this engine stops after a number of hops.

use super::pattern::Pattern;
use super::{Code, Report, RuleView, Severity};

/// An edge: the action at `path` of rule `from` publishes what rule `to` hears.
struct Edge {
    to: usize,
    path: String,
    is_certain: bool,
}

pub(super) fn check(views: &[RuleView<'_>], report: &mut Report) {
    let edges: Vec<Vec<Edge>> = views.iter().map(|view| edges_of(view, views)).collect();
    for start in 0..views.len() {
        // Each circle is told once, at its first rule.
        if let Some(circle) = shortest(start, &edges) {
            tell(start, &circle, views, report);
        }
    }
}

fn edges_of(view: &RuleView<'_>, views: &[RuleView<'_>]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (path, template) in view.republishes() {
        let made = Pattern::of_template(template, view.from());
        for (to, other) in views.iter().enumerate() {
            let basic_ingest = format!("$aws/rules/{}", other.source.name);
            let reaches = [format!("{basic_ingest}/#"), basic_ingest];
            let is_named = template.starts_with("$$aws/rules/")
                && reaches.iter().any(|topic| made.overlaps(&Pattern::of_filter(topic)));
            let is_heard =
                other.from().is_some_and(|from| made.overlaps(&Pattern::of_filter(from)));
            if is_named || is_heard {
                let is_certain = Pattern::is_certain(template) && other.survey.condition.is_none();
                edges.push(Edge { to, path: path.clone(), is_certain });
            }
        }
    }
    edges
}

/// The shortest way from `start` back to it through rules that do not come before it.
fn shortest(start: usize, edges: &[Vec<Edge>]) -> Option<Vec<(usize, &Edge)>> {
    let mut ways: Vec<Option<Vec<(usize, &Edge)>>> = edges.iter().map(|_| None).collect();
    let mut next = vec![start];
    let mut first = true;
    while !next.is_empty() {
        let mut found = Vec::new();
        for at in next {
            let way = if first { Vec::new() } else { ways[at].clone().unwrap_or_default() };
            first = false;
            for edge in edges[at].iter().filter(|edge| edge.to >= start) {
                if ways[edge.to].is_none() {
                    let mut longer = way.clone();
                    longer.push((at, edge));
                    if edge.to == start {
                        return Some(longer);
                    }
                    ways[edge.to] = Some(longer);
                    found.push(edge.to);
                }
            }
        }
        next = found;
    }
    None
}

fn tell(start: usize, circle: &[(usize, &Edge)], views: &[RuleView<'_>], report: &mut Report) {
    let Some((_, first)) = circle.first() else { return };
    let names: Vec<&str> = circle.iter().map(|(at, _)| views[*at].source.name.as_str()).collect();
    let is_certain = circle.iter().all(|(_, edge)| edge.is_certain);
    let message = match names.as_slice() {
        [_] => "the rule hears what it republishes".to_owned(),
        many => {
            format!("what the rule republishes comes back to it: {}, {}", many.join(", "), names[0])
        }
    };
    let (severity, may) = if is_certain {
        (Severity::Error, "")
    } else {
        (Severity::Warning, ", if WHERE and templates allow")
    };
    let message = format!("{message}{may}: AWS lets such a loop run and bills each turn");
    let help = "republish to a topic that no FROM of the circle matches";
    report.rule(
        views[start].source,
        first.path.clone(),
        (Code::RepublishLoop, severity),
        message,
        help,
    );
}
