//! Masters that hold all that their cluster is: they are brought back, and made anew with what they hold;
//! another one is made only when there is nothing to bring back.

use super::{Act, At, CLOSELY};
use crate::cluster::condition::{self, Condition};
use crate::cluster::report;
use crate::cluster::snapshot::{Group, Life, Place};
use schemas::Timestamp;
use store::container_infra::nodes::Phase;

impl At<'_> {
    /// Sees to such a master that does not work; false for any other node.
    pub(super) fn kept(&mut self, group: &Group, place: &Place) -> bool {
        // One that has never worked holds nothing.
        if !self.snapshot.lasts(&group.row) || place.row.ready == 0 {
            return false;
        }
        let placed = place.server.as_ref().is_some_and(|seat| seat.placed);
        match condition::of(place) {
            // It could not be made anew when that was tried last.
            Condition::Well if place.row.problem.is_some() => {
                let Some(why) = self.outdated(group, place) else {
                    return false;
                };
                let since = place.row.unwell_since.map_or(self.now, Timestamp);
                let again = since + self.settings.cluster.heal_again();
                match self.now >= again {
                    true => self.rebuild(place, why),
                    false => self.look_by(again),
                }
            }
            // Its server's own deadline ends that.
            Condition::Unwell(_) if is_being_made(place) => {
                self.look_by(self.now + CLOSELY);
                if place.row.unwell_since.is_some() {
                    self.acts.push(Act::Unknown {
                        place: place.row.id.clone(),
                    });
                }
            }
            Condition::Unwell(why) => self.bring_back(place, why),
            Condition::Failed(why) if placed => self.bring_back(place, why),
            Condition::Failed(why) | Condition::Dead(why) => self.begin_anew(place, &why),
            Condition::Gone => self.begin_anew(place, "its server was deleted"),
            _ => return false,
        }
        true
    }

    /// Do this group's nodes wait until the one master works, and is what was asked for? An API server knows nodes that
    /// are older than itself, and none that are newer
    /// (<https://kubernetes.io/releases/version-skew-policy/#kubelet>).
    pub(super) fn master_is_next(&self, group: &Group) -> bool {
        let mut masters = self
            .snapshot
            .places()
            .filter(|(of, _)| self.snapshot.lasts(&of.row));
        !self.snapshot.lasts(&group.row)
            && masters.any(|(of, master)| {
                condition::of(master) != Condition::Well
                    || report::behind(of, master, self.snapshot).is_some()
            })
    }

    pub(super) fn rebuild(&mut self, place: &Place, why: String) {
        self.acts.push(Act::Rebuild {
            place: place.row.id.clone(),
            why,
        });
    }

    fn bring_back(&mut self, place: &Place, why: String) {
        let grace = self.settings.cluster.heal_grace();
        if self.waits(place, &why, grace).is_some() && self.heals() {
            self.acts.push(Act::Restart {
                place: place.row.id.clone(),
                why,
            });
        }
    }

    fn begin_anew(&mut self, place: &Place, why: &str) {
        if self.heals() {
            let why = format!(
                "{why}; the cluster begins empty, for its one master held all that was in it"
            );
            self.drop(place, Phase::Replace, &why, true);
        }
    }
}

fn is_being_made(place: &Place) -> bool {
    let life = place.server.as_ref().map(|seat| &seat.life);
    matches!(life, Some(Life::Making(_)))
}
