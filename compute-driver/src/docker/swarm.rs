//! A node's part in its cluster's Swarm, which is the engine's own swarm mode.
//!
//! # Guarantees
//! - Only an engine inside a node is ever told: a machine's own engine is nobody's to put into a Swarm.
//! - Each call looks first, takes what steps are lacking, and tells what is there then. Who is in stays
//!   in, unless the order says that membership is over.
//!
//! # Fails when
//! - No manager that is named answers: joining ends with the engine's words.
//! - A Swarm has too few managers left to decide. That is no error: what is seen has no roster then.

mod roster;

use super::DockerDriver;
use crate::error::{DriverError, Result};
use bollard::Docker;
use bollard::models::{
    JoinTokens as EngineTokens, LocalNodeState, Swarm, SwarmInfo, SwarmInitRequest,
    SwarmJoinRequest,
};
use bollard::query_parameters::{LeaveSwarmOptionsBuilder, UpdateSwarmOptionsBuilder};
use schemas::host::{
    JoinToken, JoinTokens, SWARM_PORT, SwarmDuties, SwarmEntry, SwarmOrder, SwarmSeen, TokenDuty,
};

/// So much of an engine's words is passed on.
const WORDS: usize = 300;

/// What an engine says of its own part.
struct Part {
    state: LocalNodeState,
    node_id: Option<String>,
    manager: bool,
    trouble: Option<String>,
}

impl DockerDriver {
    pub(super) async fn take_part(&self, order: &SwarmOrder) -> Result<SwarmSeen> {
        if self.settings.socket_owner.is_none() {
            return Err(DriverError::permanent(
                "only the engine of a cluster's node takes part in a Swarm",
            ));
        }
        let mut part = self.part().await?;
        let over = part
            .node_id
            .as_ref()
            .is_some_and(|id| order.over.contains(id));
        // What never got in is begun anew: it may be calling for somebody who is gone.
        let stuck = part.node_id.is_none()
            && matches!(part.state, LocalNodeState::PENDING | LocalNodeState::ERROR);
        if over || stuck {
            self.leave().await?;
            part = self.part().await?;
        }
        match &order.entry {
            SwarmEntry::Begin { alone: true, .. } if part.manager => {
                if !self.decides().await? {
                    self.begin(order, true).await?;
                    part = self.part().await?;
                }
            }
            _ if part.node_id.is_some() => {}
            SwarmEntry::Wait => {}
            SwarmEntry::Begin { .. } => {
                self.begin(order, false).await?;
                part = self.part().await?;
            }
            SwarmEntry::Join { token, managers } => {
                self.join(order, token, managers).await?;
                part = self.part().await?;
            }
        }
        let mut seen = SwarmSeen {
            node_id: part.node_id,
            manager: part.manager,
            trouble: part.trouble,
            roster: None,
            tokens: None,
        };
        if seen.manager && self.decides().await? {
            if let Some(duties) = &order.duties {
                seen.tokens = self.see_to_tokens(&duties.tokens).await?;
            }
            let members = order
                .duties
                .as_ref()
                .map(|duties: &SwarmDuties| &duties.members);
            seen.roster = Some(self.see_to_nodes(members).await?);
        }
        Ok(seen)
    }

    async fn part(&self) -> Result<Part> {
        let call = self.deadlines().call();
        let info = async |docker: &Docker| docker.info().await;
        let info = self.client.ask("info", call, info).await?;
        Ok(Part::of(info.swarm.unwrap_or_default()))
    }

    async fn leave(&self) -> Result<()> {
        let options = LeaveSwarmOptionsBuilder::new().force(true).build();
        let leave = async |docker: &Docker| docker.leave_swarm(Some(options)).await;
        let effect = self.deadlines().effect();
        match self.client.ask("leave swarm", effect, leave).await {
            Err(DriverError::Engine { text }) if text.contains("not part of a swarm") => Ok(()),
            other => other,
        }
    }

    async fn begin(&self, order: &SwarmOrder, force: bool) -> Result<()> {
        let SwarmEntry::Begin {
            address_pool,
            subnet_size,
            ..
        } = &order.entry
        else {
            return Ok(());
        };
        let config = SwarmInitRequest {
            listen_addr: Some(listen()),
            advertise_addr: Some(order.address.clone()),
            default_addr_pool: (!force).then(|| vec![address_pool.clone()]),
            subnet_size: (!force).then_some(u32::from(*subnet_size)),
            force_new_cluster: Some(force),
            ..SwarmInitRequest::default()
        };
        let init = async |docker: &Docker| docker.init_swarm(config).await;
        let effect = self.deadlines().effect();
        self.client.ask("begin swarm", effect, init).await.map(drop)
    }

