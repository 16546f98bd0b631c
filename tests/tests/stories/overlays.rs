//! Nodes of one cluster on several machines, and their network, which is one all the same.

use crate::{replayed_by, told_and_replayed};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tests::world::{Wish, World};
use tokio::time::sleep;

async fn complete(world: &World, wish: Wish) -> String {
    let id = world.make_cluster(wish).await;
    world.until_cluster(&id, "CREATE_COMPLETE").await;
    id
}

/// Node → machine.
async fn lies(world: &World, id: &str) -> BTreeMap<String, String> {
    let mut lies = BTreeMap::new();
    for node in world.cluster_nodes(id).await {
        let server = world.node_of(id, &node.name).await;
        let host = world.host_of(server).await.name.clone();
        lies.insert(node.name, host);
    }
    lies
}

async fn machines(world: &World, id: &str) -> BTreeSet<String> {
    lies(world, id).await.into_values().collect()
}

async fn declare(world: &World, host: &str, dead: bool) {
    let machine = world.hosts.iter().find(|it| it.name == host).unwrap();
    let path = format!("/os-services/{}", machine.id);
    world
        .admin()
        .put(&path, json!({ "forced_down": dead }))
        .await;
}

#[test]
fn nodes_of_a_cluster_spread_over_machines_whose_networks_are_joined_and_go_without_a_trace() {
    told_and_replayed(2, |world| {
        Box::pin(async move {
            let wish = Wish {
                workers: 2,
                ..Wish::default()
            };
            let id = complete(world, wish).await;
            assert_eq!(machines(world, &id).await.len(), 2);
            world.until_joined(&id).await;
            assert_eq!(world.joined(&id).len(), 2);
            world.audit().await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
            world.audit().await;
            assert_eq!(world.joined(&id).len(), 0);
        })
    });
}

#[test]
fn two_conductors_spread_two_clusters_and_no_two_have_one_number() {
    replayed_by(2, 2, |world| {
        Box::pin(async move {
            let (one, two) = tokio::join!(
                complete(world, Wish::default()),
                complete(
                    world,
                    Wish {
                        name: "other",
                        ..Wish::default()
                    }
                )
            );
            world.audit().await;
            assert_eq!(machines(world, &one).await.len(), 2);
            assert_eq!(machines(world, &two).await.len(), 2);
        })
    });
}

#[test]
fn a_cluster_that_grows_onto_another_machine_is_joined_without_a_new_life_of_its_nodes() {
    told_and_replayed(2, |world| {
        Box::pin(async move {
            let wish = Wish {
                workers: 0,
                ..Wish::default()
            };
            let id = complete(world, wish).await;
            let master = world.node_of(&id, "default-master-0").await;
            let before = world.server(master).await.unwrap();
            assert_eq!(world.joined(&id).len(), 0, "one machine has no tunnel");
            world.resize_cluster(&id, 1).await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            world.until_joined(&id).await;
            assert_eq!(world.joined(&id).len(), 2);
            let after = world.server(master).await.unwrap();
            assert_eq!(after.generation, before.generation);
            world.resize_cluster(&id, 0).await;
            world.until_cluster(&id, "UPDATE_IN_PROGRESS").await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            world.until_joined(&id).await;
            assert_eq!(world.joined(&id).len(), 0);
        })
    });
}

#[test]
fn a_machine_that_was_declared_dead_is_nobodys_peer_and_its_nodes_are_made_elsewhere() {
    told_and_replayed(3, |world| {
        Box::pin(async move {
            let id = complete(world, Wish::default()).await;
            world.until_joined(&id).await;
            let dead = lies(world, &id).await["default-worker-0"].clone();
            let agent = dead.replace("host", "agent");
            world.kill(&agent);
            declare(world, &dead, true).await;
            let (key, gone) = (id.clone(), dead.clone());
            world
                .until(
                    "its node lies elsewhere, and the others know",
                    move |world| {
                        let (key, gone) = (key.clone(), gone.clone());
                        Box::pin(async move {
                            let rows = world.cluster_nodes(&key).await;
                            let well = rows.iter().all(|row| row.ready != 0);
                            let peers: BTreeSet<String> = world
                                .joined(&key)
                                .into_iter()
                                .filter(|(machine, _)| *machine != gone)
                                .flat_map(|(_, peers)| peers)
                                .collect();
                            well && peers.len() == 2 && !peers.contains(&gone)
                        })
                    },
                )
                .await;
            assert!(!machines(world, &id).await.contains(&dead));
            world.start_again(&agent);
            declare(world, &dead, false).await;
            sleep(Duration::from_secs(60)).await;
            world.until_joined(&id).await;
        })
    });
}

#[test]
fn an_agent_that_begins_anew_is_told_anew() {
    told_and_replayed(2, |world| {
        Box::pin(async move {
            let id = complete(world, Wish::default()).await;
            world.until_joined(&id).await;
            let host = &world.hosts[0];
            world.kill(&host.agent);
            sleep(Duration::from_secs(1)).await;
            host.engine.forget_overlays();
            world.start_again(&host.agent);
            world.until_joined(&id).await;
        })
    });
}
