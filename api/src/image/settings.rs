//! What an operator may set about images.

use super::pace::Pace;
use blobs::Terms;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;
use store::image::quota::Limits;

/// Settings of the image service; every field has a default.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The directory of blobs: one for all API processes, on a local filesystem.
    pub dir: PathBuf,
    /// CPU of the hosts, in OCI's words (`amd64`, `arm64`).
    pub architecture: String,
    /// Largest upload, in bytes.
    pub max_upload: u64,
    /// Largest image, unpacked, in bytes.
    pub max_unpacked: u64,
    /// Images a project may have when its quota does not say; negative = any number.
    pub project_images: i64,
    /// Bytes of images a project may have when its quota does not say; negative = any number.
    pub project_bytes: i64,
    /// Images into which a project may bring data at the same time (uploading, staged, importing);
    /// fewer than `uploads`, so that one project does not take every turn. Negative = any number.
    pub project_uploads: i64,
    /// Projects an image may be shared with; negative = any number.
    pub members: i64,
    /// Images in one page of a list when the request does not say.
    pub page: usize,
    /// Most images in one page.
    pub page_max: usize,
    /// Uploads taken apart at the same time; more wait for their turn.
    pub uploads: usize,
    /// Seconds that an upload waits for its turn before it is asked to come again later.
    pub turn_s: u64,
    /// An upload from which nothing comes for so many seconds has broken off.
    pub idle_s: u64,
    /// Bytes per second that an upload brings at least: one that is `idle_s` behind has broken off, so that
    /// slow clients do not keep every turn. 0 = it may be as slow as it likes.
    pub upload_rate: u64,
    /// Seconds between looks for blobs that nobody needs.
    pub sweep_s: u64,
    /// Hours that ended tasks are shown.
    pub tasks_h: u64,
    /// Importing from an address on the web.
    pub web_download: WebDownload,
}

/// What the import method `web-download` may do. The server fetches what a tenant names, so by
/// default only public addresses are asked.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebDownload {
    /// Offer it at all.
    pub enabled: bool,
    /// Networks besides the public ones that may be asked (`10.1.0.0/16`): mirrors inside the house.
    #[schemars(with = "Vec<String>")]
    pub allow: Vec<ipnet::IpNet>,
    /// Ports that may be asked; empty = any.
    pub ports: Vec<u16>,
    /// Certificate authorities (PEM) trusted besides the machine's own: those of mirrors inside the
    /// house that speak https.
    pub ca_file: Option<PathBuf>,
    /// Redirects followed, each checked like the first address.
    pub redirects: usize,
    /// Seconds the whole download may take.
    pub timeout_s: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let terms = Terms::default();
        Settings {
            dir: PathBuf::from("images"),
            architecture: terms.architecture,
            max_upload: terms.upload,
            max_unpacked: terms.unpacked,
            project_images: 100,
            project_bytes: 100 << 30,
            project_uploads: 4,
            members: 128,
            page: 100,
            page_max: 1000,
            uploads: 8,
            turn_s: 300,
            idle_s: 60,
            upload_rate: 64 << 10,
            sweep_s: 600,
            tasks_h: 48,
            web_download: WebDownload::default(),
        }
    }
}

impl Default for WebDownload {
    fn default() -> Self {
        WebDownload {
            enabled: true,
            allow: Vec::new(),
            ports: vec![80, 443],
            ca_file: None,
            redirects: 5,
            timeout_s: 3600,
        }
    }
}

impl Settings {
    /// What an upload may be, for a project that has room for `room` bytes more.
    pub fn terms(&self, room: Option<i64>) -> Terms {
        let room = room.map_or(u64::MAX, |room| u64::try_from(room).unwrap_or(0));
        Terms {
            architecture: self.architecture.clone(),
            upload: self.max_upload.min(room),
            unpacked: self.max_unpacked,
            ..Terms::default()
        }
    }

    /// Bounds of projects without their own.
    pub fn limits(&self) -> Limits {
        Limits {
            images: self.project_images,
            bytes: self.project_bytes,
        }
    }

    /// How slow an upload may be.
    pub(super) fn pace(&self) -> Pace {
        Pace {
            patience: Duration::from_secs(self.idle_s),
            rate: self.upload_rate,
        }
    }
}
