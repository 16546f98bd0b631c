//! Clusters of Kubernetes whose nodes are this cloud's: they are complete when the API server says so, lose
//! nodes, shrink, lose their master, and go.

use crate::{once, told_and_replayed};
use schemas::ids::ServerId;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::world::{Wish, World};
use tokio::time::sleep;

fn wish(workers: i64) -> Wish {
    Wish {
        coe: "kubernetes",
        workers,
        flavor: "flavor/small",
        ..Wish::default()
    }
}

/// The cluster, complete.
async fn complete(world: &World, workers: i64) -> String {
    let id = world.make_cluster(wish(workers)).await;
    world.until_cluster(&id, "CREATE_COMPLETE").await;
    id
}

async fn health(world: &World, id: &str) -> Option<String> {
    world.cluster(id).await.unwrap().health_status
}

async fn until_health(world: &World, id: &str, health: &'static str) {
    let id = id.to_owned();
    world
        .until(&format!("cluster {id} is {health}"), move |world| {
            let id = id.clone();
            Box::pin(async move { self::health(world, &id).await.as_deref() == Some(health) })
        })
        .await;
}

/// Waits until another server works in the place.
async fn until_replaced(world: &World, id: &str, name: &'static str, before: ServerId) {
    let id = id.to_owned();
    world
        .until(&format!("another server works as {name}"), move |world| {
            let id = id.clone();
            Box::pin(async move {
                let now = world.node_of(&id, name).await;
                now != before && health(world, &id).await.as_deref() == Some("HEALTHY")
            })
        })
        .await;
}

async fn resized(world: &World, id: &str, workers: i64) {
    world.resize_cluster(id, workers).await;
    world.until_cluster(id, "UPDATE_IN_PROGRESS").await;
    world.until_cluster(id, "UPDATE_COMPLETE").await;
}

async fn said(world: &World, id: &str, action: &'static str) -> Vec<String> {
    let events = world.cluster_events(id).await;
    let said = events.into_iter().filter(|event| event.0 == action);
    said.map(|event| event.1).collect()
}

#[test]
fn a_cluster_is_complete_when_its_api_server_has_every_node_ready_and_goes_with_nothing_left() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1).await;
            let made = world.cluster(&id).await.unwrap();
            let nodes = world.kubelets(&id).await;
            assert_eq!(nodes.len(), 2);
            let mut reasons = made.health().unwrap();
            assert_eq!(made.health_status.as_deref(), Some("HEALTHY"));
            assert_eq!(reasons.remove("api").as_deref(), Some("ok"));
            for node in &nodes {
                let ready = reasons.remove(&format!("{node}.Ready"));
                assert_eq!(ready.as_deref(), Some("True"), "{node}");
            }
            assert!(reasons.is_empty(), "{reasons:?}");
            let address = made.api_address.unwrap();
            assert!(address.starts_with("https://127.0.0.1:"), "{address}");
            world.audit().await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
            assert_eq!(world.adopted(&id).await, None, "nothing opens it any more");
        })
    });
}

#[test]
fn a_worker_that_is_lost_is_followed_by_one_of_another_name_and_forgotten() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1).await;
            let was = world.listed(&id).await;
            let before = world.node_of(&id, "default-worker-0").await;
            world.delete(before).await;
            until_replaced(world, &id, "default-worker-0", before).await;
            world.audit().await;
            let is = world.listed(&id).await;
            let stays: BTreeSet<_> = was.intersection(&is).collect();
            assert_eq!((is.len(), stays.len()), (2, 1), "{was:?} → {is:?}");
        })
    });
}

#[test]
fn who_is_one_too_many_is_forgotten_before_the_resize_is_complete_and_guests_stay() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1).await;
            world.join_foreign(&id, "my-own-machine").await;
            resized(world, &id, 0).await;
            let listed = world.listed(&id).await;
            assert_eq!(listed.len(), 2, "{listed:?}");
            assert!(listed.contains("my-own-machine"));
        })
    });
}

#[test]
fn a_master_that_stands_still_is_started_again_with_all_that_it_holds() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1).await;
            world.join_foreign(&id, "what-it-holds").await;
            let master = world.node_of(&id, "default-master-0").await;
            let worker = world.node_of(&id, "default-worker-0").await;
            let opened = world.adopted(&id).await.unwrap().server;
            world.stop(master).await;
            until_health(world, &id, "UNHEALTHY").await;
            until_health(world, &id, "HEALTHY").await;
            assert_eq!(world.node_of(&id, "default-master-0").await, master);
            assert_eq!(world.node_of(&id, "default-worker-0").await, worker);
            assert!(world.listed(&id).await.contains("what-it-holds"));
            let told = said(world, &id, "restart-node").await;
            assert_eq!(told, ["default-master-0: its server is stopped"]);
            let opens = world.adopted(&id).await.unwrap().server;
            assert_eq!(opens, opened, "its users find it where it was");
        })
    });
}

