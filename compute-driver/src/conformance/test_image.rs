//! Small images made on the spot, and the sources that deliver them.

use super::must;
use crate::error::Result;
use crate::image::{ByteStream, ImageContent, ImageSource};
use crate::sim::archive::{self, Image, digest};
use crate::sim::files::{File, FileKind, Files, write_tar};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use schemas::ids::ImageId;
use schemas::workload::ImageRef;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Programs that cases run; all are the one file.
const PROGRAMS: &[&str] = &[
    "cat", "echo", "env", "false", "hostname", "httpd", "nc", "sh", "sleep", "stty", "tail", "true",
];

/// An image, and how often it was asked for.
pub struct TestImage {
    image: Image,
    id: ImageId,
    opened: AtomicUsize,
    present: AtomicUsize,
    fault: Option<Fault>,
}

/// What is wrong with a source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It announces other content than it delivers.
    Lies,
    /// It breaks off in the middle.
    BreaksOff,
}

impl TestImage {
    /// Two layers: the programs, which all such images share, and one with `/etc/mark` only.
    pub fn with_programs(busybox: &Bytes, mark: &str) -> Self {
        let mut base = Files::new();
        for folder in ["/bin", "/etc", "/tmp", "/srv"] {
            base.insert(
                folder.into(),
                File {
                    mode: 0o755,
                    kind: FileKind::Folder,
                },
            );
        }
        base.insert("/bin/busybox".into(), file(busybox.clone(), 0o755));
        for program in PROGRAMS {
            let link = File {
                mode: 0o777,
                kind: FileKind::Link("busybox".into()),
            };
            base.insert(format!("/bin/{program}"), link);
        }
        let marked = Files::from([("/etc/mark".into(), file(mark.to_owned().into(), 0o644))]);
        Self::of_layers(&[base, marked])
    }

    /// This image with one more layer.
    pub(super) fn with_file(&self, path: &str, content: &str) -> Self {
        let more = Files::from([(path.to_owned(), file(content.to_owned().into(), 0o644))]);
        let mut layers = self.image.layers.clone();
        layers.push(layer(&more));
        Self::of(layers)
    }

    /// An image out of a `docker save` tar.
    pub(super) fn saved(tar: &[u8]) -> Self {
        Self::new(must(archive::load(tar, &[]), "the saved image is whole"))
    }

    /// The same image from a source with a fault.
    pub(super) fn with_fault(self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }

    /// What the image is called.
    pub fn reference(&self) -> ImageRef {
        let manifest = digest(format!("manifest of {}", self.image.content.config).as_bytes());
        ImageRef {
            id: self.id,
            manifest,
        }
    }

    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// How many layers the engine said it had, when it last asked.
    pub(super) fn present(&self) -> usize {
        self.present.load(Ordering::SeqCst)
    }

    pub(super) fn layers(&self) -> &[Bytes] {
        &self.image.layers
    }

    fn of_layers(layers: &[Files]) -> Self {
        Self::of(layers.iter().map(layer).collect())
    }

    fn of(layers: Vec<Bytes>) -> Self {
        let diff_ids: Vec<_> = layers.iter().map(|layer| digest(layer)).collect();
        let config = Bytes::from(
            json!({
                "architecture": crate::oci_architecture(std::env::consts::ARCH),
                "os": "linux",
                "config": { "Env": ["PATH=/bin"], "Cmd": ["/bin/sh"] },
                "rootfs": { "type": "layers", "diff_ids": diff_ids },
                "history": layers.iter().map(|_| json!({ "created_by": "test" })).collect::<Vec<_>>(),
            })
            .to_string(),
        );
        let content = ImageContent {
            config: digest(&config),
            diff_ids,
        };
        Self::new(Image {
            content,
            config,
            layers,
        })
    }

    fn new(image: Image) -> Self {
        let (opened, present) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self {
            image,
            id: ImageId::new(),
            opened,
            present,
            fault: None,
        }
    }
}

#[async_trait]
impl ImageSource for TestImage {
    async fn content(&self) -> Result<ImageContent> {
        let mut content = self.image.content.clone();
        if self.fault == Some(Fault::Lies) {
            content.config = digest(b"something else");
            content.diff_ids = vec![digest(b"another layer")];
        }
        Ok(content)
    }

    async fn open(&self, present: usize) -> Result<ByteStream> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        self.present.store(present, Ordering::SeqCst);
        let tar = archive::save_above(&self.image, present)?;
        if self.fault == Some(Fault::BreaksOff) {
            let half = tar.slice(..tar.len() / 2);
            let end = Err(std::io::Error::other("the source went away"));
            return Ok(stream::iter([Ok(half), end]).boxed());
        }
        Ok(stream::once(async { Ok(tar) }).boxed())
    }
}

fn file(content: Bytes, mode: u32) -> File {
    File {
        mode,
        kind: FileKind::Content(content),
    }
}

fn layer(files: &Files) -> Bytes {
    must(
        write_tar(files, |path| path.trim_start_matches('/').to_owned()),
        "layer",
    )
}
