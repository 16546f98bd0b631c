//! Images: put on the engine once, checked, and only then named after their manifest.

use super::{DockerDriver, labels};
use crate::error::{DriverError, Result};
use crate::image::{self, ImageContent, ImageSource};
use bollard::Docker;
use bollard::query_parameters::{
    ImportImageOptionsBuilder, ListImagesOptions, RemoveImageOptions, TagImageOptionsBuilder,
};
use futures::{StreamExt, TryStreamExt, stream};
use schemas::workload::{Digest, ImageRef};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Images looked at for layers that need not be sent again.
const LOOKED_AT: usize = 256;

impl DockerDriver {
    pub(super) async fn image_list(&self) -> Result<Vec<Digest>> {
        let names = self.image_names().await?;
        let ours = names
            .iter()
            .filter_map(|(name, _)| labels::manifest_in(name, self.host_id()));
        Ok(ours.collect::<BTreeSet<_>>().into_iter().collect())
    }

    pub(super) async fn image_is_here(&self, image: &ImageRef) -> Result<bool> {
        Ok(self
            .image_content(&self.image_name(&image.manifest))
            .await?
            .is_some())
    }

    pub(super) async fn put_image(&self, image: &ImageRef, source: &dyn ImageSource) -> Result<()> {
        if self.image_is_here(image).await? {
            return Ok(());
        }
        let content = source.content().await?;
        // Another tag, another host or a crash before naming may have brought it.
        if let Some(there) = self.image_content(&content.config).await? {
            image::check(&content, &there)?;
            return self.name_image(&content.config, &image.manifest).await;
        }
        let present = self.layers_present(&content.diff_ids).await?;
        let loaded = match self.load(source, present).await {
            // An engine that wants all layers, or one whose layers went away meanwhile.
            Err(DriverError::Engine { text }) if present > 0 => {
                tracing::debug!(text, "loading without known layers failed, sending all");
                self.load(source, 0).await?
            }
            result => result?,
        };
        for id in loaded.iter().chain([&content.config]) {
            if let Some(there) = self.image_content(id).await? {
                if let Err(error) = image::check(&content, &there) {
                    self.remove_nameless(id).await?;
                    return Err(error);
                }
                return self.name_image(id, &image.manifest).await;
            }
        }
        Err(DriverError::ImageData {
            text: "the engine took it and has no such image afterwards".into(),
            permanent: false,
        })
    }

