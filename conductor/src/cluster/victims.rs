//! Which nodes go when there are too many.

use super::condition::{self, Condition};
use super::snapshot::{Engine, Place};
use store::container_infra::nodes::Phase;

/// The `count` places that go, of those that would stay: first what never came to be or was given up,
/// then what is not well, then the node with the least on it, and of equal ones the last.
pub(super) fn choose<'a>(places: impl Iterator<Item = &'a Place>, count: usize) -> Vec<&'a Place> {
    let mut stay: Vec<&Place> = places
        .filter(|place| place.phase != Phase::Remove)
        .collect();
    stay.sort_by_key(|place| (worth(place), std::cmp::Reverse(place.row.ordinal)));
    stay.truncate(count);
    stay
}

/// What would be lost with a node.
fn worth(place: &Place) -> (u8, i32) {
    let rank = match (place.phase, condition::of(place)) {
        (Phase::Failed, _) => 0,
        (Phase::Launch | Phase::Replace, _) => 1,
        (_, Condition::Well) => 4,
        (_, Condition::Unwell(_) | Condition::Unknown(_)) => 3,
        _ => 2,
    };
    let load = match place.server.as_ref().map(|seat| &seat.engine) {
        Some(Engine::Works(containers)) => *containers,
        _ => 0,
    };
    (rank, load)
}
