//! What all looks of one conductor share.

use crate::Settings;
use crate::fleet::Fleet;
use process::seal::Seals;

/// What all looks of one conductor share.
pub(crate) struct Context {
    pub settings: Settings,
    pub fleet: Fleet,
    /// What seals and opens the keys of clusters.
    pub seals: Seals,
}
