//! Instructions for a simulated container, out of its labels (see [`crate::sim`] for the table).

use std::collections::BTreeMap;
use std::time::Duration;

/// Operations that instructions can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Op {
    Create,
    Start,
    Stop,
    Pause,
    Reboot,
    Limits,
    Remove,
    Snapshot,
    Exec,
}

impl Op {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Op::Create => "create",
            Op::Start => "start",
            Op::Stop => "stop",
            Op::Pause => "pause",
            Op::Reboot => "reboot",
            Op::Limits => "limits",
            Op::Remove => "remove",
            Op::Snapshot => "snapshot",
            Op::Exec => "exec",
        }
    }
}

/// What a container was told.
#[derive(Clone, Copy)]
pub(super) struct Script<'a>(pub(super) &'a BTreeMap<String, String>);

impl Script<'_> {
    /// How many of the first calls of this operation fail.
    pub(super) fn failures(self, op: Op) -> u32 {
        let list = self.text("sim.fail").unwrap_or_default();
        let count = list.split(',').find_map(|item| {
            let (name, count) = item.trim().split_once(':')?;
            (name == op.as_str()).then(|| count.parse().ok())?
        });
        count.unwrap_or(0)
    }

    pub(super) fn refuses(self, op: Op) -> bool {
        self.names("sim.refuse", op)
    }

    pub(super) fn hangs(self, op: Op) -> bool {
        self.names("sim.hang", op)
    }

    pub(super) fn delay(self, op: Op) -> Duration {
        let label = match op {
            Op::Create => "sim.create_delay",
            Op::Start => "sim.start_delay",
            Op::Stop => "sim.stop_delay",
            Op::Snapshot => "sim.snapshot_delay",
            Op::Limits => "sim.limits_delay",
            _ => return Duration::ZERO,
        };
        self.time(label).unwrap_or_default()
    }

    /// After how long each life ends by itself, with which status, and whether for want of memory.
    /// Several statuses are of one life after another.
    pub(super) fn exit(self, nth: usize) -> Option<(Duration, i64, bool)> {
        let oom = self.is("sim.oom");
        let after = self
            .time("sim.exit_after")
            .or(oom.then_some(Duration::ZERO))?;
        let codes = self.text("sim.exit_code").unwrap_or("0");
        let code = codes.split(',').nth(nth).or(codes.rsplit(',').next());
        match code.map(str::trim) {
            Some("-") => None,
            _ if oom => Some((after, 137, true)),
            code => Some((
                after,
                code.and_then(|it| it.parse().ok()).unwrap_or(0),
                false,
            )),
        }
    }

    pub(super) fn ignores_term(self) -> bool {
        self.is("sim.ignore_term")
    }

    pub(super) fn log(self) -> Option<String> {
        self.text("sim.log").map(str::to_owned)
    }

    pub(super) fn listens(self) -> Option<u16> {
        self.text("sim.listen")?.parse().ok()
    }

    /// How long after its node's start an inner engine answers; `None`: never.
    pub(super) fn engine_after(self) -> Option<Duration> {
        let never = self.text("sim.engine") == Some("never");
        (!never).then(|| self.time("sim.engine_delay").unwrap_or_default())
    }

    /// How long after that it falls silent, though its node goes on.
    pub(super) fn engine_hangs(self) -> Option<Duration> {
        self.time("sim.engine_hangs")
    }

    fn names(self, label: &str, op: Op) -> bool {
        self.text(label)
            .is_some_and(|list| list.split(',').any(|name| name.trim() == op.as_str()))
    }

    fn is(self, label: &str) -> bool {
        self.text(label) == Some("true")
    }

    fn time(self, label: &str) -> Option<Duration> {
        parse_time(self.text(label)?)
    }

    fn text(&self, label: &str) -> Option<&str> {
        self.0.get(label).map(String::as_str)
    }
}

fn parse_time(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn times_need_a_unit() {
        assert_eq!(parse_time("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_time("3s"), Some(Duration::from_secs(3)));
        assert_eq!(parse_time("2m"), Some(Duration::from_secs(120)));
        assert_eq!(parse_time("3"), None);
        assert_eq!(parse_time("s"), None);
    }

    #[test]
    fn failures_are_counted_by_operation() {
        let told = labels(&[("sim.fail", "create:2, start:1")]);
        assert_eq!(Script(&told).failures(Op::Create), 2);
        assert_eq!(Script(&told).failures(Op::Start), 1);
        assert_eq!(Script(&told).failures(Op::Stop), 0);
    }

    #[test]
    fn want_of_memory_ends_a_life_at_once_with_the_status_of_a_kill() {
        let told = labels(&[("sim.oom", "true"), ("sim.exit_code", "3")]);
        assert_eq!(Script(&told).exit(0), Some((Duration::ZERO, 137, true)));
        assert_eq!(Script(&labels(&[])).exit(0), None);
    }

    #[test]
    fn lives_may_end_differently_and_the_last_is_as_all_that_follow() {
        let told = labels(&[("sim.exit_after", "1s"), ("sim.exit_code", "1,-")]);
        let ends = |nth| Script(&told).exit(nth).map(|(_, code, _)| code);
        assert_eq!([ends(0), ends(1), ends(9)], [Some(1), None, None]);
    }
}
