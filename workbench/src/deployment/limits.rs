//! Names and attributes that the service would accept.
//!
//! # Source
//! AWS IoT API: shapes `RuleName`, `PolicyName`, `ThingName`, `AttributeName`, `AttributeValue`,
//! `TemplateName`; AWS IoT guide, "Thing types" (50 attributes with a type, 3 without).

/// What kind of name is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Rule,
    Policy,
    /// Of things, their types and groups.
    Thing,
    Template,
}

impl Name {
    /// What is expected of the name, if `text` is none.
    pub(crate) fn refuse(self, text: &str) -> Option<&'static str> {
        let (longest, others, expected) = match self {
            Self::Rule => (128, "_", "1 to 128 of letters, digits and `_`"),
            Self::Policy => (128, "_+=,.@-", "1 to 128 of letters, digits and `_+=,.@-`"),
            Self::Thing => (128, ":_-", "1 to 128 of letters, digits and `:_-`"),
            Self::Template => (36, "_-", "1 to 36 of letters, digits and `_-`"),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
        let good = !text.is_empty() && text.len() <= longest && text.chars().all(fits);
        (!good).then_some(expected)
    }
}

/// What is expected of an attribute's name, if `text` is none.
pub(crate) fn refuse_attribute_name(text: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.,@/:#-".contains(c);
    let good = !text.is_empty() && text.len() <= 128 && text.chars().all(fits);
    (!good).then_some("1 to 128 of letters, digits and `_.,@/:#-`")
}

/// What is expected of an attribute's value, if `text` is none.
pub(crate) fn refuse_attribute_value(text: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_.,@/:#=[]-".contains(c);
    let good = text.len() <= 800 && text.chars().all(fits);
    (!good).then_some("at most 800 of letters, digits and `_.,@/:#=[]-`, without spaces")
}

/// Attributes of a thing that has a type.
pub(crate) const ATTRIBUTES_MAX_TYPED: usize = 50;

/// Attributes of a thing that has none.
pub(crate) const ATTRIBUTES_MAX_UNTYPED: usize = 3;

/// Characters of a policy that are no white space.
pub(crate) const POLICY_CHARS_MAX: usize = 2048;
