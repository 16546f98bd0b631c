//! What is being done to a cluster or a group of nodes, and how it ended.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What was asked for last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the API")]
pub enum Operation {
    Create,
    Update,
    Delete,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words of the API")]
pub enum Progress {
    InProgress,
    Complete,
    Failed,
}

/// Status of a cluster or a group of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status(pub Operation, pub Progress);

const ALL: [(&str, Status); 9] = {
    use Operation::{Create, Delete, Update};
    use Progress::{Complete, Failed, InProgress};
    [
        ("CREATE_IN_PROGRESS", Status(Create, InProgress)),
        ("CREATE_COMPLETE", Status(Create, Complete)),
        ("CREATE_FAILED", Status(Create, Failed)),
        ("UPDATE_IN_PROGRESS", Status(Update, InProgress)),
        ("UPDATE_COMPLETE", Status(Update, Complete)),
        ("UPDATE_FAILED", Status(Update, Failed)),
        ("DELETE_IN_PROGRESS", Status(Delete, InProgress)),
        ("DELETE_COMPLETE", Status(Delete, Complete)),
        ("DELETE_FAILED", Status(Delete, Failed)),
    ]
};

impl Status {
    /// The status with this name.
    pub fn parse(name: &str) -> Option<Status> {
        ALL.iter().find(|row| row.0 == name).map(|row| row.1)
    }

    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        ALL.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }

    /// Something is being done.
    pub fn in_progress(self) -> bool {
        self.1 == Progress::InProgress
    }

    /// What was asked for last came to nothing.
    pub fn failed(self) -> bool {
        self.1 == Progress::Failed
    }

    /// May it be updated, upgraded, its authority be changed?
    pub fn can_update(self) -> bool {
        self.1 == Progress::Complete && self.0 != Operation::Delete
    }

    /// May it be resized? A resize may also follow one that failed or is under way.
    pub fn can_resize(self) -> bool {
        self.can_update() || (self.0 == Operation::Update && self.1 != Progress::Complete)
    }

    /// The same operation, so far.
    pub fn now(self, progress: Progress) -> Status {
        Status(self.0, progress)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_found_by_its_name() {
        for (name, status) in ALL {
            assert_eq!(Status::parse(name), Some(status));
            assert_eq!(status.to_string(), name);
        }
        assert_eq!(Status::parse("ADOPTED"), None);
    }

    #[test]
    fn what_may_be_asked_for_follows_from_the_status() {
        let may =
            |name| Status::parse(name).map(|status| (status.can_update(), status.can_resize()));
        let table = [
            ("CREATE_IN_PROGRESS", false, false),
            ("CREATE_COMPLETE", true, true),
            ("CREATE_FAILED", false, false),
            ("UPDATE_IN_PROGRESS", false, true),
            ("UPDATE_COMPLETE", true, true),
            ("UPDATE_FAILED", false, true),
            ("DELETE_IN_PROGRESS", false, false),
            ("DELETE_FAILED", false, false),
        ];
        for (name, update, resize) in table {
            assert_eq!(may(name), Some((update, resize)), "{name}");
        }
    }
}
