//! What a listed server must be like beyond what the database can tell.

use crate::compute::servers::status::{power_state, status};
use crate::compute::servers::stored::{sight, stored};
use crate::extract::Query;
use regex::{Regex, RegexBuilder};
use schemas::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use store::compute::servers::Server;

/// The conditions.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    pub name: Option<Regex>,
    pub address: Option<Regex>,
    pub statuses: Vec<String>,
    pub tags: Tags,
    pub metadata: Vec<(String, String)>,
    pub task_state: Option<String>,
    pub power_state: Option<u8>,
    pub key_name: Option<String>,
    pub reservation_id: Option<String>,
    pub description: Option<String>,
}

/// Tags that it must have, or must not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags {
    pub all: Vec<String>,
    pub any: Vec<String>,
    pub not_all: Vec<String>,
    pub not_any: Vec<String>,
}

pub(super) fn tags(query: &Query, name: &str) -> Vec<String> {
    query
        .get(name)
        .into_iter()
        .flat_map(|list| list.split(','))
        .filter(|tag| !tag.is_empty())
        .map(str::to_owned)
        .collect()
}

pub(super) fn is_special(letter: char) -> bool {
    "\\.+*?()|[]{}^$".contains(letter)
}

pub(super) fn expression(pattern: &str) -> Result<Regex> {
    RegexBuilder::new(pattern)
        .size_limit(1 << 18)
        .build()
        .map_err(|_| {
            Error::BadRequest(format!(
                "{pattern:?} is no regular expression; put a backslash before what is special."
            ))
        })
}

impl Wanted {
    pub fn is_nothing(&self) -> bool {
        self.name.is_none()
            && self.address.is_none()
            && self.statuses.is_empty()
            && self.tags.is_nothing()
            && self.metadata.is_empty()
            && self.task_state.is_none()
            && self.power_state.is_none()
            && self.key_name.is_none()
            && self.reservation_id.is_none()
            && self.description.is_none()
    }

    pub fn matches(&self, row: &Server) -> Result<bool> {
        if let Some(name) = &self.name
            && !name.is_match(&row.name)
        {
            return Ok(false);
        }
        let shown = status(&row.vm_state, row.task_state.as_deref());
        if !self.statuses.is_empty()
            && !self
                .statuses
                .iter()
                .any(|word| word.eq_ignore_ascii_case(shown))
        {
            return Ok(false);
        }
        if let Some(task) = &self.task_state
            && row.task_state.as_ref() != Some(task)
        {
            return Ok(false);
        }
        Ok(self.sight_matches(row)? && self.spec_matches(row)?)
    }

    fn sight_matches(&self, row: &Server) -> Result<bool> {
        if self.address.is_none() && self.power_state.is_none() {
            return Ok(true);
        }
        let sight = sight(row)?;
        let address = self.address.as_ref().is_none_or(|wanted| {
            let mut interfaces = sight.interfaces().iter();
            interfaces.any(|one| wanted.is_match(one.address))
        });
        let power = power_state(sight.run_state());
        Ok(address && self.power_state.is_none_or(|wanted| wanted == power))
    }

    fn spec_matches(&self, row: &Server) -> Result<bool> {
        let nothing = self.tags.is_nothing()
            && self.metadata.is_empty()
            && self.key_name.is_none()
            && self.reservation_id.is_none()
            && self.description.is_none();
        if nothing {
            return Ok(true);
        }
        let stored = stored(row)?;
        let text = |raw: &serde_json::value::RawValue| {
            serde_json::from_str::<Option<String>>(raw.get())
                .ok()
                .flatten()
        };
        let same =
            |wanted: &Option<String>, held: Option<String>| wanted.is_none() || *wanted == held;
        let tags: BTreeSet<String> =
            serde_json::from_str(stored.spec.tags.get()).map_err(Error::internal)?;
        let metadata: BTreeMap<String, String> =
            serde_json::from_str(stored.spec.metadata.get()).map_err(Error::internal)?;
        Ok(self.tags.match_all(&tags)
            && self
                .metadata
                .iter()
                .all(|(key, value)| metadata.get(key) == Some(value))
            && same(
                &self.key_name,
                stored.spec.key.as_ref().and_then(|key| text(key.name)),
            )
            && same(&self.reservation_id, text(stored.spec.reservation_id))
            && same(&self.description, text(stored.spec.description)))
    }
}

impl Tags {
    fn is_nothing(&self) -> bool {
        [&self.all, &self.any, &self.not_all, &self.not_any]
            .iter()
            .all(|list| list.is_empty())
    }

    fn match_all(&self, held: &BTreeSet<String>) -> bool {
        let has = |tag: &String| held.contains(tag);
        self.all.iter().all(has)
            && (self.any.is_empty() || self.any.iter().any(has))
            && (self.not_all.is_empty() || !self.not_all.iter().all(has))
            && !self.not_any.iter().any(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_matched_in_all_four_ways() {
        let held: BTreeSet<String> = ["a".to_owned(), "b".to_owned()].into();
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let tags = |all: &str| Tags {
            all: list(all),
            ..Tags::default()
        };
        assert!(tags("a b").match_all(&held) && !tags("a c").match_all(&held));
        let any = Tags {
            any: list("c b"),
            ..Tags::default()
        };
        let not_all = Tags {
            not_all: list("a c"),
            ..Tags::default()
        };
        let not_any = Tags {
            not_any: list("c a"),
            ..Tags::default()
        };
        assert!(any.match_all(&held) && not_all.match_all(&held) && !not_any.match_all(&held));
    }
}
