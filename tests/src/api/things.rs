//! The seeded things by the place they have in paths: `compute/servers` is what stands for `{id}`
//! in `/compute/v2.1/servers/{id}`.

use std::collections::BTreeMap;

/// Ids (and, under `name:…`, names) of what the seed holds.
#[derive(Clone, Debug, Default)]
pub struct Things(BTreeMap<String, String>);

impl Things {
    /// Remembers one.
    pub fn put(&mut self, place: impl Into<String>, value: impl Into<String>) {
        self.0.insert(place.into(), value.into());
    }

    /// Is there one?
    pub fn find(&self, place: &str) -> Option<&str> {
        self.0.get(place).map(String::as_str)
    }

    /// One that must be there.
    pub fn get(&self, place: &str) -> &str {
        self.find(place)
            .unwrap_or_else(|| panic!("the seed holds no {place}; sow one in tests/src/api/sow"))
    }

    /// All.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(place, value)| (place.as_str(), value.as_str()))
    }
}
