//! What a cluster's row says of it: status, reason, health, address. Pure.

use super::condition::{self, Condition};
use super::snapshot::{Group, Place, Snapshot};
use super::{kubernetes, swarm};
use crate::Settings;
use schemas::Timestamp;
use schemas::container_infra::status::{Progress, Status};
use std::collections::BTreeMap;
use store::container_infra::nodes::Phase;

/// Nodes named in one reason.
const NAMED: usize = 3;

/// What the rows are to say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outlook {
    pub status: Status,
    pub status_reason: Option<String>,
    pub health_status: Option<&'static str>,
    pub health_reason: BTreeMap<String, String>,
    pub api_address: Option<String>,
    /// Group's id → its status and its reason.
    pub groups: BTreeMap<String, (Status, Option<String>)>,
}

/// `still`: there is nothing to do now.
pub(super) fn outlook(
    at: &Snapshot,
    status: Status,
    now: Timestamp,
    still: bool,
    settings: &Settings,
) -> Outlook {
    let cluster = &at.cluster;
    let overdue = cluster.deadline.is_some_and(|deadline| now.0 >= deadline);
    let done = |group: &Group| still && converged(group, at, now, settings);
    let there = at.groups.iter().all(done);
    let whole = there && unfinished(at).is_none();
    let settled = |group: &Group| hopeless(group, at) || done(group);
    let stuck = still && !there && at.groups.iter().all(settled);
    let (next, reason) = match () {
        () if !status.in_progress() => (status, cluster.status_reason.clone()),
        () if cluster.deleting != 0 => (status, Some(progress(at))),
        () if whole => (status.now(Progress::Complete), None),
        () if overdue => (status.now(Progress::Failed), Some(late(at))),
        () if stuck => (
            status.now(Progress::Failed),
            Some(failures(at.places().map(|(_, place)| place))),
        ),
        () => (status, Some(progress(at))),
    };
    let groups = at.groups.iter().filter_map(|group| {
        let own = Status::parse(&group.row.status).filter(|own| own.in_progress())?;
        let places = || group.places.iter();
        let said = match () {
            () if group.row.deleting != 0 || cluster.deleting != 0 => (own, None),
            () if done(group) => (own.now(Progress::Complete), None),
            () if next.failed() => (own.now(Progress::Failed), Some(cause(places()))),
            () => (own, None),
        };
        Some((group.row.id.clone(), said))
    });
    let (health_status, health_reason) = health(at, next);
    Outlook {
        groups: groups.collect(),
        status: next,
        status_reason: reason,
        health_status,
        health_reason,
        api_address: api_address(at),
    }
}

/// Is everything of this group as it should be?
fn converged(group: &Group, at: &Snapshot, now: Timestamp, settings: &Settings) -> bool {
    let wanted = match group.row.deleting {
        0 => usize::try_from(group.row.node_count).unwrap_or(0),
        _ => return false,
    };
    let lasts = at.lasts(&group.row);
    let fine = |place: &Place| {
        place.phase == Phase::Run
            && place.row.ready != 0
            // One that is made anew is the same one meanwhile.
            && (!lasts || condition::of(place) == Condition::Well)
            && outdated(group, place, at, now, settings).is_none()
    };
    group.places.len() == wanted && group.places.iter().all(fine)
}

/// What the nodes that are there still lack together, in words.
fn unfinished(at: &Snapshot) -> Option<String> {
    swarm::lacking(at).or_else(|| kubernetes::lacking(at))
}

/// Whatever is not well in this group was given up, or waits for a master that was.
fn hopeless(group: &Group, at: &Snapshot) -> bool {
    if kubernetes::waits_for_master(at, &group.row) {
        return true;
    }
    let settled = |place: &Place| match place.phase {
        Phase::Run => place.row.ready != 0,
        Phase::Failed => true,
        _ => false,
    };
    let failed = |place: &Place| place.phase == Phase::Failed;
    group.places.iter().any(failed) && group.places.iter().all(settled)
}

/// Why a node is to be replaced by one of the present kind, or to be made anew as one.
pub(super) fn outdated(
    group: &Group,
    place: &Place,
    at: &Snapshot,
    now: Timestamp,
    settings: &Settings,
) -> Option<String> {
    if let Some(why) = behind(group, place, at) {
        return Some(why.into());
    }
    let all_follow = || !at.places().any(|(_, place)| signed_by_older(place, at));
    if place.row.trusts_from != 0 && all_follow() {
        return Some("trusts the new authority alone from now on".into());
    }
    let ends = place.row.certified_until.map(Timestamp)?;
    // Another one would not last longer than who signs it.
    let soon = (now + settings.cluster.renew()).min(at.authority_until);
    (ends < soon).then(|| "gets a new certificate".into())
}

/// Why a node is not yet what was asked for.
pub(super) fn behind(group: &Group, place: &Place, at: &Snapshot) -> Option<&'static str> {
    match (
        place.row.generation < group.row.generation,
        at.lasts(&group.row),
    ) {
        (true, true) => Some("is made anew from the new image"),
        (true, false) => Some("is replaced by one of the new image or flavor"),
        (false, _) => {
            signed_by_older(place, at).then_some("gets a certificate of the new authority")
        }
    }
}

fn signed_by_older(place: &Place, at: &Snapshot) -> bool {
    place.row.certificate.is_some() && place.row.authority < at.authority
}

