//! Containers of 2015 (contract `magnum-v1.md` §8.7).

use super::body::{self, invalid};
use super::field::{Labels, Text, Word};
use super::patch::Rules;
use crate::{Error, Result};
use serde::de::{self, Deserialize, Deserializer};
use serde::{Deserialize as Derive, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// A command line; empty, it is none.
pub type Line = Text<0, 4096>;

const READ_ONLY: [&str; 5] = [
    "links",
    "status",
    "status_reason",
    "created_at",
    "updated_at",
];

/// Bytes that names and values of an environment have together.
const ENVIRONMENT: usize = 64 << 10;

/// `POST /containers`, and a container's document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Derive)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Need not be unique.
    #[serde(default)]
    pub name: Option<Word>,
    /// An image of the image service.
    #[serde(default)]
    pub image: Option<Word>,
    /// The cluster: a UUID.
    pub bay_uuid: Word,
    /// What it runs in place of what its image says.
    #[serde(default)]
    pub command: Option<Line>,
    /// The most it may use.
    #[serde(default)]
    pub memory: Option<Memory>,
    /// Added to its image's.
    #[serde(default)]
    pub environment: Labels,
}

/// A container that is wanted, and how the wish was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// What is wanted.
    pub container: Container,
    /// Its image.
    pub image: Word,
    /// In the words of the first clients: `image_id`.
    pub in_first_words: bool,
}

impl Create {
    /// Reads a body.
    ///
    /// # Errors
    /// `BadRequest` that names the field.
    pub fn read(mut map: Map<String, Value>) -> Result<Create> {
        let first = map.remove("image_id").filter(|value| !value.is_null());
        let in_first_words = first.is_some();
        if let Some(image) = first {
            let twice = map.get("image").is_some_and(|value| !value.is_null());
            if twice {
                return Err(invalid(
                    "image_id",
                    "It is the old name of image; give one of the two.",
                ));
            }
            map.insert("image".into(), image);
        }
        let container: Container = body::create(map, &READ_ONLY)?;
        container.check()?;
        let image = container.image.clone().ok_or_else(|| {
            Error::BadRequest(
                "Mandatory: missing field `image`: what the container is made of.".into(),
            )
        })?;
        Ok(Create {
            container,
            image,
            in_first_words,
        })
    }
}

impl Container {
    /// What the types do not say.
    ///
    /// # Errors
    /// `BadRequest` that names the field.
    fn check(&self) -> Result<()> {
        let wrong = |why: &str| Err(invalid("environment", why));
        let mut bytes = 0;
        for (name, value) in &self.environment.0 {
            if name.is_empty() || name.contains('=') {
                return wrong("A variable's name has at least one character, and no '='.");
            }
            bytes += name.len() + value.len();
        }
        match bytes > ENVIRONMENT {
            true => wrong(&format!(
                "Its names and values have more than {ENVIRONMENT} bytes together."
            )),
            false => Ok(()),
        }
    }
}

/// What may be changed, as the clients of 2015 say it.
pub const RULES: Rules = Rules {
    mandatory: &["bay_uuid"],
    protected: &["status", "status_reason"],
    legacy: true,
    members: &[],
};

/// An amount of memory: bytes, or a number with one of the units b, k, m, g (powers of 1024).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    text: String,
    bytes: u64,
}

impl Memory {
    /// What an engine needs at least.
    pub const LEAST: u64 = 4 << 20;

    /// Reads it.
    pub fn parse(text: &str) -> Option<Memory> {
        let unit = |letter: char| match letter.to_ascii_lowercase() {
            'b' => Some(0),
            'k' => Some(10),
            'm' => Some(20),
            'g' => Some(30),
            _ => None,
        };
        let (number, shift) = match text.chars().next_back() {
            Some(last) if !last.is_ascii_digit() => (text.get(..text.len() - 1)?, unit(last)?),
            _ => (text, 0),
        };
        let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = number.parse().ok().filter(|_| plain)?;
        let bytes = number.checked_mul(1 << shift)?;
        // More than any machine has; rows count in signed numbers.
        let possible = (Memory::LEAST..=1 << 50).contains(&bytes);
        possible.then(|| Memory {
            text: text.to_owned(),
            bytes,
        })
    }

    /// As it was said.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// In MiB, rounded up.
    pub fn mebibytes(&self) -> u64 {
        self.bytes.div_ceil(1 << 20)
    }
}

impl Serialize for Memory {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Memory {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Memory;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount of memory, such as 512m")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Memory, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Memory, E> {
                Memory::parse(text).ok_or_else(|| {
                    E::custom(format_args!(
                        "{text:?} is no amount of memory: a number with b, k, m or g behind it, as in \
                         512m, and 4m at least"
                    ))
                })
            }
        }
        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Create> {
        Create::read(body::object(body)?)
    }

    #[test]
    fn memory_is_a_number_with_a_unit_and_not_too_little() {
        for (text, mebibytes) in [
            ("512m", 512),
            ("512M", 512),
            ("4194304", 4),
            ("4194305b", 5),
            ("4096k", 4),
            ("1g", 1024),
        ] {
            let memory = Memory::parse(text).unwrap();
            assert_eq!(memory.mebibytes(), mebibytes, "{text}");
            assert_eq!(memory.as_str(), text);
        }
        for wrong in [
            "",
            "m",
            "4095k",
            "3m",
            "0",
            "-5m",
            "+5m",
            "5 m",
            "5mb",
            "5t",
            "1.5g",
            "5é",
            "é",
            "99999999999999999999",
            "18446744073709551615g",
            "9999999999g",
        ] {
            assert!(Memory::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_clients_of_each_year_send_is_read() {
        let of_2015_2 = read(json!({
            "name": "web", "image": "busybox", "bay_uuid": "b", "command": null, "memory": "512m",
        }))
        .unwrap();
        assert!(!of_2015_2.in_first_words && of_2015_2.container.command.is_none());
        let first = read(json!({ "name": "web", "image_id": "busybox", "bay_uuid": "b" })).unwrap();
        assert!(first.in_first_words);
        assert_eq!(&*first.image, "busybox");
        let last = json!({
            "image": "i", "bay_uuid": "b", "environment": { "N": 1, "T": true }, "memory": 8388608,
        });
        let last = read(last).unwrap().container;
        assert_eq!(last.environment.0["T"], "True");
        assert_eq!(last.memory.unwrap().as_str(), "8388608");
    }

    #[test]
    fn what_is_wrong_is_told_by_its_name() {
        let with = |field: &str, value: Value| {
            let mut body = json!({ "image": "i", "bay_uuid": "b" });
            body[field] = value;
            body
        };
        for (body, word) in [
            (json!({ "image": "i" }), "bay_uuid"),
            (json!({ "bay_uuid": "b" }), "image"),
            (with("image_id", json!("j")), "image_id"),
            (with("memory", json!("3m")), "memory"),
            (with("memory", json!([])), "memory"),
            (with("environment", json!({ "a=b": "c" })), "environment"),
            (with("environment", json!({ "": "c" })), "environment"),
            (with("environment", json!("a=b")), "environment"),
            (
                with("environment", json!({ "a": "x".repeat(ENVIRONMENT) })),
                "environment",
            ),
            (with("name", json!("")), "name"),
            (with("command", json!("x".repeat(4097))), "command"),
            (with("status", json!("Running")), "read-only"),
            (with("color", json!("red")), "color"),
        ] {
            match read(body.clone()) {
                Err(Error::BadRequest(told)) => assert!(told.contains(word), "{word}: {told}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }
}
