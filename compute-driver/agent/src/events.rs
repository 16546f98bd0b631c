//! What happens on the engine without having been asked for.

use crate::keepers::Keepers;
use crate::presence::Greeting;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::{debug, info};

/// A container that ends often has its end looked at this often, and an engine that is going down
/// has time to stop answering.
const SETTLE: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(30);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(5);

/// Watches for ever; each time the stream is there (again), everything is told.
pub(crate) async fn watch(keepers: Arc<Keepers>, greeting: Greeting) {
    let mut back_off = Duration::from_millis(200);
    let mut greeted = false;
    loop {
        match timeout(CONNECT, keepers.host.driver.events()).await {
            Ok(Ok(mut events)) => {
                greeted = true;
                greeting.ask();
                while let Some(event) = events.next().await {
                    debug!(id = %event.id, what = ?event.what, "happened");
                    back_off = Duration::from_millis(200);
                    keepers.look(event.id, SETTLE, false);
                }
                info!("the engine's events have ended");
            }
            Ok(Err(error)) => debug!(%error, "no events yet"),
            Err(_) => debug!("no events yet, the engine is silent"),
        }
        // The first hello waits for the stream, so that nothing falls between, but not for ever.
        if !std::mem::replace(&mut greeted, true) {
            greeting.ask();
        }
        sleep(back_off).await;
        back_off = (back_off * 2).min(LONGEST_BACK_OFF);
    }
}
