//! Images of servers: made, booted from, crossed by everything else that may happen meanwhile.

use crate::{once, told_and_replayed};
use compute_driver::Driver;
use schemas::image::Status;
use schemas::workload::RunState;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

/// A snapshot that takes long enough for others to come between.
const SLOW: &[(&str, &str)] = &[("sim.snapshot_delay", "5s")];

#[test]
fn a_server_is_snapshotted_and_another_is_booted_from_the_image() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let one = world.create("one", &[]).await;
            world.until_state(one, "active").await;
            let image = world.snapshot(one, "picture").await;
            world.until_image(image, Status::Active).await;
            world.until_state(one, "active").await;
            world.delete(one).await;
            world.until_gone(one).await;
            let from_it = json!({ "imageRef": image });
            let two = world.create_with("two", from_it).await;
            world.until_state(two, "active").await;
        })
    });
}

#[test]
fn a_server_is_not_rebuilt_while_its_snapshot_is_made_but_after_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_state(id, "active").await;
            let image = world.snapshot(id, "picture").await;
            if world.image(image).await.unwrap().status == "queued" {
                let base = world.thing("image/base");
                let rebuild = json!({ "rebuild": { "imageRef": base } });
                let (code, why) = world.refuses(id, rebuild).await;
                assert_eq!(code, 409, "{why}");
                assert!(why.contains("image_snapshot"), "{why}");
            }
            world.until_image(image, Status::Active).await;
            world.rebuild(id).await;
            world.until_state(id, "active").await;
        })
    });
}

#[test]
fn a_server_is_deleted_while_its_snapshot_is_made() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_state(id, "active").await;
            world.snapshot(id, "picture").await;
            sleep(Duration::from_secs(1)).await;
            world.delete(id).await;
            world.until_gone(id).await;
        })
    });
}

#[test]
fn an_image_is_deleted_while_its_server_is_snapshotted() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_state(id, "active").await;
            let image = world.snapshot(id, "picture").await;
            sleep(Duration::from_secs(1)).await;
            world.delete_image(image).await;
            world.until_state(id, "active").await;
        })
    });
}

#[test]
fn a_server_that_ends_while_its_snapshot_is_made_stays_busy_until_the_image_is_there() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let labels = [("sim.exit_after", "10s"), ("sim.snapshot_delay", "25s")];
            let id = world.create("one", &labels).await;
            world.until_state(id, "active").await;
            let image = world.snapshot(id, "picture").await;
            while world.image(image).await.unwrap().status == "queued" {
                let task = world.server(id).await.unwrap().task_state;
                // The image may have come between the two questions.
                let coming = !world.image(image).await.unwrap().snapshot.is_empty();
                assert!(
                    !coming || task.as_deref() == Some("image_snapshot"),
                    "{task:?}"
                );
                sleep(Duration::from_millis(500)).await;
            }
            world.until_image(image, Status::Active).await;
            world.until_state(id, "stopped").await;
        })
    });
}

#[test]
fn a_snapshot_of_a_host_that_fell_silent_fails_in_time_and_its_server_is_free() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_state(id, "active").await;
            world.kill("agent-0");
            let image = world.snapshot(id, "picture").await;
            world.until_image(image, Status::Killed).await;
            assert!(world.server(id).await.unwrap().task_state.is_none());
            world.start_again("agent-0");
            world.until_state(id, "active").await;
        })
    });
}

#[test]
fn two_snapshots_of_one_server_one_after_the_other_are_two_images() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            let first = world.snapshot(id, "first").await;
            world.until_image(first, Status::Active).await;
            let second = world.snapshot(id, "second").await;
            world.until_image(second, Status::Active).await;
            world.delete_image(first).await;
            world.until_state(id, "active").await;
            assert!(!world.download(second).await.is_empty());
        })
    });
}

/// A snapshot that takes longer than any change may, of what takes a while to begin.
const ENDLESS: &[(&str, &str)] = &[("sim.snapshot_delay", "20m"), ("sim.start_delay", "10s")];

#[test]
fn a_server_that_cannot_be_brought_back_while_its_snapshot_is_made_says_so_in_time() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.create("one", ENDLESS).await;
            world.until_state(id, "active").await;
            let image = world.snapshot(id, "picture").await;
            sleep(Duration::from_secs(5)).await;
            let host = &world.hosts[0];
            host.engine.kill(host.id, id.into(), 137).unwrap();
            sleep(Duration::from_secs(5)).await;
            world.kill(&host.agent);
            sleep(Duration::from_secs(400)).await;
            let row = world.server(id).await.unwrap();
            let state = (row.vm_state.as_str(), row.task_state.as_deref());
            assert_eq!(state, ("stopped", Some("image_snapshot")));
            assert!(row.fault.unwrap().contains("not done in time"));
            world.until_image(image, Status::Killed).await;
            world.until_state(id, "stopped").await;
            world.start_again(&host.agent);
            world.until_state(id, "active").await;
        })
    });
}

#[test]
fn a_server_that_is_killed_while_its_snapshot_is_made_comes_back_and_stays_busy() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_state(id, "active").await;
            let image = world.snapshot(id, "picture").await;
            sleep(Duration::from_secs(1)).await;
            let host = &world.hosts[0];
            host.engine.kill(host.id, id.into(), 137).unwrap();
            world.until_image(image, Status::Active).await;
            // The row alone does not say it: news of the end may be lost, until a heartbeat tells.
            world
                .until("the container runs again", |world| {
                    Box::pin(async move {
                        let host = &world.hosts[0];
                        let there = host.engine.connect(host.id).list().await.unwrap();
                        there.iter().all(|seen| seen.state == RunState::Running)
                    })
                })
                .await;
            world.until_state(id, "active").await;
        })
    });
}

#[test]
fn a_snapshot_that_is_deactivated_at_once_is_kept_and_its_server_is_free() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_state(id, "active").await;
            let image = world.snapshot(id, "picture").await;
            sleep(Duration::from_secs(1)).await;
            world.kill("conductor-0");
            world.kill("conductor-1");
            world
                .until("the image has its data", move |world| {
                    Box::pin(async move { world.image(image).await.unwrap().status == "active" })
                })
                .await;
            let act = async |what: &str| {
                let path = format!("/images/{image}/actions/{what}");
                world.admin().post(&path, json!({})).await;
            };
            act("deactivate").await;
            world.start_again("conductor-0");
            world.start_again("conductor-1");
            world.until_state(id, "active").await;
            world.until_image(image, Status::Deactivated).await;
            act("reactivate").await;
            assert!(!world.download(image).await.is_empty());
        })
    });
}
