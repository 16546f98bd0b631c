//! Clusters: nodes come, change in number and kind, fail, die, and go.

use crate::{once, replayed_by, told_and_replayed};
use std::time::Duration;
use store::container_infra::clusters::Cluster;
use tests::world::{Wish, World};
use tokio::time::sleep;

/// The cluster of this wish, complete.
async fn complete(world: &World, wish: Wish) -> String {
    let id = world.make_cluster(wish).await;
    world.until_cluster(&id, "CREATE_COMPLETE").await;
    id
}

async fn row(world: &World, id: &str) -> Cluster {
    world.cluster(id).await.unwrap()
}

async fn names(world: &World, id: &str) -> Vec<String> {
    let rows = world.cluster_nodes(id).await;
    rows.into_iter().map(|row| row.name).collect()
}

/// Waits until the status is this and has another reason than before.
async fn until_health(world: &World, id: &str, health: &'static str) {
    let id = id.to_owned();
    world
        .until(&format!("cluster {id} is {health}"), move |world| {
            let id = id.clone();
            Box::pin(async move { row(world, &id).await.health_status.as_deref() == Some(health) })
        })
        .await;
}

#[test]
fn a_cluster_is_made_grows_shrinks_and_goes_with_nothing_left() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, Wish::default()).await;
            let made = row(world, &id).await;
            let address = made.api_address.unwrap();
            assert!(address.starts_with("tcp://"), "{address}");
            assert_eq!(made.health_status.as_deref(), Some("HEALTHY"));
            world.audit().await;
            world.resize_cluster(&id, 2).await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            assert_eq!(row(world, &id).await.api_address.unwrap(), address);
            world.audit().await;
            world.resize_cluster(&id, 0).await;
            world.until_cluster(&id, "UPDATE_IN_PROGRESS").await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            assert_eq!(names(world, &id).await, ["default-master-0"]);
            world.audit().await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
        })
    });
}

#[test]
fn a_cluster_that_is_being_made_can_be_deleted() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.make_cluster(Wish::default()).await;
            let key = id.clone();
            world
                .until("a node is on its way", move |world| {
                    let key = key.clone();
                    Box::pin(async move { !world.cluster_nodes(&key).await.is_empty() })
                })
                .await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
        })
    });
}

#[test]
fn a_resize_may_follow_a_resize_that_is_under_way() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, Wish::default()).await;
            world.resize_cluster(&id, 3).await;
            sleep(Duration::from_millis(300)).await;
            world.resize_cluster(&id, 2).await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            let there = ["default-master-0", "default-worker-0", "default-worker-1"];
            assert_eq!(names(world, &id).await, there);
        })
    });
}

#[test]
fn of_two_resizes_at_once_one_is_what_remains_and_two_conductors_agree() {
    replayed_by(2, 1, |world| {
        Box::pin(async move {
            let id = complete(world, Wish::default()).await;
            tokio::join!(world.resize_cluster(&id, 0), world.resize_cluster(&id, 2));
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            let workers = names(world, &id).await.len() - 1;
            assert!([0, 2].contains(&workers), "{workers} workers");
            world.delete_cluster(&id).await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
        })
    });
}

#[test]
fn a_node_whose_server_is_deleted_is_replaced_by_another() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, Wish::default()).await;
            let before = world.node_of(&id, "default-worker-0").await;
            world.delete(before).await;
            world.until_gone(before).await;
            let key = id.clone();
            world
                .until("another server is in its place", move |world| {
                    let key = key.clone();
                    Box::pin(async move { world.node_of(&key, "default-worker-0").await != before })
                })
                .await;
            until_health(world, &id, "HEALTHY").await;
            assert_eq!(row(world, &id).await.status, "CREATE_COMPLETE");
        })
    });
}

#[test]
fn nodes_of_another_flavor_take_the_place_of_the_old_ones_one_after_the_other() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let wish = Wish {
                workers: 2,
                ..Wish::default()
            };
            let id = complete(world, wish).await;
            world.upgrade_cluster(&id, "flavor/small").await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            for node in world.cluster_nodes(&id).await {
                let server = world.node_of(&id, &node.name).await;
                let spec = world.server(server).await.unwrap().spec().unwrap();
                assert_eq!(spec.flavor.name, "small", "{}", node.name);
            }
        })
    });
}

#[test]
fn a_cluster_that_no_machine_has_room_for_fails_and_says_so() {
    once(1, |world| {
        Box::pin(async move {
            let wish = Wish {
                flavor: "flavor/huge",
                ..Wish::default()
            };
            let id = world.make_cluster(wish).await;
            world.until_cluster(&id, "CREATE_FAILED").await;
            let reason = row(world, &id).await.status_reason.unwrap();
            assert!(reason.contains("default-worker-0: "), "{reason}");
            assert!(reason.contains("MiB of memory free"), "{reason}");
            assert!(reason.contains("tried 3 times"), "{reason}");
            world.audit().await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
        })
    });
}

