//! What an image's owner writes about it, one attribute at a time: creation sets several, a patch
//! sets and removes some. Names and limits are checked here and nowhere else.

use super::words::{CONTAINER_FORMATS, DISK_FORMATS, Visibility};
use crate::{Error, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Longest name, tag and property name, in characters.
const NAME: usize = 255;
/// Longest value of a property, in bytes.
const VALUE: usize = 65_535;
/// Most properties, most tags.
const MANY: usize = 128;

/// Written by the service only.
pub const READ_ONLY: [&str; 12] = [
    "created_at",
    "updated_at",
    "status",
    "checksum",
    "size",
    "virtual_size",
    "os_hash_algo",
    "os_hash_value",
    "id",
    "file",
    "self",
    "schema",
];
/// Not to be used as names of properties.
pub const RESERVED: [&str; 7] = [
    "locations",
    "deleted",
    "deleted_at",
    "direct_url",
    "stores",
    "is_public",
    "status_reason",
];

/// What an image's owner writes about it. Absent texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Glance's own names")]
pub struct Attributes {
    pub name: String,
    pub visibility: Visibility,
    pub owner: String,
    pub container_format: String,
    pub disk_format: String,
    pub min_disk: i64,
    pub min_ram: i64,
    pub protected: bool,
    pub os_hidden: bool,
    pub tags: BTreeSet<String>,
    /// Further properties, by name.
    pub properties: BTreeMap<String, String>,
}

impl Attributes {
    /// Those of a new image of this project.
    pub fn new(owner: &str) -> Attributes {
        Attributes {
            name: String::new(),
            visibility: Visibility::Shared,
            owner: owner.into(),
            container_format: String::new(),
            disk_format: String::new(),
            min_disk: 0,
            min_ram: 0,
            protected: false,
            os_hidden: false,
            tags: BTreeSet::new(),
            properties: BTreeMap::new(),
        }
    }

    /// Those that a creation's body asks for; and the id it asks for.
    ///
    /// # Errors
    /// `BadRequest` for a value that is wrong, `Forbidden` for a name that is not the caller's.
    pub fn create(
        owner: &str,
        body: &serde_json::Map<String, Value>,
    ) -> Result<(Attributes, Option<uuid::Uuid>)> {
        let mut attributes = Attributes::new(owner);
        let mut id = None;
        for (key, value) in body {
            if key == "id" {
                let text = text(key, value)?;
                let wrong = || wrong(key, &format!("{text:?} is no UUID"));
                id = Some(uuid::Uuid::parse_str(text).map_err(|_| wrong())?);
            } else {
                attributes.set(key, value)?;
            }
        }
        Ok((attributes, id))
    }

    /// Does the image have this attribute or property?
    pub fn has(&self, key: &str) -> bool {
        is_base(key) || self.properties.contains_key(key)
    }

    /// Writes one.
    ///
    /// # Errors
    /// `BadRequest` for a value that is wrong, `Forbidden` for a name that is not the caller's.
    pub fn set(&mut self, key: &str, value: &Value) -> Result<()> {
        match key {
            "name" => {
                self.name = nullable(key, value)?.map_or(Ok(String::new()), |name| {
                    bounded(key, name, NAME).map(str::to_owned)
                })?
            }
            "visibility" => {
                let word = text(key, value)?;
                let known = Visibility::ALL
                    .iter()
                    .map(|v| v.as_str())
                    .collect::<Vec<_>>();
                self.visibility =
                    Visibility::parse(word).ok_or_else(|| one_of(key, word, &known))?;
            }
            "owner" => {
                let owner = nullable(key, value)?.unwrap_or_default();
                if owner.is_empty() {
                    return Err(wrong(key, "every image belongs to a project; name one"));
                }
                self.owner = bounded(key, owner, NAME)?.to_owned();
            }
            "container_format" => self.container_format = word(key, value, &CONTAINER_FORMATS)?,
            "disk_format" => self.disk_format = word(key, value, &DISK_FORMATS)?,
            "min_disk" => self.min_disk = count(key, value)?,
            "min_ram" => self.min_ram = count(key, value)?,
            "protected" => self.protected = boolean(key, value)?,
            "os_hidden" => self.os_hidden = boolean(key, value)?,
            "tags" => self.tags = tags(key, value)?,
            _ => self.set_property(key, value)?,
        }
        Ok(())
    }

    fn set_property(&mut self, key: &str, value: &Value) -> Result<()> {
        refuse_foreign(key)?;
        bounded("property", key, NAME)?;
        // The two that old clients send empty.
        if value.is_null() && matches!(key, "kernel_id" | "ramdisk_id") {
            self.properties.remove(key);
            return Ok(());
        }
        let value = text(key, value)?;
        if value.len() > VALUE {
            return Err(wrong(key, &format!("it is longer than {VALUE} bytes")));
        }
        if self.properties.len() >= MANY && !self.properties.contains_key(key) {
            return Err(Error::TooLarge(format!(
                "An image may have no more than {MANY} properties; remove some."
            )));
        }
        self.properties.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    /// Removes a property.
    ///
    /// # Errors
    /// `Forbidden` for what every image has, `Conflict` for what this one does not have.
    pub fn unset(&mut self, key: &str) -> Result<()> {
        refuse_foreign(key)?;
        if is_base(key) {
            return Err(Error::Forbidden(format!(
                "Property {key} may not be removed; replace it instead."
            )));
        }
        match self.properties.remove(key) {
            Some(_) => Ok(()),
            None => Err(missing(key)),
        }
    }

    /// Adds a tag.
    ///
    /// # Errors
    /// `BadRequest` when it is too long, `TooLarge` when there are too many.
    pub fn add_tag(tags: &mut BTreeSet<String>, tag: &str) -> Result<()> {
        tags.insert(bounded("tag", tag, NAME)?.to_owned());
        if tags.len() > MANY {
            return Err(Error::TooLarge(format!(
                "An image may have no more than {MANY} tags; remove some."
            )));
        }
        Ok(())
    }
}

/// The error for a property that is to be changed and is not there.
pub(super) fn missing(key: &str) -> Error {
    Error::Conflict(format!("Property {key} does not exist."))
}

fn is_base(key: &str) -> bool {
    matches!(
        key,
        "name"
            | "visibility"
            | "owner"
            | "container_format"
            | "disk_format"
            | "min_disk"
            | "min_ram"
            | "protected"
            | "os_hidden"
            | "tags"
    )
}

fn refuse_foreign(key: &str) -> Result<()> {
    if READ_ONLY.contains(&key) {
        return Err(Error::Forbidden(format!("Attribute '{key}' is read-only.")));
    }
    if RESERVED.contains(&key) || key.starts_with("os_glance_") {
        return Err(Error::Forbidden(format!("Attribute '{key}' is reserved.")));
    }
    if key.is_empty() {
        return Err(Error::BadRequest("A property needs a name.".into()));
    }
    Ok(())
}

fn wrong(key: &str, why: &str) -> Error {
    Error::BadRequest(format!("Invalid value for {key}: {why}."))
}

fn one_of(key: &str, word: &str, known: &[&str]) -> Error {
    wrong(key, &format!("{word:?} is not one of {}", known.join(", ")))
}

fn text<'a>(key: &str, value: &'a Value) -> Result<&'a str> {
    let text = value
        .as_str()
        .ok_or_else(|| wrong(key, &format!("{value} is not a text")))?;
    if text.contains('\0') {
        return Err(wrong(key, "it holds a NUL character"));
    }
    Ok(text)
}

