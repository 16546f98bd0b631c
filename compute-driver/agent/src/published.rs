//! Ports of this machine at which services of clusters are published (`NodePort`, `LoadBalancer`).
//!
//! ```text
//!   client ──► machine:PORT ──► a node of the cluster:PORT ──► a pod (the node translates)
//! ```
//!
//! # Guarantees
//! - A port is open while at least one node on this machine serves it, and closed soon after.
//! - A node that does not answer is passed over: the client notices a moment's wait.
//!
//! What is published is the cluster's owner's word, and ports are one service's only (the store sees to
//! that). Here and not in the kernel: a machine's rules are its operator's and its engine's, an agent
//! needs no rights for this, and what an agent opens ends with it. UDP is carried by module [`udp`].

mod datagrams;
mod udp;

use crate::tasks::{AbortOnDrop, Tasks};
use schemas::ids::WorkloadId;
use schemas::workload::services::Protocol;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};

/// A node has so long to answer before another is tried.
const ANSWERS: Duration = Duration::from_secs(1);
/// So often all of them are tried.
const ROUNDS: usize = 5;
/// A port that something else has is tried again after this.
const AGAIN: Duration = Duration::from_secs(5);
/// Connections through one port at once; the next wait.
const AT_ONCE: usize = 4096;

/// The open ports of one machine.
pub(crate) struct Published {
    /// Where they are opened; `None`: nowhere.
    at: Option<IpAddr>,
    tasks: AbortOnDrop,
    state: Mutex<State>,
}

/// A port, and what is spoken there.
pub(crate) type Port = (Protocol, u16);

#[derive(Default)]
struct State {
    nodes: BTreeMap<WorkloadId, (Ipv4Addr, BTreeSet<Port>)>,
    doors: BTreeMap<Port, Door>,
}

/// An open port, and the nodes behind it.
struct Door {
    nodes: watch::Sender<Vec<Ipv4Addr>>,
    _open: DropGuard,
}

impl Published {
    /// None yet.
    pub(crate) fn new(at: Option<IpAddr>) -> Published {
        Published {
            at,
            tasks: AbortOnDrop(Arc::default()),
            state: Mutex::default(),
        }
    }

    /// A node serves exactly these ports.
    pub(crate) fn serves(&self, node: WorkloadId, address: Ipv4Addr, ports: BTreeSet<Port>) {
        let mut state = self.state();
        state.nodes.insert(node, (address, ports));
        self.arrange(&mut state);
    }

