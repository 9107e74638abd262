//! Chance that repeats: the same message draws the same values in every run.
//!
//! With a [`Chance`](crate::context::Chance) each call takes its next draw. Without one a draw is a
//! function of the topic, the time and which call of its statement it is, so that two calls in one
//! statement differ and a call in a nested SELECT gives every element the same.

use super::{Arguments, Function, Prepared, yields};
use crate::eval::Outcome;
use crate::program::Expr;
use crate::value::{Decimal, Value};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Draws, Purpose, Seed};

pub(super) const FUNCTIONS: [Function; 2] = [
    Function::new("newuuid", "", newuuid)
        .reads_context()
        .prepare(site)
        .differs("drawn from the scenario's seed, so that a run can be repeated"),
    Function::new("rand", "", rand)
        .reads_context()
        .prepare(site)
        .differs("drawn from the scenario's seed, so that a run can be repeated"),
];

fn site(_: &[Expr], site: u32) -> Result<Option<Prepared>, String> {
    Ok(Some(Prepared::Site(site)))
}

/// Where the call draws, and at which counter.
fn draws(arguments: Arguments<'_>) -> (Draws, u32) {
    let context = arguments.scope().context;
    if let Some(chance) = context.chance {
        let (key, counter) = chance.next();
        return (Seed::new(key).draws(EntityKey::of(""), Purpose::SqlChance), counter);
    }
    let site = match arguments.prepared() {
        Some(Prepared::Site(site)) => *site,
        _ => 0,
    };
    let seed = Seed::new(context.now.millis().cast_unsigned());
    (seed.draws(EntityKey::of(context.topic), Purpose::SqlChance), site)
}

/// A Decimal from 0 to below 1.
fn rand(arguments: Arguments<'_>) -> Outcome<'_> {
    let (draws, counter) = draws(arguments);
    yields(Value::decimal(Decimal::from_f64(draws.uniform(counter))))
}

/// A UUID of version 4 (RFC 9562 section 5.4).
fn newuuid(arguments: Arguments<'_>) -> Outcome<'_> {
    let (draws, counter) = draws(arguments);
    let [a, b, c, d] = draws.block(counter).map(u128::from);
    const VERSION: u128 = 0x4 << 76;
    const VARIANT: u128 = 0x2 << 62;
    let bits = (a << 96 | b << 64 | c << 32 | d) & !(0xf << 76) & !(0x3 << 62) | VERSION | VARIANT;
    let digits = format!("{bits:032x}");
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &digits[group]);
    yields(groups.join("-"))
}

#[cfg(test)]
mod tests {
    use crate::context::{Chance, Context};
    use crate::functions::tests::{context, evaluate};
    use crate::value::Value;
    use fieldmirror_core::time::Timestamp;
    use std::collections::BTreeSet;

    fn value(expression: &str, context: Context<'_>) -> Value {
        evaluate(expression, context).unwrap().unwrap()
    }

    #[test]
    fn draws_of_a_chance_differ_and_repeat() {
        let draw = || {
            let chance = Chance::new(7);
            let context = Context { chance: Some(&chance), ..context() };
            (0..100).map(|_| value("[rand(), newuuid()]", context)).collect::<Vec<_>>()
        };
        let first = draw();
        assert_eq!(first, draw());
        let distinct: BTreeSet<_> = first.iter().map(Value::to_json).collect();
        assert_eq!(distinct.len(), 100);
        let chance = Chance::new(8);
        let other = value("[rand(), newuuid()]", Context { chance: Some(&chance), ..context() });
        assert_ne!(other, first[0]);
    }

    #[test]
    fn without_a_chance_topic_time_and_place_in_the_statement_decide() {
        let pair = value("[newuuid(), newuuid()]", context());
        assert_eq!(pair, value("[newuuid(), newuuid()]", context()));
        let Value::Array(ids) = &pair else { panic!("{pair:?}") };
        assert_ne!(ids[0], ids[1]);
        let later = Context { now: Timestamp::from_millis(1), ..context() };
        assert_ne!(pair, value("[newuuid(), newuuid()]", later));
        let elsewhere = Context { topic: "foo", ..context() };
        assert_ne!(pair, value("[newuuid(), newuuid()]", elsewhere));
    }

    #[test]
    fn a_uuid_is_of_version_4() {
        let chance = Chance::new(1);
        let context = Context { chance: Some(&chance), ..context() };
        for _ in 0..200 {
            let uuid = value("newuuid()", context);
            let bytes = uuid.as_str().unwrap().as_bytes();
            assert_eq!(bytes.len(), 36);
            for (at, byte) in bytes.iter().enumerate() {
                let fits = match at {
                    8 | 13 | 18 | 23 => *byte == b'-',
                    14 => *byte == b'4',
                    19 => b"89ab".contains(byte),
                    _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
                };
                assert!(fits, "{uuid:?}");
            }
        }
    }

    #[test]
    fn rand_is_at_least_0_and_below_1_and_even() {
        let chance = Chance::new(3);
        let context = Context { chance: Some(&chance), ..context() };
        let draws: Vec<f64> =
            (0..2_000).map(|_| value("rand()", context).as_f64().unwrap()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        // Five standard errors of a uniform's mean.
        assert!((mean - 0.5).abs() < 0.033, "{mean}");
    }
}
