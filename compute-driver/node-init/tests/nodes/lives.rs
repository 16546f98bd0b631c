//! How a node ends, starts again, and fails.

use super::confined::lives;
use super::inner::{self, log, run, with_everything};
use super::node::{Machine, until};
use bollard::models::HostConfig;
use bollard::query_parameters::{
    InspectContainerOptions, ListVolumesOptions, StartContainerOptions, StopContainerOptionsBuilder,
};

#[tokio::test]
async fn a_node_that_is_asked_to_end_lets_its_containers_end_and_starts_again_with_them() {
    Machine::with(async |machine| {
        let node = machine.boot(1).await;
        let inner = machine.furnished(&node).await;
        // The image's own command lives until it is asked to end, and ends with 0 then.
        let container = inner::start(&inner, &[], HostConfig::default()).await;
        let options = StopContainerOptionsBuilder::new().t(60).build();
        machine
            .engine
            .stop_container(&node.name, Some(options))
            .await
            .unwrap();
        assert_eq!(machine.ended(&node).await, 0);
        let said = log(&machine.engine, &node.name).await;
        let last = said.trim_end().lines().last().unwrap();
        assert_eq!(last, "node-init: the engine has ended");
        assert!(
            said.contains("SIGTERM: the engine is asked to end"),
            "{said}"
        );
        assert!(!lives(&node), "nothing of it is left running");

        machine.start(&node).await;
        let inner = machine.ready(&node).await;
        let found = inner
            .inspect_container(&container, None::<InspectContainerOptions>)
            .await;
        assert_eq!(
            found.unwrap().state.unwrap().exit_code,
            Some(0),
            "asked, not killed"
        );
        let (_, said) = run(&inner, "echo again", HostConfig::default()).await;
        assert_eq!(said, "again\n");
        let looked = machine.look_at(&node).await;
        let volumes = looked.mounts.unwrap().into_iter().filter_map(|it| it.name);
        let volumes: Vec<String> = volumes.collect();
        assert_eq!(volumes.len(), 1, "its data is a volume of its own");
        machine.remove(node).await;
        let left = machine
            .engine
            .list_volumes(None::<ListVolumesOptions>)
            .await;
        let left = left.unwrap().volumes.unwrap_or_default();
        assert!(
            !left.iter().any(|it| volumes.contains(&it.name)),
            "{left:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_node_ends_with_its_engine() {
    Machine::with(async |machine| {
        let node = machine.boot(1).await;
        let inner = machine.furnished(&node).await;
        let kill = ["sh", "-c", "kill -9 $(pidof dockerd)"];
        let killer = inner::make(&inner, &kill, with_everything()).await;
        // The engine may be gone before it answers.
        _ = inner
            .start_container(&killer, None::<StartContainerOptions>)
            .await;
        assert_eq!(machine.ended(&node).await, 137);
        let said = log(&machine.engine, &node.name).await;
        assert!(said.contains("the engine ended with status 137"), "{said}");
        until("all of it ends", async || (!lives(&node)).then_some(())).await;
        machine.remove(node).await;
    })
    .await;
}

#[tokio::test]
async fn a_node_that_cannot_come_up_says_why_in_its_last_line() {
    Machine::with(async |machine| {
        let broken = machine
            .make(1, |files| files.identity.key = "nonsense".to_owned())
            .await;
        let meets = machine
            .make(2, |files| {
                files.config["address_pool"] = "10.0.0.0/8".into()
            })
            .await;
        for (node, cause) in [(broken, "X509 key pair"), (meets, "meets the network")] {
            machine.start(&node).await;
            assert_eq!(machine.ended(&node).await, 1);
            let said = log(&machine.engine, &node.name).await;
            let last = said.trim_end().lines().last().unwrap_or_default();
            assert!(
                last.starts_with("node-init: ") && last.contains(cause),
                "{said}"
            );
            machine.remove(node).await;
        }
    })
    .await;
}
