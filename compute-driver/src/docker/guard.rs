//! Keeps containers from the services of the machine they run on.
//!
//! A container reaches its machine by the bridge's own address, and by any other address the machine
//! has: with the control plane or its database listening there, that is an open door. Docker's rules
//! are about packets that pass *through* the machine (chain `FORWARD`); those *to* the machine go by
//! `INPUT`, which Docker leaves alone. So: everything that enters `INPUT` by one of our bridges
//! (`jb-+`) is refused, except answers to what the machine itself began. All bridges share the
//! prefix, so the rules are the same however many networks there are.
//!
//! What a machine is told about itself by the cloud it runs in (169.254.169.254: its keys and secrets)
//! does not enter `INPUT`; packets to such addresses are dropped before they are routed.
//!
//! # Assumes
//! Containers do not use the machine as their name server. The engine's embedded name server lives
//! in the container's own network namespace and is not concerned.

use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Every bridge of ours begins so.
pub(super) const BRIDGE_PREFIX: &str = "jb-";

const CHAIN: &str = "JEROBOAM-INPUT";
const PATIENCE: Duration = Duration::from_secs(10);

const ANSWERS: &[&str] = &[
    CHAIN,
    "-m",
    "conntrack",
    "--ctstate",
    "ESTABLISHED,RELATED",
    "-j",
    "RETURN",
];
const REST: &[&str] = &[CHAIN, "-j", "REJECT"];
const ENTRY: &[&str] = &["INPUT", "-i", "jb-+", "-j", CHAIN];

/// Link-local addresses (RFC 3927) mean something to the machine only. Before any other table: engines
/// put their own rules first in `FORWARD`, again and again.
const METADATA: &[&str] = &[
    "PREROUTING",
    "-t",
    "raw",
    "-i",
    "jb-+",
    "-d",
    "169.254.0.0/16",
    "-j",
    "DROP",
];

/// Are the rules in place? `Err` says why that cannot be told.
pub async fn in_place() -> Result<bool, String> {
    for rule in [ANSWERS, REST, ENTRY, METADATA] {
        if !succeeds("iptables", "-C", rule).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts the rules in place, in the order that leaves no gap. Needs root.
pub async fn enforce() -> Result<(), String> {
    enforce_by("iptables").await?;
    put("iptables", "-I", METADATA).await?;
    // Without IPv6 in the kernel there is nothing to guard.
    if let Err(text) = enforce_by("ip6tables").await {
        tracing::debug!(text, "no rules for IPv6");
    }
    Ok(())
}

async fn enforce_by(program: &str) -> Result<(), String> {
    // Fails when the chain is there already, which is as good.
    succeeds(program, "-N", &[CHAIN]).await?;
    for (how, rule) in [("-A", ANSWERS), ("-A", REST), ("-I", ENTRY)] {
        put(program, how, rule).await?;
    }
    Ok(())
}

async fn put(program: &str, how: &str, rule: &[&str]) -> Result<(), String> {
    if succeeds(program, "-C", rule).await? || succeeds(program, how, rule).await? {
        return Ok(());
    }
    Err(format!("{program} refused the rule '{}'", rule.join(" ")))
}

async fn succeeds(program: &str, how: &str, rule: &[&str]) -> Result<bool, String> {
    let mut command = Command::new(program);
    command.args(["-w", how]).args(rule);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(PATIENCE, command.status()).await {
        Ok(Ok(status)) => Ok(status.success()),
        Ok(Err(error)) => Err(format!("{program} cannot be run: {error}")),
        Err(_) => Err(format!("{program} did not end within {PATIENCE:?}")),
    }
}
