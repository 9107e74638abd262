//! Characters and classes of characters of Java's patterns.

use super::java::{Flags, Refusal, Source};

/// How deeply classes may be nested.
const NESTING_MAX: usize = 32;

/// ASCII classes by their letter, and what `\D` and the like exclude.
const CLASSES: [(char, &str, &str); 5] = [
    ('d', "0-9", r"\p{Nd}"),
    ('w', "0-9A-Z_a-z", r"\w"),
    ('s', r"\t\n\x0b\x0c\r ", r"\s"),
    ('h', H_BLANKS, H_BLANKS),
    ('v', V_BLANKS, V_BLANKS),
];

const H_BLANKS: &str = r" \t\x{a0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}";
const V_BLANKS: &str = r"\n\x0b\x0c\r\x{85}\x{2028}\x{2029}";

/// Properties that are ASCII, or have another name here.
const PROPERTIES: [(&str, &str); 20] = [
    ("Lower", "a-z"),
    ("Upper", "A-Z"),
    ("ASCII", r"\x00-\x7f"),
    ("Alpha", "A-Za-z"),
    ("Digit", "0-9"),
    ("Alnum", "0-9A-Za-z"),
    ("Punct", r"!-/:-@\[-`{-~"),
    ("Graph", "!-~"),
    ("Print", " -~"),
    ("Blank", r" \t"),
    ("Cntrl", r"\x00-\x1f\x7f"),
    ("XDigit", "0-9A-Fa-f"),
    ("Space", r"\t\n\x0b\x0c\r "),
    ("javaLowerCase", r"\p{Lowercase}"),
    ("javaUpperCase", r"\p{Uppercase}"),
    ("javaDigit", r"\p{Nd}"),
    ("javaLetter", r"\p{L}"),
    ("javaLetterOrDigit", r"\p{L}\p{Nd}"),
    ("LC", r"\p{Lu}\p{Ll}\p{Lt}"),
    ("L1", r"\x00-\x{ff}"),
];

/// General categories, by one or two letters.
const CATEGORIES: [&str; 37] = [
    "L", "M", "N", "Z", "C", "P", "S", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl",
    "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cn", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk",
    "So", "Pi", "Pf", "LD",
];

/// One character as a pattern.
pub(super) fn literal(literal: char, flags: Flags) -> String {
    let one = escaped(literal);
    if !flags.ignores_case {
        one
    } else if flags.ignores_case_everywhere {
        format!("(?i:{one})")
    } else if literal.is_ascii_alphabetic() {
        format!("[{}{}]", literal.to_ascii_lowercase(), literal.to_ascii_uppercase())
    } else {
        one
    }
}

/// The character, harmless inside and outside a class.
fn escaped(literal: char) -> String {
    if literal.is_alphanumeric() {
        literal.to_string()
    } else {
        format!(r"\x{{{:x}}}", u32::from(literal))
    }
}

/// A class whose `[` was read, up to its `]`.
pub(super) fn class(source: &mut Source, flags: Flags, depth: usize) -> Result<String, Refusal> {
    if depth == NESTING_MAX {
        return Refusal::unsupported("classes nested so deeply");
    }
    let mut inner = String::new();
    let negation = if source.take("^") { "^" } else { "" };
    // A bracket in the first place stands for itself.
    let mut is_first = true;
    loop {
        if source.take("&&") {
            if inner.is_empty() || source.peek() == Some(']') {
                return Err(Refusal::Invalid);
            }
            inner.push_str("&&");
            continue;
        }
        let next = source.next().ok_or(Refusal::Invalid)?;
        match next {
            ']' if !is_first => break,
            '[' => inner.push_str(&class(source, flags, depth + 1)?),
            '\\' if source.peek() == Some('Q') => {
                source.take("Q");
                while source.peek().is_some() && !source.take("\\E") {
                    let quoted = source.next().ok_or(Refusal::Invalid)?;
                    range(&mut inner, quoted, quoted, flags);
                }
            }
            '\\' => match escaped_class(source, flags)? {
                Some(class) => inner.push_str(&format!("[{class}]")),
                None => {
                    let from = escaped_char(source)?;
                    item(&mut inner, source, from, flags)?;
                }
            },
            from => item(&mut inner, source, from, flags)?,
        }
        is_first = false;
    }
    let class = format!("[{negation}{inner}]");
    Ok(match flags.ignores_case && flags.ignores_case_everywhere && depth == 0 {
        true => format!("(?i:{class})"),
        false => class,
    })
}

/// `from`, or the range that it begins.
fn item(inner: &mut String, source: &mut Source, from: char, flags: Flags) -> Result<(), Refusal> {
    let is_range =
        source.peek() == Some('-') && !matches!(source.peek_second(), Some('[' | ']') | None);
    if !is_range {
        range(inner, from, from, flags);
        return Ok(());
    }
    source.next();
    let to = match source.next().ok_or(Refusal::Invalid)? {
        '\\' => escaped_char(source)?,
        to => to,
    };
    if to < from {
        return Err(Refusal::Invalid);
    }
    range(inner, from, to, flags);
    Ok(())
}

