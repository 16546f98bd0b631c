//! Bodies of container-infra (contract `magnum-v1.md` §2.2): `null` is absent, an unknown field and
//! one that only the server writes are refused, and what is wrong is told by the field's name.

use crate::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The fields of a body that must be an object.
///
/// # Errors
/// `BadRequest` for anything else.
pub fn object(body: Value) -> Result<Map<String, Value>> {
    match body {
        Value::Object(map) => Ok(map),
        _ => Err(Error::BadRequest(
            "The body must be a JSON object with the fields of the resource.".into(),
        )),
    }
}

/// Reads a create body. `read_only` are fields that the resource has and the server writes. `T`
/// refuses unknown fields (`#[serde(deny_unknown_fields)]`).
///
/// # Errors
/// `BadRequest` that names the field.
pub fn create<T: DeserializeOwned>(map: Map<String, Value>, read_only: &[&str]) -> Result<T> {
    if let Some(field) = map.keys().find(|key| read_only.contains(&key.as_str())) {
        return Err(invalid(field, "It is read-only; leave it out."));
    }
    read(map)
}

/// Reads a document: a create body, or a resource's fields after a change.
///
/// # Errors
/// `BadRequest` that names the field.
pub fn read<T: DeserializeOwned>(map: Map<String, Value>) -> Result<T> {
    let sent = map.into_iter().filter(|(_, value)| !value.is_null());
    let map = Value::Object(sent.collect());
    serde_path_to_error::deserialize(map).map_err(|error| {
        let path = error.path().to_string();
        let told = error.into_inner().to_string();
        if let Some(rest) = told.strip_prefix("unknown field ") {
            return Error::BadRequest(format!("Unknown attribute {rest}."));
        }
        if told.starts_with("missing field ") && (path == "." || path == "?") {
            return Error::BadRequest(format!("Mandatory: {told}."));
        }
        invalid(&path, &format!("Wrong: {told}."))
    })
}

/// Reads one field.
///
/// # Errors
/// `BadRequest` that names it.
pub fn field<T: DeserializeOwned>(name: &str, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| invalid(name, &format!("Wrong: {error}.")))
}

/// A field's value is refused, and why (a sentence).
pub fn invalid(field: &str, why: &str) -> Error {
    Error::BadRequest(format!("Invalid input for field/attribute {field}. {why}"))
}

/// Takes a `uuid` that the client wants its new thing to have out of a body.
///
/// # Errors
/// `BadRequest` when it is no UUID.
pub fn take_uuid(map: &mut Map<String, Value>) -> Result<Option<uuid::Uuid>> {
    match map.remove("uuid") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let read = value
                .as_str()
                .and_then(|text| uuid::Uuid::parse_str(text).ok());
            let wrong = || invalid("uuid", &format!("{value} is no UUID."));
            read.map(Some).ok_or_else(wrong)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container_infra::field::{Labels, Natural, Truth, Word};
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: Word,
        #[serde(default)]
        count: Option<Natural>,
        #[serde(default)]
        labels: Labels,
        #[serde(default)]
        public: Truth,
    }

    fn thing(body: Value) -> Result<Thing> {
        create(object(body)?, &["links", "status"])
    }

    #[test]
    fn null_is_absent() {
        let read = thing(json!({ "name": "a", "count": null, "labels": null, "public": null }));
        let read = read.unwrap();
        assert_eq!(&*read.name, "a");
        assert!(read.count.is_none() && read.labels.0.is_empty() && !read.public.0);
    }

    #[test]
    fn what_is_wrong_is_told_by_its_name() {
        for (body, word) in [
            (json!([]), "object"),
            (json!(["a", 1, {}, true]), "object"),
            (json!("a"), "object"),
            (json!({}), "name"),
            (json!({ "name": null }), "name"),
            (json!({ "name": "" }), "name"),
            (json!({ "name": "a", "count": "x" }), "count"),
            (json!({ "name": "a", "count": -1 }), "count"),
            (json!({ "name": "a", "labels": { "k": [] } }), "labels.k"),
            (json!({ "name": "a", "color": 1 }), "color"),
            (json!({ "name": "a", "links": [] }), "read-only"),
            (json!({ "name": "a", "status": "" }), "read-only"),
        ] {
            match thing(body.clone()) {
                Err(Error::BadRequest(told)) => assert!(told.contains(word), "{body}: {told}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_uuid_may_be_wished_for() {
        let take = |value: Value| {
            let mut map = object(json!({ "uuid": value })).unwrap();
            take_uuid(&mut map)
        };
        assert_eq!(take(json!(null)).unwrap(), None);
        let hex = "0123456789abcdef0123456789abcdef";
        let id = take(json!(hex)).unwrap().unwrap();
        assert_eq!(id.simple().to_string(), hex);
        for wrong in [json!("x"), json!(1), json!("")] {
            assert!(take(wrong).is_err());
        }
    }
}
