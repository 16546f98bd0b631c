//! Which addresses a tenant may have this cloud's servers ask: those that anybody on the internet may
//! ask, and none that is only reached from here.
//!
//! *Guarantees.* A name is resolved once and each of its addresses is judged. Whoever then connects to a
//! judged address, and not to the name, is not fooled by a second answer of the name server.

use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use url::{Host, Url};

/// Why nothing of an address may be asked, or can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// No name server knows it, or none answers.
    #[error("its name is not known")]
    Unknown,
    /// Every address it leads to is somebody's own.
    #[error("it leads to an address that is not public")]
    Private,
    /// There is no host in it.
    #[error("it names no host")]
    Nameless,
}

/// The host's name, and those of its addresses that may be asked: public ones, and those in `allow`.
///
/// # Errors
/// [`Barred`], after `patience` at the latest.
pub async fn judged(
    url: &Url,
    port: u16,
    allow: &[IpNet],
    patience: Duration,
) -> Result<(String, Vec<SocketAddr>), Barred> {
    let (name, mut addresses) = resolve(url, port, patience).await?;
    addresses.retain(|address| permitted(address.ip(), allow));
    match addresses.is_empty() {
        true => Err(Barred::Private),
        false => Ok((name, addresses)),
    }
}

async fn resolve(
    url: &Url,
    port: u16,
    patience: Duration,
) -> Result<(String, Vec<SocketAddr>), Barred> {
    match url.host() {
        Some(Host::Ipv4(ip)) => Ok((ip.to_string(), vec![(ip, port).into()])),
        Some(Host::Ipv6(ip)) => Ok((ip.to_string(), vec![(ip, port).into()])),
        Some(Host::Domain(name)) => {
            let looking = tokio::net::lookup_host((name, port));
            match tokio::time::timeout(patience, looking).await {
                Ok(Ok(found)) => Ok((name.to_owned(), found.collect())),
                _ => Err(Barred::Unknown),
            }
        }
        None => Err(Barred::Nameless),
    }
}

/// May this address be asked?
pub fn permitted(ip: IpAddr, allow: &[IpNet]) -> bool {
    allow.iter().any(|net| net.contains(&ip)) || public(ip)
}

/// Anybody on the internet may be asked; nobody who is only reachable from here.
fn public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn public_v6(ip: Ipv6Addr) -> bool {
    let s = ip.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    // Forms that carry an IPv4 address are judged by it.
    if let Some(inner) = ip.to_ipv4_mapped() {
        return public_v4(inner);
    }
    if s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return public_v4(v4(s[6], s[7]));
    }
    if s[0] == 0x2002 {
        return public_v4(v4(s[1], s[2]));
    }
    // Global unicast is 2000::/3; of it, Teredo, documentation and benchmarks are not for us.
    let documentation = s[0] == 0x2001 && s[1] == 0xdb8 || s[0] == 0x3fff;
    let reserved = s[0] == 0x2001 && s[1] < 0x200;
    s[0] & 0xe000 == 0x2000 && !documentation && !reserved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_asked() {
        for inside in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.3.4",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fd00:ec2::254",
            "fc00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001:0:1::1",
            "fec0::1",
        ] {
            assert!(!public(inside.parse().unwrap()), "{inside}");
        }
        for outside in [
            "8.8.8.8",
            "1.1.1.1",
            "172.32.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(public(outside.parse().unwrap()), "{outside}");
        }
        let allow = ["10.1.0.0/16".parse().unwrap()];
        assert!(permitted("10.1.2.3".parse().unwrap(), &allow));
        assert!(!permitted("10.2.2.3".parse().unwrap(), &allow));
    }

    #[tokio::test]
    async fn a_name_that_leads_here_is_barred_like_the_address() {
        for (url, barred) in [
            ("https://localhost/", Barred::Private),
            ("https://127.0.0.1/", Barred::Private),
            ("https://[::1]/", Barred::Private),
            ("https://169.254.169.254/", Barred::Private),
            ("https://0x7f.1/", Barred::Private),
            ("https://nobody.invalid/", Barred::Unknown),
            ("data:text/plain,a", Barred::Nameless),
        ] {
            let url = Url::parse(url).unwrap();
            let told = judged(&url, 443, &[], Duration::from_secs(20)).await;
            assert_eq!(told.unwrap_err(), barred, "{url}");
        }
        let allow = ["127.0.0.0/8".parse().unwrap()];
        let url = Url::parse("https://127.0.0.1:6443/").unwrap();
        let told = judged(&url, 6443, &allow, Duration::from_secs(1)).await;
        let address = "127.0.0.1:6443".parse().unwrap();
        assert_eq!(told, Ok(("127.0.0.1".to_owned(), vec![address])));
    }
}
