//! What a driver tells: about its engine, about happenings on it, about a container's use of it.

use futures::stream::BoxStream;
use schemas::ids::WorkloadId;
use serde::{Deserialize, Serialize};

/// The calls beyond the necessary ones that a driver answers; others end in
/// [`crate::DriverError::Unsupported`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of independent yes-or-no facts"
)]
pub struct Capabilities {
    /// `ensure_paused`.
    pub pause: bool,
    /// `ensure_limits` on a live container.
    pub resize_limits: bool,
    /// `ensure_snapshot`.
    pub snapshot: bool,
    /// `exec`.
    pub exec: bool,
    /// `terminal`.
    pub terminal: bool,
    /// `logs`.
    pub logs: bool,
    /// `stats`.
    pub stats: bool,
    /// `top`.
    pub top: bool,
    /// `archive_get`, `archive_put`.
    pub archive: bool,
    /// Containers that are nodes, and `inner`.
    pub nodes: bool,
}

/// What an engine says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineFacts {
    /// Name and version ("Docker 20.10.24").
    pub engine: String,
    /// CPU architecture in OCI's words (`amd64`).
    pub architecture: String,
    /// Folder that holds images and containers, for measuring its filesystem; `None` when it is
    /// not on this machine.
    pub root: Option<String>,
    /// What the operator should know: bounds that the machine's kernel cannot keep, missing isolation.
    pub warnings: Vec<String>,
}

/// Something happened to a container of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which container; of a pod's container, the pod.
    pub id: WorkloadId,
    /// What happened. A hint to look, not a fact to store.
    pub what: Happening,
}

/// Kinds of happenings. What the caller itself ordered and nobody waits for (bounds, names) is not
/// among them: it would call for another look, and that for another order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// Made.
    Created,
    /// A life began.
    Started,
    /// A life ended.
    Died,
    /// The kernel killed a process of it for want of memory. Told before or after the end of the life
    /// that ends with it, and seen from then on.
    OutOfMemory,
    /// Frozen.
    Paused,
    /// Resumed.
    Unpaused,
    /// Removed.
    Removed,
}

/// Happenings as they come.
pub type EventStream = BoxStream<'static, Event>;

/// Counters of a running container, since its start where they count up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Processor time used, in nanoseconds.
    pub cpu_ns: u64,
    /// Memory in use without the page cache, in bytes.
    pub memory_bytes: u64,
    /// Its bound.
    pub memory_limit_bytes: u64,
    /// Processes and threads.
    pub pids: u64,
    /// Bytes received over all interfaces.
    pub rx_bytes: u64,
    /// Bytes sent over all interfaces.
    pub tx_bytes: u64,
    /// Bytes read from disks.
    pub read_bytes: u64,
    /// Bytes written to disks.
    pub write_bytes: u64,
}

/// Processes of a running container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top {
    /// Column heads.
    pub titles: Vec<String>,
    /// One row for each process.
    pub processes: Vec<Vec<String>>,
}

/// A machine's own word for its architecture, in OCI's words (those of Go's `GOARCH`).
pub fn oci_architecture(machine: &str) -> &str {
    match machine {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armv7l" | "armv6l" => "arm",
        "i386" | "i686" | "x86" => "386",
        other => other,
    }
}
