//! Name servers for the node.
//!
//! The outer engine writes its own (127.0.0.11) into the container's `/etc/resolv.conf`. That one
//! answers in the container's network namespace only, where the inner engine is not, and the inner
//! engine would hand it on to containers that are nowhere near.

use crate::error::{During, Result};
use crate::mounts;
use std::fmt::Write;
use std::fs;
use std::net::IpAddr;

const PATH: &str = "/etc/resolv.conf";
const OURS: &str = "/run/jeroboam/resolv.conf";

/// The name servers of the container that can be reached from elsewhere.
pub fn reachable() -> Vec<IpAddr> {
    servers_in(&fs::read_to_string(PATH).unwrap_or_default())
}

/// Puts these in place of what the outer engine wrote. The file is private to this mount namespace.
pub fn replace(servers: &[IpAddr]) -> Result<()> {
    let before = fs::read_to_string(PATH).unwrap_or_default();
    fs::write(OURS, rewritten(&before, servers)).during(format!("writing {OURS}"))?;
    mounts::show(OURS, PATH)
}

fn servers_in(text: &str) -> Vec<IpAddr> {
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok())?
    });
    servers.filter(|it: &IpAddr| !it.is_loopback()).collect()
}

/// The text with these servers instead of its own; search list and options stay.
fn rewritten(text: &str, servers: &[IpAddr]) -> String {
    let kept = |line: &&str| {
        let word = line.split_whitespace().next();
        matches!(word, Some("search" | "domain" | "options"))
    };
    let mut new = String::new();
    for line in text.lines().filter(kept) {
        _ = writeln!(new, "{line}");
    }
    for server in servers {
        _ = writeln!(new, "nameserver {server}");
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = "# Generated\nsearch example.org\nnameserver 127.0.0.11\n\
                           nameserver ::1\nnameserver 10.0.0.53\noptions ndots:0\n";

    #[test]
    fn servers_that_answer_in_another_network_only_are_not_used() {
        assert_eq!(
            servers_in(WRITTEN),
            ["10.0.0.53".parse::<IpAddr>().unwrap()]
        );
        assert_eq!(
            servers_in("nameserver\nnameserver nonsense\n"),
            [] as [IpAddr; 0]
        );
    }

    #[test]
    fn only_the_servers_are_exchanged() {
        let servers = ["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()];
        assert_eq!(
            rewritten(WRITTEN, &servers),
            "search example.org\noptions ndots:0\nnameserver 10.0.0.1\nnameserver fd00::1\n"
        );
    }
}
