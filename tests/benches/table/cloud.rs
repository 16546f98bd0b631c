//! A running cloud, made by `devstack/stack.sh --state DIR`: where it listens, the administrator's
//! password, and what its processes take of memory.

use crate::client::Client;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A cloud under test.
pub struct Cloud {
    state: PathBuf,
    pub address: SocketAddr,
}

impl Cloud {
    /// The cloud whose state directory an environment variable names; `devstack/bench.sh` sets it.
    pub fn of(variable: &str) -> Option<Cloud> {
        let state = PathBuf::from(std::env::var(variable).ok()?);
        let settings = std::fs::read_to_string(state.join("jeroboam.yaml")).unwrap();
        let listen = settings
            .lines()
            .find_map(|line| line.trim().strip_prefix("listen: "));
        Some(Cloud {
            address: listen.unwrap().parse().unwrap(),
            state,
        })
    }

    /// Where the agent finds the engine inside a node.
    pub fn inner_engine(&self, server: &str) -> String {
        let nodes = self.state.join("agent").join("nodes");
        format!(
            "unix://{}",
            nodes.join(server).join("docker.sock").display()
        )
    }

    /// What stands in one of its secret files.
    pub fn secret(&self, name: &str) -> String {
        let path = self.state.join("secret").join(name);
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }

    /// A client that may do everything.
    pub async fn admin(&self) -> Client {
        Client::sign_in(self.address, "admin", &self.secret("admin"), "admin").await
    }

    /// Resident memory of all its processes, MiB.
    pub fn memory_mib(&self) -> f64 {
        let files = std::fs::read_dir(&self.state).unwrap().flatten();
        let pids = files.filter(|file| file.path().extension().is_some_and(|end| end == "pid"));
        let kib = pids.filter_map(|file| {
            let pid = std::fs::read_to_string(file.path()).ok()?;
            let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim())).ok()?;
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.split_whitespace().next()?.parse::<f64>().ok()
        });
        kib.sum::<f64>() / 1024.0
    }
}

/// Runs a measurement's async part.
pub fn block_on<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(run)
}
