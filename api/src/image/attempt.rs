//! One attempt to bring data into an image: a lease in the row, given back however it ends.

use schemas::image::Status;
use schemas::{Error, Kind, Result};
use store::image::images::Image;
use store::image::uploads::{self, Data};
use store::{Scope, Store};

/// While it lives, nobody else brings data into the image. Dropped (the client went away), the image
/// waits for another attempt; so it does when the process dies, as soon as the lease has run out.
pub(super) struct Attempt {
    store: Store,
    id: String,
    token: String,
    settled: bool,
    /// The work table sees to it that it goes on: being dropped means nothing.
    resumed: bool,
}

impl Attempt {
    /// Begins: the image goes from one state to the other.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it is in another state or another attempt is under way;
    /// `OverQuota` when the project brings data into `most` others.
    pub async fn begin(
        store: &Store,
        scope: &Scope,
        id: &str,
        (from, to): (Status, Status),
        most: i64,
    ) -> Result<(Attempt, Image)> {
        let attempt = Attempt {
            store: store.clone(),
            id: id.to_owned(),
            token: uuid::Uuid::now_v7().to_string(),
            settled: false,
            resumed: false,
        };
        let (scope, id, token) = (scope.clone(), attempt.id.clone(), attempt.token.clone());
        let image = store
            .write(move |tx| {
                let image = uploads::begin(tx, &scope, &id, &token, from, to, uploads::LEASE)?;
                uploads::bound(tx, &image, most)?;
                Ok(image)
            })
            .await?;
        Ok((attempt, image))
    }

    /// Goes on with what an entry of the work table stands for.
    pub fn resume(store: &Store, id: &str, token: &str) -> Attempt {
        Attempt {
            store: store.clone(),
            id: id.to_owned(),
            token: token.to_owned(),
            settled: false,
            resumed: true,
        }
    }

    /// Keeps the lease.
    ///
    /// # Errors
    /// `Gone` when it was lost.
    pub async fn renew(&self) -> Result<()> {
        let (id, token) = (self.id.clone(), self.token.clone());
        let mine = self
            .store
            .write(move |tx| uploads::renew(tx, &id, &token))
            .await;
        match mine {
            Ok(false) => Err(Error::Gone(format!(
                "Image {} was deleted while its data came in.",
                self.id
            ))),
            // A moment without the database is no reason to lose an upload: the lease is longer.
            Ok(true) | Err(Error::Unavailable(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Ends with data. The caller holds the pins until this returns.
    pub async fn finish(mut self, data: Data, limit: i64) -> Result<Image> {
        let (id, token, blobs) = (self.id.clone(), self.token.clone(), data.blobs.clone());
        let done = self
            .store
            .write(move |tx| uploads::finish(tx, &id, &token, &data, limit))
            .await;
        self.end(done, blobs).await
    }

    /// Ends with data that waits to be imported. The caller holds the pin until this returns.
    pub async fn stage(mut self, digest: String) -> Result<()> {
        let (id, token, blob) = (self.id.clone(), self.token.clone(), digest.clone());
        let done = self
            .store
            .write(move |tx| uploads::stage(tx, &id, &token, &digest))
            .await;
        self.end(done, [blob]).await
    }

    async fn end<T>(
        &mut self,
        done: Result<T>,
        blobs: impl IntoIterator<Item = String>,
    ) -> Result<T> {
        let Err(error) = done else {
            self.settled = true;
            return done;
        };
        self.let_go(error, blobs).await
    }

    /// Ends without the data that came, whose blobs nobody holds any more.
    pub async fn refuse<T>(
        mut self,
        why: Error,
        blobs: impl IntoIterator<Item = String>,
    ) -> Result<T> {
        self.let_go(why, blobs).await
    }

    async fn let_go<T>(
        &mut self,
        error: Error,
        blobs: impl IntoIterator<Item = String>,
    ) -> Result<T> {
        let blobs: Vec<String> = blobs.into_iter().collect();
        let forgotten = self
            .store
            .write(move |tx| {
                blobs
                    .iter()
                    .try_for_each(|digest| tx.due(Kind::Blob, digest))
            })
            .await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "blobs of a refused image wait for the sweep");
        }
        self.give_up(&error.to_string()).await;
        Err(error)
    }

    /// Ends without data.
    pub async fn abandon(mut self, reason: &str) {
        self.give_up(reason).await;
    }

    async fn give_up(&mut self, reason: &str) {
        let given_up = abandon(&self.store, &self.id, &self.token, reason).await;
        self.settled = given_up.is_ok();
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.settled || self.resumed {
            return;
        }
        let (store, id, token) = (self.store.clone(), self.id.clone(), self.token.clone());
        // Without a runtime the process is ending; the lease ends too.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let reason = "The upload broke off; send the data again.";
                if let Err(error) = abandon(&store, &id, &token, reason).await {
                    tracing::warn!(%error, id, "an upload's lease has to run out");
                }
            });
        }
    }
}

async fn abandon(store: &Store, id: &str, token: &str, reason: &str) -> Result<()> {
    let (id, token, reason) = (id.to_owned(), token.to_owned(), reason.to_owned());
    store
        .write(move |tx| uploads::abandon(tx, &id, &token, &reason))
        .await
}
