//! Guests of a cluster meet across its nodes, and find what serves them.

use super::guests::{address, answers, boot, guest, pod, process, service, tell, told, within};
use super::inner::{self, log, run, with_everything};
use super::node::{Machine, until};
use super::serves::exec;
use bollard::models::HostConfig;
use bollard::query_parameters::{StartContainerOptions, StopContainerOptionsBuilder};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use std::process::Command;

const ADDRESS: &str = "100.96.0.40";

async fn fetched(url: &str) -> Option<String> {
    let answer = reqwest::get(url).await.ok()?;
    Some(answer.text().await.ok()?.trim().to_owned())
}

#[tokio::test]
async fn a_service_is_reached_from_all_nodes_and_from_outside_and_refuses_without_endpoints() {
    Machine::with(async |machine| {
        let ((one, here), (two, there)) = tokio::join!(boot(machine, 1), boot(machine, 2));
        let ((server, first), (other, second)) =
            tokio::join!(pod(&here, "first"), pod(&there, "second"));
        let web = |endpoints: &[&String]| {
            let endpoints: Vec<String> = endpoints.iter().map(|it| format!("{it}:8080")).collect();
            let port = json!({
                "port": 80, "node_port": 30080, "protocol": "tcp", "endpoints": endpoints,
            });
            json!([service("web", ADDRESS, port)])
        };
        let both = async |services: serde_json::Value| {
            tokio::join!(tell(&one, services.clone()), tell(&two, services));
        };
        both(web(&[&first, &second])).await;
        // A server needs a moment to listen.
        for (inner, at) in [(&here, &second), (&there, &first)] {
            until("pods of different nodes meet", async || {
                let (status, _) = run(inner, &format!("nc {at} 8080 </dev/null"), guest()).await;
                (status == 0).then_some(())
            })
            .await;
        }
        for inner in [&here, &there] {
            assert_eq!(answers(inner, ADDRESS, guest()).await, "first second");
            let plain = answers(inner, ADDRESS, HostConfig::default()).await;
            assert_eq!(plain, "first second", "from another network of the engine");
            let host = HostConfig {
                network_mode: Some("host".to_owned()),
                ..HostConfig::default()
            };
            assert_eq!(
                answers(inner, ADDRESS, host).await,
                "first second",
                "the node itself"
            );
        }
        for node in [&one, &two] {
            let url = format!("http://{}:30080/", node.address);
            for wanted in ["first", "second"] {
                until(wanted, async || {
                    fetched(&url).await.filter(|it| it == wanted)
                })
                .await;
            }
        }
        // A pod reaches itself, too.
        both(web(&[&first])).await;
        let own = format!("http://{ADDRESS}/");
        let (status, said) = exec(&here, &server, &["wget", "-q", "-O", "-", &own]).await;
        assert_eq!((status, said.trim()), (Some(0), "first"));
        // They see each other's own addresses, and what is outside sees the node's.
        let client = inner::start(&here, &["sh", "-c", "sleep 60"], guest()).await;
        let own = address(&here, &client).await;
        let direct = format!("http://{second}:8080/");
        let (status, said) = exec(&here, &client, &["wget", "-q", "-O", "-", &direct]).await;
        assert_eq!((status, said.trim()), (Some(0), "second"));
        assert!(log(&there, &other).await.contains(&own));

        both(web(&[&second])).await;
        assert_eq!(answers(&here, ADDRESS, guest()).await, "second");
        both(web(&[])).await;
        for (inner, at) in [
            (&here, format!("{ADDRESS} 80")),
            (&there, format!("{} 30080", one.address)),
        ] {
            let (status, said) = run(inner, &format!("nc {at} </dev/null 2>&1"), guest()).await;
            assert_ne!(status, 0);
            assert!(said.contains("refused"), "at once: {said}");
        }
        machine.remove(one).await;
        machine.remove(two).await;
    })
    .await;
}

#[tokio::test]
async fn services_outlive_the_process_that_serves_them_and_the_nodes_end() {
    Machine::with(async |machine| {
        let (node, inner) = boot(machine, 1).await;
        let (server, endpoint) = pod(&inner, "served").await;
        let port = json!({ "port": 80, "endpoints": [format!("{endpoint}:8080")] });
        tell(&node, json!([service("web", ADDRESS, port)])).await;
        let works = async |inner: &bollard::Docker| {
            until("the service is served", async || {
                (answers(inner, ADDRESS, guest()).await == "served").then_some(())
            })
            .await;
        };
        works(&inner).await;

        let engine = process(machine, &node, "dockerd --config-file").await;
        let before = process(machine, &node, "node-init services").await;
        let table = ["nft", "delete", "table", "ip", "jeroboam"];
        assert!(within(engine, &table).status.success(), "it is there");
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        until("it is started again", async || {
            (process(machine, &node, "node-init services").await != before).then_some(())
        })
        .await;
        works(&inner).await;
        assert!(
            log(&machine.engine, &node.name)
                .await
                .contains("it is started again")
        );

        let options = StopContainerOptionsBuilder::new().t(60).build();
        let stopped = machine.engine.stop_container(&node.name, Some(options));
        stopped.await.unwrap();
        machine.start(&node).await;
        let inner = machine.ready(&node).await;
        let started = inner.start_container(&server, None::<StartContainerOptions>);
        started.await.unwrap();
        assert_eq!(address(&inner, &server).await, endpoint);
        works(&inner).await;
        machine.remove(node).await;
    })
    .await;
}

#[tokio::test]
async fn only_the_agent_says_what_the_services_are() {
    Machine::with(async |machine| {
        let (node, inner) = boot(machine, 1).await;
        let refused = told(&node, json!([{ "name": "a", "address": "192.0.2.1" }])).await;
        assert!(
            refused["error"].as_str().unwrap().contains("service a"),
            "{refused}"
        );
        tell(&node, json!([])).await;
        let engine = process(machine, &node, "dockerd --config-file").await;
        let socket = format!("/proc/{engine}/root/var/lib/jeroboam/services.sock");
        let connect = [
            "curl",
            "--silent",
            "--max-time",
            "5",
            "--unix-socket",
            &socket,
            "http://node/",
        ];
        let status = |command: &mut Command| command.output().unwrap().status.code();
        const NOT_CONNECTED: Option<i32> = Some(7);
        let root = status(Command::new(connect[0]).args(&connect[1..]));
        assert_ne!(root, NOT_CONNECTED, "the machine's root is heard");
        let inside = status(
            Command::new("nsenter")
                .args([
                    "--target",
                    &engine.to_string(),
                    "--user",
                    "--setuid",
                    "0",
                    "--setgid",
                    "0",
                ])
                .args(connect),
        );
        assert_eq!(inside, NOT_CONNECTED, "root inside is not");
        // Nor does he change what was said, by a view of the container's own files.
        for attempt in [
            "rm /node/var/lib/jeroboam/services.sock",
            "cat /node/var/lib/node-init/services.json",
            "mv /node/var/lib/node-init /node/var/lib/other",
        ] {
            let (status, said) = run(&inner, attempt, with_everything()).await;
            assert_ne!(status, 0, "{attempt}: {said}");
        }
        tell(&node, json!([])).await;
        machine.remove(node).await;
    })
    .await;
}
