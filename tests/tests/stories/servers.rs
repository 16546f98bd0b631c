//! Servers: booted, changed, deleted, failing.

use crate::{once, told_and_replayed};
use schemas::ids::ServerId;
use serde_json::json;
use std::time::Duration;
use tests::world::World;
use tokio::time::sleep;

#[test]
fn a_server_is_booted_and_deleted() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            world.delete(id).await;
            world.until_gone(id).await;
        })
    });
}

#[test]
fn a_server_is_stopped_started_paused_rebooted_and_rebuilt() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            world.stop(id).await;
            world.until_state(id, "stopped").await;
            world.start(id).await;
            world.until_state(id, "active").await;
            world.reboot(id).await;
            world.until_state(id, "active").await;
            world.rebuild(id).await;
            world.until_state(id, "active").await;
            world.pause(id).await;
            world.until_state(id, "paused").await;
        })
    });
}

#[test]
fn a_server_is_deleted_while_it_is_built() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[("sim.start_delay", "3s")]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            world.delete(id).await;
            world.until_gone(id).await;
        })
    });
}

#[test]
fn a_build_that_its_first_host_fails_succeeds_on_another() {
    told_and_replayed(2, |world| {
        Box::pin(async move {
            let host = &world.hosts[0];
            host.engine.set_down(true);
            let one = world.create("one", &[]).await;
            let two = world.create("two", &[]).await;
            world.until_state(one, "active").await;
            world.until_state(two, "active").await;
            host.engine.set_down(false);
        })
    });
}

#[test]
fn a_build_that_all_hosts_failed_says_why_the_last_one_did() {
    once(2, |world| {
        Box::pin(async move {
            let ask = [("sim.fail", "create:99")];
            let id = world.create("one", &ask).await;
            world.until_state(id, "error").await;
            let fault = world.server(id).await.unwrap().fault().unwrap().unwrap();
            let cause = fault.message.contains("sim.fail") && fault.message.contains("host-");
            assert!(cause, "{}", fault.message);
        })
    });
}

#[test]
fn a_command_that_the_image_lacks_is_an_error_with_its_reason() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[("sim.refuse", "start")]).await;
            world.until_state(id, "error").await;
            let fault = world.server(id).await.unwrap().fault().unwrap().unwrap();
            assert!(!fault.message.is_empty());
        })
    });
}

#[test]
fn a_server_that_ends_by_itself_is_stopped_and_stays_so() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[("sim.exit_after", "30s")]).await;
            world.until_state(id, "active").await;
            world.until_state(id, "stopped").await;
            tokio::time::sleep(Duration::from_secs(600)).await;
            world.until_state(id, "stopped").await;
        })
    });
}

#[test]
fn servers_come_back_after_their_machine_lost_power() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            let engine = &world.hosts[0].engine;
            engine.set_down(true);
            engine.power_cycle();
            tokio::time::sleep(Duration::from_secs(90)).await;
            engine.set_down(false);
            revived(world, id).await;
        })
    });
}

#[test]
fn servers_come_back_after_their_engine_was_restarted_also_those_that_are_being_built() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let one = world.create("one", &[]).await;
            world.until_state(one, "active").await;
            let two = world.create("two", &[("sim.start_delay", "3s")]).await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            let engine = &world.hosts[0].engine;
            engine.shut_down();
            tokio::time::sleep(Duration::from_secs(2)).await;
            engine.set_down(false);
            // Whoever ended it has to be told by the time that everything is quiet.
            tokio::time::sleep(Duration::from_secs(60)).await;
            world.until_state(one, "active").await;
            world.until_state(two, "active").await;
        })
    });
}

async fn revived(world: &World, id: ServerId) {
    world
        .until("it runs again", move |world| {
            Box::pin(async move {
                let row = world.server(id).await.unwrap();
                row.generation > 1 && row.vm_state == "active" && row.task_state.is_none()
            })
        })
        .await;
}

#[test]
fn a_hundred_servers_are_built_and_deleted_by_two_conductors_on_four_hosts() {
    once(4, |world| {
        Box::pin(async move {
            let mut all = Vec::new();
            for n in 0..100 {
                all.push(world.create(&format!("s{n}"), &[]).await);
            }
            for id in &all {
                world.until_state(*id, "active").await;
            }
            world.audit().await;
            for id in &all {
                world.delete(*id).await;
            }
            for id in all {
                world.until_gone(id).await;
            }
        })
    });
}

#[test]
fn a_server_on_a_silent_host_can_be_deleted_and_its_container_goes_when_the_host_returns() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            world.broker.stop();
            tokio::time::sleep(Duration::from_secs(200)).await;
            world.delete(id).await;
            world.until_gone(id).await;
            world.broker.start();
            tokio::time::sleep(Duration::from_secs(60)).await;
        })
    });
}

#[test]
fn a_server_declared_in_error_stays_so_until_something_is_asked_of_it() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let id = world.create("one", &[]).await;
            world.until_state(id, "active").await;
            declare(world, id, "error").await;
            world.kill("agent-0");
            sleep(Duration::from_secs(5)).await;
            world.start_again("agent-0");
            sleep(Duration::from_secs(30)).await;
            world.until_state(id, "error").await;
            world.reboot(id).await;
            world.until_state(id, "active").await;
            declare(world, id, "error").await;
            sleep(Duration::from_secs(10)).await;
            declare(world, id, "active").await;
            world.until_state(id, "active").await;
        })
    });
}

async fn declare(world: &World, id: ServerId, state: &str) {
    let path = format!("/servers/{id}/action");
    let body = json!({ "os-resetState": { "state": state } });
    world.admin().post(&path, body).await;
}

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn what_is_gone_is_remembered_for_a_year_and_then_forgotten() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let living = world.create("living", &[]).await;
            let gone = world.create("gone", &[]).await;
            world.until_state(living, "active").await;
            world.delete(gone).await;
            world.until_gone(gone).await;
            tokio::time::advance(399 * DAY).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            assert_eq!(remembered(world, living).await, (200, 2));
            assert_eq!(remembered(world, gone).await, (200, 2));
            tokio::time::advance(2 * DAY).await;
            world
                .until("its end is forgotten", move |world| {
                    Box::pin(async move { remembered(world, gone).await == (404, 1) })
                })
                .await;
            assert_eq!(remembered(world, living).await, (200, 1));
        })
    });
}

/// The code of asking for a server's actions, and the lines of its project's usage report.
async fn remembered(world: &World, id: ServerId) -> (u16, usize) {
    let project = world.thing("project/home");
    let ever = "start=2001-01-01&end=2101-01-01";
    let usage = world
        .get(&format!("/os-simple-tenant-usage/{project}?{ever}"))
        .await;
    let lines = usage["tenant_usage"]["server_usages"].as_array();
    let actions = format!("/servers/{id}/os-instance-actions");
    (world.member().status(&actions).await, lines.unwrap().len())
}
