//! The one image of the simulated world, and the machine under each simulated engine.

use agent::{DirectoryImages, FixedMachine, ImageService, MachineFacts};
use blobs::{Format, Terms, take_apart};
use schemas::ids::ImageId;
use std::path::Path;
use std::sync::Arc;
use store::compute::spec::BootImage;

pub(super) struct Image {
    service: Arc<DirectoryImages>,
    boot: BootImage,
}

impl Image {
    /// A root filesystem with one file, taken apart into blobs as an upload would be.
    pub async fn make(directory: &Path) -> Image {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(5);
        header.set_mode(0o644);
        tar.append_data(&mut header, "etc/hello", &b"hello"[..])
            .unwrap();
        let bytes = tar.into_inner().unwrap();
        let service = DirectoryImages::open(directory).unwrap();
        let taken =
            take_apart(&bytes[..], Format::Bare, service.store(), &Terms::default()).unwrap();
        let boot = BootImage {
            id: ImageId::new(),
            manifest: taken.manifest.to_string(),
        };
        let manifest = service
            .store()
            .read(&taken.manifest, agent::image_service::MANIFEST_MAX as u64);
        service
            .put_manifest(boot.id, manifest.unwrap().into())
            .await
            .unwrap();
        Image {
            service: Arc::new(service),
            boot,
        }
    }

    pub fn service(&self) -> Arc<DirectoryImages> {
        self.service.clone()
    }

    pub fn boot(&self) -> BootImage {
        self.boot.clone()
    }
}

/// A machine with room for a hundred small servers.
pub(super) fn machine() -> FixedMachine {
    FixedMachine(MachineFacts {
        architecture: "amd64".into(),
        cpus: 16,
        memory_bytes: 16 << 30,
        memory_free_bytes: 16 << 30,
        disk_bytes: 200 << 30,
        disk_free_bytes: 200 << 30,
        load: 0.0,
        uptime_s: 1,
    })
}
