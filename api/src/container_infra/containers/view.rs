//! How containers look (contract `magnum-v1.md` §8.7).

use crate::call::Call;
use crate::container_infra::view::{links, since, when};
use schemas::{Error, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use store::compute::hosts;
use store::compute::servers::Server;
use store::compute::spec::Guest;
use store::{Conn, Result};

/// Fields that lists may be sorted by.
pub(super) const KEYS: &[&str] = &[
    "uuid",
    "name",
    "image",
    "bay_uuid",
    "command",
    "memory",
    "environment",
    "status",
    "created_at",
    "updated_at",
];

/// A container with what its view shows.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    server: Server,
    guest: Guest,
    /// Nobody can say how it is: its node, or the engine there, does not answer.
    silent: bool,
    /// Why it is not what it should be.
    reason: Option<String>,
}

/// Silence after which a node counts as down: as for every host.
pub(super) fn silence(call: &Call) -> (Timestamp, Duration) {
    let state = call.state();
    (state.clock.now(), state.settings.compute.silence())
}

impl Loaded {
    /// These rows.
    pub(super) fn all(
        conn: &mut Conn,
        rows: Vec<Server>,
        (now, silence): (Timestamp, Duration),
    ) -> Result<Vec<Loaded>> {
        let mut silent: HashMap<String, bool> = HashMap::new();
        let mut loaded = Vec::new();
        for server in rows {
            let silent = match &server.host_id {
                None => false,
                Some(id) => match silent.get(id) {
                    Some(known) => *known,
                    None => {
                        let found = match hosts::get(conn, id)? {
                            None => true,
                            Some(host) => {
                                let broken = host.inventory()?.engine_problem.is_some();
                                broken || !host.is_up(now, silence)
                            }
                        };
                        silent.insert(id.clone(), found);
                        found
                    }
                },
            };
            let guest = server.spec()?.guest;
            loaded.push(Loaded {
                guest: guest.ok_or_else(|| Error::internal("a container is no guest"))?,
                reason: reason(&server, silent)?,
                server,
                silent,
            });
        }
        Ok(loaded)
    }

    pub(super) fn id(&self) -> String {
        self.server.id.clone()
    }
}

fn reason(server: &Server, silent: bool) -> Result<Option<String>> {
    if let Some(fault) = server.fault()? {
        return Ok(Some(fault.message));
    }
    match silent {
        true => Ok(Some(
            "Its node, or the engine there, does not answer.".into(),
        )),
        false => Ok(server.sight()?.step),
    }
}

/// While it is being made nobody knows what will become of it; its status is one of the five there were.
fn status(loaded: &Loaded) -> &'static str {
    match loaded.server.vm_state.as_str() {
        "error" => "Error",
        _ if loaded.silent => "Unknown",
        "active" => "Running",
        "stopped" => "Stopped",
        "paused" => "Paused",
        _ => "Unknown",
    }
}

/// Its name; it need not have one.
pub(super) fn name(server: &Server) -> Option<&str> {
    Some(server.name.as_str()).filter(|name| !name.is_empty())
}

/// What a list tells of it.
pub(super) fn brief(call: &Call, loaded: &Loaded) -> Value {
    let server = &loaded.server;
    let mut view = json!({
        "uuid": server.id,
        "name": name(server),
        "bay_uuid": server.guest_of,
        "status": status(loaded),
        "links": links(call, "containers", &server.id),
    });
    if let Guest::Container {
        env,
        asked_image,
        asked_command,
        asked_memory,
        in_first_words,
    } = &loaded.guest
    {
        view["image"] = json!(asked_image);
        view["command"] = json!(asked_command);
        view["memory"] = json!(asked_memory);
        view["environment"] = json!(env);
        if *in_first_words {
            view["image_id"] = json!(asked_image);
        }
    }
    view
}

/// All there is to tell of it.
pub(super) fn whole(call: &Call, loaded: &Loaded) -> Value {
    let mut view = brief(call, loaded);
    view["status_reason"] = json!(loaded.reason);
    view["created_at"] = when(loaded.server.created_at);
    view["updated_at"] = since(updated(&loaded.server));
    view
}

/// One field, to sort by.
pub(super) fn value(call: &Call, loaded: &Loaded, key: &str) -> Value {
    match key {
        "created_at" => loaded.server.created_at.into(),
        "updated_at" => updated(&loaded.server).into(),
        key => brief(call, loaded)[key].take(),
    }
}

/// Rows of servers know no time before the first change.
fn updated(server: &Server) -> Option<i64> {
    (server.updated_at > server.created_at).then_some(server.updated_at)
}
