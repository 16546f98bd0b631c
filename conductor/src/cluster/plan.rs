//! The decision, pure: `plan(snapshot, now, settings) -> Plan`.

mod keep;

use super::condition::{self, Condition};
use super::kubernetes;
use super::report::{self, Outlook};
use super::snapshot::{Group, Place, Snapshot};
use super::victims;
use crate::Settings;
use schemas::Timestamp;
use schemas::container_infra::status::{Operation, Progress, Status};
use std::collections::BTreeSet;
use std::time::Duration;
use store::container_infra::nodes::Phase;

/// Acts of one transaction, so that it stays short.
const MOST: usize = 32;
/// A node that is not well is looked at again so soon, whether something is heard of it or not.
const CLOSELY: Duration = Duration::from_secs(5);

/// One act on one node or group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A group gets another place.
    Add { group: String, ordinal: i32 },
    /// A place's server is made.
    Launch { place: String },
    /// A place's server is gone, the next one is to be made.
    Renew { place: String },
    /// A place's server is to go, and the place with it, or to be followed by another one.
    Drop {
        place: String,
        then: Phase,
        why: String,
        /// What has failed before counts no more.
        anew: bool,
    },
    /// A place's server is started again: what is on it is nowhere else.
    Restart { place: String, why: String },
    /// A place's server is made anew with what it holds, by what its group is now and with other
    /// certificates.
    Rebuild { place: String, why: String },
    /// A place has failed as often as it may.
    GiveUp { place: String, why: String },
    /// It works.
    Ready { place: String },
    /// It does not work since now.
    Unwell { place: String, why: String },
    /// Nobody can tell any more whether it works: that time does not count.
    Unknown { place: String },
    /// Its server is gone: so is the place.
    Forget { place: String },
    /// Its places are gone: so is the group.
    ForgetGroup { group: String },
}

/// What is to be done now, what is to be shown, when to look again.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub acts: Vec<Act>,
    pub outlook: Outlook,
    /// Look again then, if nothing happens before.
    pub until: Option<Timestamp>,
    /// Nothing is left of it: the row goes.
    pub over: bool,
}

/// What the planning of one cluster depends on everywhere.
struct At<'a> {
    snapshot: &'a Snapshot,
    status: Status,
    now: Timestamp,
    settings: &'a Settings,
    acts: Vec<Act>,
    until: Option<Timestamp>,
}

pub(super) fn plan(
    snapshot: &Snapshot,
    status: Status,
    now: Timestamp,
    settings: &Settings,
) -> Plan {
    let mut at = At {
        snapshot,
        status,
        now,
        settings,
        acts: Vec::new(),
        until: None,
    };
    for group in &snapshot.groups {
        at.group(group);
    }
    let deleting = snapshot.cluster.deleting != 0;
    let left = snapshot.groups.iter().any(|group| !group.places.is_empty());
    let outlook = report::outlook(snapshot, status, now, at.acts.is_empty(), settings);
    // Nothing tells that time has passed.
    let deadline = snapshot.cluster.deadline.map(Timestamp);
    if let Some(deadline) = deadline.filter(|_| status.in_progress()) {
        at.look_by(deadline);
    }
    if left {
        at.look_by(now + settings.silence());
    }
    at.acts.truncate(MOST);
    Plan {
        over: deleting && !left && snapshot.engines == 0 && snapshot.guests == 0,
        outlook,
        until: at.until,
        acts: at.acts,
    }
}

