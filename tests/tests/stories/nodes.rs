//! Nodes of clusters: servers below, hosts above.

use crate::{once, told_and_replayed};
use schemas::ids::{HostId, ServerId};
use serde_json::json;
use std::time::Duration;
use store::compute::usages;
use tests::world::{Cluster, World};
use tokio::time::sleep;

#[test]
fn a_node_comes_up_takes_its_clusters_servers_and_goes() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            let node = up(world, cluster).await;
            let inner = world.within(cluster, "inner").await;
            world.until_state(inner, "active").await;
            assert_eq!(host_of(world, inner).await, HostId(node.0));
            world.audit().await;
            world.delete(inner).await;
            world.until_gone(inner).await;
            world.delete(node).await;
            world.until_gone(node).await;
            world.until_no_host(node).await;
        })
    });
}

/// The cluster's first node, as a host.
async fn up(world: &World, cluster: Cluster) -> ServerId {
    world.node(cluster, 0, &[]).await;
    world.until_state(cluster.node(0), "active").await;
    world.until_host(cluster.node(0)).await;
    cluster.node(0)
}

async fn host_of(world: &World, id: ServerId) -> HostId {
    world.server(id).await.unwrap().host().unwrap()
}

#[test]
fn a_node_that_dies_comes_back_with_what_was_on_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            let node = up(world, cluster).await;
            let inner = world.within(cluster, "inner").await;
            world.until_state(inner, "active").await;
            let before = lives(world, node, inner).await;
            let machine = &world.hosts[0];
            machine.engine.kill(machine.id, node.into(), 137).unwrap();
            back(world, node, inner, before).await;
        })
    });
}

/// The generations of both, which rise when they are brought back.
async fn lives(world: &World, node: ServerId, inner: ServerId) -> (i64, i64) {
    let generation = async |id| world.server(id).await.unwrap().generation;
    (generation(node).await, generation(inner).await)
}

async fn back(world: &World, node: ServerId, inner: ServerId, before: (i64, i64)) {
    world
        .until("both have been brought back", move |world| {
            Box::pin(async move {
                let now = lives(world, node, inner).await;
                now.0 > before.0 && now.1 > before.1
            })
        })
        .await;
    world.until_state(node, "active").await;
    world.until_state(inner, "active").await;
    assert_eq!(host_of(world, inner).await, HostId(node.0));
}

#[test]
fn an_agent_that_comes_back_finds_its_nodes() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            let node = up(world, cluster).await;
            let one = world.within(cluster, "one").await;
            world.until_state(one, "active").await;
            world.kill("agent-0");
            sleep(Duration::from_secs(5)).await;
            world.start_again("agent-0");
            let two = world.within(cluster, "two").await;
            world.until_state(two, "active").await;
            world.stop(one).await;
            world.until_state(one, "stopped").await;
            assert_eq!(host_of(world, two).await, HostId(node.0));
        })
    });
}

#[test]
fn with_a_node_goes_what_was_on_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            let node = up(world, cluster).await;
            let inner = world.within(cluster, "inner").await;
            world.until_state(inner, "active").await;
            world.delete(node).await;
            world.until_gone(node).await;
            world.until_state(inner, "error").await;
            let fault = world.server(inner).await.unwrap().fault().unwrap();
            assert!(fault.unwrap().message.contains("node-0"));
            world.until_no_host(node).await;
            world.audit().await;
            world.delete(inner).await;
            world.until_gone(inner).await;
        })
    });
}

#[test]
fn a_node_that_is_deleted_while_its_machine_is_away_leaves_nothing_when_that_returns() {
    once(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            let node = up(world, cluster).await;
            let inner = world.within(cluster, "inner").await;
            world.until_state(inner, "active").await;
            world.kill("agent-0");
            sleep(Duration::from_secs(90)).await;
            world.delete(inner).await;
            world.delete(node).await;
            world.until_gone(inner).await;
            world.until_gone(node).await;
            world.until_no_host(node).await;
            world.start_again("agent-0");
            sleep(Duration::from_secs(60)).await;
        })
    });
}

#[test]
fn an_engine_that_does_not_come_up_is_told_with_its_nodes_last_words() {
    once(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            let labels = [("sim.engine", "never"), ("sim.log", "no overlay here")];
            world.node(cluster, 0, &labels).await;
            let node = cluster.node(0);
            world.until_state(node, "active").await;
            problem(world, node, "is coming up").await;
            problem(world, node, "did not answer in 60 s: the engine is started").await;
            let inner = world.within(cluster, "inner").await;
            world.until_state(inner, "error").await;
            let fault = world.server(inner).await.unwrap().fault().unwrap();
            let message = fault.unwrap().message;
            assert!(message.contains("did not answer in 60 s"), "{message}");
        })
    });
}

