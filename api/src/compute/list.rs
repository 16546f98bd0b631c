//! A list's body: the items under their name, and `<name>_links` to the next page.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A list that serialises as Nova's lists do.
pub struct Listed<'a, T> {
    /// `servers`, `flavors`, ….
    pub name: &'static str,
    /// The items.
    pub items: &'a [T],
    /// The address of the next page.
    pub next: Option<String>,
}

#[derive(serde::Serialize)]
struct Next<'a> {
    rel: &'static str,
    href: &'a str,
}

impl<T: Serialize> Serialize for Listed<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry(self.name, self.items)?;
        if let Some(href) = &self.next {
            let next = Next { rel: "next", href };
            map.serialize_entry(&format!("{}_links", self.name), &[next])?;
        }
        map.end()
    }
}
