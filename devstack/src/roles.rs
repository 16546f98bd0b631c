//! The three roles, each in a loop that begins it again when it fails: `jeroboam all` runs them in
//! one process, `jeroboam api|conductor|agent` one of them.
//!
//! *Guarantees*: a role that fails does not touch the others; settings that cannot work end the
//! process with words; SIGTERM ends every role after what it has under way, within [`PATIENCE`].

mod agent;
mod api;
mod conductor;
mod gauges;
mod operations;

use crate::settings::Settings;
use bus::Bus;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use process::{Faults, Shutdown, supervise::supervise};
use schemas::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::Store;
use tokio::sync::OnceCell;

/// How long roles may take to end.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The REST services.
    Api,
    /// Reconcilers and scheduler.
    Conductor,
    /// This machine's engine.
    Agent,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 3] = [Role::Api, Role::Conductor, Role::Agent];

    fn name(self) -> &'static str {
        match self {
            Role::Api => "api",
            Role::Conductor => "conductor",
            Role::Agent => "agent",
        }
    }

    async fn live(self, process: Arc<Process>, shutdown: Shutdown) -> Result<()> {
        match self {
            Role::Api => api::live(&process, &shutdown).await,
            Role::Conductor => conductor::live(&process, &shutdown).await,
            Role::Agent => agent::live(&process, &shutdown).await,
        }
    }
}

/// Runs these roles until shutdown.
///
/// # Errors
/// `BadRequest` when the settings of one cannot work; the others are ended then.
pub async fn run(roles: &[Role], settings: Settings, shutdown: Shutdown) -> Result<()> {
    let operations = settings.http.operations;
    let process = Arc::new(Process {
        settings,
        store: OnceCell::new(),
        bus: Mutex::default(),
    });
    let mut lives: FuturesUnordered<BoxFuture<'_, Result<()>>> = FuturesUnordered::new();
    for role in roles.iter().copied() {
        let (process, end) = (process.clone(), shutdown.clone());
        lives.push(Box::pin(supervise(
            role.name(),
            shutdown.clone(),
            move || role.live(process.clone(), end.clone()),
        )));
    }
    if let Some(address) = operations
        && !roles.contains(&Role::Api)
    {
        let (end, process) = (shutdown.clone(), process.clone());
        lives.push(Box::pin(supervise(
            "operations",
            shutdown.clone(),
            move || operations::serve(address, process.clone(), end.clone()),
        )));
    }
    let mut result = Ok(());
    let all = async {
        while let Some(ended) = lives.next().await {
            if ended.is_err() {
                result = ended;
                shutdown.begin();
            }
        }
    };
    shutdown.drain(PATIENCE, all).await;
    result
}

/// What the roles of one process share.
struct Process {
    settings: Settings,
    store: OnceCell<Store>,
    /// The connection that a role made last.
    bus: Mutex<Option<Bus>>,
}

impl Process {
    /// Connects a role to the broker.
    async fn connect(&self) -> Result<Bus> {
        let bus = Bus::connect(&self.settings.bus, Faults::none()).await?;
        *self.bus.lock().unwrap_or_else(PoisonError::into_inner) = Some(bus.clone());
        Ok(bus)
    }

    /// The last connection made.
    fn bus(&self) -> Option<Bus> {
        let bus = self.bus.lock().unwrap_or_else(PoisonError::into_inner);
        bus.clone()
    }

    /// The database, if a role has opened it.
    fn opened(&self) -> Option<&Store> {
        self.store.get()
    }

    /// A role's handle on the database, once its tables are up to date. SQLite's writers queue in one
    /// place, so all handles lead to one opened database; each has its own hints.
    async fn store(&self) -> Result<Store> {
        let opening = self.store.get_or_try_init(|| async {
            let store = self.settings.database.open().await?;
            match store.pending_migrations().await?.len() {
                0 => Ok(store),
                n => Err(Error::Unavailable(format!(
                    "The database lacks {n} migrations: run `jeroboam db migrate` with these settings."
                ))),
            }
        });
        Ok(opening.await?.with_faults(Faults::none()))
    }
}
