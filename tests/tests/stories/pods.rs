//! Pods of clusters, alone and kept in number: they come up, are replaced, and go with their nodes and
//! their cluster.

use crate::{once, told_and_replayed};
use schemas::ids::ServerId;
use std::collections::BTreeSet;
use store::container_infra::nodegroups::WORKERS;
use tests::world::{Wish, World};

/// A complete cluster of a master and so many workers.
async fn cluster(world: &World, workers: i64) -> String {
    let wish = Wish {
        workers,
        ..Wish::default()
    };
    let id = world.make_cluster(wish).await;
    world.until_cluster(&id, "CREATE_COMPLETE").await;
    id
}

async fn ids(world: &World, cluster: &str) -> BTreeSet<String> {
    let pods = world.pods(cluster).await;
    pods.into_iter().map(|pod| pod.id).collect()
}

#[test]
fn pods_of_a_controller_come_up_are_replaced_and_go_with_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = cluster(world, 0).await;
            let rc = world.rc(&cluster, "web", 2).await;
            world.until_pods(&cluster, 2).await;
            let first = ids(world, &cluster).await;
            let one = first.iter().next().unwrap();
            world.end("pods", one).await;
            world.until_gone(ServerId::parse(one).unwrap()).await;
            world.until_pods(&cluster, 2).await;
            assert!(!ids(world, &cluster).await.contains(one));
            world.end("rcs", &rc).await;
            world.until_pods(&cluster, 0).await;
        })
    });
}

#[test]
fn there_are_as_many_pods_as_were_asked_for_last() {
    once(1, |world| {
        Box::pin(async move {
            let cluster = cluster(world, 1).await;
            let rc = world.rc(&cluster, "web", 3).await;
            world.until_pods(&cluster, 3).await;
            let first = ids(world, &cluster).await;
            world.scale(&rc, "web", 1).await;
            world.until_pods(&cluster, 1).await;
            let left = ids(world, &cluster).await;
            assert!(left.is_subset(&first), "one of those there were");
            world.scale(&rc, "web", 5).await;
            world.until_pods(&cluster, 5).await;
            assert!(ids(world, &cluster).await.is_superset(&left));
            world.audit().await;
            world.scale(&rc, "web", 0).await;
            world.until_pods(&cluster, 0).await;
        })
    });
}

#[test]
fn pods_of_a_node_that_goes_are_made_elsewhere_and_one_of_nobodys_has_failed() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = cluster(world, 1).await;
            world.rc(&cluster, "web", 2).await;
            world.until_pods(&cluster, 2).await;
            let alone = world.pod(&cluster, "alone", &[]).await;
            world.until_pods(&cluster, 3).await;
            let node = world.server(alone).await.unwrap().host_id.unwrap();
            world.delete(ServerId::parse(&node).unwrap()).await;
            let key = cluster.clone();
            world
                .until("nothing is on the node, and two pods work", move |world| {
                    let (key, node) = (key.clone(), node.clone());
                    Box::pin(async move {
                        let pods = world.pods(&key).await;
                        let gone = |pod: &&store::compute::servers::Server| {
                            pod.host_id.as_deref() != Some(node.as_str())
                        };
                        let active = pods.iter().filter(|pod| pod.vm_state == "active");
                        pods.iter().filter(gone).count() == 3 && active.count() == 2
                    })
                })
                .await;
            let shown = world.shown_pod(alone).await;
            assert_eq!(shown["status"], "Failed", "{shown}");
            assert!(
                shown["status_reason"].as_str().unwrap().contains("node"),
                "{shown}"
            );
            world.end("pods", &alone.to_string()).await;
            world.until_pods(&cluster, 2).await;
            world.until_cluster(&cluster, "CREATE_COMPLETE").await;
        })
    });
}

#[test]
fn a_cluster_goes_with_all_that_runs_in_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = cluster(world, 1).await;
            world.rc(&cluster, "web", 2).await;
            world.pod(&cluster, "alone", &[]).await;
            world.until_pods(&cluster, 3).await;
            world.delete_cluster(&cluster).await;
            world.until_no_cluster(&cluster).await;
            assert!(world.pods(&cluster).await.is_empty());
        })
    });
}

