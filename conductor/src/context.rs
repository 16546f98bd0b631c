//! What all looks of one conductor share.

use crate::Settings;
use crate::fleet::Fleet;

/// What all looks of one conductor share.
#[derive(Default)]
pub(crate) struct Context {
    pub settings: Settings,
    pub fleet: Fleet,
}
