//! What may be done to a server, and in which state: Nova's rules as one table.

use schemas::Error;

/// Something a user does to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the API's own names")]
pub enum Action {
    Start,
    Stop,
    Reboot,
    RebootHard,
    Pause,
    Unpause,
    Rebuild,
    /// Of a node, by its cluster.
    RebuildNode,
    Resize,
    ConfirmResize,
    RevertResize,
    CreateImage,
    Lock,
    Unlock,
    Delete,
    ResetState,
    Update,
    Metadata,
    Tags,
    Console,
    Diagnostics,
}

/// What of the state an action looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Nothing may be under way.
    None,
    /// What a hard reboot may break into.
    Reboots,
    /// Whatever is under way.
    Any,
}

struct Row {
    action: Action,
    /// In texts, and in instance actions.
    name: &'static str,
    /// `vm_state`s it is legal in; empty = all.
    states: &'static [&'static str],
    task: Task,
    /// A locked server refuses it to all but admins.
    locks: bool,
}

const fn row(
    action: Action,
    name: &'static str,
    states: &'static [&'static str],
    task: Task,
    locks: bool,
) -> Row {
    Row {
        action,
        name,
        states,
        task,
        locks,
    }
}

const LIVE: &[&str] = &["active", "paused", "suspended", "stopped"];

const TABLE: [Row; 21] = [
    row(Action::Start, "start", &["stopped"], Task::None, true),
    row(Action::Stop, "stop", &["active", "error"], Task::None, true),
    row(Action::Reboot, "reboot", &["active"], Task::None, true),
    row(
        Action::RebootHard,
        "reboot",
        &["active", "stopped", "paused", "suspended", "error"],
        Task::Reboots,
        true,
    ),
    row(Action::Pause, "pause", &["active"], Task::None, true),
    row(Action::Unpause, "unpause", &["paused"], Task::None, true),
    row(
        Action::Rebuild,
        "rebuild",
        &["active", "stopped", "error"],
        Task::None,
        true,
    ),
    row(
        Action::RebuildNode,
        "rebuild",
        &["active", "stopped", "error"],
        Task::None,
        true,
    ),
    row(
        Action::Resize,
        "resize",
        &["active", "stopped"],
        Task::None,
        true,
    ),
    row(
        Action::ConfirmResize,
        "confirmResize",
        &["resized"],
        Task::None,
        true,
    ),
    row(
        Action::RevertResize,
        "revertResize",
        &["resized"],
        Task::None,
        true,
    ),
    row(Action::CreateImage, "createImage", LIVE, Task::None, false),
    row(Action::Lock, "lock", &[], Task::Any, false),
    row(Action::Unlock, "unlock", &[], Task::Any, false),
    row(Action::Delete, "delete", &[], Task::Any, true),
    row(Action::ResetState, "resetState", &[], Task::Any, false),
    row(Action::Update, "update", &[], Task::Any, true),
    row(Action::Metadata, "update metadata", LIVE, Task::Any, true),
    row(Action::Tags, "update tags", LIVE, Task::Any, false),
    row(
        Action::Console,
        "get console",
        &["active"],
        Task::Any,
        false,
    ),
    row(
        Action::Diagnostics,
        "get diagnostics",
        &["active", "paused", "resized", "error"],
        Task::Any,
        false,
    ),
];

impl Action {
    fn row(self) -> &'static Row {
        // Every action has its line (tested below); the first stands in for none.
        TABLE
            .iter()
            .find(|row| row.action == self)
            .unwrap_or(&TABLE[0])
    }

    /// Name in texts and in instance actions.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

/// The state of a server, as far as it decides what may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State<'a> {
    /// What it is called in refusals: `instance`, or what kind of guest it is.
    pub what: &'static str,
    /// `servers.vm_state`.
    pub vm_state: &'a str,
    /// `servers.task_state`.
    pub task_state: Option<&'a str>,
    /// Not 0 = locked.
    pub locked: bool,
    /// It is on its way out.
    pub deleting: bool,
    /// The cluster it is a node of.
    pub node_of: Option<&'a str>,
}

/// Closed for nodes, to everybody. Process 1 of a node may do more on its machine than any other
/// container, so nobody's program gets there: no other image, no command beside the node's own. Its
/// disk holds its key, so no image is made of it. Size and metadata are its cluster's.
const NOT_FOR_NODES: [Action; 7] = [
    Action::Rebuild,
    Action::CreateImage,
    Action::Console,
    Action::Resize,
    Action::ConfirmResize,
    Action::RevertResize,
    Action::Metadata,
];

