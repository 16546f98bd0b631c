//! What is under way when an endpoint goes.

use super::guests::{boot, guest, pod, process, service, tell, within};
use super::inner::{self, log};
use super::names::Teller;
use super::node::{Machine, until};
use super::serves::exec;
use bollard::query_parameters::KillContainerOptions;
use serde_json::json;

const ADDRESS: &str = "100.96.0.40";

#[tokio::test]
async fn a_connect_that_went_to_a_pod_just_killed_reaches_another() {
    Machine::with(async |machine| {
        let (node, inner) = boot(machine, 1).await;
        let (killed, gone) = pod(&inner, "gone").await;
        let (_, left) = pod(&inner, "left").await;
        let engine = process(machine, &node, "dockerd --config-file").await;
        let web = |endpoint: &str| {
            let port = json!({ "port": 80, "endpoints": [format!("{endpoint}:8080")] });
            json!([service("web", ADDRESS, port)])
        };
        // Made before: the address of what has gone is the next one's.
        let script = format!(
            "until [ -e /tmp/begin ]; do sleep 0.1; done; wget -q -O - http://{ADDRESS}/ 2>&1"
        );
        let client = inner::start(&inner, &["sh", "-c", &script], guest()).await;
        inner
            .kill_container(&killed, None::<KillContainerOptions>)
            .await
            .unwrap();
        tell(&node, web(&gone)).await;
        let (status, _) = exec(&inner, &client, &["touch", "/tmp/begin"]).await;
        assert_eq!(status, Some(0));
        until("it knocks at the pod that is no more", async || {
            let list = [
                "conntrack",
                "--dump",
                "--proto",
                "tcp",
                "--state",
                "SYN_SENT",
            ];
            let known = within(engine, &list).stdout;
            String::from_utf8_lossy(&known)
                .contains(&format!("src={gone}"))
                .then_some(())
        })
        .await;
        tell(&node, web(&left)).await;
        let said = until("it is answered", async || {
            let said = log(&inner, &client).await;
            (!said.is_empty()).then_some(said)
        })
        .await;
        assert_eq!(said.trim(), "left");
        machine.remove(node).await;
    })
    .await;
}

#[tokio::test]
async fn a_question_by_udp_that_went_to_an_endpoint_which_has_gone_is_heard_by_another() {
    Machine::with(async |machine| {
        let (node, inner) = boot(machine, 1).await;
        let mute = Teller::at((machine.gateway(), 0)).await;
        let talking = Teller::at((machine.gateway(), 0)).await;
        let dns = |endpoint: &Teller| {
            let endpoints = [endpoint.address.to_string()];
            let port = json!({ "port": 53, "protocol": "udp", "endpoints": endpoints });
            json!([service("dns", ADDRESS, port)])
        };
        tell(&node, dns(&mute)).await;
        let script = format!("nslookup -type=a www.example.test {ADDRESS} 2>&1");
        let client = inner::start(&inner, &["sh", "-c", &script], guest()).await;
        mute.hear().await;
        let answered = async {
            tell(&node, dns(&talking)).await;
            until("it is asked again, elsewhere", async || {
                let said = log(&inner, &client).await;
                said.contains("Name:").then_some(said)
            })
            .await
        };
        let said = tokio::select! {
            said = answered => said,
            () = talking.tell() => unreachable!("it tells for ever"),
        };
        assert!(said.contains("192.0.2.80"), "{said}");
        machine.remove(node).await;
    })
    .await;
}