fn nullable<'a>(key: &str, value: &'a Value) -> Result<Option<&'a str>> {
    match value {
        Value::Null => Ok(None),
        value => text(key, value).map(Some),
    }
}

fn bounded<'a>(key: &str, text: &'a str, most: usize) -> Result<&'a str> {
    if text.chars().count() > most {
        return Err(wrong(key, &format!("it is longer than {most} characters")));
    }
    Ok(text)
}

fn word(key: &str, value: &Value, known: &[&str]) -> Result<String> {
    match nullable(key, value)? {
        None => Ok(String::new()),
        Some(word) if known.contains(&word) => Ok(word.to_owned()),
        Some(word) => Err(one_of(key, word, known)),
    }
}

fn count(key: &str, value: &Value) -> Result<i64> {
    value
        .as_i64()
        .filter(|count| (0..=i64::from(i32::MAX)).contains(count))
        .ok_or_else(|| wrong(key, &format!("{value} is not a whole number of 0 or more")))
}

fn boolean(key: &str, value: &Value) -> Result<bool> {
    value
        .as_bool()
        .ok_or_else(|| wrong(key, &format!("{value} is neither true nor false")))
}

fn tags(key: &str, value: &Value) -> Result<BTreeSet<String>> {
    let list = value
        .as_array()
        .ok_or_else(|| wrong(key, &format!("{value} is not a list of texts")))?;
    let mut tags = BTreeSet::new();
    for tag in list {
        Attributes::add_tag(&mut tags, text(key, tag)?)?;
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn create(body: Value) -> Result<Attributes> {
        Attributes::create("p", body.as_object().unwrap()).map(|(attributes, _)| attributes)
    }

    #[test]
    fn keys_that_glance_does_not_know_are_properties() {
        let image = create(json!({
            "name": "n", "min_ram": 64, "owner_specified.openstack.md5": "", "os_distro": "busybox",
        }))
        .unwrap();
        assert_eq!((image.name.as_str(), image.min_ram), ("n", 64));
        assert_eq!(image.properties["os_distro"], "busybox");
        assert_eq!(image.properties["owner_specified.openstack.md5"], "");
    }

    #[test]
    fn names_that_are_not_the_callers_are_forbidden() {
        for key in READ_ONLY
            .iter()
            .filter(|key| **key != "id")
            .chain(&RESERVED)
        {
            let refused = create(json!({ *key: "x" }));
            assert!(
                matches!(refused, Err(Error::Forbidden(_))),
                "{key}: {refused:?}"
            );
        }
    }

    #[test]
    fn wrong_values_are_refused_with_the_name_of_the_attribute() {
        for (key, value) in [
            ("name", json!(1)),
            ("name", json!("x".repeat(256))),
            ("visibility", json!("secret")),
            ("container_format", json!("zip")),
            ("disk_format", json!(1)),
            ("min_ram", json!(-1)),
            ("min_disk", json!("1")),
            ("protected", json!("yes")),
            ("tags", json!("a")),
            ("tags", json!(["x".repeat(256)])),
            ("os_distro", json!(null)),
            ("id", json!("x")),
        ] {
            match create(json!({ key: value })) {
                Err(Error::BadRequest(words)) => {
                    assert!(words.contains(key) || words.contains("tag"), "{words}");
                }
                other => panic!("{key}: {other:?}"),
            }
        }
    }
}
