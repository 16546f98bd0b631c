//! Masters that hold all that their cluster is: they are brought back, and another one is made only when
//! there is nothing to bring back.

use super::{Act, At};
use crate::cluster::condition::{self, Condition};
use crate::cluster::kubernetes;
use crate::cluster::snapshot::{Group, Place};
use store::container_infra::nodes::Phase;

impl At<'_> {
    /// Sees to such a master that does not work; false for any other node.
    pub(super) fn kept(&mut self, group: &Group, place: &Place) -> bool {
        // One that has never worked holds nothing.
        if !kubernetes::lasts(self.snapshot, &group.row) || place.row.ready == 0 {
            return false;
        }
        let placed = place.server.as_ref().is_some_and(|seat| seat.placed);
        match condition::of(place) {
            Condition::Unwell(why) => self.bring_back(place, why),
            Condition::Failed(why) if placed => self.bring_back(place, why),
            Condition::Failed(why) | Condition::Dead(why) => self.begin_anew(place, &why),
            Condition::Gone => self.begin_anew(place, "its server was deleted"),
            _ => return false,
        }
        true
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
