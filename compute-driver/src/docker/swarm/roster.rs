//! What one manager sees to for all nodes: roles, and that nobody stays who is gone.

use super::DockerDriver;
use crate::error::{DriverError, Result};
use bollard::Docker;
use bollard::models::{
    Node, NodeSpec, NodeSpecAvailabilityEnum, NodeSpecRoleEnum, NodeState, TaskState,
};
use bollard::query_parameters::{
    DeleteNodeOptionsBuilder, ListTasksOptionsBuilder, UpdateNodeOptionsBuilder,
};
use schemas::host::{SWARM_LABEL, SwarmMember, SwarmNode, SwarmRole};
use schemas::ids::ServerId;
use std::collections::{BTreeMap, HashMap};

/// Nodes that are looked at. A cluster has 253 at most; what its users add beyond is theirs.
const MOST: usize = 1000;

/// The servers of a cluster, as what they are wanted.
type Members = BTreeMap<ServerId, SwarmMember>;

impl DockerDriver {
    /// All nodes, after what `members` asks for was done. A role takes a moment to change, and until
    /// then a manager cannot be removed: what is left is done when asked again.
    pub(super) async fn see_to_nodes(&self, members: Option<&Members>) -> Result<Vec<SwarmNode>> {
        let nodes = self.nodes().await?;
        let Some(members) = members else {
            return Ok(nodes.iter().filter_map(seen).collect());
        };
        for node in &nodes {
            let Some(is) = seen(node) else { continue };
            let member = is.server.and_then(|server| members.get(&server));
            if gone(&is, member) {
                self.remove_node(node, &is.node_id).await?;
            } else if let Some(spec) = member.and_then(|member| change(node, member.role)) {
                self.change_node(node, &is.node_id, spec).await?;
            }
        }
        let mut roster = Vec::new();
        for node in self.nodes().await? {
            let Some(mut is) = seen(&node) else { continue };
            let member = is.server.and_then(|server| members.get(&server));
            if is.drained && member.is_some_and(|member| member.role == SwarmRole::Leaving) {
                is.tasks = self.tasks_on(&is.node_id).await?;
            }
            roster.push(is);
        }
        Ok(roster)
    }

    async fn nodes(&self) -> Result<Vec<Node>> {
        let list = async |docker: &Docker| docker.list_nodes(None).await;
        let call = self.deadlines().call();
        let mut nodes = self.client.ask("list nodes", call, list).await?;
        nodes.sort_by_key(|node| server(node).is_none());
        nodes.truncate(MOST);
        Ok(nodes)
    }

    /// Tasks of the node that have not ended.
    async fn tasks_on(&self, node_id: &str) -> Result<u32> {
        let filters = HashMap::from([("node", vec![node_id])]);
        let options = ListTasksOptionsBuilder::new().filters(&filters).build();
        let list = async |docker: &Docker| docker.list_tasks(Some(options)).await;
        let call = self.deadlines().call();
        let tasks = self.client.ask("list tasks", call, list).await?;
        let states = tasks.into_iter().filter_map(|task| task.status?.state);
        Ok(u32::try_from(states.filter(lives).count()).unwrap_or(u32::MAX))
    }

    async fn change_node(&self, node: &Node, id: &str, spec: NodeSpec) -> Result<()> {
        let version = node.version.as_ref().and_then(|version| version.index);
        let options = UpdateNodeOptionsBuilder::new()
            .version(version.unwrap_or_default().cast_signed())
            .build();
        let update = async |docker: &Docker| docker.update_node(id, spec, options).await;
        let call = self.deadlines().call();
        self.client.ask("change node", call, update).await
    }

    async fn remove_node(&self, node: &Node, id: &str) -> Result<()> {
        if let Some(spec) = change(node, SwarmRole::Leaving) {
            self.change_node(node, id, spec).await?;
        }
        let options = DeleteNodeOptionsBuilder::new().force(true).build();
        let remove = async |docker: &Docker| docker.delete_node(id, Some(options)).await;
        let call = self.deadlines().call();
        match self.client.ask("remove node", call, remove).await {
            Err(DriverError::NotFound { .. }) => Ok(()),
            Err(error) if still_manager(&error) => Ok(()),
            other => other,
        }
    }
}

