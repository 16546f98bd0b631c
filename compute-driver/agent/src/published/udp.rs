//! A published UDP port: datagrams of one client go to one node, and its answers back.
//!
//! ```text
//!   client ──► machine:PORT ──► session's own port ──► a node:PORT ──► a pod (the node translates)
//! ```
//!
//! # Guarantees
//! - What a client sends goes to the same node while that serves the port; the node sees to it that
//!   nothing is sent to a pod that has left.
//! - A client that is silent for half a minute, two once it was answered, is forgotten, as the
//!   kernel does it. Of more than [`AT_ONCE`] those that nobody answered are forgotten first.

use super::AGAIN;
use super::datagrams::{Datagrams, Way, push};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};

/// Clients of one port that are remembered.
const AT_ONCE: usize = 1024;
/// A client that was not answered is remembered so long after its last datagram.
const UNANSWERED: Duration = Duration::from_secs(30);
/// One that was, after the last either way.
const ANSWERED: Duration = Duration::from_secs(120);
/// Largest datagram.
const LARGEST: usize = 64 << 10;

/// One client's way through.
struct Session {
    node: Ipv4Addr,
    socket: UdpSocket,
    life: Mutex<Life>,
}

#[derive(Clone, Copy)]
struct Life {
    last: Instant,
    answered: bool,
}

impl Life {
    fn until(self) -> Instant {
        self.last
            + match self.answered {
                true => ANSWERED,
                false => UNANSWERED,
            }
    }
}

/// A session that is in use: dropped, it ends.
struct Open {
    session: Arc<Session>,
    _open: DropGuard,
}

/// Carries datagrams for ever.
pub(super) async fn keep(at: SocketAddr, nodes: watch::Receiver<Vec<Ipv4Addr>>) {
    loop {
        match Datagrams::bind(at).await {
            Ok(door) => {
                info!(%at, "a service is published for UDP");
                return carry(&door, at.port(), nodes).await;
            }
            Err(error) => {
                warn!(%at, %error, "a service cannot be published for UDP; tried again soon");
                sleep(AGAIN).await;
            }
        }
    }
}

async fn carry(door: &Datagrams, port: u16, mut nodes: watch::Receiver<Vec<Ipv4Addr>>) {
    let mut sessions: HashMap<Way, Open> = HashMap::new();
    let mut buffer = vec![0; LARGEST];
    let answer_buffer = Mutex::new(vec![0; LARGEST]);
    let mut answers = FuturesUnordered::new();
    let mut turn = 0;
    loop {
        tokio::select! {
            got = door.receive(&mut buffer) => {
                let (length, way) = match got {
                    Ok(got) => got,
                    Err(error) => {
                        debug!(port, %error, "a datagram was not received");
                        sleep(Duration::from_millis(10)).await;
                        continue;
                    }
                };
                let bytes = buffer.get(..length).unwrap_or_default();
                if let Some(open) = sessions.get(&way) {
                    match open.session.forward(bytes) {
                        Ok(()) => continue,
                        Err(error) => debug!(port, %error, "a node answers no more"),
                    }
                    sessions.remove(&way);
                }
                if sessions.len() >= AT_ONCE && !make_room(&mut sessions) {
                    debug!(port, "more clients than are remembered; a datagram is dropped");
                    continue;
                }
                let there = nodes.borrow().clone();
                let Some(session) = open(&there, port, &mut turn, bytes).await else {
                    continue;
                };
                let (session, token) = (Arc::new(session), CancellationToken::new());
                let answering = answer(door, way, session.clone(), &answer_buffer);
                let closing = token.clone();
                let key = session.clone();
                answers.push(async move {
                    closing.run_until_cancelled(answering).await;
                    (way, key)
                });
                let _open = token.drop_guard();
                sessions.insert(way, Open { session, _open });
            }
            Some((way, ended)) = answers.next(), if !answers.is_empty() => {
                let same = |open: &Open| Arc::ptr_eq(&open.session, &ended);
                if sessions.get(&way).is_some_and(same) {
                    sessions.remove(&way);
                }
            }
            changed = nodes.changed() => {
                if changed.is_err() {
                    return;
                }
                let there = nodes.borrow_and_update().clone();
                sessions.retain(|_, open| there.contains(&open.session.node));
            }
        }
    }
}

/// Sends to one of the nodes: each in its turn, another where nobody is.
async fn open(nodes: &[Ipv4Addr], port: u16, turn: &mut usize, bytes: &[u8]) -> Option<Session> {
    for _ in 0..nodes.len() {
        let node = *nodes.get(*turn % nodes.len())?;
        *turn = turn.wrapping_add(1);
        match reach(node, port, bytes).await {
            Ok(session) => return Some(session),
            Err(error) => debug!(%node, port, %error, "a node is not reached"),
        }
    }
    None
}

async fn reach(node: Ipv4Addr, port: u16, bytes: &[u8]) -> io::Result<Session> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.connect((node, port)).await?;
    let life = Mutex::new(Life {
        last: Instant::now(),
        answered: false,
    });
    let session = Session { node, socket, life };
    session.forward(bytes)?;
    Ok(session)
}

impl Session {
    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forward(&self, bytes: &[u8]) -> io::Result<()> {
        self.life().last = Instant::now();
        push(&self.socket, bytes)
    }
}

