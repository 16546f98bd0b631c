//! The status users see: a pure function of `vm_state` and `task_state`, as Nova has it.

/// State, the status it shows by itself, and the tasks that show another one meanwhile.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const TABLE: [Row; 8] = [
    (
        "active",
        "ACTIVE",
        &[
            ("rebooting", "REBOOT"),
            ("rebooting_hard", "HARD_REBOOT"),
            ("rebuilding", "REBUILD"),
            ("resize_prep", "RESIZE"),
            ("resize_finish", "RESIZE"),
            ("migrating", "MIGRATING"),
        ],
    ),
    ("building", "BUILD", &[]),
    (
        "stopped",
        "SHUTOFF",
        &[
            ("rebooting_hard", "HARD_REBOOT"),
            ("rebuilding", "REBUILD"),
            ("resize_prep", "RESIZE"),
            ("resize_finish", "RESIZE"),
        ],
    ),
    (
        "resized",
        "VERIFY_RESIZE",
        &[("resize_reverting", "REVERT_RESIZE")],
    ),
    ("paused", "PAUSED", &[("rebooting_hard", "HARD_REBOOT")]),
    (
        "suspended",
        "SUSPENDED",
        &[("rebooting_hard", "HARD_REBOOT")],
    ),
    (
        "error",
        "ERROR",
        &[("rebuilding", "REBUILD"), ("rebooting_hard", "HARD_REBOOT")],
    ),
    ("deleted", "DELETED", &[]),
];

/// The status.
pub fn status(vm_state: &str, task_state: Option<&str>) -> &'static str {
    let Some((_, plain, tasks)) = TABLE.iter().find(|row| row.0 == vm_state) else {
        return "UNKNOWN";
    };
    let shown = tasks.iter().find(|task| Some(task.0) == task_state);
    shown.map_or(plain, |task| task.1)
}

/// The states in which some task, or none, shows this status; empty for a word that is no status.
pub fn states_with(status: &str) -> Vec<&'static str> {
    TABLE
        .iter()
        .filter(|(_, plain, tasks)| {
            plain.eq_ignore_ascii_case(status)
                || tasks.iter().any(|task| task.1.eq_ignore_ascii_case(status))
        })
        .map(|row| row.0)
        .collect()
}

/// Does a server with this status show how far it is?
pub fn has_progress(status: &str) -> bool {
    matches!(
        status,
        "ACTIVE" | "BUILD" | "REBUILD" | "RESIZE" | "VERIFY_RESIZE" | "MIGRATING"
    )
}

/// Nova's number for what the container does (`OS-EXT-STS:power_state`).
pub fn power_state(run_state: Option<&str>) -> u8 {
    match run_state {
        Some("running") => 1,
        Some("paused") => 3,
        Some("created" | "exited") => 4,
        _ => 0,
    }
}

/// Percent, from a step's own words ("fetching image: 3 of 12 MiB").
pub fn progress(status: &str, step: Option<&str>) -> u8 {
    if matches!(status, "ACTIVE" | "VERIFY_RESIZE") {
        return 100;
    }
    let words: Vec<&str> = step.unwrap_or_default().split_whitespace().collect();
    let number = |word: &str| word.parse::<u64>().ok();
    words
        .windows(3)
        .find_map(|three| match three {
            [done, "of", all] => Some((number(done)?, number(all)?)),
            _ => None,
        })
        .map_or(0, |(done, all)| {
            u8::try_from((done * 100).checked_div(all).unwrap_or(0).min(99)).unwrap_or(0)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_task_shows_one_status() {
        let table = [
            ("building", Some("scheduling"), "BUILD"),
            ("building", Some("spawning"), "BUILD"),
            ("active", None, "ACTIVE"),
            ("active", Some("powering-off"), "ACTIVE"),
            ("active", Some("deleting"), "ACTIVE"),
            ("active", Some("image_snapshot"), "ACTIVE"),
            ("active", Some("rebooting"), "REBOOT"),
            ("active", Some("rebooting_hard"), "HARD_REBOOT"),
            ("active", Some("rebuilding"), "REBUILD"),
            ("active", Some("resize_prep"), "RESIZE"),
            ("stopped", Some("resize_finish"), "RESIZE"),
            ("stopped", Some("powering-on"), "SHUTOFF"),
            ("resized", None, "VERIFY_RESIZE"),
            ("resized", Some("resize_reverting"), "REVERT_RESIZE"),
            ("paused", Some("unpausing"), "PAUSED"),
            ("error", None, "ERROR"),
            ("error", Some("rebuilding"), "REBUILD"),
            ("elsewhere", None, "UNKNOWN"),
        ];
        for (vm_state, task, expected) in table {
            assert_eq!(status(vm_state, task), expected, "{vm_state} {task:?}");
            if expected != "UNKNOWN" {
                assert!(states_with(expected).contains(&vm_state));
            }
        }
        assert!(states_with("dancing").is_empty());
        assert_eq!(states_with("reboot"), ["active"]);
    }

    #[test]
    fn progress_is_read_from_the_steps_own_words() {
        assert_eq!(progress("BUILD", Some("fetching image: 3 of 12 MiB")), 25);
        assert_eq!(progress("BUILD", Some("fetching image: 0 of 0 MiB")), 0);
        assert_eq!(progress("BUILD", Some("one of many")), 0);
        assert_eq!(progress("BUILD", None), 0);
        assert_eq!(progress("ACTIVE", None), 100);
    }
}
