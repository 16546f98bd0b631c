//! Nova's task states, and the instance action each belongs to.

/// What is being done to a server; `servers.task_state` holds the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Nova's own names")]
pub enum Task {
    Scheduling,
    Spawning,
    PoweringOff,
    PoweringOn,
    Rebooting,
    RebootingHard,
    Pausing,
    Unpausing,
    Rebuilding,
    ResizePrep,
    ResizeFinish,
    ResizeReverting,
    Deleting,
}

/// Task, name in the API, instance action.
const TASKS: [(Task, &str, &str); 13] = [
    (Task::Scheduling, "scheduling", "create"),
    (Task::Spawning, "spawning", "create"),
    (Task::PoweringOff, "powering-off", "stop"),
    (Task::PoweringOn, "powering-on", "start"),
    (Task::Rebooting, "rebooting", "reboot"),
    (Task::RebootingHard, "rebooting_hard", "reboot"),
    (Task::Pausing, "pausing", "pause"),
    (Task::Unpausing, "unpausing", "unpause"),
    (Task::Rebuilding, "rebuilding", "rebuild"),
    (Task::ResizePrep, "resize_prep", "resize"),
    (Task::ResizeFinish, "resize_finish", "resize"),
    (Task::ResizeReverting, "resize_reverting", "revertResize"),
    (Task::Deleting, "deleting", "delete"),
];

impl Task {
    /// The task with this name.
    pub fn parse(name: &str) -> Option<Task> {
        TASKS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// Name in the API.
    pub fn as_str(self) -> &'static str {
        TASKS
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.1)
    }

    /// The instance action it is part of.
    pub fn action(self) -> &'static str {
        TASKS
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.2)
    }

    /// A server without a running past: failing means ERROR, and another host may be tried.
    pub fn is_build(self) -> bool {
        matches!(self, Task::Scheduling | Task::Spawning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_found_by_its_name() {
        for (task, name, action) in TASKS {
            assert_eq!(Task::parse(name), Some(task));
            assert_eq!(task.as_str(), name);
            assert!(!action.is_empty());
        }
        assert_eq!(Task::parse("dancing"), None);
    }
}
