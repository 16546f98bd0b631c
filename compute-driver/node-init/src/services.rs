//! The services of the node's cluster: virtual addresses, ports of the node, and names.
//!
//! ```text
//! agent ── services.sock ──> control ──> table (nft), stale connections (conntrack), store
//! pod   ── 10.254.0.10:53 ─> names: of the same document, or asked elsewhere
//! ```
//!
//! The process is in the engine's network, and among the container's files. What it reads there comes
//! from tenants, so it gives up the machine: it enters the engine's user namespace, where it may do
//! what root inside may, and outside of which it has no privilege left. That it keeps the machine's
//! root as its user lets it write its own file, which root inside can neither read nor change.
//!
//! # Guarantees
//! - A document is served whole or not at all; the answer says which.
//! - The last one is served again after an end of the process or of the node.
//! - What is under way at an endpoint that is no longer named goes on; what has only begun begins anew
//!   elsewhere.

mod answer;
mod control;
mod document;
mod elsewhere;
mod names;
mod program;
mod resolve;
mod rules;
mod serve;
mod stale;
mod store;

use crate::error::{During, Result};
use crate::guests::Place;
use crate::supervise::Companion;
use crate::telling::say;
use crate::{again, socket};
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::SigSet;
use nix::unistd::Pid;
use resolve::Resolver;
use serde::{Deserialize, Serialize};
use serve::Served;
use std::fs::File;
use std::net::IpAddr;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use store::Store;

/// The word that makes this program the one that serves.
pub const WORD: &str = "services";

/// In whose environment the plan is.
const PLAN: &str = "NODE_INIT_SERVICES";

/// All that it has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The engine's namespaces.
    pub entrance: Entrance,
    /// Where the node is in the network of guests.
    pub place: Place,
    /// Name servers for all other names.
    pub resolvers: Vec<IpAddr>,
}

/// Where the engine's namespaces are entered: files that process 1 has open. Once the holder is root
/// inside, it is nobody's to look at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entrance {
    net: String,
    user: String,
}

impl Entrance {
    /// Opens them, for as long as this process lives.
    pub fn of(holder: Pid) -> Result<Self> {
        let open = |kind: &str| {
            let path = format!("/proc/{holder}/ns/{kind}");
            let file = File::open(&path).during(format!("opening {path}"))?;
            let number = file.into_raw_fd();
            Ok(format!("/proc/{}/fd/{number}", std::process::id()))
        };
        Ok(Self {
            net: open("net")?,
            user: open("user")?,
        })
    }

    /// Goes in, in this order: the second takes away what the first needs.
    fn enter(&self) -> Result<()> {
        let open = |path: &str| File::open(path).during(format!("opening {path}"));
        let (net, user) = (open(&self.net)?, open(&self.user)?);
        setns(net, CloneFlags::CLONE_NEWNET).during("entering the node's network namespace")?;
        setns(user, CloneFlags::CLONE_NEWUSER).during("entering the node's user namespace")
    }
}

/// The process, for whoever keeps it.
pub fn companion(plan: &Plan) -> Result<Companion> {
    let mut command = again::as_(WORD);
    command.env(PLAN, again::told(plan)?).stdin(Stdio::null());
    Ok(Companion::new("what serves services", command))
}

/// Serves until it is ended.
pub fn run() -> Result<ExitCode> {
    // Nothing is held back here, and programs that are started hold nothing back either.
    let none = SigSet::empty();
    none.thread_set_mask().during("letting signals through")?;
    let plan: Plan = again::heard(PLAN)?;
    // While still root of the machine.
    let listener = socket::listen(Path::new(socket::FOLDER), socket::SERVICES)?;
    let store = Store::open()?;
    plan.entrance.enter()?;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .during("preparing to serve services")?;
    runtime.block_on(async {
        let listener = UnixListener::from(listener);
        let ready = listener.set_nonblocking(true);
        let listener = ready.and_then(|()| tokio::net::UnixListener::from_std(listener));
        let listener = listener.during("listening to the agent")?;
        let guests = plan.place.guests.clone();
        let mut served = Served::new(plan.place, store);
        served.restore().await;
        let resolver = Resolver::new(guests, plan.resolvers, served.watch());
        tokio::spawn(resolver.serve());
        say("services are served");
        control::serve(&listener, &mut served).await
    })?;
    Ok(ExitCode::SUCCESS)
}
