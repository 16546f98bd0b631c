//! Serving a document, and then another.

use super::document::Document;
use super::stale::Stale;
use super::store::Store;
use super::{program, rules};
use crate::guests::Place;
use crate::telling::say;
use std::sync::Arc;
use tokio::sync::watch;

/// What is served now.
pub struct Served {
    place: Place,
    store: Store,
    now: watch::Sender<Arc<Document>>,
}

impl Served {
    /// Nothing yet.
    pub fn new(place: Place, store: Store) -> Self {
        Self {
            place,
            store,
            now: watch::Sender::default(),
        }
    }

    /// What is served, as it changes.
    pub fn watch(&self) -> watch::Receiver<Arc<Document>> {
        self.now.subscribe()
    }

    /// Serves what was served last. Where that fails, the agent will say it all again.
    pub async fn restore(&mut self) {
        let last = match self.store.read() {
            Ok(Some(text)) => Document::parse(&text, &self.place),
            Ok(None) => Ok(Document::default()),
            Err(error) => Err(error.to_string()),
        };
        let last = last.unwrap_or_else(|error| {
            say(format_args!("the last services are lost: {error}"));
            Document::default()
        });
        if let Err(error) = program::nft(rules::table(&last, &self.place)).await {
            say(format_args!("services are not served yet: {error}"));
        }
        self.now.send_replace(Arc::new(last));
    }

    /// Serves what the text says. It is kept after all else is done, so that an end before leaves
    /// everything to be done again.
    ///
    /// # Errors
    /// In words; then what was served before still is, but for what is said here.
    pub async fn change(&mut self, text: &[u8]) -> Result<(), String> {
        let next = Document::parse(text, &self.place)?;
        program::nft(rules::table(&next, &self.place)).await?;
        let before = self.now.borrow().clone();
        for stale in Stale::between(&before, &next, &self.place) {
            let forgotten = program::conntrack(&stale.forget()).await;
            forgotten.map_err(|error| {
                format!("the services are served, but connections to those that have gone: {error}")
            })?;
        }
        self.store.write(text).map_err(|error| error.to_string())?;
        self.now.send_replace(Arc::new(next));
        Ok(())
    }
}