#[test]
fn a_cluster_whose_guests_would_hide_its_own_network_fails_and_says_so() {
    once(1, |world| {
        Box::pin(async move {
            let wish = Wish {
                labels: &[("flannel_network_cidr", "10.128.0.0/10")],
                ..Wish::default()
            };
            let id = world.make_cluster(wish).await;
            world.until_cluster(&id, "CREATE_FAILED").await;
            let reason = row(world, &id).await.status_reason.unwrap();
            assert!(reason.contains("label flannel_network_cidr"), "{reason}");
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
        })
    });
}

#[test]
fn a_cluster_that_is_not_there_in_time_fails_with_what_it_waited_for() {
    once(1, |world| {
        Box::pin(async move {
            let wish = Wish {
                timeout: 2,
                labels: &[("sim.create_delay", "1000s")],
                ..Wish::default()
            };
            let id = world.make_cluster(wish).await;
            world.until_cluster(&id, "CREATE_FAILED").await;
            let made = row(world, &id).await;
            let reason = made.status_reason.unwrap();
            assert!(
                reason.starts_with("It was not done in 2 minutes"),
                "{reason}"
            );
            assert!(reason.contains("default-master-0: "), "{reason}");
            let waited = world.store.clock().now().0 - made.created_at;
            assert!((120_000_000..130_000_000).contains(&waited), "{waited} µs");
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
        })
    });
}

#[test]
fn who_is_named_leaves_and_the_others_stay() {
    once(1, |world| {
        Box::pin(async move {
            let wish = Wish {
                workers: 3,
                ..Wish::default()
            };
            let id = complete(world, wish).await;
            let first = world.node_of(&id, "default-worker-0").await.to_string();
            let leaving = [first.as_str(), "default-worker-1"];
            world.resize_without(&id, 1, &leaving).await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            let there = ["default-master-0", "default-worker-2"];
            assert_eq!(names(world, &id).await, there);
            world.resize_cluster(&id, 2).await;
            world.until_cluster(&id, "UPDATE_IN_PROGRESS").await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            assert_eq!(names(world, &id).await[1], "default-worker-0");
        })
    });
}

#[test]
fn a_node_whose_engine_is_stopped_is_replaced_after_its_grace_time() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, Wish::default()).await;
            let before = world.node_of(&id, "default-worker-0").await;
            let since = world.store.clock().now();
            world.stop(before).await;
            until_health(world, &id, "UNHEALTHY").await;
            let reasons = row(world, &id).await.health().unwrap();
            assert_eq!(reasons["default-master-0"], "ok");
            assert!(reasons["default-worker-0"].starts_with("its server"));
            until_health(world, &id, "HEALTHY").await;
            assert_ne!(world.node_of(&id, "default-worker-0").await, before);
            let waited = world.store.clock().now().since(since);
            assert!(waited >= Duration::from_secs(120), "{waited:?}");
        })
    });
}

#[test]
fn while_its_machine_is_silent_nobody_knows_and_nothing_is_replaced() {
    once(2, |world| {
        Box::pin(async move {
            let id = complete(world, Wish::default()).await;
            let node = world.node_of(&id, "default-worker-0").await;
            let agent = world.host_of(node).await.agent.clone();
            world.kill(&agent);
            until_health(world, &id, "UNKNOWN").await;
            sleep(Duration::from_secs(3600)).await;
            assert_eq!(world.node_of(&id, "default-worker-0").await, node);
            world.start_again(&agent);
            until_health(world, &id, "HEALTHY").await;
            assert_eq!(world.node_of(&id, "default-worker-0").await, node);
        })
    });
}

#[test]
fn nodes_of_one_cluster_prove_themselves_with_its_own_authority() {
    once(1, |world| {
        Box::pin(async move {
            let one = complete(world, Wish::default()).await;
            let other = complete(
                world,
                Wish {
                    name: "other",
                    ..Wish::default()
                },
            )
            .await;
            let mut seen = std::collections::BTreeSet::new();
            for id in [&one, &other] {
                for node in world.cluster_nodes(id).await {
                    assert!(seen.insert(node.certificate.unwrap()), "made once each");
                    assert!(
                        seen.insert(node.address.unwrap()),
                        "on a network of its own"
                    );
                }
            }
            assert_eq!(seen.len(), 8);
        })
    });
}
