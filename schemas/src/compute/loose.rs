//! Values that Nova takes in more than one spelling: numbers and truths as texts.

use serde::{Deserialize, Deserializer, de};
use std::fmt;

/// A whole number: `1` or `"1"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Number(pub i64);

/// A truth: `true`, `"True"`, `"1"`, `1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag(pub bool);

/// A text, or a number that means one (`flavorRef`: 42).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub String);

struct Visitor<T>(&'static str, fn(&str) -> Option<T>);

impl<T> de::Visitor<'_> for Visitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        (self.1)(&number.to_string())
            .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        (self.1)(&number.to_string())
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<T, E> {
        (self.1)(if truth { "true" } else { "false" })
            .ok_or_else(|| E::invalid_value(de::Unexpected::Bool(truth), &self))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |text: &str| text.trim().parse().ok().map(Number);
        from.deserialize_any(Visitor("a whole number", read))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let read = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" | "y" | "on" => Some(Flag(true)),
            "false" | "f" | "0" | "no" | "n" | "off" => Some(Flag(false)),
            _ => None,
        };
        from.deserialize_any(Visitor("true or false", read))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Visitor("a text", |text| Some(Text(text.to_owned()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_truths_are_read_in_every_spelling() {
        let numbers: Vec<Number> = serde_json::from_str(r#"[1, "2", -3]"#).unwrap();
        assert_eq!(numbers, [Number(1), Number(2), Number(-3)]);
        let flags: Vec<Flag> = serde_json::from_str(r#"[true, "False", "1", 0]"#).unwrap();
        assert_eq!(flags, [Flag(true), Flag(false), Flag(true), Flag(false)]);
        assert!(serde_json::from_str::<Number>(r#""many""#).is_err());
        assert!(serde_json::from_str::<Flag>(r#""perhaps""#).is_err());
    }
}
