//! Hints: "look at this row". They carry no truth, so they may be lost, doubled, late or reordered;
//! the work table and its polling are the guarantee.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of object a reconciler looks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A Nova server.
    Server,
    /// A Glance image that a host makes: a snapshot.
    Image,
    /// A host: silence, return, evacuation.
    Host,
    /// A cluster (bay) and its nodes.
    Cluster,
    /// A replication controller and its pods.
    ReplicationController,
    /// What is behind the services of a cluster (the cluster's id), and that its nodes know.
    Endpoints,
    /// An import of data into an image.
    ImageTask,
    /// A blob that may be needed by nobody any more (its digest), or `sweep`.
    Blob,
    /// What is remembered of a project's things that are gone (the project's id).
    History,
}

impl Kind {
    /// Every kind, for loops over reconcilers.
    pub const ALL: [Kind; 9] = [
        Kind::Server,
        Kind::Image,
        Kind::Host,
        Kind::Cluster,
        Kind::ReplicationController,
        Kind::Endpoints,
        Kind::ImageTask,
        Kind::Blob,
        Kind::History,
    ];

    /// Looked after by conductors.
    pub const CONDUCTED: [Kind; 7] = [
        Kind::Server,
        Kind::Image,
        Kind::Host,
        Kind::Cluster,
        Kind::ReplicationController,
        Kind::Endpoints,
        Kind::History,
    ];

    /// Looked after by API processes, which have the directory of blobs.
    pub const STORED: [Kind; 2] = [Kind::ImageTask, Kind::Blob];

    /// The name in the work table, in logs and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Server => "server",
            Kind::Image => "image",
            Kind::Host => "host",
            Kind::Cluster => "cluster",
            Kind::ReplicationController => "replication_controller",
            Kind::Endpoints => "endpoints",
            Kind::ImageTask => "image_task",
            Kind::Blob => "blob",
            Kind::History => "history",
        }
    }

    /// The kind with that name.
    pub fn parse(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// "Look at this row now."
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hint {
    /// Which reconciler.
    pub kind: Kind,
    /// The row's id.
    pub id: String,
}
