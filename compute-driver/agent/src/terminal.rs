//! Terminals in containers, served over websockets.
//!
//! A call opens the terminal and answers a URL with a ticket: random, good once, and only for a few
//! seconds. Whoever comes with the ticket gets the terminal: binary frames are its bytes, a text frame
//! `{"resize":[columns,rows]}` tells the size of the user's window.

mod listener;
mod session;

pub(crate) use listener::{bind, listen};

use compute_driver::{Driver, DriverError, Terminal, TtySize};
use rand::TryRngCore;
use rand::rngs::OsRng;
use schemas::ids::WorkloadId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a ticket is good.
const GOOD_FOR: Duration = Duration::from_secs(10);
/// Terminals that wait to be fetched.
const WAITING: usize = 64;
/// Until the user's window is known.
const SIZE: TtySize = TtySize {
    columns: 80,
    rows: 24,
};

/// Terminals that are open and wait for their user.
pub(crate) struct Terminals {
    /// `host:port` as others reach it.
    address: String,
    waiting: Mutex<HashMap<String, (Instant, Terminal)>>,
}

impl Terminals {
    pub(crate) fn new(address: String) -> Terminals {
        Terminals {
            address,
            waiting: Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, (Instant, Terminal)>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        waiting.retain(|_, (until, _)| *until > now);
        waiting
    }

    /// Opens a terminal and answers where to fetch it.
    pub(crate) async fn open(
        &self,
        driver: &dyn Driver,
        id: WorkloadId,
        command: Vec<String>,
    ) -> Result<String, DriverError> {
        let terminal = driver.terminal(id, command, SIZE).await?;
        let mut random = [0u8; 32];
        OsRng
            .try_fill_bytes(&mut random)
            .map_err(|error| DriverError::Engine {
                text: format!("no ticket can be made: {error}"),
            })?;
        let ticket: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut waiting = self.waiting();
        if waiting.len() >= WAITING {
            return Err(DriverError::conflict(
                "The host has too many terminals waiting; try again.",
            ));
        }
        waiting.insert(ticket.clone(), (Instant::now() + GOOD_FOR, terminal));
        Ok(format!("ws://{}/terminal/{ticket}", self.address))
    }

    /// Closes those nobody has come for. Call it now and then.
    pub(crate) fn sweep(&self) {
        drop(self.waiting());
    }

    /// The terminal of a ticket, once.
    fn redeem(&self, ticket: &str) -> Option<Terminal> {
        self.waiting().remove(ticket).map(|(_, terminal)| terminal)
    }
}
