//! Config maps that come along in a manifest: they are the object's own, and live and go with it.

use super::fields::{self, below};
use super::{bad, names, plain};
use crate::Result;
use k8s_openapi::api::core::v1;
use std::collections::BTreeMap;

/// Most bytes that manifests may put into one pod: texts of its containers and files, together. A config
/// map of Kubernetes holds as much.
pub(super) const MOST_BYTES: usize = 1 << 20;
/// Why there are none.
pub(super) const SECRET: &str = "what a manifest holds is repeated in answers and lies in the database in clear, so it is no \
                                 place for secrets; let the program fetch them";

/// All of one manifest, by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Config(BTreeMap<String, ConfigMap>);

/// One.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ConfigMap {
    /// Texts, which variables may have, too.
    pub(super) data: BTreeMap<String, String>,
    /// What is no text.
    binary: BTreeMap<String, Vec<u8>>,
}

impl Config {
    /// Takes one that was read at this place.
    pub(super) fn add(&mut self, path: &str, from: v1::ConfigMap) -> Result<()> {
        let at = |field: &str| below(path, field);
        let plain = plain(&from)?;
        fields::CONFIG_MAP.check(path, &plain)?;
        fields::META.check(&at("metadata"), &plain["metadata"])?;
        let name = super::name_at(&at("metadata"), &from.metadata)?;
        super::labels(&at("metadata"), &from.metadata)?;
        let data = from.data.unwrap_or_default();
        let binary: BTreeMap<String, Vec<u8>> = from
            .binary_data
            .unwrap_or_default()
            .into_iter()
            .map(|(key, value)| (key, value.0))
            .collect();
        for key in data.keys().chain(binary.keys()) {
            names::file(&at("data"), key)?;
        }
        if let Some(both) = data.keys().find(|key| binary.contains_key(*key)) {
            return Err(bad(
                &below(&at("binaryData"), both),
                "data has the same name",
            ));
        }
        let map = ConfigMap { data, binary };
        match self.0.insert(name, map) {
            None => Ok(()),
            Some(_) => Err(bad(
                &at("metadata.name"),
                "another config map of the manifest has this name",
            )),
        }
    }

    /// The one of this name, which a reference at this place needs unless it is optional.
    pub(super) fn get(&self, path: &str, name: &str, optional: bool) -> Result<Option<&ConfigMap>> {
        if name.is_empty() {
            return Err(bad(&below(path, "name"), "it is missing"));
        }
        match self.0.get(name) {
            None if !optional => Err(bad(
                &below(path, "name"),
                &format!(
                    "{name:?} is no config map of this manifest; write it beside as a document of the \
                     kind ConfigMap, for none is kept elsewhere"
                ),
            )),
            found => Ok(found),
        }
    }
}

impl ConfigMap {
    /// The content under this key.
    pub(super) fn content(&self, key: &str) -> Option<&[u8]> {
        let text = self.data.get(key).map(String::as_bytes);
        text.or_else(|| self.binary.get(key).map(Vec::as_slice))
    }

    /// All keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &String> {
        self.data.keys().chain(self.binary.keys())
    }
}

/// Counts what a pod is given.
pub(super) fn bounded(path: &str, bytes: usize) -> Result<()> {
    match bytes > MOST_BYTES {
        true => Err(bad(
            path,
            "the pod's texts and files have more than 1 MiB together, with all that references repeat",
        )),
        false => Ok(()),
    }
}