#[test]
fn a_pod_is_adopted_by_the_controller_that_its_labels_match() {
    once(1, |world| {
        Box::pin(async move {
            let cluster = cluster(world, 1).await;
            let alone = world.pod(&cluster, "alone", &[("app", "web")]).await;
            world.until_pods(&cluster, 1).await;
            let rc = world.rc(&cluster, "web", 2).await;
            world.until_pods(&cluster, 2).await;
            let row = world.server(alone).await.unwrap();
            assert_eq!(row.guest_owner.as_deref(), Some(rc.as_str()));
            let shown = world.shown_pod(alone).await;
            assert_eq!(shown["status"], "Running", "{shown}");
            assert!(
                shown["host"].is_string() && shown["status_reason"].is_null(),
                "{shown}"
            );
        })
    });
}

#[test]
fn a_pod_waits_for_a_node_with_the_labels_it_asks_for() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = cluster(world, 1).await;
            let picky = world.pod_on(&cluster, "picky", ("disk", "ssd")).await;
            world
                .until("it is said which label no node has", move |world| {
                    Box::pin(async move {
                        let shown = world.shown_pod(picky).await;
                        let reason = shown["status_reason"].as_str().unwrap_or_default();
                        shown["status"] == "Pending" && reason.contains("nodes has disk=ssd")
                    })
                })
                .await;
            world.label_group(&cluster, WORKERS, ("disk", "ssd")).await;
            world.until_pods(&cluster, 1).await;
            let node = world.server(picky).await.unwrap().host_id.unwrap();
            let master = ("magnum.openstack.org/role", "master");
            let above = world.pod_on(&cluster, "above", master).await;
            world.until_pods(&cluster, 2).await;
            let other = world.server(above).await.unwrap().host_id.unwrap();
            assert_ne!(other, node, "the master and the worker");
            world.until_cluster(&cluster, "UPDATE_COMPLETE").await;
        })
    });
}

#[test]
fn a_taint_sends_pods_away_and_their_controller_makes_others_elsewhere() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = cluster(world, 1).await;
            let role = |role| ("magnum.openstack.org/role", role);
            let away = world.pod_on(&cluster, "away", role("worker")).await;
            let stays = world.pod_on(&cluster, "stays", role("master")).await;
            world.rc(&cluster, "web", 2).await;
            world.until_pods(&cluster, 4).await;
            let tainted = world.server(away).await.unwrap().host_id.unwrap();
            world.taint_group(&cluster, WORKERS, "night").await;
            world.until_gone(away).await;
            world.until_pods(&cluster, 3).await;
            for pod in world.pods(&cluster).await {
                assert_ne!(pod.host_id.as_ref(), Some(&tainted), "{}", pod.name);
            }
            assert!(
                world
                    .server(stays)
                    .await
                    .is_some_and(|pod| pod.deleting == 0)
            );
            world.until_cluster(&cluster, "UPDATE_COMPLETE").await;
            let events = world.cluster_events(&cluster).await.into_iter();
            let told: Vec<String> = events
                .filter(|it| it.0 == "evict-pod")
                .map(|it| it.1)
                .collect();
            let why = "away does not tolerate the taint night=:NoExecute of its node";
            assert!(told.iter().any(|it| it == why), "{told:?}");
        })
    });
}

#[test]
fn pods_of_a_controller_are_given_what_its_manifest_held_when_they_were_made() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let cluster = cluster(world, 0).await;
            world.rc_with_config(&cluster, "web", "hello").await;
            world.until_pods(&cluster, 1).await;
            let pod = world.pods(&cluster).await.remove(0);
            let (file, env) = world.inside(&pod, "/conf/word").await.unwrap();
            assert_eq!(file, "hello");
            let shown = world.shown_pod(pod.server_id().unwrap()).await;
            let node = shown["host"].as_str().unwrap();
            for line in [
                format!("NAME={}", pod.name),
                format!("NODE={node}"),
                "WORD=hello".into(),
                format!("ALL=hello on {node}"),
            ] {
                assert!(env.lines().any(|it| it == line), "{line}: {env}");
            }
            let at = env.lines().find_map(|line| line.strip_prefix("AT="));
            let at: std::net::IpAddr = at.unwrap().parse().unwrap();
            assert!(at.is_ipv4());
        })
    });
}
