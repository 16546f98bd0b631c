//! The packet filter's part, as text for `nft`: a language of its own, so that what is in force can be
//! read and compared. One table for each network, replaced in one step, and one for all.

use crate::error::{DriverError, Result};
use schemas::workload::Overlay;
use schemas::workload::overlay::TUNNEL_PORT;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(10);

/// The table that is there as long as this machine may have tunnels.
const FLOOR: &str = "jeroboam-tunnels";

/// No container reaches the port of tunnels on any machine; within its own network that port is its
/// tenant's. Packets that a bridge of ours forwards within itself come by here, too, where the kernel
/// shows them to the packet filter: they leave as they came.
fn floor_text() -> String {
    format!(
        "table ip {FLOOR}\n\
         delete table ip {FLOOR}\n\
         table ip {FLOOR} {{\n\
         \tchain forward {{\n\
         \t\ttype filter hook forward priority -10; policy accept;\n\
         \t\tiifname \"jb-*\" oifname != \"jb-*\" udp dport {TUNNEL_PORT} drop\n\
         \t}}\n\
         \tchain input {{\n\
         \t\ttype filter hook input priority -10; policy accept;\n\
         \t\tiifname \"jb-*\" udp dport {TUNNEL_PORT} drop\n\
         \t}}\n\
         }}\n"
    )
}

/// A tunnel's packet has the network's number in bits 32–55 after the UDP header (RFC 7348, 5).
fn allow_text(table: &str, overlay: &Overlay) -> String {
    let peers: Vec<String> = overlay
        .peers
        .iter()
        .map(|peer| peer.address.to_string())
        .collect();
    format!(
        "table ip {table}\n\
         delete table ip {table}\n\
         table ip {table} {{\n\
         \tchain input {{\n\
         \t\ttype filter hook input priority -10; policy accept;\n\
         \t\tudp dport {TUNNEL_PORT} @th,96,24 {} ip saddr != {{ {} }} drop\n\
         \t}}\n\
         }}\n",
        overlay.vni,
        peers.join(", ")
    )
}

/// Keeps containers from tunnels. Somebody may have taken the rules away, as restarted firewalls do: so
/// this is called again and again.
pub(super) async fn floor() -> Result<()> {
    let there = nft(&["list", "chain", "ip", FLOOR, "forward"], "").await?;
    match there {
        Ok(text) if text.contains("drop") => Ok(()),
        _ => apply(&floor_text()).await,
    }
}

/// Has packets of a network taken from its peers alone.
pub(super) async fn allow(table: &str, overlay: &Overlay) -> Result<()> {
    apply(&allow_text(table, overlay)).await
}

/// Are a network's rules in place?
pub(super) async fn there(table: &str) -> Result<bool> {
    let listed = nft(&["list", "table", "ip", table], "").await?;
    Ok(listed.is_ok_and(|text| text.contains("drop")))
}

/// Takes a network's rules away. `known`: there were some, so that failing to is worth telling.
pub(super) async fn forget(table: &str, known: bool) -> Result<()> {
    match nft(&["list", "table", "ip", table], "").await {
        Ok(Ok(_)) => {}
        // There is none; or no nft, and then none of ours either.
        Ok(Err(_)) => return Ok(()),
        Err(error) if known => return Err(error),
        Err(_) => return Ok(()),
    }
    match nft(&["delete", "table", "ip", table], "").await? {
        Ok(_) => Ok(()),
        Err(text) => Err(DriverError::host_fault(text)),
    }
}

async fn apply(text: &str) -> Result<()> {
    nft(&["--file", "-"], text)
        .await?
        .map(drop)
        .map_err(|said| {
            DriverError::host_fault(format!(
                "this machine cannot guard tunnels, which takes root and nftables: {said}"
            ))
        })
}

/// What `nft` says: to the question, or that it will not.
async fn nft(arguments: &[&str], input: &str) -> Result<std::result::Result<String, String>> {
    let work = async {
        let mut child = Command::new("nft")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read it says why.
            _ = stdin.write_all(input.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = match tokio::time::timeout(PATIENCE, work).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            return Err(DriverError::host_fault(format!(
                "nft cannot be run (package nftables): {error}"
            )));
        }
        Err(_) => {
            return Err(DriverError::Timeout {
                op: "nft",
                after: PATIENCE,
            });
        }
    };
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().take(3).collect();
    Ok(Err(format!("nft: {}", lines.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::ids::NetworkId;
    use schemas::workload::Peer;

    #[test]
    fn packets_of_a_network_are_taken_from_its_peers_alone() {
        let peer = |last| Peer {
            address: [192, 0, 2, last].into(),
            macs: vec![],
        };
        let overlay = Overlay {
            network: NetworkId::new(),
            vni: 4711,
            mtu: 1450,
            address: [192, 0, 2, 1].into(),
            peers: vec![peer(2), peer(3)],
        };
        let text = allow_text("jv-0123", &overlay);
        let rule = "udp dport 4789 @th,96,24 4711 ip saddr != { 192.0.2.2, 192.0.2.3 } drop";
        assert!(text.contains(rule), "{text}");
        assert!(text.starts_with("table ip jv-0123\ndelete table ip jv-0123\n"));
    }
}
