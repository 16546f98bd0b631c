//! What the views of servers show of hosts.

use super::Settings;
use schemas::Timestamp;
use std::collections::HashMap;
use store::compute::hosts::{self, Brief};
use store::compute::servers::Server;
use store::{Conn, Result};

/// Facts about hosts, by id.
#[derive(Default)]
pub struct Facts(HashMap<String, Fact>);

/// One host.
pub struct Fact {
    /// Name.
    pub hostname: String,
    /// `UP`, `DOWN`, `MAINTENANCE` (Nova's `host_status`).
    pub status: &'static str,
}

impl Facts {
    /// The facts about these hosts.
    pub fn read<'a>(
        conn: &mut Conn,
        ids: impl Iterator<Item = Option<&'a String>>,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Facts> {
        let mut ids: Vec<String> = ids.flatten().cloned().collect();
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Facts::default());
        }
        let fact = |host: Brief| {
            let status = status(&host, now, settings);
            let fact = Fact {
                hostname: host.hostname,
                status,
            };
            (host.id, fact)
        };
        Ok(Facts(
            hosts::briefs(conn, &ids)?.into_iter().map(fact).collect(),
        ))
    }

    /// That about a server's host.
    pub fn of(&self, server: &Server) -> Option<&Fact> {
        server.host_id.as_deref().and_then(|id| self.get(id))
    }

    /// One of them.
    pub fn get(&self, id: &str) -> Option<&Fact> {
        self.0.get(id)
    }
}

fn status(host: &Brief, now: Timestamp, settings: &Settings) -> &'static str {
    if !host.is_up(now, settings.silence()) {
        "DOWN"
    } else if host.state != "enabled" {
        "MAINTENANCE"
    } else {
        "UP"
    }
}
