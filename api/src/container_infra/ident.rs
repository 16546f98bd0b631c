//! What stands for a thing in a path or a body: its UUID or its name.

use crate::extract::Segment;
use schemas::container_infra::body::invalid;
use schemas::{Error, Result};
use uuid::{Uuid, Version};

/// A UUID (with dashes or without), or else a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ident {
    /// In the form rows have it.
    Id(String),
    /// As given.
    Name(String),
}

impl Ident {
    /// Reads it.
    pub fn of(text: &str) -> Ident {
        match Uuid::parse_str(text) {
            Ok(id) => Ident::Id(id.to_string()),
            Err(_) => Ident::Name(text.to_owned()),
        }
    }

    /// For errors.
    pub fn as_str(&self) -> &str {
        match self {
            Ident::Id(text) | Ident::Name(text) => text,
        }
    }
}

impl std::fmt::Display for Ident {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Segment for Ident {
    const WHAT: &'static str = "Object";
    fn parse(text: &str) -> Option<Self> {
        Some(Ident::of(text))
    }
}

/// The only one of those found.
///
/// # Errors
/// `NotFound` when there is none, `Conflict` when a name stands for several.
pub fn one<T>(what: &str, ident: &Ident, mut found: Vec<T>) -> Result<T> {
    if found.len() > 1 {
        return Err(Error::Conflict(format!(
            "{} of {what} are called {ident}; use the UUID to be specific.",
            found.len()
        )));
    }
    found.pop().ok_or_else(|| Error::not_found(what, ident))
}

/// A UUID, where a name is none.
///
/// # Errors
/// `BadRequest`.
pub fn uuid(text: &str) -> Result<String> {
    let read = Uuid::parse_str(text).ok();
    let wrong = || Error::BadRequest(format!("Expected a UUID but received {text}."));
    read.map(|id| id.to_string()).ok_or_else(wrong)
}

/// The id that a client wants what runs in a cluster to have, or a new one. Those of nodes and of what
/// controllers make are derived (version 5), and are there before what they stand for: nobody else
/// takes them.
///
/// # Errors
/// `BadRequest` for one of those.
pub fn chosen(wished: Option<Uuid>) -> Result<Uuid> {
    match wished {
        None => Ok(Uuid::now_v7()),
        Some(id) if id.get_version() == Some(Version::Sha1) => Err(invalid(
            "uuid",
            "UUIDs of version 5 are the cloud's own; choose a random one, or none.",
        )),
        Some(id) => Ok(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_uuid_is_one() {
        let id = "01234567-89ab-cdef-0123-456789abcdef";
        for text in [id, &id.replace('-', ""), &id.to_uppercase()] {
            assert_eq!(Ident::of(text), Ident::Id(id.into()));
        }
        for text in ["web", "0123", "detail", ""] {
            assert_eq!(Ident::of(text), Ident::Name(text.into()));
        }
    }

    #[test]
    fn one_is_neither_none_nor_several() {
        let name = Ident::of("web");
        assert_eq!(one("Cluster", &name, vec![1]), Ok(1));
        let none = one::<u8>("Cluster", &name, vec![]);
        assert!(matches!(none, Err(Error::NotFound(_))));
        let many = one("Cluster", &name, vec![1, 2]);
        assert!(matches!(many, Err(Error::Conflict(_))));
    }

    #[test]
    fn ids_that_the_cloud_derives_are_not_for_the_taking() {
        let derived = Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"node");
        assert!(chosen(Some(derived)).is_err());
        for own in [Uuid::new_v4(), Uuid::now_v7(), Uuid::nil()] {
            assert_eq!(chosen(Some(own)).unwrap(), own);
        }
    }
}