    pub(super) async fn drop_images(&self, keep: &[ImageRef]) -> Result<Vec<Digest>> {
        let mut used: BTreeSet<Digest> = keep.iter().map(|image| image.manifest.clone()).collect();
        used.extend(self.labels_of_containers(labels::IMAGE).await?);
        let mut removed = Vec::new();
        for manifest in self.image_list().await? {
            if used.contains(&manifest) {
                continue;
            }
            match self.remove_image(&self.image_name(&manifest)).await {
                Ok(()) => removed.push(manifest),
                // A container that is no longer ours, or of another host, still holds it.
                Err(DriverError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }

    /// Removes an image by name; none there is success.
    pub(super) async fn remove_image(&self, name: &str) -> Result<()> {
        let remove = async |docker: &Docker| {
            docker
                .remove_image(name, None::<RemoveImageOptions>, None)
                .await
        };
        match self
            .client
            .ask("remove image", self.deadlines().effect(), remove)
            .await
        {
            Ok(_) | Err(DriverError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes what was loaded in vain, unless it was here before under somebody's name.
    async fn remove_nameless(&self, id: &str) -> Result<()> {
        let named = self.image_names().await?;
        let nameless = |(name, of): &(String, String)| of == id && is_nameless(name);
        if named.iter().any(nameless) {
            self.remove_image(id).await
        } else {
            Ok(())
        }
    }

    /// What an image on the engine consists of.
    pub(super) async fn image_content(&self, name: &str) -> Result<Option<ImageContent>> {
        let inspect = async |docker: &Docker| docker.inspect_image(name).await;
        match self
            .client
            .ask("inspect image", self.deadlines().call(), inspect)
            .await
        {
            Ok(found) => Ok(Some(ImageContent {
                config: found.id.unwrap_or_default(),
                diff_ids: found.root_fs.and_then(|it| it.layers).unwrap_or_default(),
            })),
            Err(DriverError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn image_name(&self, manifest: &Digest) -> String {
        format!(
            "{}:{}",
            labels::image_repo(manifest),
            labels::tag(self.host_id())
        )
    }

    async fn name_image(&self, id: &str, manifest: &Digest) -> Result<()> {
        let tag = labels::tag(self.host_id());
        let repo = labels::image_repo(manifest);
        let options = TagImageOptionsBuilder::new().repo(&repo).tag(&tag).build();
        let name = async |docker: &Docker| docker.tag_image(id, Some(options)).await;
        self.client
            .ask("tag image", self.deadlines().call(), name)
            .await
    }

    /// Sends the archive; answers the ids that the engine says it loaded.
    async fn load(&self, source: &dyn ImageSource, present: usize) -> Result<Vec<String>> {
        let archive = source.open(present).await?;
        // A source that breaks off ends the request; its words are better than the engine's.
        let broken = Arc::new(Mutex::new(None));
        let note = broken.clone();
        let archive = archive.inspect_err(move |error| {
            *note.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        });
        let load = async |docker: &Docker| {
            let options = ImportImageOptionsBuilder::new().quiet(true).build();
            let body = bollard::body_try_stream(archive);
            let lines = docker.import_image(options, body, None);
            let said = lines.try_fold(String::new(), |all, line| async move {
                Ok(all + &line.stream.unwrap_or_default())
            });
            said.await
        };
        let said = self
            .client
            .ask("load image", self.deadlines().image(), load)
            .await;
        if let Some(text) = broken.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(DriverError::ImageData {
                text,
                permanent: false,
            });
        }
        match said {
            Ok(said) => Ok(said.lines().filter_map(loaded_id).collect()),
            Err(DriverError::Engine { text }) if is_damage(&text) => Err(DriverError::ImageData {
                text,
                permanent: true,
            }),
            Err(error) => Err(error),
        }
    }

    /// How many of the lowest layers the engine has already, in this order.
    async fn layers_present(&self, diff_ids: &[Digest]) -> Result<usize> {
        let info = async |docker: &Docker| docker.info().await;
        let info = self
            .client
            .ask("info", self.deadlines().call(), info)
            .await?;
        let status = info.driver_status.unwrap_or_default();
        // With images in containerd's own store, a load needs every file.
        if status
            .iter()
            .flatten()
            .any(|word| word.starts_with("io.containerd.snapshotter"))
        {
            return Ok(0);
        }
        let mut ids: Vec<_> = self
            .image_names()
            .await?
            .into_iter()
            .map(|(_, id)| id)
            .collect();
        ids.dedup();
        let contents = stream::iter(ids.into_iter().take(LOOKED_AT))
            .map(|id| async move { self.image_content(&id).await })
            .buffer_unordered(8);
        let best = contents.try_fold(0, |best, content| async move {
            let there = content.map_or(Vec::new(), |content| content.diff_ids);
            let shared = there
                .iter()
                .zip(diff_ids)
                .take_while(|(one, other)| one == other);
            Ok(best.max(shared.count()))
        });
        best.await
    }

    async fn image_names(&self) -> Result<Vec<(String, String)>> {
        let list = async |docker: &Docker| docker.list_images(None::<ListImagesOptions>).await;
        let images = self
            .client
            .ask("list images", self.deadlines().call(), list)
            .await?;
        let named = images.into_iter().flat_map(|image| {
            let id = image.id;
            let names = if image.repo_tags.is_empty() {
                vec![String::new()]
            } else {
                image.repo_tags
            };
            names.into_iter().map(move |name| (name, id.clone()))
        });
        Ok(named.collect())
    }
}

fn loaded_id(line: &str) -> Option<String> {
    let (_, id) = line.split_once("Loaded image")?;
    let (_, id) = id.split_once(": ")?;
    Some(id.trim().to_owned())
}

fn is_nameless(name: &str) -> bool {
    name.is_empty() || name == "<none>:<none>"
}

/// Words by which engines say that an archive contradicts itself.
fn is_damage(text: &str) -> bool {
    [
        "invalid diffID",
        "invalid manifest",
        "unexpected EOF",
        "invalid tar header",
        "invalid character",
    ]
    .iter()
    .any(|part| text.contains(part))
}
