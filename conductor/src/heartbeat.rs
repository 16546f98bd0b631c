//! "I live": each conductor says so in the database, for what it is to compute and to
//! container-infra, so that operators see it among the services.

use crate::Settings;
use std::time::Duration;
use store::Store;
use store::container_infra::workers::{self, MAGNUM, NOVA};

/// Says so from time to time. Does not end by itself: dropped, the conductor is silent, and is shown
/// as down a while later.
pub async fn keep(store: &Store, settings: &Settings) {
    let host = settings.hostname();
    let mut every = tokio::time::interval(Duration::from_secs(settings.heartbeat_s.max(1)));
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let host = host.clone();
        let said = store
            .write(move |tx| workers::report(tx, &host, &[MAGNUM, NOVA[0], NOVA[1]]))
            .await;
        if let Err(error) = said {
            tracing::warn!(%error, "this conductor cannot say that it lives");
        }
    }
}
