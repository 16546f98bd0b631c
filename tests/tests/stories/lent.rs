//! Machines lent as a whole: one server each, nothing beside it, and back when it is gone.

use crate::{replayed_by, told_and_replayed};
use schemas::ids::ServerId;
use serde_json::{Value, json};
use tests::world::{Wish, World};

/// A server of this flavor that has a machine for itself.
fn whole(world: &World) -> Value {
    json!({ "flavorRef": world.thing("flavor/whole") })
}

async fn fault(world: &World, id: ServerId) -> String {
    let row = world.server(id).await.unwrap();
    row.fault.unwrap_or_default()
}

#[test]
fn a_bay_of_whole_machines_has_them_for_itself_until_it_is_gone() {
    told_and_replayed(3, |world| {
        Box::pin(async move {
            let first = world.create("first", &[]).await;
            world.until_state(first, "active").await;
            let shared = world.host_of(first).await.id;
            let wish = Wish {
                flavor: "flavor/whole",
                ..Wish::default()
            };
            let bay = world.make_cluster(wish).await;
            world.until_cluster(&bay, "CREATE_COMPLETE").await;
            let master = world.node_of(&bay, "default-master-0").await;
            let worker = world.node_of(&bay, "default-worker-0").await;
            let of = [master, worker].map(|node| world.host_of(node));
            let [a, b] = of;
            let (a, b) = (a.await.id, b.await.id);
            assert!(a != b && a != shared && b != shared);

            let beside = world.create("beside", &[]).await;
            world.until_state(beside, "active").await;
            assert_eq!(
                world.host_of(beside).await.id,
                shared,
                "the others are lent"
            );
            let alone = world.create_with("alone", whole(world)).await;
            world.until_state(alone, "error").await;
            let why = fault(world, alone).await;
            assert!(why.contains("lent as a whole: 2, not empty: 1"), "{why}");
            world.delete(alone).await;
            world.until_gone(alone).await;
            world.audit().await;

            world.delete_cluster(&bay).await;
            world.until_no_cluster(&bay).await;
            let elsewhere = json!({ "different_host": first.to_string() });
            let elsewhere = json!({ "os:scheduler_hints": elsewhere });
            let after = world.create_with("after", elsewhere).await;
            world.until_state(after, "active").await;
            assert_ne!(world.host_of(after).await.id, shared);
        })
    });
}

#[test]
fn of_three_that_want_two_machines_at_once_two_have_them_and_a_whole_one_is_never_shared() {
    replayed_by(2, 2, |world| {
        Box::pin(async move {
            let one = world.create_with("one", whole(world));
            let two = world.create_with("two", whole(world));
            let three = world.create("three", &[]);
            let (one, two, three) = tokio::join!(one, two, three);
            let mut placed = Vec::new();
            for id in [one, two, three] {
                world.until_settled(id).await;
                if world.server(id).await.unwrap().vm_state == "active" {
                    placed.push(id);
                }
            }
            assert_eq!(placed.len(), 2);
            assert_ne!(
                world.host_of(placed[0]).await.id,
                world.host_of(placed[1]).await.id
            );
        })
    });
}

#[test]
fn a_machine_stays_lent_while_its_server_is_stopped_rebuilt_and_started() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let alone = world.create_with("alone", whole(world)).await;
            world.until_state(alone, "active").await;
            world.stop(alone).await;
            world.until_state(alone, "stopped").await;
            let beside = world.create("beside", &[]).await;
            world.until_state(beside, "error").await;
            let why = fault(world, beside).await;
            assert!(why.contains("lent as a whole: 1"), "{why}");
            world.rebuild(alone).await;
            world.until_state(alone, "stopped").await;
            world.delete(alone).await;
            world.until_gone(alone).await;
            world.delete(beside).await;
            world.until_gone(beside).await;
            let after = world.create("after", &[]).await;
            world.until_state(after, "active").await;
        })
    });
}

#[test]
fn a_machine_whose_agent_dies_is_not_lent_to_what_it_was_building() {
    told_and_replayed(2, |world| {
        Box::pin(async move {
            let mut wish = whole(world);
            wish["metadata"] = json!({ "sim.start_delay": "5s" });
            let alone = world.create_with("alone", wish).await;
            world.until_task(alone, "spawning").await;
            let row = world.server(alone).await.unwrap();
            if row.host_id.is_none() || row.task_state.as_deref() != Some("spawning") {
                return;
            }
            let agent = world.host_of(alone).await.agent.clone();
            world.kill(&agent);
            world.until_state(alone, "active").await;
            assert_ne!(world.host_of(alone).await.agent, agent);
            world.start_again(&agent);
            let beside = world.create("beside", &[]).await;
            world.until_settled(beside).await;
            tokio::time::sleep(std::time::Duration::from_secs(15)).await;
        })
    });
}
