//! Who may do what: the oslo.policy language, upstream's rule names, defaults in code and
//! overrides from `policy.yaml`, which is read again when it changes.
//!
//! Promises: a file with an error never replaces rules that work (at start it stops the process
//! with a sentence, later it is logged and the old rules stay); a check costs well under a
//! microsecond.

mod base;
mod check;
mod compile;
mod parse;
mod rule;
mod sample;
mod target;

pub use rule::{Rule, RuleDefault};
pub use sample::sample;
pub use target::{Target, TargetValue};

use crate::auth::Auth;
use check::Check;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

/// Every rule the services declare, and the building blocks they refer to.
pub fn defaults() -> Vec<&'static RuleDefault> {
    [
        base::ALL,
        crate::identity::rules::ALL,
        crate::compute::rules::ALL,
        crate::image::rules::ALL,
        crate::container_infra::rules::ALL,
        crate::container_infra::cluster_rules::ALL,
    ]
    .concat()
}

/// One consistent set of compiled rules.
pub struct Rules {
    checks: Vec<Check>,
    places: HashMap<String, usize>,
}

impl Rules {
    /// The defaults, changed and extended by `overrides` (name to rule, as in `policy.yaml`).
    pub fn new(overrides: &BTreeMap<String, Value>) -> Result<Rules, String> {
        let mut written = Vec::new();
        for default in defaults() {
            let expr = match overrides.get(default.name) {
                Some(value) => parse::value(value),
                None => parse::parse(default.check),
            };
            let expr = expr.map_err(|error| format!("rule {:?}: {error}", default.name))?;
            written.push((default.name.to_owned(), expr));
        }
        for (name, value) in overrides {
            if !written.iter().any(|(known, _)| known == name) {
                let expr =
                    parse::value(value).map_err(|error| format!("rule {name:?}: {error}"))?;
                written.push((name.clone(), expr));
            }
        }
        let checks = compile::compile(&written)?;
        let places = written
            .into_iter()
            .enumerate()
            .map(|(place, (name, _))| (name, place));
        Ok(Rules {
            checks,
            places: places.collect(),
        })
    }

    /// Does the rule allow this caller to touch this target? A name nobody declared refuses.
    pub fn allows(&self, rule: &str, auth: &Auth, target: &Target<'_>) -> bool {
        self.places
            .get(rule)
            .and_then(|&place| self.checks.get(place))
            .is_some_and(|check| check.holds(&self.checks, auth, target))
    }
}

/// The rules in force.
pub struct Policy {
    file: Option<PathBuf>,
    current: RwLock<(Arc<Rules>, Option<Stamp>)>,
}

type Stamp = (SystemTime, u64);

impl Policy {
    /// Reads the file, if there is one. A file that is named but missing means "no overrides yet".
    pub fn load(file: Option<PathBuf>) -> Result<Policy, String> {
        let stamp = file.as_deref().and_then(stamp);
        let rules = read(file.as_deref())?;
        Ok(Policy {
            file,
            current: RwLock::new((Arc::new(rules), stamp)),
        })
    }

    /// The rules now.
    pub fn rules(&self) -> Arc<Rules> {
        let current = self
            .current
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        Arc::clone(&current.0)
    }

    /// Reads the file again if it is not the one read last. Called every second by the server.
    pub fn refresh(&self) {
        let Some(file) = self.file.as_deref() else {
            return;
        };
        let seen = stamp(file);
        if self
            .current
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .1
            == seen
        {
            return;
        }
        let read = read(Some(file));
        let mut current = self
            .current
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        current.1 = seen;
        match read {
            Ok(rules) => {
                tracing::info!(file = %file.display(), "policy read");
                current.0 = Arc::new(rules);
            }
            Err(error) => {
                tracing::error!(file = %file.display(), error, "policy has an error; the old one stays");
            }
        }
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(file).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}

fn read(file: Option<&Path>) -> Result<Rules, String> {
    let mut overrides = BTreeMap::new();
    if let Some(file) = file.filter(|file| file.exists()) {
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("policy {name} cannot be read: {error}"))?;
        let parsed: Option<BTreeMap<String, Value>> = serde_norway::from_str(&text)
            .map_err(|error| format!("policy {name} is no map of rules: {error}"))?;
        overrides = parsed.unwrap_or_default();
        return Rules::new(&overrides).map_err(|error| format!("policy {name}: {error}"));
    }
    Rules::new(&overrides)
}

#[cfg(test)]
mod tests;
