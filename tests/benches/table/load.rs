//! A load generator that costs little: one thread and one kept-alive connection each, prepared
//! bytes out, only status and length read in.

use crate::limit::wait_for;
use crate::stopwatch::{Stopwatch, percentile};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// How long one measurement runs.
const LENGTH: Duration = Duration::from_secs(3);

/// Connections of one measurement that each serve one request. A client takes 14 000 ports in turn (half of
/// those there are), and two measurements may go to one address: none is taken twice, for what is on the way
/// has not forgotten its former use.
const ENDED: u64 = 6000;

/// Makes the `n`th request's bytes.
pub type Requests = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// What becomes of a connection after each answer.
#[derive(Clone, Copy, PartialEq)]
pub enum Ending {
    /// The next request takes it again.
    Kept,
    /// The server ends it: on its side, ports of ended connections are held for a while.
    Ended,
}

/// What came of a load.
pub struct Report {
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// The same request again and again.
pub fn same(request: Vec<u8>) -> Requests {
    Arc::new(move |_| request.clone())
}

/// An HTTP/1.1 request as bytes.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        text += &format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
    }
    (text + "\r\n" + body).into_bytes()
}

/// Puts a load on a server; every answer must have a status below 300.
pub fn run(address: SocketAddr, connections: u64, requests: &Requests, ending: Ending) -> Report {
    // Warm caches and connections of the server first.
    for n in 0..3 {
        Connection::to(address).once(&requests(u64::MAX / 2 + n));
    }
    let watch = Stopwatch::start();
    let threads: Vec<_> = (0..connections)
        .map(|thread| {
            let requests = requests.clone();
            std::thread::spawn(move || {
                let (mut connection, mut times) = (Connection::to(address), Vec::new());
                let mut n = thread;
                while watch.elapsed() < LENGTH && (ending == Ending::Kept || n < ENDED) {
                    let bytes = requests(n);
                    let one = Stopwatch::start();
                    if n >= connections && ending == Ending::Ended {
                        connection = Connection::to(address);
                    }
                    connection.once(&bytes);
                    if ending == Ending::Ended {
                        connection.ends();
                    }
                    times.push(one.elapsed());
                    n += connections;
                }
                times
            })
        })
        .collect();
    let mut times: Vec<Duration> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    let per_second = times.len() as f64 / watch.elapsed().as_secs_f64();
    times.sort();
    Report {
        per_second,
        p50: percentile(&times, 0.5),
        p99: percentile(&times, 0.99),
    }
}

/// Puts a load of the same small request on a server as soon as it answers, and prints what came of it:
/// for [`heard`], in another process.
pub fn report(address: &str, connections: &str, ending: &str) {
    let address: SocketAddr = address.parse().expect("an address");
    let (ending, headers): (_, &[_]) = match ending {
        "kept" => (Ending::Kept, &[]),
        _ => (Ending::Ended, &[("Connection", "close")]),
    };
    wait_for(address);
    let requests = same(request("GET", "/", headers, ""));
    let got = run(address, connections.parse().unwrap(), &requests, ending);
    println!(
        "{} {} {}",
        got.per_second,
        got.p50.as_micros(),
        got.p99.as_micros()
    );
}

/// What a process has printed by [`report`].
pub fn heard(printed: &str) -> Report {
    let numbers: Vec<f64> = printed
        .split_whitespace()
        .map(|it| it.parse().expect("a number"))
        .collect();
    let micros = |n: usize| Duration::from_micros(numbers[n] as u64);
    Report {
        per_second: numbers[0],
        p50: micros(1),
        p99: micros(2),
    }
}

/// One kept-alive connection, with room for an answer that is used again and again.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    fn to(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        Connection {
            stream,
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Sends a request and reads its whole answer.
    fn once(&mut self, request: &[u8]) {
        self.stream.write_all(request).unwrap();
        let mut filled = 0;
        let head = loop {
            let read = self.stream.read(&mut self.buffer[filled..]).unwrap();
            assert!(read > 0, "the server closed the connection");
            filled += read;
            if let Some(end) = find(&self.buffer[..filled], b"\r\n\r\n") {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head]).expect("a head in ASCII");
        let status: u16 = text[9..12].parse().unwrap();
        assert!(
            status < 300,
            "{}",
            String::from_utf8_lossy(&self.buffer[..filled])
        );
        let mut left = (head + length(text)).saturating_sub(filled);
        while left > 0 {
            let part = left.min(self.buffer.len());
            left -= self.stream.read(&mut self.buffer[..part]).unwrap();
        }
    }

    /// The server ends it, and says nothing more.
    fn ends(&mut self) {
        assert_eq!(self.stream.read(&mut self.buffer).unwrap(), 0);
    }
}

/// The length of the body that the head announces.
fn length(head: &str) -> usize {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