async fn problem(world: &World, node: ServerId, words: &'static str) {
    world
        .until(words, move |world| {
            Box::pin(async move {
                let row = world.host_row(node).await;
                let problem = row.and_then(|row| row.inventory().unwrap().engine_problem);
                problem.is_some_and(|problem| problem.contains(words))
            })
        })
        .await;
}

#[test]
fn an_engine_that_falls_silent_is_told_and_its_servers_can_be_deleted() {
    once(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            world.node(cluster, 0, &[("sim.engine_hangs", "60s")]).await;
            let node = cluster.node(0);
            world.until_host(node).await;
            let inner = world.within(cluster, "inner").await;
            world.until_state(inner, "active").await;
            problem(world, node, "answers no more").await;
            world.delete(inner).await;
            world.until_gone(inner).await;
            world.delete(node).await;
            world.until_gone(node).await;
            world.until_no_host(node).await;
        })
    });
}

#[test]
fn nodes_of_one_cluster_share_a_machine_and_it_is_said_why_one_does_not_fit() {
    once(3, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            let node = up(world, cluster).await;
            let machine = host_of(world, node).await;
            for ordinal in 1..4 {
                world.node(cluster, ordinal, &[]).await;
                let node = cluster.node(ordinal);
                world.until_state(node, "active").await;
                assert_eq!(host_of(world, node).await, machine);
            }
            let other = Cluster::new();
            let elsewhere = up(world, other).await;
            assert_ne!(host_of(world, elsewhere).await, machine, "clusters spread");
            let path = format!("/os-services/{machine}");
            let closed = json!({ "status": "disabled" });
            world.admin().put(&path, closed).await;
            world.node(cluster, 4, &[]).await;
            world.until_state(cluster.node(4), "error").await;
            let row = world.server(cluster.node(4)).await.unwrap();
            let message = row.fault().unwrap().unwrap().message;
            assert!(
                message.contains("other nodes of the cluster: 2"),
                "{message}"
            );
        })
    });
}

#[test]
fn operators_see_machines_and_a_node_is_closed_to_other_programs() {
    once(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            let node = up(world, cluster).await;
            let inner = world.within(cluster, "inner").await;
            world.until_state(inner, "active").await;
            let stranger = world.create("stranger", &[]).await;
            world.until_state(stranger, "active").await;
            assert_eq!(host_of(world, stranger).await, world.hosts[0].id);

            let list = world.admin().get("/os-hypervisors").await;
            assert_eq!(list["hypervisors"].as_array().unwrap().len(), 1);
            let list = world.admin().get("/os-services?binary=nova-compute").await;
            assert_eq!(list["services"].as_array().unwrap().len(), 1);
            let zones = world.admin().get("/os-availability-zone/detail").await;
            let zone = &zones["availabilityZoneInfo"][0]["hosts"];
            assert_eq!(zone.as_object().unwrap().len(), 1);
            let shown = world.get(&format!("/servers/{node}")).await;
            let metadata = &shown["server"]["metadata"];
            assert_eq!(metadata["jeroboam:cluster_id"], cluster.id.to_string());

            let image = world.thing("image/base").to_owned();
            for wish in [
                json!({ "rebuild": { "imageRef": image } }),
                json!({ "createImage": { "name": "stolen" } }),
                json!({ "resize": { "flavorRef": world.thing("flavor/small") } }),
            ] {
                let (code, text) = world.refuses(node, wish).await;
                assert_eq!(code, 409, "{text}");
                assert!(text.contains("it is a node of cluster"), "{text}");
            }
            let console = json!({ "remote_console": { "protocol": "serial", "type": "serial" } });
            let path = format!("/servers/{node}/remote-consoles");
            let (code, _) = world.member().refused(&path, console).await;
            assert_eq!(code, 409);
        })
    });
}

#[test]
fn a_node_is_made_once_and_boots_from_a_published_image_only() {
    once(1, |world| {
        Box::pin(async move {
            let cluster = Cluster::new();
            assert!(world.node(cluster, 0, &[]).await);
            assert!(!world.node(cluster, 0, &[]).await, "it is there");
            let refused = world.try_node(cluster, 1, "image/base", &[]).await;
            let words = refused.unwrap_err().to_string();
            assert!(words.contains("cannot boot a node"), "{words}");
            let project = world.thing("project/home").to_owned();
            let used = move |conn: &mut store::Conn| usages::in_use(conn, &project);
            let used = world.store.read(used).await.unwrap();
            assert_eq!((used["instances"], used["cores"]), (1, 2));
            world.until_host(cluster.node(0)).await;
        })
    });
}

#[test]
fn a_server_of_a_cluster_without_nodes_says_that_it_has_none() {
    once(1, |world| {
        Box::pin(async move {
            let inner = world.within(Cluster::new(), "inner").await;
            world.until_state(inner, "error").await;
            let fault = world.server(inner).await.unwrap().fault().unwrap();
            let message = fault.unwrap().message;
            assert!(message.contains("No node of cluster"), "{message}");
        })
    });
}
