//! Asking the node's name servers, one after the other, with the words of whoever asks.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Where name servers listen.
const PORT: u16 = 53;
/// How long one has to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// As many are asked.
const MOST: usize = 3;
/// The longest datagram that is taken, in bytes.
const DATAGRAM: usize = 4096;

/// The first answer by UDP; `None` when none of the servers answers.
pub async fn by_udp(question: &[u8], servers: &[IpAddr]) -> Option<Vec<u8>> {
    for server in servers.iter().take(MOST) {
        if let Ok(Ok(reply)) = timeout(PATIENCE, datagram(question, *server)).await {
            return Some(reply);
        }
    }
    None
}

/// The first answer by TCP; `None` when none of the servers answers.
pub async fn by_tcp(question: &[u8], servers: &[IpAddr]) -> Option<Vec<u8>> {
    for server in servers.iter().take(MOST) {
        if let Ok(Ok(reply)) = timeout(PATIENCE, stream(question, *server)).await {
            return Some(reply);
        }
    }
    None
}

async fn datagram(question: &[u8], server: IpAddr) -> io::Result<Vec<u8>> {
    let any: IpAddr = match server {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // One of its own, at a port that nobody can guess.
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect((server, PORT)).await?;
    socket.send(question).await?;
    let mut reply = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut reply).await?;
        if answers(&reply[..length], question) {
            reply.truncate(length);
            return Ok(reply);
        }
    }
}

async fn stream(question: &[u8], server: IpAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((server, PORT)).await?;
    write(&mut stream, question).await?;
    let reply = read(&mut stream).await?;
    match answers(&reply, question) {
        true => Ok(reply),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Has it the number of the question, and the mark of an answer?
fn answers(reply: &[u8], question: &[u8]) -> bool {
    reply.len() >= 12 && reply.get(..2) == question.get(..2) && reply[2] & 0x80 != 0
}

/// Reads a message of a stream: its length, and itself.
pub async fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let length = stream.read_u16().await?;
    let mut message = vec![0; length.into()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

/// Writes a message to a stream.
pub async fn write(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    // In one piece: some read no further than the first.
    let whole = [&length.to_be_bytes(), message].concat();
    stream.write_all(&whole).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_to_another_question_is_none() {
        let question = [1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 9];
        let mut reply = question;
        assert!(!answers(&reply, &question), "it is the question");
        reply[2] |= 0x80;
        assert!(answers(&reply, &question));
        assert!(!answers(&reply[..11], &question));
        reply[0] = 7;
        assert!(!answers(&reply, &question));
    }
}
