//! Containers of clusters: made, started, frozen, lost with their node, gone with their cluster.

use crate::{once, told_and_replayed};
use schemas::ids::HostId;
use tests::world::{Wish, World};

/// A cluster of one node, complete.
async fn bay(world: &World) -> String {
    let wish = Wish {
        workers: 0,
        ..Wish::default()
    };
    let id = world.make_cluster(wish).await;
    world.until_cluster(&id, "CREATE_COMPLETE").await;
    id
}

#[test]
fn a_container_is_made_started_frozen_and_gone_and_its_node_stays() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let bay = bay(world).await;
            let id = world.container(&bay, "web").await;
            world.until_container(id, "stopped").await;
            let node = world.node_of(&bay, "default-master-0").await;
            let row = world.server(id).await.unwrap();
            assert_eq!(row.host(), Some(HostId(node.0)));
            assert_eq!(world.member().status(&format!("/servers/{id}")).await, 404);
            world.act_on(id, "start").await;
            world.until_container(id, "active").await;
            world.audit().await;
            world.act_on(id, "pause").await;
            world.until_container(id, "paused").await;
            world.audit().await;
            world.delete_container(id).await;
            world.until_gone(id).await;
            world.delete_cluster(&bay).await;
            world.until_no_cluster(&bay).await;
        })
    });
}

#[test]
fn with_a_cluster_go_the_containers_in_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let bay = bay(world).await;
            let (running, waiting) = (
                world.container(&bay, "running").await,
                world.container(&bay, "waiting").await,
            );
            world.until_container(running, "stopped").await;
            world.act_on(running, "start").await;
            world.until_container(running, "active").await;
            world.delete_cluster(&bay).await;
            world.until_no_cluster(&bay).await;
            for id in [running, waiting] {
                assert!(world.server(id).await.is_none(), "{id} is left");
            }
        })
    });
}

#[test]
fn a_container_whose_node_is_deleted_is_in_error_and_can_be_deleted() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let bay = bay(world).await;
            let id = world.container(&bay, "web").await;
            world.until_container(id, "stopped").await;
            let node = world.node_of(&bay, "default-master-0").await;
            world.delete(node).await;
            world.until_gone(node).await;
            world.until_container(id, "error").await;
            let fault = world.server(id).await.unwrap().fault().unwrap().unwrap();
            assert!(fault.message.contains("is gone"), "{}", fault.message);
            world.delete_container(id).await;
            world.until_gone(id).await;
        })
    });
}

#[test]
fn an_action_is_done_when_it_is_answered_and_a_container_that_ends_is_stopped() {
    once(1, |world| {
        Box::pin(async move {
            let bay = bay(world).await;
            let id = world.container(&bay, "web").await;
            let path = format!("/containers/{id}");
            let status = async || world.get(&path).await["status"].clone();
            assert_eq!(status().await, "Stopped", "made when it is answered");
            for (verb, wanted) in [
                ("start", "Running"),
                ("pause", "Paused"),
                ("unpause", "Running"),
                ("reboot", "Running"),
                ("stop", "Stopped"),
                ("reboot", "Running"),
            ] {
                world.act_on(id, verb).await;
                assert_eq!(status().await, wanted, "{verb}");
            }
            world.delete_container(id).await;
            assert!(world.server(id).await.is_none(), "gone when it is answered");
        })
    });
}

#[test]
fn a_container_that_no_node_has_room_for_says_so() {
    once(1, |world| {
        Box::pin(async move {
            let bay = bay(world).await;
            let (made, told) = world.try_container(&bay, "big", "100g").await;
            assert_eq!(told.answer.status.as_u16(), 500);
            let told = told.answer.text();
            assert!(told.contains("MiB of memory free"), "{told}");
            let row = world.server(made).await.unwrap();
            assert_eq!(row.vm_state, "error");
            let fault = row.fault().unwrap().unwrap();
            assert!(told.contains(&fault.message), "{}", fault.message);
            world.delete_container(made).await;
            world.until_gone(made).await;
        })
    });
}