    async fn join(&self, order: &SwarmOrder, token: &JoinToken, managers: &[String]) -> Result<()> {
        let addresses = managers.iter().map(|it| format!("{it}:{SWARM_PORT}"));
        let config = SwarmJoinRequest {
            listen_addr: Some(listen()),
            advertise_addr: Some(order.address.clone()),
            remote_addrs: Some(addresses.collect()),
            join_token: Some(token.0.clone()),
            ..SwarmJoinRequest::default()
        };
        let join = async |docker: &Docker| docker.join_swarm(config).await;
        let effect = self.deadlines().effect();
        self.client.ask("join swarm", effect, join).await
    }

    /// Are there enough managers? Asked of one of them.
    async fn decides(&self) -> Result<bool> {
        Ok(self.swarm().await?.is_some())
    }

    /// The Swarm as a manager has it; `None` while too few managers are left.
    async fn swarm(&self) -> Result<Option<Swarm>> {
        let call = self.deadlines().call();
        let inspect = async |docker: &Docker| docker.inspect_swarm().await;
        match self.client.ask("inspect swarm", call, inspect).await {
            Ok(swarm) => Ok(Some(swarm)),
            Err(error) if leaderless(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn see_to_tokens(&self, duty: &TokenDuty) -> Result<Option<JoinTokens>> {
        if matches!(duty, TokenDuty::Keep) {
            return Ok(None);
        }
        let Some(swarm) = self.swarm().await? else {
            return Ok(None);
        };
        let now = swarm.join_tokens.clone().and_then(known);
        if let TokenDuty::Retire { tokens } = duty {
            let spent =
                |now: JoinTokens| now.worker == tokens.worker || now.manager == tokens.manager;
            if now.is_some_and(spent) {
                self.rotate(swarm).await?;
            }
            return Ok(None);
        }
        Ok(now)
    }

    async fn rotate(&self, swarm: Swarm) -> Result<()> {
        let version = swarm.version.and_then(|version| version.index);
        let options = UpdateSwarmOptionsBuilder::new()
            .version(version.unwrap_or_default().cast_signed())
            .rotate_worker_token(true)
            .rotate_manager_token(true)
            .build();
        let spec = swarm.spec.unwrap_or_default();
        let update = async |docker: &Docker| docker.update_swarm(spec, options).await;
        let call = self.deadlines().call();
        self.client.ask("rotate tokens", call, update).await
    }
}

impl Part {
    fn of(info: SwarmInfo) -> Part {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        let short = |text: String| text.chars().take(WORDS).collect();
        let state = info.local_node_state.unwrap_or(LocalNodeState::EMPTY);
        let trouble = said(info.error).map(short).or_else(|| match state {
            LocalNodeState::LOCKED => {
                Some("its Swarm is locked: whoever turned that on has to unlock it".into())
            }
            _ => None,
        });
        Part {
            // Older engines say nothing where later ones say that there is nothing.
            state: match state {
                LocalNodeState::EMPTY => LocalNodeState::INACTIVE,
                other => other,
            },
            node_id: said(info.node_id),
            manager: info.control_available.unwrap_or(false),
            trouble,
        }
    }
}

fn known(tokens: EngineTokens) -> Option<JoinTokens> {
    Some(JoinTokens {
        worker: JoinToken(tokens.worker?),
        manager: JoinToken(tokens.manager?),
    })
}

fn listen() -> String {
    format!("0.0.0.0:{SWARM_PORT}")
}

/// Does a manager say that there are too few of them, or that they are just choosing?
fn leaderless(error: &DriverError) -> bool {
    match error {
        DriverError::Engine { text } => {
            text.contains("does not have a leader") || text.contains("deadline exceeded")
        }
        DriverError::Timeout { .. } => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_engine_says_of_its_part_is_understood() {
        let none = Part::of(SwarmInfo {
            node_id: Some(String::new()),
            local_node_state: Some(LocalNodeState::EMPTY),
            ..SwarmInfo::default()
        });
        assert_eq!((none.node_id, none.manager), (None, false));
        assert_eq!(none.state, LocalNodeState::INACTIVE);
        let locked = Part::of(SwarmInfo {
            local_node_state: Some(LocalNodeState::LOCKED),
            ..SwarmInfo::default()
        });
        assert!(locked.trouble.is_some_and(|text| text.contains("locked")));
    }

    #[test]
    fn too_few_managers_are_no_failure_of_the_engine() {
        let error = |text: &str| DriverError::Engine { text: text.into() };
        let said = "rpc error: code = Unknown desc = The swarm does not have a leader. It's \
                    possible that too few managers are online.";
        assert!(leaderless(&error(said)));
        assert!(!leaderless(&error("no space left")));
    }
}
