//! Clusters whose nodes form a Swarm: it is made, grows, shrinks, loses nodes and managers, and goes.

use crate::{once, told_and_replayed};
use schemas::ids::ServerId;
use std::time::Duration;
use tests::world::{Wish, World};
use tokio::time::sleep;

fn wish(masters: i64, workers: i64) -> Wish {
    Wish {
        coe: "swarm-mode",
        masters,
        workers,
        flavor: "flavor/small",
        ..Wish::default()
    }
}

/// The cluster, complete.
async fn complete(world: &World, masters: i64, workers: i64) -> String {
    let id = world.make_cluster(wish(masters, workers)).await;
    world.until_cluster(&id, "CREATE_COMPLETE").await;
    id
}

async fn until_whole(world: &World, id: &str) {
    let id = id.to_owned();
    world
        .until("the Swarm is whole", move |world| {
            let id = id.clone();
            Box::pin(async move { world.swarm_is_whole(&id).await })
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
                let healthy = world.cluster(&id).await.unwrap().health_status;
                let now = world.node_of(&id, name).await;
                now != before && healthy.as_deref() == Some("HEALTHY")
            })
        })
        .await;
}

#[test]
fn a_swarm_is_made_shrinks_and_goes_with_nothing_left() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1, 1).await;
            let roster = world.swarm_roster(&id).await;
            assert_eq!(roster.len(), 2, "complete is when all are in: {roster:?}");
            world.resize_cluster(&id, 0).await;
            world.until_cluster(&id, "UPDATE_IN_PROGRESS").await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            let roster = world.swarm_roster(&id).await;
            assert_eq!(roster.len(), 1, "who has gone is removed: {roster:?}");
            assert_eq!(world.swarm(&id).await.unwrap().begun, 1);
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
            assert!(world.swarm(&id).await.is_none());
        })
    });
}

#[test]
fn who_comes_later_joins_and_the_door_is_closed_behind_him() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1, 1).await;
            until_whole(world, &id).await;
            world.resize_cluster(&id, 3).await;
            world.until_cluster(&id, "UPDATE_IN_PROGRESS").await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            assert_eq!(world.swarm_roster(&id).await.len(), 4);
            until_whole(world, &id).await;
            world.resize_cluster(&id, 1).await;
            world.until_cluster(&id, "UPDATE_IN_PROGRESS").await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            assert_eq!(world.swarm_roster(&id).await.len(), 2);
            assert_eq!(world.swarm(&id).await.unwrap().begun, 1);
        })
    });
}

#[test]
fn a_swarm_that_is_being_made_can_be_deleted() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.make_cluster(wish(1, 1)).await;
            let key = id.clone();
            world
                .until("somebody is to begin", move |world| {
                    let key = key.clone();
                    Box::pin(async move {
                        let row = world.swarm(&key).await;
                        row.is_some_and(|row| row.manager_id.is_some())
                    })
                })
                .await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
        })
    });
}

#[test]
fn a_worker_that_is_lost_is_replaced_and_removed_from_the_swarm() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1, 1).await;
            let before = world.node_of(&id, "default-worker-0").await;
            world.delete(before).await;
            until_replaced(world, &id, "default-worker-0", before).await;
            until_whole(world, &id).await;
            assert_eq!(world.swarm(&id).await.unwrap().begun, 1);
        })
    });
}

#[test]
fn with_its_only_manager_a_swarm_is_lost_and_the_others_move_to_a_new_one() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1, 1).await;
            let worker = world.node_of(&id, "default-worker-0").await;
            let was = world.swarm_part(worker).await.unwrap().node_id;
            let before = world.node_of(&id, "default-master-0").await;
            world.delete(before).await;
            until_replaced(world, &id, "default-master-0", before).await;
            until_whole(world, &id).await;
            assert_eq!(world.node_of(&id, "default-worker-0").await, worker);
            let is = world.swarm_part(worker).await.unwrap().node_id;
            assert_ne!(is, was, "it left the old one");
            assert_eq!(world.swarm(&id).await.unwrap().begun, 2);
            let reason = world.cluster(&id).await.unwrap().status_reason;
            let reason = reason.unwrap_or_default();
            assert!(
                reason.starts_with("default-master-0 begins a new Swarm"),
                "{reason}"
            );
        })
    });
}

