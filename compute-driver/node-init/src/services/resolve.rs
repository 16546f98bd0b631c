//! The name server of the node's guests.
//!
//! # Guarantees
//! A bounded number of questions at once: by UDP those beyond are lost, as datagrams are; by TCP they
//! wait until there is room.

use super::answer::{Answer, By, answer, failure};
use super::document::Document;
use super::elsewhere;
use crate::guests::Guests;
use crate::telling::say;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

const PORT: u16 = 53;
/// Questions by UDP that others are asked, at once.
const DATAGRAMS: usize = 256;
/// Conversations by TCP at once.
const STREAMS: usize = 64;
/// The longest question by UDP, in bytes.
const QUESTION: usize = 1500;
/// How long a conversation may be silent.
const SILENCE: Duration = Duration::from_secs(10);
/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(5);

/// What is needed for answers.
pub struct Resolver {
    guests: Guests,
    servers: Vec<IpAddr>,
    services: watch::Receiver<Arc<Document>>,
    datagrams: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl Resolver {
    /// One that answers from the services as they change, and asks the servers for the rest.
    pub fn new(
        guests: Guests,
        servers: Vec<IpAddr>,
        services: watch::Receiver<Arc<Document>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            guests,
            servers,
            services,
            datagrams: Arc::new(Semaphore::new(DATAGRAMS)),
            streams: Arc::new(Semaphore::new(STREAMS)),
        })
    }

    /// Answers for ever. Whatever keeps it from that (a container of the tenant's that has taken the
    /// port, say) is told, and waited for.
    pub async fn serve(self: Arc<Self>) {
        let mut told = String::new();
        loop {
            if let Err(error) = self.clone().listen().await {
                let error = error.to_string();
                if error != told {
                    say(format_args!("names are not resolved: {error}"));
                    told = error;
                }
            }
            sleep(PAUSE).await;
        }
    }

    async fn listen(self: Arc<Self>) -> io::Result<()> {
        let address = self.guests.resolver();
        let socket = Arc::new(UdpSocket::bind((address, PORT)).await?);
        let listener = TcpListener::bind((address, PORT)).await?;
        tokio::try_join!(self.clone().by_udp(socket), self.by_tcp(listener)).map(drop)
    }

    fn answer(&self, question: &[u8], by: By) -> Answer {
        let services = self.services.borrow().clone();
        answer(question, by, &services, &self.guests.domain)
    }

    async fn by_udp(self: Arc<Self>, socket: Arc<UdpSocket>) -> io::Result<()> {
        let mut question = [0; QUESTION];
        loop {
            let (length, from) = socket.recv_from(&mut question).await?;
            let question = &question[..length];
            match self.answer(question, By::Udp) {
                Answer::None => {}
                // One that cannot be sent is one that is lost.
                Answer::Reply(reply) => _ = socket.send_to(&reply, from).await,
                Answer::Elsewhere => {
                    let Ok(permit) = self.datagrams.clone().try_acquire_owned() else {
                        continue;
                    };
                    let (this, socket) = (self.clone(), socket.clone());
                    let question = question.to_vec();
                    tokio::spawn(async move {
                        let reply = elsewhere::by_udp(&question, &this.servers).await;
                        if let Some(reply) = reply.or_else(|| failed(&question)) {
                            _ = socket.send_to(&reply, from).await;
                        }
                        drop(permit);
                    });
                }
            }
        }
    }

    async fn by_tcp(self: Arc<Self>, listener: TcpListener) -> io::Result<()> {
        loop {
            let permit = self.streams.clone().acquire_owned().await;
            let (stream, _) = listener.accept().await?;
            let this = self.clone();
            tokio::spawn(async move {
                // Whoever asked has gone, or speaks no DNS: nobody is left to tell.
                _ = this.converse(stream).await;
                drop(permit);
            });
        }
    }

    async fn converse(&self, mut stream: TcpStream) -> io::Result<()> {
        loop {
            let question = timeout(SILENCE, elsewhere::read(&mut stream)).await??;
            let reply = match self.answer(&question, By::Tcp) {
                Answer::None => return Ok(()),
                Answer::Reply(reply) => Some(reply),
                Answer::Elsewhere => {
                    let reply = elsewhere::by_tcp(&question, &self.servers).await;
                    reply.or_else(|| failed(&question))
                }
            };
            let Some(reply) = reply else {
                return Ok(());
            };
            timeout(SILENCE, elsewhere::write(&mut stream, &reply)).await??;
        }
    }
}

fn failed(question: &[u8]) -> Option<Vec<u8>> {
    match failure(question) {
        Answer::Reply(reply) => Some(reply),
        Answer::Elsewhere | Answer::None => None,
    }
}