    /// A node serves nothing any more.
    pub(crate) fn forget(&self, node: WorkloadId) {
        let mut state = self.state();
        if state.nodes.remove(&node).is_some() {
            self.arrange(&mut state);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens and closes what is to be open.
    fn arrange(&self, state: &mut State) {
        let Some(at) = self.at else { return };
        let mut wanted: BTreeMap<Port, Vec<Ipv4Addr>> = BTreeMap::new();
        for (address, ports) in state.nodes.values() {
            for port in ports {
                wanted.entry(*port).or_default().push(*address);
            }
        }
        state.doors.retain(|port, _| wanted.contains_key(port));
        for (port, nodes) in wanted {
            if let Some(door) = state.doors.get(&port) {
                door.nodes.send_replace(nodes);
                continue;
            }
            let (sender, receiver) = watch::channel(nodes);
            let open = CancellationToken::new();
            let (protocol, number) = port;
            let (at, tasks) = (SocketAddr::new(at, number), self.tasks.0.clone());
            let closing = open.clone();
            self.tasks.0.spawn(async move {
                match protocol {
                    Protocol::Tcp => {
                        let keeping = keep(at, receiver, tasks);
                        closing.run_until_cancelled(keeping).await;
                    }
                    Protocol::Udp => {
                        closing.run_until_cancelled(udp::keep(at, receiver)).await;
                    }
                }
                debug!(%at, ?protocol, "a service is published no more");
            });
            let _open = open.drop_guard();
            state.doors.insert(
                port,
                Door {
                    nodes: sender,
                    _open,
                },
            );
        }
    }
}

/// Listens for ever. What has been connected goes on when the port is closed, and ends with the agent.
async fn keep(at: SocketAddr, nodes: watch::Receiver<Vec<Ipv4Addr>>, tasks: Arc<Tasks>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let turn = Arc::new(AtomicUsize::new(0));
    loop {
        let listener = match TcpListener::bind(at).await {
            Ok(listener) => listener,
            Err(error) => {
                warn!(%at, %error, "a service cannot be published; tried again soon");
                sleep(AGAIN).await;
                continue;
            }
        };
        info!(%at, "a service is published");
        loop {
            let Ok(place) = room.clone().acquire_owned().await else {
                return;
            };
            let client = match listener.accept().await {
                Ok((client, _)) => client,
                Err(error) => {
                    debug!(%at, %error, "a connection was not accepted");
                    sleep(Duration::from_millis(10)).await;
                    continue;
                }
            };
            let (nodes, turn) = (nodes.clone(), turn.clone());
            tasks.spawn(async move {
                let _place = place;
                if let Err(error) = carry(client, &nodes, at.port(), &turn).await {
                    debug!(%at, %error, "a connection to a service ended");
                }
            });
        }
    }
}

async fn carry(
    mut client: TcpStream,
    nodes: &watch::Receiver<Vec<Ipv4Addr>>,
    port: u16,
    turn: &AtomicUsize,
) -> io::Result<()> {
    let mut server = connect(nodes, port, turn).await?;
    // Answers of many small parts do not wait for each other.
    _ = client.set_nodelay(true);
    _ = server.set_nodelay(true);
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// Connects to one of the nodes: each in its turn, another when that one does not answer.
async fn connect(
    nodes: &watch::Receiver<Vec<Ipv4Addr>>,
    port: u16,
    turn: &AtomicUsize,
) -> io::Result<TcpStream> {
    let first = turn.fetch_add(1, Ordering::Relaxed);
    let mut last = io::Error::new(io::ErrorKind::ConnectionRefused, "no node serves it");
    for round in 0..ROUNDS {
        // Who is there may have changed meanwhile.
        let count = nodes.borrow().len();
        for nth in 0..count {
            let node = {
                let nodes = nodes.borrow();
                match nodes.len() {
                    0 => continue,
                    some => nodes[(first + round + nth) % some],
                }
            };
            match timeout(ANSWERS, TcpStream::connect((node, port))).await {
                Ok(Ok(server)) => return Ok(server),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            }
        }
        if last.kind() == io::ErrorKind::ConnectionRefused {
            // Nothing is ready behind it, or just now no more.
            sleep(Duration::from_millis(100)).await;
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Answers every connection with one word. The port is free on all loopback addresses.
    async fn node(address: [u8; 4], port: u16, word: &'static str) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::from(address), port))
            .await
            .unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                _ = client.write_all(word.as_bytes()).await;
            }
        });
        at
    }

    async fn ask(port: u16) -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok(text)
    }

    async fn until_open(port: u16) {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn published() -> Published {
        Published::new(Some(Ipv4Addr::LOCALHOST.into()))
    }

    #[tokio::test]
    async fn every_node_has_its_turn_and_one_that_is_gone_is_passed_over() {
        let port = node([127, 0, 0, 2], 0, "two").await.port();
        node([127, 0, 0, 3], port, "three").await;
        let published = published();
        let ports = BTreeSet::from([(Protocol::Tcp, port)]);
        for (id, last) in [(1, 2), (2, 3), (3, 4)] {
            let id = WorkloadId(uuid::Uuid::from_u128(id));
            // Nobody listens at the last of them.
            published.serves(id, Ipv4Addr::new(127, 0, 0, last), ports.clone());
        }
        until_open(port).await;
        let mut heard = BTreeSet::new();
        for _ in 0..12 {
            heard.insert(ask(port).await.unwrap());
        }
        assert_eq!(
            heard,
            BTreeSet::from(["three".to_owned(), "two".to_owned()])
        );
    }

    #[tokio::test]
    async fn a_port_closes_with_the_last_node_that_serves_it() {
        let port = node([127, 0, 0, 5], 0, "five").await.port();
        let published = published();
        let id = WorkloadId(uuid::Uuid::from_u128(1));
        let ports = BTreeSet::from([(Protocol::Tcp, port)]);
        published.serves(id, Ipv4Addr::new(127, 0, 0, 5), ports);
        until_open(port).await;
        published.forget(id);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_ok()
        {
            sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn one_port_is_open_for_tcp_and_udp_by_itself() {
        let port = node([127, 0, 0, 7], 0, "seven").await.port();
        let deaf = tokio::net::UdpSocket::bind(("127.0.0.7", port))
            .await
            .unwrap();
        let published = published();
        let id = WorkloadId(uuid::Uuid::from_u128(1));
        let serve = |ports: &[Port]| {
            let ports = ports.iter().copied().collect();
            published.serves(id, Ipv4Addr::new(127, 0, 0, 7), ports);
        };
        serve(&[(Protocol::Tcp, port), (Protocol::Udp, port)]);
        until_open(port).await;
        let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client.connect(("127.0.0.1", port)).await.unwrap();
        let mut buffer = [0; 8];
        let heard = async {
            loop {
                _ = client.send(b"word").await;
                let heard = timeout(Duration::from_millis(50), deaf.recv(&mut buffer));
                if let Ok(Ok(length)) = heard.await {
                    return length;
                }
            }
        };
        assert_eq!(heard.await, 4);
        serve(&[(Protocol::Tcp, port)]);
        // Nobody has the port any more: whoever sends is told.
        while client.send(b"word").await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(ask(port).await.unwrap(), "seven");
    }
}
