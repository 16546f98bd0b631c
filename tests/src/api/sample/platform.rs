//! Samples of what belongs to no service.

use super::Sample;
use crate::api::things::Things;

pub(super) fn of(_key: &str, _things: &Things) -> Option<Vec<Sample>> {
    None
}