fn progress(at: &Snapshot) -> String {
    let going = at.cluster.deleting != 0;
    let staying = |place: &Place| place.phase != Phase::Remove;
    let up = at
        .places()
        .filter(|(_, place)| place.phase == Phase::Run && condition::of(place) == Condition::Well)
        .count();
    let wanted: i64 = at
        .groups
        .iter()
        .filter(|group| group.row.deleting == 0)
        .map(|group| group.row.node_count)
        .sum();
    let mut text = match going {
        true => format!("{} nodes are left", at.places().count()),
        false => format!("{up} of {wanted} nodes are up"),
    };
    let waits = at.places().filter_map(|(_, place)| {
        if going || !staying(place) {
            return (condition::of(place) != Condition::Going).then(|| place.row.name.clone());
        }
        let condition = condition::of(place);
        let words = match (place.phase, &place.row.problem) {
            (Phase::Failed, Some(problem)) => problem.as_str(),
            // It is to be made anew, and cannot be now.
            (Phase::Run, Some(problem)) if condition == Condition::Well => problem.as_str(),
            _ => condition.words()?,
        };
        Some(format!("{}: {words}", place.row.name))
    });
    let mut waits: Vec<String> = waits.collect();
    if waits.is_empty() && !going {
        waits.extend(unfinished(at));
    }
    join(&mut text, waits.into_iter());
    text
}

fn join(text: &mut String, parts: impl Iterator<Item = String>) {
    let parts: Vec<String> = parts.collect();
    for part in parts.iter().take(NAMED) {
        text.push_str("; ");
        text.push_str(part);
    }
    if parts.len() > NAMED {
        text.push_str(&format!("; and {} more", parts.len() - NAMED));
    }
}

fn late(at: &Snapshot) -> String {
    let minutes = at.spec.create_timeout;
    let mut text = format!("It was not done in {minutes} minutes");
    let mut waits: Vec<String> = at
        .places()
        .filter_map(|(_, place)| lacking(place))
        .collect();
    if waits.is_empty() {
        waits.extend(unfinished(at));
    }
    if waits.is_empty() {
        let named = at.places().filter_map(|(_, place)| {
            let problem = place.row.problem.as_deref()?;
            Some(format!("{}: {problem}", place.row.name))
        });
        waits.extend(named);
    }
    join(&mut text, waits.into_iter());
    text
}

/// What a node waits for, and why the one before it failed: that tells more than that the next one is
/// being made.
fn lacking(place: &Place) -> Option<String> {
    let condition = condition::of(place);
    let (name, now) = (&place.row.name, condition.words()?);
    Some(match &place.row.problem {
        Some(before) if before != now => format!("{name}: {now}; before: {before}"),
        _ => format!("{name}: {now}"),
    })
}

/// Why the nodes of one group are not all there.
fn cause<'a>(places: impl Iterator<Item = &'a Place> + Clone) -> String {
    let text = failures(places.clone());
    if !text.is_empty() {
        return text;
    }
    let mut text = String::new();
    join(&mut text, places.filter_map(lacking));
    text.trim_start_matches("; ").to_owned()
}

fn failures<'a>(places: impl Iterator<Item = &'a Place>) -> String {
    let failed = places.filter(|place| place.phase == Phase::Failed);
    let mut text = String::new();
    let named = failed.map(|place| {
        let problem = place.row.problem.as_deref().unwrap_or("it failed");
        match place.row.tries {
            0 | 1 => format!("{}: {problem}", place.row.name),
            tries => format!("{}: {problem} (tried {tries} times)", place.row.name),
        }
    });
    join(&mut text, named);
    text.trim_start_matches("; ").to_owned()
}

/// What is observed of the nodes. A node that is on its way because it was asked for says nothing of
/// a cluster's health; one that is missing does.
fn health(at: &Snapshot, status: Status) -> (Option<&'static str>, BTreeMap<String, String>) {
    let mut reasons = BTreeMap::new();
    let (mut wrong, mut unknown) = (false, false);
    for (_, place) in at.places() {
        if place.phase == Phase::Remove {
            continue;
        }
        let condition = condition::of(place);
        match (&condition, place.phase) {
            (_, Phase::Failed) => wrong = true,
            (Condition::Unknown(_), _) => unknown = true,
            (Condition::Well, _) => {}
            _ if place.row.ready != 0 || !status.in_progress() => wrong = true,
            _ => {}
        }
        let words = condition.words().unwrap_or("ok");
        let problem = place.row.problem.as_deref();
        let words = match place.phase {
            Phase::Failed | Phase::Replace => problem.unwrap_or(words),
            _ => words,
        };
        reasons.insert(place.row.name.clone(), words.to_owned());
    }
    if let Some(plane) = &at.kubernetes {
        reasons = kubernetes::reasons(plane, reasons);
    }
    let creating =
        status.in_progress() && status.0 == schemas::container_infra::status::Operation::Create;
    let status = match (wrong, unknown) {
        _ if creating || at.cluster.deleting != 0 => None,
        (true, _) => Some("UNHEALTHY"),
        (false, true) => Some("UNKNOWN"),
        (false, false) => Some("HEALTHY"),
    };
    match status {
        Some(_) => (status, reasons),
        None => (None, BTreeMap::new()),
    }
}

/// The first master that works; the one that was shown before, as long as it does.
fn api_address(at: &Snapshot) -> Option<String> {
    let masters = at.places().filter(|(group, place)| {
        group.row.is_master() && place.phase == Phase::Run && place.row.ready != 0
    });
    let working: Vec<String> = masters
        .filter(|(_, place)| condition::of(place) == Condition::Well)
        .filter_map(|(_, place)| place.server.as_ref()?.api_address.clone())
        .collect();
    let shown = &at.cluster.api_address;
    match shown {
        Some(address) if working.is_empty() || working.contains(address) => shown.clone(),
        _ => working.into_iter().next().or_else(|| shown.clone()),
    }
}
