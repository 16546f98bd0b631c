//! Names of services, and all others.

use super::guests::{RESOLVER, boot, guest, pod, service, tell};
use super::inner::{self, run};
use super::node::{Machine, until};
use super::serves::exec;
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, ToSocketAddrs, UdpSocket};

/// A name server that knows `www.example.test`.
pub struct Teller {
    pub address: SocketAddr,
    datagrams: UdpSocket,
    streams: TcpListener,
}

impl Teller {
    pub async fn at(address: impl ToSocketAddrs) -> Self {
        let datagrams = UdpSocket::bind(address).await.expect("a socket");
        let address = datagrams.local_addr().expect("an address");
        let streams = TcpListener::bind(address).await.expect("a socket");
        Self {
            address,
            datagrams,
            streams,
        }
    }

    /// Waits for a question, and says nothing.
    pub async fn hear(&self) {
        let mut question = [0; 512];
        let heard = self.datagrams.recv_from(&mut question);
        let heard = tokio::time::timeout(super::node::PATIENCE, heard).await;
        heard.expect("a question in time").expect("a question");
    }

    /// Answers all questions, for ever.
    pub async fn tell(&self) {
        tokio::join!(
            async {
                let mut question = [0; 512];
                loop {
                    let heard = self.datagrams.recv_from(&mut question).await;
                    let (length, from) = heard.expect("a question");
                    let reply = reply(&question[..length]);
                    let sent = self.datagrams.send_to(&reply, from).await;
                    sent.expect("somebody who asked");
                }
            },
            async {
                loop {
                    let (mut stream, _) = self.streams.accept().await.expect("a question");
                    let length = stream.read_u16().await.expect("a length");
                    let mut question = vec![0; length.into()];
                    stream.read_exact(&mut question).await.expect("all");
                    let reply = reply(&question);
                    let length = u16::try_from(reply.len()).expect("a length");
                    stream.write_u16(length).await.expect("somebody");
                    stream.write_all(&reply).await.expect("somebody");
                }
            }
        );
    }
}

fn reply(question: &[u8]) -> Vec<u8> {
    let question = Message::from_vec(question).expect("a question");
    let asked = &question.queries[0];
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    reply.add_query(asked.clone());
    match asked.name().to_ascii().as_str() {
        "www.example.test." if asked.query_type() == RecordType::A => {
            let address = RData::A(A(Ipv4Addr::new(192, 0, 2, 80)));
            reply.add_answer(Record::from_rdata(asked.name().clone(), 60, address));
        }
        "www.example.test." => {}
        _ => reply.metadata.response_code = ResponseCode::NXDomain,
    }
    reply.to_vec().expect("a reply")
}

#[tokio::test]
async fn guests_find_services_by_name_and_all_else_by_the_nodes_name_servers() {
    Machine::with(async |machine| {
        let (node, inner) = boot(machine, 1).await;
        let (_, one) = pod(&inner, "one").await;
        let port = json!({ "port": 80, "endpoints": [format!("{one}:8080")] });
        let peers = json!({ "name": "peers", "pods": [one, "100.64.9.9"] });
        let services = json!([service("web", "100.96.0.40", port), peers]);
        tell(&node, services).await;
        let teller = Teller::at((machine.gateway(), 53)).await;
        let asking = async {
            for name in [
                "web",
                "web.default",
                "web.default.svc",
                "web.default.svc.bay.test",
            ] {
                let fetch = format!("wget -q -O - http://{name}/");
                until(name, async || {
                    let (_, said) = run(&inner, &fetch, guest()).await;
                    (said == "one\n").then_some(())
                })
                .await;
            }
            let client = inner::start(&inner, &["sleep", "600"], guest()).await;
            let ask = async |script: &str| exec(&inner, &client, &["sh", "-c", script]).await;
            let (_, pods) = ask("nslookup -type=a peers.default.svc.bay.test").await;
            assert!(pods.contains(&one) && pods.contains("100.64.9.9"), "{pods}");
            let (_, other) = ask("nslookup -type=a www.example.test").await;
            assert!(other.contains("192.0.2.80"), "{other}");
            for unknown in [
                "other.default.svc.bay.test",
                "www.example.test.bay.test",
                "no.test",
            ] {
                let (status, said) = ask(&format!("nslookup -type=a {unknown} 2>&1")).await;
                assert_ne!(status, Some(0), "{said}");
                assert!(said.contains("NXDOMAIN"), "{unknown}: {said}");
            }
            let (_, none) = ask("nslookup -type=aaaa web.default.svc.bay.test 2>&1").await;
            assert!(!none.contains("NXDOMAIN"), "it is there, without: {none}");
            for (name, address) in [
                ("web.default", [100, 96, 0, 40]),
                ("www.example.test", [192, 0, 2, 80]),
            ] {
                let (_, said) = ask(&by_tcp(name)).await;
                let wanted = address.map(|it| format!("{it:02x}")).join("");
                assert!(said.contains(&wanted), "{name}: {said}");
            }
        };
        tokio::select! {
            () = asking => {}
            () = teller.tell() => unreachable!("it tells for ever"),
        }
        machine.remove(node).await;
    })
    .await;
}

/// Asks for a name by TCP, and shows the answer as digits.
fn by_tcp(name: &str) -> String {
    let mut question = Message::query();
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    let question = question.to_vec().unwrap();
    let length = u16::try_from(question.len()).unwrap().to_be_bytes();
    let bytes = length.iter().chain(&question);
    let octal: String = bytes.map(|it| format!("\\{it:03o}")).collect();
    format!("printf '{octal}' | timeout 3 nc {RESOLVER} 53 | od -An -v -tx1 | tr -d ' \\n'")
}
