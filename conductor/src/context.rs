//! What all looks of one conductor share.

use crate::Settings;
use crate::fleet::Fleet;
use kubernetes::Prober;
use process::seal::Seals;
use std::sync::Arc;

/// What all looks of one conductor share.
pub(crate) struct Context {
    pub settings: Settings,
    pub fleet: Fleet,
    /// What seals and opens the keys of clusters.
    pub seals: Seals,
    /// Who looks at clusters' API servers.
    pub prober: Arc<dyn Prober>,
}
