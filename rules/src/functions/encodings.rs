//! Base64 of values and payloads.

use super::prepared::constant;
use super::{Arguments, Function, Prepared, base64, undefined, yields};
use crate::eval::Outcome;
use crate::program::Expr;
use crate::value::Value;

pub(super) const FUNCTIONS: [Function; 2] = [
    Function::new("decode", "value, mode [, bucket, key, file, message]", decode)
        .since_2016()
        .words(&[(1, &["base64", "proto"])])
        .prepare(refuse_protobuf)
        .differs("'base64' works; 'proto' is refused, because its descriptor lies in S3"),
    Function::new("encode", "value, mode", encode).since_2016().words(&[(1, &["base64"])]),
];

/// Protobuf needs a descriptor file from an S3 bucket, which no caller can hand in.
fn refuse_protobuf(exprs: &[Expr], _: u32) -> Result<Option<Prepared>, String> {
    if constant(exprs, 1).and_then(Value::as_str) == Some("proto") {
        return Err("decode() of 'proto' (protobuf) is not supported by this engine".to_owned());
    }
    if exprs.len() > 2 {
        return Err(
            "decode() takes more than two arguments only for 'proto' (protobuf), which is \
                    not supported by this engine"
                .to_owned(),
        );
    }
    Ok(None)
}

/// Whether the mode is the one that both functions know.
fn is_base64(arguments: Arguments<'_>) -> Result<bool, crate::error::RulesError> {
    Ok(arguments.value(1)?.as_str() == Some("base64"))
}

/// The text form in base64; `*` means the payload's own bytes.
fn encode(arguments: Arguments<'_>) -> Outcome<'_> {
    if !is_base64(arguments)? {
        return undefined();
    }
    if arguments.is_star(0) {
        let scope = arguments.scope();
        return match scope.bytes {
            Some(bytes) => yields(base64::encode(bytes)),
            None if scope.root.is_undefined() => undefined(),
            None => yields(base64::encode(&scope.root.to_json())),
        };
    }
    arguments.text(0)?.map_or_else(undefined, |text| yields(base64::encode(text.as_bytes())))
}

/// The value whose JSON a text holds in base64, else the text; Null if it holds neither.
fn decode(arguments: Arguments<'_>) -> Outcome<'_> {
    if !is_base64(arguments)? {
        return undefined();
    }
    let value = arguments.value(0)?;
    let Some(text) = value.as_str() else { return undefined() };
    let Some(bytes) = base64::decode(text) else { return yields(Value::Null) };
    if let Ok(value) = Value::from_json_for(&bytes, arguments.scope().version) {
        return yields(value);
    }
    yields(String::from_utf8(bytes).map_or(Value::Null, Value::String))
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Code;
    use crate::functions::tests::check;
    use crate::rule::{Rule, SqlVersion};

    #[test]
    fn cases() {
        check(&[
            ("encode('Hi', 'base64')", "\"SGk=\""),
            ("encode(80, 'base64')", "\"ODA=\""),
            ("encode(missing, 'base64')", ""),
            ("encode('Hi', s)", ""),
            ("decode('SGk=', 'base64')", "\"Hi\""),
            ("decode('ODA=', 'base64')", "80"),
            ("decode('eyAidGVtcGVyYXR1cmUiOiAzMyB9Cg==', 'base64').temperature", "33"),
            ("decode('!', 'base64')", "null"),
            ("decode('/w==', 'base64')", "null"),
            ("decode(1, 'base64')", ""),
            ("decode('SGk=', s)", ""),
            ("decode(encode(o, 'base64'), 'base64').x", "1"),
        ]);
    }

    #[test]
    fn protobuf_is_refused_by_its_name() {
        for call in ["decode(m, 'proto', 'b', 'k', 'f', 'm')", "decode(m, 'proto')"] {
            let sql = format!("SELECT VALUE {call} FROM 'a'");
            let errors = Rule::compile(&sql, SqlVersion::V2016_03_23).unwrap_err();
            assert_eq!(errors[0].code, Code::Unsupported);
            assert!(errors[0].message.contains("protobuf"), "{}", errors[0].message);
        }
    }
}