#[test]
fn when_the_master_is_deleted_the_cluster_begins_empty_and_says_so() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1).await;
            world.join_foreign(&id, "what-it-holds").await;
            let before = world.node_of(&id, "default-master-0").await;
            world.delete(before).await;
            until_replaced(world, &id, "default-master-0", before).await;
            world.audit().await;
            let listed = world.listed(&id).await;
            assert!(!listed.contains("what-it-holds"), "{listed:?}");
            let told = said(world, &id, "replace-node").await;
            let told = told.first().map(String::as_str).unwrap_or_default();
            assert!(
                told.starts_with(
                    "default-master-0: its server was deleted; the cluster begins empty"
                ),
                "{told}"
            );
        })
    });
}

/// Which incarnation the master is, and whose disk it has.
async fn master_is(world: &World, id: &str) -> (ServerId, u32, Option<u32>) {
    let master = world.node_of(id, "default-master-0").await;
    let spec = world.server(master).await.unwrap().spec().unwrap();
    (master, spec.incarnation, spec.node.unwrap().disk)
}

#[test]
fn an_upgrade_makes_the_master_anew_with_its_disk_and_replaces_the_workers_after_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1).await;
            world.join_foreign(&id, "what-it-holds").await;
            let (master, incarnation, disk) = master_is(world, &id).await;
            assert_eq!((incarnation, disk), (1, None));
            let worker = world.node_of(&id, "default-worker-0").await;
            world
                .remake_cluster(&id, "flavor/small", &[("kube_tag", "v1.21")])
                .await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            assert_eq!(master_is(world, &id).await, (master, 2, Some(1)));
            assert_ne!(world.node_of(&id, "default-worker-0").await, worker);
            let listed = world.listed(&id).await;
            assert!(listed.contains("what-it-holds"), "{listed:?}");
            assert_eq!(health(world, &id).await.as_deref(), Some("HEALTHY"));
            assert_eq!(said(world, &id, "restart-node").await, [""; 0]);
        })
    });
}

#[test]
fn another_authority_is_trusted_beside_the_one_before_until_every_node_has_followed() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1).await;
            world.join_foreign(&id, "what-it-holds").await;
            let (master, ..) = master_is(world, &id).await;
            world.rotate_cluster(&id, 2).await;
            assert_eq!(world.authorities(&id).await, [2, 1]);
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            assert_eq!(world.authorities(&id).await, [2]);
            for node in world.cluster_nodes(&id).await {
                assert_eq!((node.authority, node.trusts_from), (2, 0), "{}", node.name);
                let certificates = node.certificate.unwrap();
                assert_eq!(certificates.matches("BEGIN").count(), 1, "{}", node.name);
            }
            // Once to be trusted by both, once to trust the new one alone.
            assert_eq!(master_is(world, &id).await, (master, 3, Some(1)));
            assert!(world.listed(&id).await.contains("what-it-holds"));
            let told = said(world, &id, "rebuild-node").await;
            assert_eq!(told.len(), 2, "{told:?}");
        })
    });
}

#[test]
fn a_masters_certificate_is_renewed_where_it_is() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 0).await;
            world.join_foreign(&id, "what-it-holds").await;
            let (master, ..) = master_is(world, &id).await;
            let certified = world.cluster_nodes(&id).await[0].certified_until;
            world
                .certificate_ends(&id, "default-master-0", Duration::from_secs(86_400))
                .await;
            let key = id.clone();
            world
                .until("the master has another certificate", move |world| {
                    let id = key.clone();
                    Box::pin(async move {
                        let until = world.cluster_nodes(&id).await[0].certified_until;
                        until > certified && health(world, &id).await.as_deref() == Some("HEALTHY")
                    })
                })
                .await;
            assert_eq!(master_is(world, &id).await, (master, 2, Some(1)));
            assert!(world.listed(&id).await.contains("what-it-holds"));
        })
    });
}

#[test]
fn a_cluster_at_rest_is_asked_once_a_minute_and_grows_when_it_is_told_to() {
    once(2, |world| {
        Box::pin(async move {
            let id = complete(world, 1).await;
            world.audit().await;
            let before = world.adopted(&id).await.unwrap();
            sleep(Duration::from_secs(3600)).await;
            let after = world.adopted(&id).await.unwrap();
            let asked = after.asked - before.asked;
            assert!((50..=70).contains(&asked), "asked {asked} times in an hour");
            assert_eq!(after.sealed_kubeconfig, before.sealed_kubeconfig);
            resized(world, &id, 3).await;
            assert_eq!(world.listed(&id).await.len(), 4);
            resized(world, &id, 1).await;
            assert_eq!(world.listed(&id).await.len(), 2);
        })
    });
}