/// Carries a node's answers back, until nothing was heard for long or nobody is there any more.
async fn answer(door: &Datagrams, way: Way, session: Arc<Session>, buffer: &Mutex<Vec<u8>>) {
    loop {
        let until = session.life().until();
        tokio::select! {
            ready = session.socket.readable() => {
                if ready.is_err() {
                    return;
                }
                // One at a time, without waiting: all sessions of a port share the buffer.
                let mut buffer = buffer.lock().unwrap_or_else(PoisonError::into_inner);
                match session.socket.try_recv(&mut buffer) {
                    Ok(length) => {
                        *session.life() = Life { last: Instant::now(), answered: true };
                        let sent = door.send(buffer.get(..length).unwrap_or_default(), &way);
                        if let Err(error) = sent {
                            debug!(?way, %error, "an answer is lost");
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => {
                        debug!(?way, %error, "a node answers no more");
                        return;
                    }
                }
            }
            () = sleep_until(until) => {
                if session.life().until() <= Instant::now() {
                    return;
                }
            }
        }
    }
}

/// Forgets the client that was silent for longest and was never answered.
fn make_room(sessions: &mut HashMap<Way, Open>) -> bool {
    let lives = sessions
        .iter()
        .map(|(way, open)| (*way, *open.session.life()));
    let unanswered = lives.filter(|(_, life)| !life.answered);
    match unanswered.min_by_key(|(_, life)| life.last) {
        Some((way, _)) => sessions.remove(&way).is_some(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Answers every datagram with one word and what it was asked. The port is free on all loopback
    /// addresses.
    async fn node(address: [u8; 4], port: u16, word: &'static str) -> u16 {
        let socket = UdpSocket::bind((Ipv4Addr::from(address), port))
            .await
            .unwrap();
        let at = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 64];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let asked = String::from_utf8_lossy(&buffer[..length]).into_owned();
                _ = socket
                    .send_to(format!("{word} {asked}").as_bytes(), from)
                    .await;
            }
        });
        at.port()
    }

    async fn client(port: u16) -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(("127.0.0.1", port)).await.unwrap();
        socket
    }

    /// Asks until it is answered: datagrams are lost while the port is not open, or its node goes.
    async fn ask(client: &UdpSocket, text: &str) -> String {
        let mut buffer = [0; 64];
        loop {
            _ = client.send(text.as_bytes()).await;
            let heard = tokio::time::timeout(Duration::from_millis(200), client.recv(&mut buffer));
            if let Ok(Ok(length)) = heard.await {
                return String::from_utf8_lossy(&buffer[..length]).into_owned();
            }
        }
    }

    #[tokio::test]
    async fn each_client_keeps_its_node_and_moves_when_that_goes() {
        let port = node([127, 0, 0, 12], 0, "two").await;
        node([127, 0, 0, 13], port, "three").await;
        let all = vec![Ipv4Addr::new(127, 0, 0, 12), Ipv4Addr::new(127, 0, 0, 13)];
        let (nodes, there) = watch::channel(all);
        let at = SocketAddr::from(([127, 0, 0, 1], port));
        let task = tokio::spawn(keep(at, there));
        let mut heard = BTreeSet::new();
        let clients = [client(port).await, client(port).await];
        for client in &clients {
            let first = ask(client, "a").await;
            for _ in 0..3 {
                assert_eq!(ask(client, "a").await, first);
            }
            heard.insert(first);
        }
        assert_eq!(
            heard,
            BTreeSet::from(["two a".to_owned(), "three a".to_owned()])
        );
        nodes.send_replace(vec![Ipv4Addr::new(127, 0, 0, 13)]);
        for client in &clients {
            while ask(client, "b").await != "three b" {}
        }
        task.abort();
    }

    #[tokio::test]
    async fn a_node_where_nobody_listens_is_left_for_another() {
        let port = node([127, 0, 0, 15], 0, "five").await;
        // Nobody listens at the first.
        let all = vec![Ipv4Addr::new(127, 0, 0, 14), Ipv4Addr::new(127, 0, 0, 15)];
        let (_nodes, there) = watch::channel(all);
        let at = SocketAddr::from(([127, 0, 0, 1], port));
        let task = tokio::spawn(keep(at, there));
        let client = client(port).await;
        assert_eq!(ask(&client, "a").await, "five a");
        task.abort();
    }

    #[tokio::test]
    async fn clients_are_forgotten_in_time_and_the_unanswered_first() {
        let mut sessions = HashMap::new();
        let door = Datagrams::bind("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let now = Instant::now();
        let mut ways = Vec::new();
        for (age, answered) in [(9, true), (3, false), (5, false)] {
            let client = client(door.port()).await;
            client.send(b"a").await.unwrap();
            let (_, way) = door.receive(&mut [0; 4]).await.unwrap();
            let session = reach(Ipv4Addr::LOCALHOST, door.port(), b"").await.unwrap();
            _ = door.receive(&mut [0; 4]).await.unwrap();
            let last = now.checked_sub(Duration::from_secs(age)).unwrap_or(now);
            let life = Life { last, answered };
            let left = life.until() - now;
            assert_eq!(left.as_secs(), if answered { 111 } else { 30 - age });
            *session.life() = life;
            let _open = CancellationToken::new().drop_guard();
            let session = Arc::new(session);
            sessions.insert(way, Open { session, _open });
            ways.push(way);
        }
        assert!(make_room(&mut sessions) && !sessions.contains_key(&ways[2]));
        assert!(make_room(&mut sessions) && !sessions.contains_key(&ways[1]));
        assert!(!make_room(&mut sessions), "who was answered is kept");
    }
}
