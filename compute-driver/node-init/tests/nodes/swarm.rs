//! Nodes form a Swarm, driven as the agent drives them.

use super::node::{Machine, Node};
use compute_driver::conformance::swarm::{Member, nodes_form_a_swarm};
use compute_driver::{DockerDriver, DockerSettings, Uids};
use schemas::host::SWARM_LABEL;
use schemas::ids::{HostId, ServerId};
use std::sync::Arc;

fn member(node: &Node, server: ServerId) -> Member {
    let socket = node.folder.path().join("docker.sock");
    let settings = DockerSettings {
        socket_owner: Some(Uids {
            first: node.uid_base,
            count: 65_536,
        }),
        ..DockerSettings::new(format!("unix://{}", socket.display()), HostId(server.0))
    };
    Member {
        driver: Arc::new(DockerDriver::new(settings)),
        address: node.address.clone(),
        server,
    }
}

#[tokio::test]
async fn real_nodes_form_a_swarm_as_simulated_ones_do() {
    Machine::with(async |machine| {
        let (mut nodes, mut members) = (Vec::new(), Vec::new());
        for number in 1..=2 {
            let server = ServerId::new();
            let label = |files: &mut super::node::Files| {
                files.config["labels"][SWARM_LABEL] = server.to_string().into();
            };
            let node = machine.make(number, label).await;
            machine.start(&node).await;
            machine.ready(&node).await;
            members.push(member(&node, server));
            nodes.push(node);
        }
        nodes_form_a_swarm(&members[0], &members[1]).await;
        for node in nodes {
            machine.remove(node).await;
        }
    })
    .await;
}
