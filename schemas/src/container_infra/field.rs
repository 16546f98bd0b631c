//! Values as clients of both eras send them (contract `magnum-v1.md` §2.2): numbers also as decimal
//! texts, truths also as words, labels of any simple kind. What is read is bounded, so whoever holds
//! one of these types need not check it again.

use serde::de::{self, Deserialize, Deserializer, MapAccess};
use serde::{Deserialize as Derive, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

/// A whole number from `MIN` to `MAX`: `2` or `"2"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Whole<const MIN: i64, const MAX: i64>(i64);

/// At least one; what nobody needs more of than fits 31 bits.
pub type Positive = Whole<1, { i32::MAX as i64 }>;

/// Zero or more.
pub type Natural = Whole<0, { i32::MAX as i64 }>;

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// The number, if it is within the bounds.
    pub fn new(number: i64) -> Option<Self> {
        (MIN..=MAX).contains(&number).then_some(Whole(number))
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }

    fn told<E: de::Error>(number: Option<i64>, sent: impl fmt::Display) -> Result<Self, E> {
        number.and_then(Self::new).ok_or_else(|| match MAX {
            i64::MAX => E::custom(format_args!("{sent} is no whole number from {MIN} up")),
            _ => E::custom(format_args!(
                "{sent} is no whole number from {MIN} to {MAX}"
            )),
        })
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor<const MIN: i64, const MAX: i64>;
        impl<const MIN: i64, const MAX: i64> de::Visitor<'_> for Visitor<MIN, MAX> {
            type Value = Whole<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Whole::told(Some(number), number)
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Whole::told(i64::try_from(number).ok(), number)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Whole::told(text.trim().parse().ok(), format_args!("{text:?}"))
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// A text of `MIN` to `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// What most texts are: 1 to 255 characters.
pub type Word = Text<1, 255>;

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// The text, if it is within the bounds.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (MIN..=MAX)
            .contains(&text.chars().count())
            .then_some(Text(text))
    }
}

impl<const MIN: usize, const MAX: usize> From<Text<MIN, MAX>> for String {
    fn from(text: Text<MIN, MAX>) -> String {
        text.0
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let length = text.chars().count();
        Text::new(text).ok_or_else(|| {
            de::Error::custom(format_args!(
                "a text of {MIN} to {MAX} characters is expected, and this one has {length}"
            ))
        })
    }
}

/// True or false: a JSON truth, `0`, `1`, or one of the usual words in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Truth(pub bool);

/// The truth a word means.
pub fn truth(word: &str) -> Option<bool> {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "on" => Some(true),
        "false" | "f" | "0" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for Truth {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Truth;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }
            fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Truth, E> {
                Ok(Truth(truth))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Truth, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Truth, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Truth, E> {
                truth(text)
                    .map(Truth)
                    .ok_or_else(|| E::custom(format_args!("{text:?} is neither true nor false")))
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// Names to texts. Numbers and truths become texts, as Python writes them: `1`, `1.5`, `True`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

/// One label's value.
struct Label(String);

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Label;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number or a truth")
            }
            fn visit_bool<E>(self, truth: bool) -> Result<Label, E> {
                Ok(Label(if truth { "True" } else { "False" }.into()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Label, E> {
                Ok(Label(number.to_string()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Label, E> {
                Ok(Label(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Label, E> {
                Ok(Label(format!("{number:?}")))
            }
            fn visit_str<E>(self, text: &str) -> Result<Label, E> {
                Ok(Label(text.to_owned()))
            }
        }
        from.deserialize_any(Visitor)
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Labels;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut labels = BTreeMap::new();
                while let Some((name, Label(value))) = map.next_entry::<String, Label>()? {
                    labels.insert(name, value);
                }
                Ok(Labels(labels))
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// The name of a cluster or a federation: 1 to 242 characters, a letter first, then letters, digits,
/// `_`, `.` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Derive)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Longest.
    pub const MOST: usize = 242;
}

impl TryFrom<String> for Name {
    type Error = String;
    fn try_from(text: String) -> Result<Name, String> {
        let legal = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        match first && text.len() <= Name::MOST && text.chars().all(legal) {
            true => Ok(Name(text)),
            false => Err(format!(
                "a name has 1 to {} characters: a letter first, then letters, digits, '_', '.' and '-'",
                Name::MOST
            )),
        }
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, from_value, json};

    fn refused<T: DeserializeOwned + fmt::Debug>(values: impl IntoIterator<Item = Value>) {
        for value in values {
            let read = from_value::<T>(value.clone());
            assert!(read.is_err(), "{value}: {read:?}");
        }
    }

    #[test]
    fn a_number_may_be_a_text_and_is_within_its_bounds() {
        for good in [json!(2), json!("2"), json!(" 2 "), json!("+2")] {
            assert_eq!(from_value::<Positive>(good).unwrap().get(), 2);
        }
        refused::<Positive>([
            json!(0),
            json!("0"),
            json!(-1),
            json!(1.5),
            json!("1.5"),
            json!(""),
            json!("two"),
            json!(true),
            json!(null),
            json!([1]),
            json!({}),
            json!(u64::MAX),
            json!("99999999999999999999"),
            json!(1_i64 << 40),
        ]);
    }

    #[test]
    fn a_text_is_as_long_as_it_may_be_in_characters() {
        assert!(from_value::<Word>(json!("é".repeat(255))).is_ok());
        refused::<Word>([json!(""), json!("é".repeat(256)), json!(1), json!(["a"])]);
    }

    #[test]
    fn a_truth_may_be_a_word() {
        for (sent, meant) in [
            (json!(true), true),
            (json!("TRUE"), true),
            (json!("yes"), true),
            (json!("y"), true),
            (json!("On"), true),
            (json!("1"), true),
            (json!(1), true),
            (json!("t"), true),
            (json!(false), false),
            (json!("False"), false),
            (json!("no"), false),
            (json!("N"), false),
            (json!("off"), false),
            (json!("0"), false),
            (json!("f"), false),
        ] {
            assert_eq!(from_value::<Truth>(sent).unwrap(), Truth(meant));
        }
        refused::<Truth>([json!("maybe"), json!(""), json!(2), json!([]), json!(1.0)]);
    }

    #[test]
    fn labels_of_any_simple_kind_come_back_as_text() {
        let labels: Labels =
            from_value(json!({ "a": "x", "b": 1, "c": 1.5, "d": true, "e": -7 })).unwrap();
        let texts: Vec<&str> = labels.0.values().map(String::as_str).collect();
        assert_eq!(texts, ["x", "1", "1.5", "True", "-7"]);
        refused::<Labels>([
            json!({ "a": null }),
            json!({ "a": {} }),
            json!({ "a": [1] }),
            json!([]),
            json!("a=b"),
        ]);
    }

    #[test]
    fn a_cluster_is_named_by_letters_digits_and_three_signs() {
        for good in ["a", "Ab-1_2.3", &"a".repeat(242)] {
            assert!(from_value::<Name>(json!(good)).is_ok(), "{good}");
        }
        refused::<Name>([
            json!(""),
            json!("1a"),
            json!("-a"),
            json!("a b"),
            json!("é"),
            json!("a/b"),
            json!("a".repeat(243)),
        ]);
    }
}
