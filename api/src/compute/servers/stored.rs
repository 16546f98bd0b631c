//! The parts of a server's JSON columns that are shown, read without copying: a list of a thousand
//! servers parses no more than it prints.

use schemas::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::compute::servers::Server;

/// What is shown of `servers.spec`.
#[derive(Deserialize)]
pub struct SpecPart<'a> {
    #[serde(borrow)]
    pub flavor: FlavorPart<'a>,
    #[serde(borrow)]
    pub metadata: &'a RawValue,
    #[serde(borrow)]
    pub tags: &'a RawValue,
    #[serde(borrow)]
    pub description: &'a RawValue,
    #[serde(borrow)]
    pub key: Option<KeyPart<'a>>,
    #[serde(borrow)]
    pub user_data: &'a RawValue,
    #[serde(borrow)]
    pub zone: &'a RawValue,
    #[serde(borrow)]
    pub locked_reason: &'a RawValue,
    #[serde(borrow)]
    pub reservation_id: &'a RawValue,
    pub launch_index: u32,
    pub config_drive: bool,
    #[serde(default, borrow)]
    pub access_v4: Cow<'a, str>,
    #[serde(default, borrow)]
    pub access_v6: Cow<'a, str>,
}

/// What is shown of the flavor embedded in it.
#[derive(Deserialize)]
pub struct FlavorPart<'a> {
    #[serde(borrow)]
    pub name: &'a RawValue,
    pub vcpus: u32,
    pub ram_mb: u64,
    pub disk_gb: u64,
    pub ephemeral_gb: u64,
    pub swap_mb: u64,
    #[serde(borrow)]
    pub extra_specs: &'a RawValue,
}

/// The key's name.
#[derive(Deserialize)]
pub struct KeyPart<'a> {
    #[serde(borrow)]
    pub name: &'a RawValue,
}

/// What is shown of `servers.seen`.
#[derive(Default, Deserialize)]
pub struct SightPart<'a> {
    #[serde(borrow)]
    pub state: Option<SeenPart<'a>>,
    #[serde(borrow)]
    pub step: Option<Cow<'a, str>>,
}

/// What is shown of the last observation.
#[derive(Deserialize)]
pub struct SeenPart<'a> {
    #[serde(borrow)]
    pub state: Option<&'a str>,
    #[serde(default, borrow)]
    pub interfaces: Vec<Interface<'a>>,
}

/// An interface as it is.
#[derive(Deserialize)]
pub struct Interface<'a> {
    #[serde(borrow)]
    pub network_id: &'a str,
    #[serde(borrow)]
    pub network_name: Cow<'a, str>,
    #[serde(borrow)]
    pub address: &'a str,
    #[serde(borrow)]
    pub mac: &'a str,
}

impl Interface<'_> {
    /// 4 or 6.
    pub fn version(&self) -> u8 {
        if self.address.contains(':') { 6 } else { 4 }
    }
}

/// Both columns of a row.
pub struct Stored<'a> {
    pub spec: SpecPart<'a>,
    pub sight: SightPart<'a>,
}

/// Reads both.
///
/// # Errors
/// `Internal` when a column holds something else.
pub fn stored(server: &Server) -> Result<Stored<'_>> {
    let bad = |column: &str, error: serde_json::Error| {
        Error::internal(format_args!("servers.{column} of {}: {error}", server.id))
    };
    Ok(Stored {
        spec: serde_json::from_str(&server.spec).map_err(|error| bad("spec", error))?,
        sight: sight(server)?,
    })
}

/// Reads `servers.seen` alone.
///
/// # Errors
/// `Internal` when it holds something else.
pub fn sight(server: &Server) -> Result<SightPart<'_>> {
    serde_json::from_str(&server.seen)
        .map_err(|error| Error::internal(format_args!("servers.seen of {}: {error}", server.id)))
}

impl<'a> SightPart<'a> {
    /// What the container does, in the engine's words.
    pub fn run_state(&self) -> Option<&'a str> {
        self.state.as_ref().and_then(|seen| seen.state)
    }

    /// Its interfaces.
    pub fn interfaces(&self) -> &[Interface<'a>] {
        self.state.as_ref().map_or(&[], |seen| &seen.interfaces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::host::Seen;
    use schemas::ids::{NetworkId, WorkloadId};
    use schemas::workload::{Interface, Limits, Observation, RunState};
    use store::compute::servers::Sight;

    #[test]
    fn every_kind_of_sight_is_read() {
        let observation = Observation {
            id: WorkloadId::new(),
            incarnation: 1,
            state: RunState::Running,
            boot: "b".into(),
            exit_code: None,
            oom_killed: false,
            error: None,
            interfaces: vec![Interface {
                network_id: NetworkId::new(),
                network_name: "pri\"vate".into(),
                address: "10.0.0.2".into(),
                prefix: 24,
                mac: "02:00:00:00:00:01".into(),
            }],
            limits: Limits::default(),
            published: Default::default(),
            node: None,
        };
        let states = [
            (Some(Seen::Container(observation)), Some("running"), 1),
            (Some(Seen::Absent), None, 0),
            (Some(Seen::Busy { step: "s".into() }), None, 0),
            (None, None, 0),
        ];
        for (state, run_state, interfaces) in states {
            let sight = Sight {
                state,
                ..Sight::default()
            };
            let text = serde_json::to_string(&sight).unwrap();
            let part: SightPart<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(part.run_state(), run_state, "{text}");
            assert_eq!(part.interfaces().len(), interfaces);
        }
    }
}
