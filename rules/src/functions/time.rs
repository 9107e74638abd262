//! Instants as text and back, with the patterns of the two libraries that the service uses.
//!
//! `parse_time` prints, in spite of its name, with Joda-Time's letters; `time_to_epoch` reads with
//! those of Java's `DateTimeFormatter`. Zones come from the time zone database inside this crate's
//! dependencies, never from the machine.

mod java;
mod joda;
mod reader;
mod resolve;
mod words;
mod zone;

pub(crate) use joda::Printer;
pub(crate) use reader::Reader;
pub(crate) use zone::Zone;

use super::prepared::constant;
use super::{Arguments, Function, Prepared, undefined, yields};
use crate::eval::Outcome;
use crate::program::Expr;
use crate::value::{Number, Value};

pub(super) const FUNCTIONS: [Function; 2] = [
    Function::new("parse_time", "pattern, milliseconds [, zone]", parse_time)
        .since_2016()
        .prepare(prepare_print)
        .differs("names in English; years -9998 to 9999; long names of the usual zones only"),
    Function::new("time_to_epoch", "text, pattern", time_to_epoch)
        .since_2016()
        .prepare(prepare_read)
        .differs("names in English; years -9998 to 9999; names of the usual zones only"),
];

/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1_024;

/// The text of a constant argument; `None` if it varies, inside if it has no text form.
fn constant_text(exprs: &[Expr], position: usize) -> Option<Option<String>> {
    constant(exprs, position).map(|value| value.to_text().map(|text| text.into_owned()))
}

fn printer(pattern: &str) -> Option<Printer> {
    (pattern.len() <= PATTERN_BYTES_MAX).then(|| Printer::new(pattern)).flatten()
}

fn reader(pattern: &str) -> Option<Reader> {
    (pattern.len() <= PATTERN_BYTES_MAX).then(|| Reader::new(pattern)).flatten()
}

fn prepare_print(exprs: &[Expr], _: u32) -> Result<Option<Prepared>, String> {
    let pattern = constant_text(exprs, 0).map(|text| printer(&text?));
    let zone = match exprs.len() {
        2 => Some(Some(Zone::utc())),
        _ => constant_text(exprs, 2).map(|text| Zone::of_joda(&text?)),
    };
    Ok(Some(Prepared::Print { pattern, zone }))
}

fn prepare_read(exprs: &[Expr], _: u32) -> Result<Option<Prepared>, String> {
    Ok(constant_text(exprs, 1).map(|text| Prepared::Read(text.and_then(|text| reader(&text)))))
}

/// `parse_time(pattern, milliseconds [, zone])`: the instant as text.
fn parse_time(arguments: Arguments<'_>) -> Outcome<'_> {
    let Some(Prepared::Print { pattern, zone }) = arguments.prepared() else {
        return undefined();
    };
    let millis = arguments.number(1)?.and_then(Number::floor);
    let Some(millis) = millis.and_then(|millis| i64::try_from(millis).ok()) else {
        return undefined();
    };
    let (own_pattern, own_zone);
    let pattern = match pattern {
        Some(pattern) => pattern,
        None => {
            own_pattern = arguments.text(0)?.and_then(|text| printer(&text));
            &own_pattern
        }
    };
    let zone = match zone {
        Some(zone) => zone,
        None => {
            own_zone = arguments.text(2)?.and_then(|text| Zone::of_joda(&text));
            &own_zone
        }
    };
    let (Some(pattern), Some(zone)) = (pattern, zone) else { return undefined() };
    pattern.print(millis, zone).map_or_else(undefined, yields)
}

/// `time_to_epoch(text, pattern)`: the milliseconds since 1970 that the text names.
fn time_to_epoch(arguments: Arguments<'_>) -> Outcome<'_> {
    let Some(text) = arguments.text(0)? else { return undefined() };
    let millis = match arguments.prepared() {
        Some(Prepared::Read(reader)) => reader.as_ref().and_then(|reader| reader.read(&text)),
        _ => arguments.text(1)?.and_then(|pattern| reader(&pattern)?.read(&text)),
    };
    millis.map_or_else(undefined, |millis| yields(Value::from(millis)))
}

#[cfg(test)]
mod tests;
