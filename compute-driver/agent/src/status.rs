//! What is being done for one id right now, in words for the tenant.

use crate::images::Flight;
use std::sync::{Arc, Mutex, PoisonError};

/// The present step of one order.
#[derive(Default)]
pub(crate) struct Status(Mutex<Doing>);

#[derive(Default)]
enum Doing {
    #[default]
    Nothing,
    Step(String),
    Fetching(Arc<Flight>),
}

impl Status {
    fn put(&self, doing: Doing) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }

    pub(crate) fn step(&self, text: impl Into<String>) {
        self.put(Doing::Step(text.into()));
    }

    pub(crate) fn fetching(&self, flight: &Arc<Flight>) {
        self.put(Doing::Fetching(flight.clone()));
    }

    /// Empty while there is nothing to tell.
    pub(crate) fn words(&self) -> String {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Doing::Nothing => String::new(),
            Doing::Step(text) => text.clone(),
            Doing::Fetching(flight) => flight.progress.words(),
        }
    }
}