impl At<'_> {
    fn look_by(&mut self, time: Timestamp) {
        let sooner = self.until.is_none_or(|until| time < until);
        if sooner {
            self.until = Some(time);
        }
    }

    fn group(&mut self, group: &Group) {
        let going = self.snapshot.cluster.deleting != 0 || group.row.deleting != 0;
        if going && group.places.is_empty() && self.snapshot.cluster.deleting == 0 {
            self.acts.push(Act::ForgetGroup {
                group: group.row.id.clone(),
            });
            return;
        }
        let leaving = self.count(group, going);
        for place in &group.places {
            if !leaving.contains(place.row.id.as_str()) {
                self.place(group, place);
            }
        }
        if !going && !self.frozen() {
            self.refresh(group, &leaving);
        }
    }

    /// A cluster that could not be made stays as it failed, until it is deleted.
    fn frozen(&self) -> bool {
        self.status == Status(Operation::Create, Progress::Failed)
    }

    /// As many places as there should be. Answers those that are to go from now on.
    fn count<'a>(&mut self, group: &'a Group, going: bool) -> BTreeSet<&'a str> {
        let wanted = match going {
            true => 0,
            false => usize::try_from(group.row.node_count).unwrap_or(0),
        };
        let staying = |place: &&Place| place.phase != Phase::Remove;
        let there = group.places.iter().filter(staying).count();
        if there < wanted && !self.frozen() && !self.failed_for_good() {
            let taken: BTreeSet<i32> = group.places.iter().map(|one| one.row.ordinal).collect();
            let free = (0..).filter(|ordinal| !taken.contains(ordinal));
            for ordinal in free.take(wanted - there) {
                self.acts.push(Act::Add {
                    group: group.row.id.clone(),
                    ordinal,
                });
            }
        }
        let victims = victims::choose(group.places.iter(), there.saturating_sub(wanted));
        for place in &victims {
            let why = match going {
                true => "is deleted",
                false => "is one too many",
            };
            self.drop(place, Phase::Remove, why, false);
        }
        victims.iter().map(|place| place.row.id.as_str()).collect()
    }

    /// What was asked for last failed, so nothing more is done for it until something is asked again.
    fn failed_for_good(&self) -> bool {
        self.status.failed()
    }

    fn drop(&mut self, place: &Place, then: Phase, why: &str, anew: bool) {
        self.acts.push(Act::Drop {
            place: place.row.id.clone(),
            then,
            why: why.to_owned(),
            anew,
        });
    }

    fn place(&mut self, group: &Group, place: &Place) {
        let id = place.row.id.clone();
        match place.phase {
            Phase::Launch if self.frozen() => {}
            Phase::Launch if kubernetes::waits_for_master(self.snapshot, &group.row) => {}
            Phase::Launch => self.acts.push(Act::Launch { place: id }),
            Phase::Run if self.kept(group, place) => {}
            Phase::Run => self.running(place),
            Phase::Replace | Phase::Remove if place.held => {
                self.look_by(self.now + CLOSELY);
            }
            Phase::Replace | Phase::Remove if place.server.is_some() => {
                if condition::of(place) != Condition::Going {
                    // It was told, and the telling did not come through: told again.
                    self.drop(place, place.phase, "", false);
                }
            }
            Phase::Remove => self.acts.push(Act::Forget { place: id }),
            Phase::Replace if self.frozen() => {}
            Phase::Replace => self.acts.push(Act::Renew { place: id }),
            Phase::Failed => self.given_up(group, place),
        }
    }

    fn running(&mut self, place: &Place) {
        let id = place.row.id.clone();
        let row = &place.row;
        match condition::of(place) {
            Condition::Well => {
                if row.ready == 0 || row.unwell_since.is_some() || row.problem.is_some() {
                    self.acts.push(Act::Ready { place: id });
                }
            }
            Condition::Making(_) | Condition::Going => {}
            Condition::Starting(why) => {
                let patience = self.settings.cluster.engine_deadline();
                if let Some(waited) = self.waits(place, &why, patience) {
                    let seconds = waited.as_secs();
                    let why = format!("its engine did not answer in {seconds} s: {why}");
                    self.failed(place, &why);
                }
            }
            Condition::Joining(why) => {
                let patience = match &self.snapshot.kubernetes {
                    Some(_) => self.settings.cluster.kubernetes_deadline(),
                    None => self.settings.cluster.engine_deadline(),
                };
                if let Some(waited) = self.waits(place, &why, patience) {
                    let seconds = waited.as_secs();
                    let why = format!("it was not part of its cluster in {seconds} s: {why}");
                    self.failed(place, &why);
                }
            }
            Condition::Unwell(why) => {
                let grace = self.settings.cluster.heal_grace();
                if self.waits(place, &why, grace).is_some() && self.heals() {
                    self.drop(place, Phase::Replace, &why, true);
                }
            }
            Condition::Unknown(_) | Condition::Waiting(_) => {
                self.look_by(self.now + CLOSELY);
                if row.unwell_since.is_some() {
                    self.acts.push(Act::Unknown { place: id });
                }
            }
            Condition::Dead(why) => {
                if self.heals() {
                    self.drop(place, Phase::Replace, &why, true);
                }
            }
            Condition::Failed(why) => self.failed(place, &why),
            Condition::Gone => self.failed(place, "its server was deleted"),
        }
    }

    /// Notes since when a node is not well; answers how long, once its patience is over.
    fn waits(&mut self, place: &Place, why: &str, patience: Duration) -> Option<Duration> {
        self.look_by(self.now + CLOSELY);
        let Some(since) = place.row.unwell_since.map(Timestamp) else {
            self.acts.push(Act::Unwell {
                place: place.row.id.clone(),
                why: why.to_owned(),
            });
            return None;
        };
        let waited = self.now.since(since);
        (waited >= patience).then_some(waited)
    }

    /// May a node be replaced that nobody asked to be?
    fn heals(&self) -> bool {
        let label = self.snapshot.spec.labels.get("auto_healing_enabled");
        let off = label.is_some_and(|text| text.eq_ignore_ascii_case("false"));
        !self.frozen() && (self.status.in_progress() || !off)
    }

    fn failed(&mut self, place: &Place, why: &str) {
        if !self.heals() {
            return;
        }
        let tries = u32::try_from(place.row.tries).unwrap_or(0);
        if tries >= self.settings.cluster.node_tries.max(1) {
            self.acts.push(Act::GiveUp {
                place: place.row.id.clone(),
                why: why.to_owned(),
            });
        } else {
            self.drop(place, Phase::Replace, why, false);
        }
    }

    /// Where nothing is asked for, a node that was given up is tried again by and by.
    fn given_up(&mut self, group: &Group, place: &Place) {
        let complete = self.status.1 == Progress::Complete && group.row.deleting == 0;
        if !complete || !self.heals() {
            return;
        }
        let since = place.row.unwell_since.map_or(self.now, Timestamp);
        let again = since + self.settings.cluster.heal_again();
        match self.now >= again {
            true => self.drop(place, Phase::Replace, "is tried again", true),
            false => self.look_by(again),
        }
    }

    /// Nodes of an older kind are replaced, a few at a time.
    fn refresh(&mut self, group: &Group, leaving: &BTreeSet<&str>) {
        if self.failed_for_good() || self.master_is_next(group) {
            return;
        }
        let staying = |place: &&Place| {
            place.phase != Phase::Remove && !leaving.contains(place.row.id.as_str())
        };
        let works =
            |place: &&Place| place.phase == Phase::Run && condition::of(place) == Condition::Well;
        let staying = group.places.iter().filter(staying);
        let away = staying.clone().filter(|place| !works(place)).count();
        let may = usize::try_from(group.row.batch.max(1)).unwrap_or(1);
        let old: Vec<(&Place, String)> = staying
            .filter(works)
            .filter_map(|place| Some((place, self.outdated(group, place)?)))
            .take(may.saturating_sub(away))
            .collect();
        for (place, why) in old {
            match self.snapshot.lasts(&group.row) {
                true if place.row.problem.is_some() => {}
                true => self.rebuild(place, why),
                false => self.drop(place, Phase::Replace, &why, true),
            }
        }
    }

    fn outdated(&self, group: &Group, place: &Place) -> Option<String> {
        report::outdated(group, place, self.snapshot, self.now, self.settings)
    }
}

#[cfg(test)]
pub(super) mod tests;
