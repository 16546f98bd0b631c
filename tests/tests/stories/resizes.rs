//! Other sizes: kept, taken back, refused, crossed by a deletion.

use crate::{once, told_and_replayed};
use schemas::ids::ServerId;
use serde_json::{Value, json};
use std::time::Duration;
use tests::world::World;
use tokio::time::sleep;

/// The change of size takes long enough for others to come between.
const SLOW: &[(&str, &str)] = &[("sim.limits_delay", "5s")];

async fn flavor(world: &World, id: ServerId) -> String {
    let shown = world.get(&format!("/servers/{id}")).await;
    let name = &shown["server"]["flavor"]["original_name"];
    name.as_str().unwrap().to_owned()
}

#[test]
fn a_resize_is_confirmed() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            world.resize(id, "large").await;
            world.until_state(id, "resized").await;
            world.confirm(id).await;
            world.until_state(id, "active").await;
            assert_eq!(flavor(world, id).await, "large");
        })
    });
}

#[test]
fn a_resize_is_reverted() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            world.resize(id, "large").await;
            world.until_state(id, "resized").await;
            world.revert(id).await;
            world.until_state(id, "active").await;
            assert_eq!(flavor(world, id).await, "small");
        })
    });
}

#[test]
fn a_stopped_server_is_resized_and_stays_stopped() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            world.stop(id).await;
            world.until_state(id, "stopped").await;
            world.resize(id, "large").await;
            world.until_state(id, "resized").await;
            world.confirm(id).await;
            world.until_state(id, "stopped").await;
        })
    });
}

#[test]
fn a_resize_is_not_resized_before_it_is_confirmed() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_state(id, "active").await;
            world.resize(id, "large").await;
            let small = world.thing("flavor/small");
            let back = json!({ "resize": { "flavorRef": small } });
            assert_eq!(world.refuses(id, back.clone()).await.0, 409);
            world.until_state(id, "resized").await;
            assert_eq!(world.refuses(id, back).await.0, 409);
            world.confirm(id).await;
            world.until_state(id, "active").await;
            world.resize(id, "small").await;
            world.until_state(id, "resized").await;
            world.revert(id).await;
            world.until_state(id, "active").await;
            assert_eq!(flavor(world, id).await, "large");
        })
    });
}

#[test]
fn a_server_is_deleted_while_it_is_resized() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let one = world.create("one", SLOW).await;
            let two = world.create("two", &[]).await;
            world.until_state(one, "active").await;
            world.until_state(two, "active").await;
            world.resize(one, "large").await;
            world.resize(two, "large").await;
            sleep(Duration::from_secs(1)).await;
            world.delete(one).await;
            world.until_state(two, "resized").await;
            world.delete(two).await;
            world.until_gone(one).await;
            world.until_gone(two).await;
        })
    });
}

#[test]
fn a_size_the_host_has_no_room_for_is_refused_with_what_it_lacks() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            world.resize(id, "huge").await;
            world.until_state(id, "active").await;
            assert_eq!(flavor(world, id).await, "small");
            let told = told(world, id, "resize").await;
            assert!(told.contains("the host has no room"), "{told}");
        })
    });
}

/// What the action of this name came to, as its owner reads it.
async fn told(world: &World, id: ServerId, action: &str) -> String {
    let list = world
        .get(&format!("/servers/{id}/os-instance-actions"))
        .await;
    let list = list["instanceActions"].as_array().unwrap().clone();
    let found = list.iter().find(|one| one["action"] == action).unwrap();
    let request = found["request_id"].as_str().unwrap();
    let path = format!("/servers/{id}/os-instance-actions/{request}");
    Value::to_string(&world.get(&path).await["instanceAction"])
}

#[test]
fn a_size_the_engine_refuses_is_taken_back() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[("sim.fail", "limits:9")]).await;
            world.until_state(id, "active").await;
            world.resize(id, "large").await;
            world
                .until("the old size is back", move |world| {
                    Box::pin(async move {
                        let row = world.server(id).await.unwrap();
                        row.generation > 2 && row.task_state.is_none()
                    })
                })
                .await;
            assert_eq!(flavor(world, id).await, "small");
        })
    });
}

#[test]
fn a_revert_on_a_silent_host_gives_its_room_back_when_the_host_returns() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            world.resize(id, "large").await;
            world.until_state(id, "resized").await;
            world.kill("agent-0");
            world.revert(id).await;
            // Longer than the patience with changes.
            sleep(Duration::from_secs(900)).await;
            world.start_again("agent-0");
            sleep(Duration::from_secs(60)).await;
            world.until_state(id, "active").await;
            assert_eq!(flavor(world, id).await, "small");
        })
    });
}
