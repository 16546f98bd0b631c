//! What all requests share.

use crate::compute::{Rendered, Terminals};
use crate::identity::catalog::Catalog;
use crate::identity::password::Passwords;
use crate::identity::token::{KeyRing, TokenCache};
use crate::image::Images;
use crate::links::Base;
use crate::metrics::Metrics;
use crate::policy::Policy;
use crate::route::Table;
use crate::settings::Settings;
use actix_web::HttpRequest;
use bus::Bus;
use process::Clock;
use process::seal::Seals;
use schemas::{Error, Result};
use std::sync::Arc;
use store::Store;

/// A handle on what all requests share.
pub type State = Arc<AppState>;

/// What all requests share.
pub struct AppState {
    /// The database.
    pub store: Store,
    /// The broker: agents are asked over it.
    pub bus: Bus,
    /// What the operator set.
    pub settings: Settings,
    /// The time.
    pub clock: Clock,
    /// The rules in force.
    pub policy: Policy,
    /// Every route.
    pub table: Table,
    /// Counts and latencies.
    pub metrics: Metrics,
    /// What signs and verifies tokens.
    pub keys: KeyRing,
    /// What seals and opens users' credentials and clusters' keys.
    pub seals: Seals,
    /// Tokens verified already.
    pub tokens: TokenCache,
    /// Terminals that are open.
    pub terminals: Terminals,
    /// How servers looked when they were shown last.
    pub rendered: Rendered,
    /// Services and endpoints as read last.
    pub catalog: Catalog,
    /// Hashes and checks passwords, a few at a time.
    pub passwords: Passwords,
    /// Images' data.
    pub images: Images,
}

impl AppState {
    /// Reads policy and keys (making the first key where there is none) and builds the route table.
    ///
    /// # Errors
    /// `BadRequest` with the mistake in a file the operator wrote; `Internal` for the rest.
    pub fn new(store: Store, bus: Bus, settings: Settings) -> Result<State> {
        let policy = Policy::load(settings.policy_file.clone()).map_err(Error::BadRequest)?;
        let clock = store.clock().clone();
        Ok(Arc::new(AppState {
            policy,
            table: Table::new(crate::routes())?,
            metrics: Metrics::new()?,
            keys: KeyRing::open(&settings.key_dir, &clock)?,
            seals: Seals::open(&settings.key_dir, &clock)?,
            catalog: Catalog::default(),
            tokens: TokenCache::new(settings.token_cache),
            terminals: Terminals::default(),
            rendered: Rendered::default(),
            passwords: Passwords::new(settings.password_checks),
            images: Images::open(&settings.image)?,
            clock,
            store,
            bus,
            settings,
        }))
    }

    /// The scheme, host, port and prefix a client used.
    pub fn base(&self, request: &HttpRequest) -> Base {
        Base::of(
            request,
            self.settings.public_url.as_ref(),
            self.settings.trust_forwarded,
        )
    }

    /// What must be done from time to time: reading policy and keys when they changed.
    pub async fn refresh(&self) {
        self.policy.refresh();
        self.keys.refresh();
        self.seals.refresh();
    }
}
