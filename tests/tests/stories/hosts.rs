//! Several hosts and several conductors: dying, declared dead, sharing the work.

use crate::{once, replayed_by, told_and_replayed};
use schemas::ids::ServerId;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::world::World;
use tokio::time::sleep;

const SLOW: &[(&str, &str)] = &[("sim.start_delay", "5s")];

#[test]
fn a_boot_whose_host_dies_goes_to_another_and_the_first_is_tidy_when_it_returns() {
    told_and_replayed(2, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_task(id, "spawning").await;
            sleep(Duration::from_secs(1)).await;
            let Some(host) = still_building(world, id).await else {
                return;
            };
            world.kill(&host);
            world.until_state(id, "active").await;
            assert_ne!(world.host_of(id).await.agent, host);
            world.start_again(&host);
            sleep(Duration::from_secs(15)).await;
        })
    });
}

/// The agent of the host that builds it; a story with crashes may be later than that.
async fn still_building(world: &World, id: ServerId) -> Option<String> {
    let row = world.server(id).await.unwrap();
    let building = row.task_state.as_deref() == Some("spawning") && row.host_id.is_some();
    match building {
        true => Some(world.host_of(id).await.agent.clone()),
        false => None,
    }
}

#[test]
fn a_boot_on_a_host_that_is_declared_dead_goes_to_another() {
    told_and_replayed(2, |world| {
        Box::pin(async move {
            let id = world.create("one", SLOW).await;
            world.until_task(id, "spawning").await;
            sleep(Duration::from_secs(1)).await;
            let Some(agent) = still_building(world, id).await else {
                return;
            };
            let host = world.host_of(id).await.id;
            declare(world, host, true).await;
            world.until_state(id, "active").await;
            assert_ne!(world.host_of(id).await.agent, agent);
            declare(world, host, false).await;
            sleep(Duration::from_secs(30)).await;
        })
    });
}

async fn declare(world: &World, host: schemas::ids::HostId, dead: bool) {
    let path = format!("/os-services/{host}");
    world
        .admin()
        .put(&path, json!({ "forced_down": dead }))
        .await;
}

#[test]
fn two_conductors_build_and_delete_although_one_is_killed_anywhere() {
    replayed_by(2, 2, |world| {
        Box::pin(async move {
            let one = world.create("one", &[]).await;
            let two = world.create("two", &[]).await;
            world.until_state(one, "active").await;
            world.delete(one).await;
            world.until_state(two, "active").await;
            world.stop(two).await;
            world.until_state(two, "stopped").await;
            world.until_gone(one).await;
        })
    });
}

#[test]
fn one_of_two_conductors_dies_for_good_amid_the_work() {
    once(2, |world| {
        Box::pin(async move {
            let mut all = Vec::new();
            for n in 0..10 {
                all.push(world.create(&format!("s{n}"), SLOW).await);
            }
            world.kill("conductor-0");
            for id in all {
                world.until_state(id, "active").await;
            }
        })
    });
}

async fn group(world: &World, policy: &str) -> String {
    let body = json!({ "server_group": { "name": policy, "policy": policy } });
    let member = world.member();
    member
        .make("/os-server-groups", "/server_group", body)
        .await
}

#[test]
fn an_anti_affinity_group_spreads_and_refuses_what_it_cannot_spread() {
    replayed_by(2, 2, |world| {
        Box::pin(async move {
            let group = group(world, "anti-affinity").await;
            let hint = json!({ "os:scheduler_hints": { "group": group } });
            let one = world.create_with("one", hint.clone()).await;
            let two = world.create_with("two", hint.clone()).await;
            world.until_state(one, "active").await;
            world.until_state(two, "active").await;
            let hosts = [one, two].map(|id| world.host_of(id));
            let hosts = futures::future::join_all(hosts).await;
            assert_ne!(hosts[0].id, hosts[1].id);
            let three = world.create_with("three", hint).await;
            world.until_state(three, "error").await;
            let fault = world.server(three).await.unwrap().fault().unwrap().unwrap();
            assert!(fault.message.contains("server group"), "{}", fault.message);
            world.delete(three).await;
            world.until_gone(three).await;
        })
    });
}

#[test]
fn an_affinity_group_keeps_together() {
    replayed_by(2, 2, |world| {
        Box::pin(async move {
            let group = group(world, "affinity").await;
            let hint = json!({ "os:scheduler_hints": { "group": group } });
            let one = world.create_with("one", hint.clone()).await;
            let two = world.create_with("two", hint.clone()).await;
            world.until_state(one, "active").await;
            world.until_state(two, "active").await;
            let hosts = [one, two].map(|id| world.host_of(id));
            let hosts: BTreeSet<_> = futures::future::join_all(hosts)
                .await
                .iter()
                .map(|host| host.id)
                .collect();
            assert_eq!(hosts.len(), 1);
        })
    });
}

#[test]
fn twenty_servers_are_deleted_while_twenty_others_boot() {
    once(3, |world| {
        Box::pin(async move {
            let mut old = Vec::new();
            for n in 0..20 {
                old.push(world.create(&format!("old-{n}"), &[]).await);
            }
            let mut new = Vec::new();
            for (n, id) in old.iter().enumerate() {
                new.push(world.create(&format!("new-{n}"), SLOW).await);
                // Some are up by then, others still being built.
                world.delete(*id).await;
            }
            for id in new {
                world.until_state(id, "active").await;
            }
            for id in old {
                world.until_gone(id).await;
            }
        })
    });
}