/// Appends a range, with the other case of its ASCII letters where case is ignored.
fn range(inner: &mut String, from: char, to: char, flags: Flags) {
    let mut push = |from: char, to: char| {
        inner.push_str(&escaped(from));
        if from != to {
            inner.push('-');
            inner.push_str(&escaped(to));
        }
    };
    push(from, to);
    if !flags.ignores_case || flags.ignores_case_everywhere {
        return;
    }
    for (first, last) in [('a', 'z'), ('A', 'Z')] {
        let (low, high) = (from.max(first), to.min(last));
        if low <= high {
            let other = |letter: char| char::from(letter as u8 ^ b' ');
            push(other(low), other(high));
        }
    }
}

/// What an escape for many characters means inside brackets; `None` if it is for one.
pub(super) fn escaped_class(source: &mut Source, flags: Flags) -> Result<Option<String>, Refusal> {
    let Some(letter) = source.peek() else { return Err(Refusal::Invalid) };
    if let Some((_, ascii, unicode)) =
        CLASSES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(&letter))
    {
        source.next();
        let class = if flags.has_unicode_classes { unicode } else { ascii };
        return Ok(Some(match letter.is_ascii_uppercase() {
            true => format!("[^{class}]"),
            false => (*class).to_owned(),
        }));
    }
    match letter {
        'p' | 'P' => {
            source.next();
            let name = match source.next().ok_or(Refusal::Invalid)? {
                '{' => source.until('}')?,
                one => one.to_string(),
            };
            let class = property(&name)?;
            Ok(Some(if letter == 'P' { format!("[^{class}]") } else { class }))
        }
        'X' | 'N' => Refusal::unsupported(&format!(r"\{letter}")),
        _ => Ok(None),
    }
}

fn property(name: &str) -> Result<String, Refusal> {
    if let Some((_, class)) = PROPERTIES.iter().find(|(known, _)| *known == name) {
        return Ok((*class).to_owned());
    }
    let bare = name.strip_prefix("Is").unwrap_or(name);
    let named = |prefixes: [&str; 2]| {
        let (key, value) = name.split_once('=')?;
        prefixes.iter().any(|prefix| key.eq_ignore_ascii_case(prefix)).then_some(value)
    };
    if let Some(category) = named(["gc", "general_category"]).or(Some(bare))
        && CATEGORIES.contains(&category)
    {
        return Ok(match category {
            "LD" => r"\p{L}\p{Nd}".to_owned(),
            _ => format!(r"\p{{{category}}}"),
        });
    }
    if name.starts_with("In") || name.starts_with("blk=") || name.starts_with("block=") {
        return Refusal::unsupported("Unicode blocks");
    }
    if let Some(script) = named(["sc", "script"]) {
        return Ok(format!(r"\p{{Script={script}}}"));
    }
    match name.strip_prefix("Is") {
        Some(property) if property.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            Ok(format!(r"\p{{{property}}}"))
        }
        _ if name.starts_with("java") => Refusal::unsupported(&format!(r"\p{{{name}}}")),
        _ => Err(Refusal::Invalid),
    }
}

/// The one character that an escape stands for.
pub(super) fn escaped_char(source: &mut Source) -> Result<char, Refusal> {
    let invalid = |code: Option<u32>| code.and_then(char::from_u32).ok_or(Refusal::Invalid);
    match source.next().ok_or(Refusal::Invalid)? {
        't' => Ok('\t'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        'f' => Ok('\x0c'),
        'a' => Ok('\x07'),
        'e' => Ok('\x1b'),
        'c' => invalid(source.next().map(|control| u32::from(control) ^ 64)),
        '0' => {
            let most = if source.peek().is_some_and(|digit| digit <= '3') { 3 } else { 2 };
            invalid(source.number(8, most))
        }
        'x' if source.take("{") => {
            let code = source.number(16, 6);
            if source.take("}") { invalid(code) } else { Err(Refusal::Invalid) }
        }
        'x' => invalid(digits(source, 2)),
        'u' => {
            let code = digits(source, 4).ok_or(Refusal::Invalid)?;
            // Two halves of a pair make one character.
            if (0xd800..0xdc00).contains(&code) && source.take(r"\u") {
                let low = digits(source, 4).filter(|low| (0xdc00..0xe000).contains(low));
                return invalid(low.map(|low| 0x1_0000 + (code - 0xd800) * 0x400 + low - 0xdc00));
            }
            invalid(Some(code))
        }
        letter if letter.is_ascii_alphanumeric() => Err(Refusal::Invalid),
        other => Ok(other),
    }
}

/// Exactly `count` hexadecimal digits.
fn digits(source: &mut Source, count: usize) -> Option<u32> {
    let mut code = 0;
    for _ in 0..count {
        code = code * 16 + source.number(16, 1)?;
    }
    Some(code)
}
