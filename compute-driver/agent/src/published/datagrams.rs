//! A UDP socket that knows at which of the machine's addresses it was asked, and answers from there:
//! a client takes no answer from another.

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::AsRawFd;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// An open port.
pub(super) struct Datagrams(UdpSocket);

/// Who asked, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Way {
    client: SocketAddr,
    /// As the kernel has it; of IPv4 only.
    asked: Option<u32>,
}

impl Datagrams {
    pub(super) async fn bind(at: SocketAddr) -> io::Result<Datagrams> {
        let socket = UdpSocket::bind(at).await?;
        if at.is_ipv4() {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        }
        Ok(Datagrams(socket))
    }

    #[cfg(test)]
    pub(super) fn port(&self) -> u16 {
        self.0.local_addr().map_or(0, |at| at.port())
    }

    /// The next datagram: its length, and which way it came.
    pub(super) async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, Way)> {
        let take = || self.take(buffer);
        self.0.async_io(Interest::READABLE, take).await
    }

    fn take(&self, buffer: &mut [u8]) -> io::Result<(usize, Way)> {
        let mut space = nix::cmsg_space!(libc::in_pktinfo);
        let mut parts = [IoSliceMut::new(buffer)];
        let (socket, flags) = (self.0.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
        let got = recvmsg::<SockaddrStorage>(socket, &mut parts, Some(&mut space), flags)?;
        let client = got.address.as_ref().and_then(address);
        let client = client.ok_or(io::ErrorKind::InvalidData)?;
        let asked = got.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::Ipv4PacketInfo(info) => Some(info.ipi_spec_dst.s_addr),
            _ => None,
        });
        Ok((got.bytes, Way { client, asked }))
    }

    /// Sends one back the way it came; one that does not fit now is lost, as datagrams are.
    pub(super) fn send(&self, bytes: &[u8], way: &Way) -> io::Result<()> {
        let info = way.asked.map(|asked| libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: libc::in_addr { s_addr: asked },
            ipi_addr: libc::in_addr { s_addr: 0 },
        });
        let from = info.as_ref().map(ControlMessage::Ipv4PacketInfo);
        let to = SockaddrStorage::from(way.client);
        let (parts, flags) = ([IoSlice::new(bytes)], MsgFlags::MSG_DONTWAIT);
        sendmsg(
            self.0.as_raw_fd(),
            &parts,
            from.as_slice(),
            flags,
            Some(&to),
        )?;
        Ok(())
    }
}

fn address(from: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = from
        .as_sockaddr_in()
        .map(|it| SocketAddrV4::new(it.ip(), it.port()));
    let v6 = from
        .as_sockaddr_in6()
        .map(|it| SocketAddrV6::new(it.ip(), it.port(), 0, it.scope_id()));
    v4.map(SocketAddr::V4).or(v6.map(SocketAddr::V6))
}

/// Sends to whom a socket is connected; one that does not fit now is lost.
///
/// # Errors
/// The other side has said that nobody is there.
pub(super) fn push(socket: &UdpSocket, bytes: &[u8]) -> io::Result<()> {
    // Not by way of readiness, which nobody has asked for yet of a new socket.
    match nix::sys::socket::send(socket.as_raw_fd(), bytes, MsgFlags::MSG_DONTWAIT) {
        Ok(_) | Err(Errno::EAGAIN | Errno::ENOBUFS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_comes_from_the_address_that_was_asked() {
        let door = Datagrams::bind("0.0.0.0:0".parse().unwrap()).await.unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client.connect(("127.0.0.9", door.port())).await.unwrap();
        client.send(b"ask").await.unwrap();
        let mut buffer = [0; 16];
        let (length, way) = door.receive(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"ask");
        assert_eq!(way.client, client.local_addr().unwrap());
        door.send(b"told", &way).unwrap();
        let length = client.recv(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"told");
    }
}
