//! `node-init`: process 1 of a node, a container that runs an engine of its own.
//!
//! The engine inside must be root for what it runs and nobody for the machine. So process 1 stays
//! where the outer engine put it (its exec, stats, stop and update keep working), and the inner engine
//! runs in a user namespace whose root is an ordinary user of the machine:
//!
//! ```text
//! node-init                 process 1, root of the machine, the container's namespaces and cgroup
//!  ├ node-init services     the cluster's services, in the engine's network; root there only
//!  └ node-init holder       makes user, network, IPC, UTS, then cgroup, mount and PID namespaces
//!     └ node-init engine    process 1 of the PID namespace: mounts, then keeps the engine
//!        ├ dockerd          (was `node-init dockerd`, which handed it its socket)
//!        └ kubelet, …       in a cluster of Kubernetes (each was `node-init program …`)
//! ```
//!
//! A process becomes another by running this program again with a word: each of them then has one
//! thread and a known state, which unsharing needs, and nothing is unsafe.
//!
//! Every step is told on standard output, and so is what the engine says. What is needed of the
//! container is written in `docs/nodes.md`.

mod again;
mod bounded;
mod cgroup;
mod config;
mod dockerd;
mod engine;
mod error;
mod files;
mod filter;
mod first;
mod guests;
mod holder;
mod identity;
mod kubernetes;
mod mounts;
mod network;
mod program;
mod resolver;
mod services;
mod socket;
mod supervise;
mod tail;
mod telling;
mod wire;

use error::Error;
use std::process::ExitCode;
use telling::say;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let end = match words[..] {
        [] => first::run(),
        [holder::WORD] => holder::run(),
        [engine::WORD] => engine::run(),
        [dockerd::WORD] => dockerd::run(),
        [services::WORD] => services::run(),
        [kubernetes::WORD] => kubernetes::furnish(),
        [program::WORD, name, ref arguments @ ..] => program::run(name, arguments),
        _ => Err(Error::refused(
            "node-init takes no arguments: it reads /etc/jeroboam/node.json",
        )),
    };
    match end {
        Ok(code) => code,
        // The process below has said it already; its words stay the last ones.
        Err(Error::Told) => ExitCode::FAILURE,
        Err(error) => {
            say(format_args!("failed: {error}"));
            ExitCode::FAILURE
        }
    }
}
