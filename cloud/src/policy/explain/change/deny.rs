//! Ways to deny an allowed request: what allows it is taken away, or a deny is added.
//!
//! The smallest is the one that denies the session nothing else. Taking away a part that names just
//! this action on just this resource is as small as a deny of it, and leaves less behind; taking
//! away a pattern such as `topic/*` is not, and a whole statement with more in it still less.

use super::{Step, exact, product};
use crate::policy::document::{Effect, Scope, Statement};
use crate::policy::facts::Facts;
use crate::policy::{PolicySet, Request, StatementRef};

/// Candidates with what else they would deny, as a rank.
pub(super) fn ways(
    set: &PolicySet,
    request: Request<'_>,
    facts: &Facts,
) -> Vec<(usize, Vec<Step>)> {
    let mut removals: Vec<Vec<Step>> = vec![Vec::new()];
    for (at, statement) in set.statements().filter(|(_, s)| s.matches(request, facts)) {
        removals = product(&removals, &parts(at, statement, request, facts));
        // Statements that allow the same request are few; ways multiply.
        removals.truncate(WAYS_MAX);
    }
    let ranked = removals.into_iter().map(|steps| {
        let rank = steps.iter().map(|step| collateral(set, step, request, facts)).sum();
        (rank, steps)
    });
    let deny = Step::AddStatement(Effect::Deny, request.action, exact(request, facts));
    ranked.chain([(0, vec![deny])]).collect()
}

/// Most ways to take away what allows a request. Source: ours; the first ones are the smallest.
const WAYS_MAX: usize = 64;

/// What can be taken out of a statement so that it no longer speaks of the request.
fn parts(
    at: StatementRef,
    statement: &Statement,
    request: Request<'_>,
    facts: &Facts,
) -> Vec<Step> {
    let mut found = Vec::new();
    if let Scope::Only(list) = &statement.resources {
        let arn = request.resource.arn(facts);
        let speaks = |i: &usize| list[*i].resolve(facts).is_ok_and(|glob| glob.matches(&arn));
        let speaking: Vec<usize> = (0..list.len()).filter(speaks).collect();
        if let [one] = speaking[..]
            && list.len() > 1
        {
            found.push(Step::RemoveResource(at, one));
        }
    }
    if let Scope::Only(list) = &statement.actions {
        let speaks = |i: &usize| list[*i].mask & request.action.bit() != 0;
        let speaking: Vec<usize> = (0..list.len()).filter(speaks).collect();
        if let [one] = speaking[..]
            && list.len() > 1
        {
            found.push(Step::RemoveAction(at, one));
        }
    }
    found.push(Step::RemoveStatement(at));
    found
}

/// How much else a step would deny: nothing, what a part of a statement allows besides, or all that
/// a statement does.
fn collateral(set: &PolicySet, step: &Step, request: Request<'_>, facts: &Facts) -> usize {
    let (Step::RemoveResource(at, _) | Step::RemoveAction(at, _) | Step::RemoveStatement(at)) =
        step
    else {
        return 0;
    };
    let statement = set.policies[at.policy].document.statements.get(at.statement);
    let Some(Statement {
        actions: Scope::Only(actions), resources: Scope::Only(resources), ..
    }) = statement
    else {
        return 2;
    };
    let arn = exact(request, facts);
    let only_action = |i: usize| actions[i].mask == request.action.bit();
    let only_resource =
        |i: usize| resources[i].resolve(facts).is_ok_and(|glob| glob.to_string() == arn);
    match step {
        Step::RemoveResource(_, i) if actions.len() == 1 && only_action(0) => {
            usize::from(!only_resource(*i))
        }
        Step::RemoveAction(_, i) if resources.len() == 1 && only_resource(0) => {
            usize::from(!only_action(*i))
        }
        Step::RemoveStatement(_) if actions.len() == 1 && resources.len() == 1 => {
            usize::from(!(only_action(0) && only_resource(0)))
        }
        Step::RemoveStatement(_) => 2,
        _ => 1,
    }
}