/// May this be done now? The refusal names the server, and the state that stands against it.
///
/// # Errors
/// `Conflict`.
pub fn legal(action: Action, id: &str, at: State<'_>, admin: bool) -> Result<(), Error> {
    let row = action.row();
    if let Some(cluster) = at.node_of
        && NOT_FOR_NODES.contains(&action)
    {
        return Err(Error::Conflict(format!(
            "Cannot '{}' instance {id}: it is a node of cluster {cluster}, which alone changes it",
            row.name
        )));
    }
    if at.locked && row.locks && !admin {
        return Err(Error::Conflict(format!("Instance {id} is locked")));
    }
    let refused = |which: &str, state: &str| {
        Err(Error::Conflict(format!(
            "Cannot '{}' {} {id} while it is in {which} {state}",
            row.name, at.what
        )))
    };
    if at.deleting && action != Action::Delete {
        return refused("task_state", "deleting");
    }
    if !row.states.is_empty() && !row.states.contains(&at.vm_state) {
        return refused("vm_state", at.vm_state);
    }
    let free = match (row.task, at.task_state) {
        (_, None) | (Task::Any, _) => true,
        (Task::Reboots, Some(task)) => {
            matches!(
                task,
                "rebooting" | "rebooting_hard" | "unpausing" | "pausing"
            )
        }
        (Task::None, Some(_)) => false,
    };
    match at.task_state {
        Some(task) if !free => refused("task_state", task),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(vm_state: &'a str, task_state: Option<&'a str>) -> State<'a> {
        State {
            what: "instance",
            vm_state,
            task_state,
            locked: false,
            deleting: false,
            node_of: None,
        }
    }

    #[test]
    fn a_node_runs_its_own_program_only_and_can_be_deleted() {
        let node = State {
            node_of: Some("c-1"),
            ..at("active", None)
        };
        let refused = legal(Action::Rebuild, "i-1", node, true).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Cannot 'rebuild' instance i-1: it is a node of cluster c-1, which alone changes it"
        );
        for action in NOT_FOR_NODES {
            assert!(legal(action, "i", node, true).is_err(), "{action:?}");
        }
        for action in [
            Action::Stop,
            Action::Reboot,
            Action::Delete,
            Action::Diagnostics,
        ] {
            assert!(legal(action, "i", node, false).is_ok(), "{action:?}");
        }
    }

    #[test]
    fn every_action_is_legal_in_exactly_the_states_of_the_table() {
        let states = [
            "building", "active", "stopped", "paused", "resized", "error",
        ];
        let expected = [
            (Action::Start, "stopped"),
            (Action::Stop, "active error"),
            (Action::Reboot, "active"),
            (Action::RebootHard, "active stopped paused error"),
            (Action::Pause, "active"),
            (Action::Unpause, "paused"),
            (Action::Rebuild, "active stopped error"),
            (Action::RebuildNode, "active stopped error"),
            (Action::Resize, "active stopped"),
            (Action::ConfirmResize, "resized"),
            (Action::RevertResize, "resized"),
            (Action::CreateImage, "active stopped paused"),
            (Action::Metadata, "active stopped paused"),
            (Action::Tags, "active stopped paused"),
            (Action::Console, "active"),
            (Action::Diagnostics, "active paused resized error"),
            (Action::Lock, "building active stopped paused resized error"),
            (
                Action::Unlock,
                "building active stopped paused resized error",
            ),
            (
                Action::Delete,
                "building active stopped paused resized error",
            ),
            (
                Action::Update,
                "building active stopped paused resized error",
            ),
            (
                Action::ResetState,
                "building active stopped paused resized error",
            ),
        ];
        assert_eq!(expected.len(), TABLE.len());
        for (action, legal_in) in expected {
            assert_eq!(action.row().action, action);
            let found: Vec<&str> = states
                .into_iter()
                .filter(|state| legal(action, "i", at(state, None), false).is_ok())
                .collect();
            assert_eq!(found.join(" "), legal_in, "{action:?}");
        }
    }

    #[test]
    fn a_task_under_way_refuses_what_would_cross_it() {
        let busy = at("active", Some("powering-off"));
        let refused = legal(Action::Pause, "i-1", busy, true).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Cannot 'pause' instance i-1 while it is in task_state powering-off"
        );
        assert!(legal(Action::RebootHard, "i", busy, true).is_err());
        assert!(
            legal(
                Action::RebootHard,
                "i",
                at("active", Some("rebooting")),
                true
            )
            .is_ok()
        );
        assert!(legal(Action::Delete, "i", at("building", Some("spawning")), false).is_ok());
    }

    #[test]
    fn a_lock_holds_against_all_but_admins_and_deleting_against_all() {
        let locked = State {
            locked: true,
            ..at("active", None)
        };
        assert!(legal(Action::Stop, "i", locked, false).is_err());
        assert!(legal(Action::Delete, "i", locked, false).is_err());
        assert!(legal(Action::Stop, "i", locked, true).is_ok());
        assert!(legal(Action::Unlock, "i", locked, false).is_ok());
        let deleting = State {
            deleting: true,
            ..at("active", Some("deleting"))
        };
        assert!(legal(Action::Lock, "i", deleting, true).is_err());
        assert!(legal(Action::Delete, "i", deleting, false).is_ok());
    }
}
