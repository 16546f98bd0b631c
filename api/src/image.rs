//! Images: Glance's v2 API over content-addressed blobs.
//!
//! ```text
//!   PUT file ──► Attempt (lease in the row) ──► take apart ──► refer to the blobs + active, one commit
//!   DELETE ────► references go + blobs due ──► upkeep: the collector asks under the blob's lock
//! ```

mod actions;
mod attempt;
mod data;
mod documents;
mod download;
mod feed;
mod images;
mod import;
mod info;
mod intake;
mod look_up;
mod manifest;
mod members;
mod metadefs;
mod pace;
mod parts;
mod query;
mod range;
pub mod rules;
mod settings;
mod state;
mod tags;
mod tasks;
pub mod upkeep;
mod view;

pub use settings::{Settings, WebDownload};
pub use state::Images;

use crate::route::Route;

/// The routes of images.
pub fn routes() -> Vec<Route> {
    [
        images::routes(),
        data::routes(),
        actions::routes(),
        members::routes(),
        tags::routes(),
        import::routes(),
        info::routes(),
        tasks::routes(),
        documents::routes(),
        metadefs::routes(),
        parts::routes(),
        manifest::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