#[test]
fn of_three_managers_one_is_lost_and_the_swarm_goes_on() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 3, 1).await;
            let worker = world.node_of(&id, "default-worker-0").await;
            let was = world.swarm_part(worker).await.unwrap().node_id;
            for name in ["default-master-0", "default-master-1"] {
                let before = world.node_of(&id, name).await;
                world.delete(before).await;
                until_replaced(world, &id, name, before).await;
                until_whole(world, &id).await;
            }
            let is = world.swarm_part(worker).await.unwrap().node_id;
            assert_eq!(is, was, "nobody had to move");
            assert_eq!(world.swarm(&id).await.unwrap().begun, 1);
        })
    });
}

#[test]
fn of_three_managers_two_are_lost_at_once_and_the_third_goes_on_with_what_it_knows() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 3, 1).await;
            let worker = world.node_of(&id, "default-worker-0").await;
            let was = world.swarm_part(worker).await.unwrap().node_id;
            let first = world.node_of(&id, "default-master-0").await;
            let second = world.node_of(&id, "default-master-2").await;
            world.delete(first).await;
            world.delete(second).await;
            until_replaced(world, &id, "default-master-0", first).await;
            until_replaced(world, &id, "default-master-2", second).await;
            until_whole(world, &id).await;
            let is = world.swarm_part(worker).await.unwrap().node_id;
            assert_eq!(is, was, "nobody had to move");
            assert_eq!(world.swarm(&id).await.unwrap().begun, 1);
        })
    });
}

#[test]
fn a_node_whose_engine_hangs_is_replaced_and_the_one_before_is_removed() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1, 2).await;
            let before = world.node_of(&id, "default-worker-1").await;
            world.stop(before).await;
            until_replaced(world, &id, "default-worker-1", before).await;
            until_whole(world, &id).await;
        })
    });
}

#[test]
fn nodes_of_another_flavor_come_in_one_after_the_other() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 3, 1).await;
            world.upgrade_cluster(&id, "flavor/large").await;
            world.until_cluster(&id, "UPDATE_IN_PROGRESS").await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            until_whole(world, &id).await;
            assert_eq!(
                world.swarm(&id).await.unwrap().begun,
                1,
                "it is the same Swarm"
            );
        })
    });
}

#[test]
fn the_one_manager_is_made_anew_with_the_swarm_that_it_holds() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1, 1).await;
            let master = world.node_of(&id, "default-master-0").await;
            let was = world.swarm_part(master).await.unwrap().node_id;
            let worker = world.node_of(&id, "default-worker-0").await;
            world.rotate_cluster(&id, 2).await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            until_whole(world, &id).await;
            assert_eq!(world.node_of(&id, "default-master-0").await, master);
            assert_eq!(world.swarm_part(master).await.unwrap().node_id, was);
            assert_ne!(world.node_of(&id, "default-worker-0").await, worker);
            assert_eq!(
                world.swarm(&id).await.unwrap().begun,
                1,
                "it is the same Swarm"
            );
            assert_eq!(world.authorities(&id).await, [2]);
        })
    });
}

#[test]
fn a_swarm_at_rest_stays_as_it_is_and_closed() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1, 2).await;
            until_whole(world, &id).await;
            let before = world.swarm_roster(&id).await;
            let row = world.swarm(&id).await;
            sleep(Duration::from_secs(3600)).await;
            assert_eq!(world.swarm_roster(&id).await, before);
            assert_eq!(world.swarm(&id).await, row);
            assert_eq!(world.cluster(&id).await.unwrap().status, "CREATE_COMPLETE");
        })
    });
}

#[test]
fn who_is_taken_out_by_its_user_is_brought_back_in() {
    once(1, |world| {
        Box::pin(async move {
            let id = complete(world, 1, 1).await;
            let worker = world.node_of(&id, "default-worker-0").await;
            world.leave_swarm(worker).await;
            assert!(!world.swarm_is_whole(&id).await);
            until_whole(world, &id).await;
            let same = world.node_of(&id, "default-worker-0").await;
            assert_eq!(same, worker, "by itself, without another server");
            assert_eq!(world.swarm(&id).await.unwrap().begun, 1);
        })
    });
}
