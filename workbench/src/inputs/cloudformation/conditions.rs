//! `Conditions` and `Fn::If`.

use super::super::intrinsics::{Broken, Intrinsics, Outcome, function_of};
use super::Stack;
use crate::yaml::Node;

impl Stack<'_, '_, '_> {
    /// Whether a declared condition holds.
    pub(super) fn condition(&mut self, name: &str, at: &Node) -> Result<bool, Broken> {
        if let Some(decided) = self.decided.get(name) {
            return *decided;
        }
        let Some(node) = self.conditions.get(name) else {
            self.unknown_condition(name, at);
            return Err(Broken);
        };
        let decided = self.once(format!("condition {name}"), at, |stack| stack.decide(node));
        self.decided.insert(name.to_owned(), decided);
        decided
    }

    /// `Fn::If`: only the branch that is taken is evaluated.
    pub(super) fn choose(&mut self, argument: &Node) -> Outcome {
        let expected = "`[condition, value if true, value if false]` after `Fn::If`";
        let Ok(arguments) = self.arguments(argument, 3..=3, expected) else {
            return Outcome::Broken;
        };
        let Some(name) = arguments[0].as_text() else {
            return self.fail(&arguments[0], arguments[0].kind(), "the name of a condition");
        };
        match self.condition(name, &arguments[0]) {
            Ok(holds) => self.evaluate(&arguments[if holds { 1 } else { 2 }]),
            Err(Broken) => Outcome::Broken,
        }
    }

    fn decide(&mut self, node: &Node) -> Result<bool, Broken> {
        let expected = "one of `Fn::Equals`, `Fn::And`, `Fn::Or`, `Fn::Not`, `Condition`";
        let named = node.get("Condition").map(|name| ("Condition".to_owned(), name.clone()));
        let Some((function, argument)) = function_of(node).or(named) else {
            self.fail(node, node.kind(), expected);
            return Err(Broken);
        };
        match function.as_str() {
            "Condition" => match argument.as_text() {
                Some(name) => self.condition(name, &argument),
                None => {
                    self.fail(&argument, argument.kind(), "the name of a condition");
                    Err(Broken)
                }
            },
            "Fn::Equals" => {
                let expected = "`[value, value]` after `Fn::Equals`";
                let sides = self.arguments(&argument, 2..=2, expected)?;
                let (left, right) = (self.text(&sides[0]), self.text(&sides[1]));
                Ok(left? == right?)
            }
            "Fn::And" => Ok(self.each(&argument, "Fn::And")?.into_iter().all(|holds| holds)),
            "Fn::Or" => Ok(self.each(&argument, "Fn::Or")?.into_iter().any(|holds| holds)),
            "Fn::Not" => {
                let one = self.arguments(&argument, 1..=1, "`[condition]` after `Fn::Not`")?;
                Ok(!self.decide(&one[0])?)
            }
            _ => {
                self.fail(node, format!("the function `{function}` as a condition"), expected);
                Err(Broken)
            }
        }
    }

    fn each(&mut self, argument: &Node, function: &str) -> Result<Vec<bool>, Broken> {
        let expected = format!("2 to 10 conditions after `{function}`");
        let items = self.arguments(argument, 2..=10, &expected)?;
        let decided: Vec<_> = items.iter().map(|item| self.decide(item)).collect();
        decided.into_iter().collect()
    }
}
