//! Digests of texts, as lower-case hexadecimal digits.

use super::{Arguments, Function, undefined, yields};
use crate::eval::Outcome;
use sha2::Digest;

pub(super) const FUNCTIONS: [Function; 7] = [
    Function::new("md2", "text", digest::<md2::Md2>),
    Function::new("md5", "text", digest::<md5::Md5>),
    Function::new("sha1", "text", digest::<sha1::Sha1>),
    Function::new("sha224", "text", digest::<sha2::Sha224>),
    Function::new("sha256", "text", digest::<sha2::Sha256>),
    Function::new("sha384", "text", digest::<sha2::Sha384>),
    Function::new("sha512", "text", digest::<sha2::Sha512>),
];

/// The digest of the text form's UTF-8.
fn digest<D: Digest>(arguments: Arguments<'_>) -> Outcome<'_> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let Some(text) = arguments.text(0)? else { return undefined() };
    let digits = D::digest(text.as_bytes());
    let digits = digits.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    yields(digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect::<String>())
}

#[cfg(test)]
mod tests {
    use crate::functions::tests::check;

    /// RFC 1319, RFC 1321, FIPS 180-4 ("abc") and the developer guide ("hello").
    #[test]
    fn cases() {
        check(&[
            ("md2('hello')", "\"a9046c73e00331af68917d3804f70655\""),
            ("md2('abc')", "\"da853b0d3f88d99b30283a69e6ded6bb\""),
            ("md5('hello')", "\"5d41402abc4b2a76b9719d911017c592\""),
            ("md5('iot123')", "\"e37f81fb397e595c4aeb5645b8cbbbd1\""),
            ("sha1('hello')", "\"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\""),
            ("sha224('hello')", "\"ea09ae9cc6768c50fcee903ed054556e5bfc8347907f12598aa24193\""),
            (
                "sha256('hello')",
                "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"",
            ),
            (
                "sha384('abc')",
                "\"cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                 8086072ba1e7cc2358baeca134c825a7\"",
            ),
            (
                "sha512('abc')",
                "\"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\"",
            ),
            ("md5(7)", "\"8f14e45fceea167a5a36dedd4bea2543\""),
            ("md5(o) = md5('{\"x\":1}')", "true"),
            ("sha1(null)", ""),
            ("sha1(missing)", ""),
        ]);
    }
}