/// Is this somebody who belongs to the cluster no more? Nodes that are not this cloud's are their
/// owner's matter.
fn gone(is: &SwarmNode, member: Option<&SwarmMember>) -> bool {
    match (is.server, member) {
        (None, _) => false,
        (Some(_), None) => true,
        // Its server has come in anew; this is what it was before.
        (Some(_), Some(member)) => {
            !is.ready && member.node_id.as_ref().is_some_and(|id| *id != is.node_id)
        }
    }
}

/// What it has to become, if it is not.
fn change(node: &Node, role: SwarmRole) -> Option<NodeSpec> {
    let spec = node.spec.clone()?;
    let mut wanted = spec.clone();
    match role {
        SwarmRole::Manager => wanted.role = Some(NodeSpecRoleEnum::MANAGER),
        SwarmRole::Worker => {}
        SwarmRole::Leaving => {
            wanted.role = Some(NodeSpecRoleEnum::WORKER);
            wanted.availability = Some(NodeSpecAvailabilityEnum::DRAIN);
        }
    }
    (wanted != spec).then_some(wanted)
}

/// The server that its engine's label names.
fn server(node: &Node) -> Option<ServerId> {
    let labels = node.description.as_ref()?.engine.as_ref()?.labels.as_ref();
    ServerId::parse(labels?.get(SWARM_LABEL)?)
}

fn seen(node: &Node) -> Option<SwarmNode> {
    let state = node.status.as_ref().and_then(|status| status.state);
    let spec = node.spec.as_ref();
    let availability = spec.and_then(|spec| spec.availability);
    Some(SwarmNode {
        node_id: node.id.clone()?,
        server: server(node),
        manager: node.manager_status.is_some(),
        ready: state == Some(NodeState::READY),
        drained: availability == Some(NodeSpecAvailabilityEnum::DRAIN),
        tasks: 0,
    })
}

fn lives(state: &TaskState) -> bool {
    !matches!(
        state,
        TaskState::COMPLETE
            | TaskState::SHUTDOWN
            | TaskState::FAILED
            | TaskState::REJECTED
            | TaskState::REMOVE
            | TaskState::ORPHANED
    )
}

/// It was told to be none a moment ago.
fn still_manager(error: &DriverError) -> bool {
    matches!(error, DriverError::Engine { text } if text.contains("must be demoted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(role: NodeSpecRoleEnum) -> Node {
        Node {
            spec: Some(NodeSpec {
                role: Some(role),
                availability: Some(NodeSpecAvailabilityEnum::ACTIVE),
                ..NodeSpec::default()
            }),
            ..Node::default()
        }
    }

    #[test]
    fn masters_become_managers_and_who_leaves_decides_and_runs_nothing() {
        let worker = node(NodeSpecRoleEnum::WORKER);
        let promoted = change(&worker, SwarmRole::Manager).unwrap();
        assert_eq!(promoted.role, Some(NodeSpecRoleEnum::MANAGER));
        assert_eq!(change(&worker, SwarmRole::Worker), None);
        let manager = node(NodeSpecRoleEnum::MANAGER);
        assert_eq!(change(&manager, SwarmRole::Manager), None);
        assert_eq!(change(&manager, SwarmRole::Worker), None, "its users' wish");
        let leaving = change(&manager, SwarmRole::Leaving).unwrap();
        assert_eq!(leaving.role, Some(NodeSpecRoleEnum::WORKER));
        let drained = Some(NodeSpecAvailabilityEnum::DRAIN);
        assert_eq!(leaving.availability, drained);
    }

    #[test]
    fn who_is_no_node_of_the_cluster_goes_and_strangers_stay() {
        let server = ServerId::new();
        let is = |server, ready| SwarmNode {
            node_id: "one".into(),
            server,
            manager: false,
            ready,
            drained: false,
            tasks: 0,
        };
        let member = |id: &str| SwarmMember {
            role: SwarmRole::Worker,
            node_id: Some(id.into()),
        };
        assert!(gone(&is(Some(server), true), None));
        assert!(!gone(&is(None, false), None));
        assert!(!gone(&is(Some(server), false), Some(&member("one"))));
        assert!(gone(&is(Some(server), false), Some(&member("two"))));
        assert!(!gone(&is(Some(server), true), Some(&member("two"))));
    }
}
