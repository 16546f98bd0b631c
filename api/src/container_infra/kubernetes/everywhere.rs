//! Lists of what all adopted bays of a project have.
//!
//! *Guarantees.* One bay that does not answer costs nobody the list: it is left out, and the list says so. All are asked
//! within the patience that one has. What several bays show (one cluster, adopted twice) is shown once,
//! of the oldest: the UUID marks one item only.

use super::view::{made, uid};
use super::{Bay, Kind, objects};
use crate::container_infra::call::settings;
use crate::ctx::Caller;
use futures::{StreamExt, stream};
use kubernetes::Bounds;
use schemas::container_infra::adopted::Sight;
use schemas::{Error, Result};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// API servers that are asked at once for one list.
const AT_ONCE: usize = 16;

/// What was found.
pub(in crate::container_infra) struct Everywhere {
    /// Bay by bay in the order of adoption, each with its oldest first.
    pub things: Vec<Thing>,
    /// The bays whose things are not among them.
    pub silent: Vec<Silent>,
}

/// One thing of an adopted bay.
pub(in crate::container_infra) struct Thing {
    pub uid: String,
    /// As lists show it.
    pub view: Value,
    made: Option<i64>,
}

/// A bay that was left out.
pub(in crate::container_infra) struct Silent {
    bay: String,
    name: String,
    why: String,
}

impl Everywhere {
    /// Asks these bays, each of which may be silent.
    pub(in crate::container_infra) async fn ask(
        caller: &Caller,
        bays: Vec<Bay>,
        kind: &Kind,
        full: bool,
    ) -> Everywhere {
        let bounds = Bounds::of(&settings(caller).kubernetes);
        let asking = bays.iter().map(|bay| {
            let bounds = bounds.clone();
            async move { (bay, bay.things(caller, kind, full, bounds).await) }
        });
        let answers: Vec<_> = stream::iter(asking).buffered(AT_ONCE).collect().await;
        let mut found = Everywhere {
            things: Vec::new(),
            silent: Vec::new(),
        };
        let mut known = BTreeSet::new();
        for (bay, answer) in answers {
            match answer {
                Ok(things) => {
                    let new = things.into_iter();
                    let new = new.filter(|thing| known.insert(thing.uid.clone()));
                    found.things.extend(new);
                }
                Err(error) => found.silent.push(Silent::of(bay, error)),
            }
        }
        found
    }
}

impl Bay {
    async fn things(
        &self,
        caller: &Caller,
        kind: &Kind,
        full: bool,
        bounds: Bounds,
    ) -> Result<Vec<Thing>> {
        // Who was silent a moment ago would cost every list its whole patience; conductors ask such a
        // bay again and again.
        match self.adopted.sight().map_err(Error::internal)? {
            Some(Sight::Answers(_)) => {}
            Some(Sight::Silent(why)) => return Err(Error::Unavailable(why)),
            None => return Err(Error::Unavailable("It has not answered yet.".into())),
        }
        let server = self.server_within(caller, bounds).await?;
        let objects = objects::all(&server, kind, server.namespace()).await?;
        let bay = self.row.id.as_str();
        let things = objects.iter().map(|object| Thing {
            uid: uid(object),
            made: made(object),
            view: match full {
                true => kind.whole(caller, bay, object),
                false => kind.brief(caller, bay, object),
            },
        });
        Ok(things.collect())
    }
}

impl Thing {
    /// What a list is sorted by.
    pub(in crate::container_infra) fn value(&self, key: &str) -> Value {
        match key {
            "created_at" => json!(self.made),
            key => self.view[key].clone(),
        }
    }
}

impl Silent {
    fn of(bay: &Bay, error: Error) -> Silent {
        let why = match error {
            Error::Internal(cause) => {
                tracing::error!(bay = bay.row.id, cause, "an adopted bay cannot be asked");
                "It cannot be asked; the operator's log says why.".into()
            }
            other => other.to_string(),
        };
        tracing::info!(
            bay = bay.row.id,
            why,
            "an adopted bay is left out of a list"
        );
        Silent {
            bay: bay.row.id.clone(),
            name: bay.row.name.clone(),
            why,
        }
    }

    /// For who reads more of a list than its items.
    pub(in crate::container_infra) fn view(&self) -> Value {
        json!({ "bay_uuid": self.bay, "name": self.name, "reason": self.why })
    }

    /// What a marker comes to that marks nothing of what was found.
    pub(in crate::container_infra) fn hides(&self, unmarked: &Error) -> Error {
        Error::Theirs {
            status: kubernetes::SILENT,
            told: format!(
                "{unmarked} Or it marks one of bay {}, which cannot be asked now: {}",
                self.name, self.why
            ),
        }
    }
}
