//! The image of pods' sandboxes: one file of ours (`pause/pause.rs`), carried in this program and
//! loaded where it is missing. Its tag is its content, so versions live side by side; it belongs to
//! no host, so nobody's cleaning of images takes it away.

use super::DockerDriver;
use crate::error::{DriverError, Result};
use crate::image::ImageContent;
use crate::sim::archive::{self, Image, digest};
use crate::sim::files::{File, FileKind, Files, write_tar};
use bollard::Docker;
use bollard::query_parameters::{ImportImageOptionsBuilder, TagImageOptionsBuilder};
use bytes::Bytes;
use futures::TryStreamExt;
use serde_json::json;
use std::sync::atomic::Ordering;

const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pause"));
const REPO: &str = "jeroboam/pause";
/// Where the program is inside.
pub(super) const PATH: &str = "/pause";

impl DockerDriver {
    /// The image's name on the engine, which has it afterwards.
    pub(super) async fn pause_image(&self) -> Result<String> {
        let image = image()?;
        let tag = tag(&image);
        let name = format!("{REPO}:{tag}");
        if self.has_pause.load(Ordering::Relaxed) {
            return Ok(name);
        }
        if self.image_content(&name).await?.is_none() {
            self.load_pause(&image, tag).await?;
        }
        self.has_pause.store(true, Ordering::Relaxed);
        Ok(name)
    }

    /// Somebody has removed it.
    pub(super) fn lost_pause_image(&self) {
        self.has_pause.store(false, Ordering::Relaxed);
    }

    async fn load_pause(&self, image: &Image, tag: &str) -> Result<()> {
        let archive = archive::save(image)?;
        let load = async |docker: &Docker| {
            let options = ImportImageOptionsBuilder::new().quiet(true).build();
            let lines = docker.import_image(options, bollard::body_full(archive), None);
            lines.try_for_each(|_| async { Ok(()) }).await
        };
        let deadline = self.deadlines().effect();
        self.client.ask("load image", deadline, load).await?;
        let options = TagImageOptionsBuilder::new().repo(REPO).tag(tag).build();
        let id = &image.content.config;
        let name = async |docker: &Docker| docker.tag_image(id, Some(options)).await;
        self.client.ask("tag image", deadline, name).await
    }
}

fn tag(image: &Image) -> &str {
    let hex = image.content.config.trim_start_matches("sha256:");
    hex.get(..16).unwrap_or(hex)
}

fn image() -> Result<Image> {
    if PROGRAM.is_empty() {
        return Err(DriverError::host_fault(
            "this host's agent was built without the program of pods' sandboxes: it exists for Linux on x86_64 and aarch64",
        ));
    }
    let program = File {
        mode: 0o755,
        kind: FileKind::Content(Bytes::from_static(PROGRAM)),
    };
    let files = Files::from([(PATH.to_owned(), program)]);
    let layer = write_tar(&files, |path| path.trim_start_matches('/').to_owned());
    let layer = layer.map_err(|error| DriverError::Engine {
        text: error.to_string(),
    })?;
    let diff_ids = vec![digest(&layer)];
    let config = json!({
        "architecture": crate::oci_architecture(std::env::consts::ARCH),
        "os": "linux",
        "config": { "Entrypoint": [PATH] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": [{ "created_by": "jeroboam" }],
    });
    let config = Bytes::from(config.to_string());
    Ok(Image {
        content: ImageContent {
            config: digest(&config),
            diff_ids,
        },
        config,
        layers: vec![layer],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_carried_and_its_image_is_always_the_same() {
        assert!(PROGRAM.starts_with(b"\x7fELF"));
        assert!(PROGRAM.len() < 64 << 10, "{} bytes", PROGRAM.len());
        assert_eq!(tag(&image().unwrap()), tag(&image().unwrap()));
    }
}
