//! Of images at rest: each is what its status says, and the store holds what they need and nothing
//! else.

use crate::world::World;
use schemas::Kind;
use schemas::image::Status;
use std::collections::BTreeSet;
use store::Scope;
use store::image::blobs as references;
use store::image::images::Image;
use store::image::list::{self, Filter, Page};

impl World {
    /// All images of the tenant.
    pub(in crate::world) async fn images(&self) -> Vec<Image> {
        let page = Page {
            limit: 1000,
            marker: None,
            sort: Vec::new(),
        };
        let all =
            move |conn: &mut store::Conn| list::list(conn, &Scope::All, &Filter::default(), &page);
        self.store.read(all).await.unwrap()
    }

    /// Names of the blobs in the store.
    pub fn blobs(&self) -> BTreeSet<String> {
        let dir = self.directory().join("images/blobs/sha256");
        let names = std::fs::read_dir(dir).unwrap();
        names
            .map(|entry| format!("sha256:{}", entry.unwrap().file_name().to_str().unwrap()))
            .collect()
    }

    pub(super) async fn audit_images(&self) {
        for image in self.images().await {
            let status = image.status().unwrap();
            assert!(
                matches!(status, Status::Queued | Status::Active | Status::Killed),
                "{}",
                self.describe().await
            );
            assert_eq!(image.snapshot, "", "{}", self.describe().await);
            assert_eq!(image.has_data(), status == Status::Active);
        }
        // What died between storing and referring is found by the next sweep.
        let sweep = |tx: &mut store::Tx<'_>| tx.due(Kind::Blob, "sweep");
        self.store.write(sweep).await.unwrap();
        self.quiet().await;
        let needed = self.store.read(references::all).await.unwrap();
        let needed: BTreeSet<String> = needed.into_iter().collect();
        assert_eq!(self.blobs(), needed, "blobs there, and those needed");
    }
}
