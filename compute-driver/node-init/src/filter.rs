//! The packet filter's program that the engine uses, and what it has to let through for guests.
//!
//! The engine drops what comes from outside for a container, and what one of its networks sends to
//! another. It asks the chain `DOCKER-USER` first, and keeps one that is there before it starts.

use crate::error::{During, Error, Result};
use crate::guests::Guests;
use std::fs;
use std::io::{self, Write};
use std::process::{Command, Stdio};

/// The program has two kinds, for one or the other side of the kernel; in each of these folders all its
/// names stand for one kind.
const KINDS: [&str; 2] = ["/usr/libexec/jeroboam/nft", "/usr/libexec/jeroboam/legacy"];

/// The folder of the kind that this kernel has; without any, the engine says what it lacks.
pub fn folder() -> &'static str {
    let works = |folder: &str| {
        let mut program = Command::new(format!("{folder}/iptables"));
        program.args(["--wait", "--table", "nat", "--list-rules"]);
        program
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        program.status().is_ok_and(|it| it.success())
    };
    let found = KINDS.into_iter().find(|folder| works(folder));
    found.unwrap_or(KINDS[0])
}

/// Lets pods of all nodes pass to each other, and what services have sent on to pods.
pub fn admit(folder: &str, guests: &Guests) -> Result<()> {
    route_what_is_sent_on()?;
    let doing = "letting guests through the engine's packet filter";
    restore(folder, &rules_for(guests), doing)
}

/// Adds rules to those that there are.
pub fn restore(folder: &str, added: &str, doing: &str) -> Result<()> {
    let mut program = Command::new(format!("{folder}/iptables-restore"))
        .args(["--wait", "--noflush"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .during(doing)?;
    if let Some(mut rules) = program.stdin.take() {
        // One that does not read them says why.
        _ = rules.write_all(added.as_bytes());
    }
    let end = program.wait_with_output().during(doing)?;
    if end.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&end.stderr);
    Err(Error::refused(format!("{doing}: {}", said.trim())))
}

/// Where the kernel filters within a bridge, it would send what a service has translated straight on
/// there; a pod that its own service leads to itself would never hear of it.
fn route_what_is_sent_on() -> Result<()> {
    const SWITCH: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    match fs::write(SWITCH, "0") {
        // It does not.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.during(format!("writing to {SWITCH}")),
    }
}

fn rules_for(guests: &Guests) -> String {
    let pods = guests.pods;
    // Of what was sent on, replies to other networks of the engine have to pass, too.
    format!(
        "*filter\n\
         :DOCKER-USER - [0:0]\n\
         -A DOCKER-USER -s {pods} -d {pods} -j ACCEPT\n\
         -A DOCKER-USER -d {pods} -m conntrack --ctstate DNAT --ctdir ORIGINAL -j ACCEPT\n\
         -A DOCKER-USER -s {pods} -m conntrack --ctstate DNAT --ctdir REPLY -j ACCEPT\n\
         COMMIT\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guests::tests::sample;

    #[test]
    fn pods_meet_and_nobody_else_reaches_them_unasked() {
        let rules = rules_for(&sample());
        let accepting: Vec<&str> = rules.lines().filter(|it| it.contains("ACCEPT")).collect();
        assert_eq!(accepting.len(), 3, "{rules}");
        for rule in accepting {
            let among_pods = rule.contains("-s 10.100.0.0/16 -d 10.100.0.0/16");
            assert!(among_pods || rule.contains("--ctstate DNAT"), "{rule}");
        }
    }
}
