//! Images of the simulated engine: loaded, dropped, made of containers.

use super::archive::{self, Image};
use super::driver::SimDriver;
use super::script::Op;
use super::snapshot;
use crate::Driver;
use crate::error::{DriverError, Result};
use crate::image::{self, ByteStream, ImageSource};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use schemas::host::Snapshot;
use schemas::workload::{Digest, ImageRef};
use std::sync::Arc;

impl SimDriver {
    pub(super) async fn put_image(&self, image: &ImageRef, source: &dyn ImageSource) -> Result<()> {
        if self.has_image(image).await? {
            return Ok(());
        }
        let content = source.content().await?;
        let present = self.layers_present(&content.diff_ids);
        let tar = source.open(present.len()).await?;
        let tar = tar.try_fold(BytesMut::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        });
        let tar = tar.await.map_err(|error| DriverError::ImageData {
            text: error.to_string(),
            permanent: false,
        })?;
        self.enter("ensure_image").await?;
        let loaded = archive::load(&tar, &present)?;
        image::check(&content, &loaded.content)?;
        let key = (self.host, image.manifest.clone());
        self.engine.machine().images.insert(key, Arc::new(loaded));
        self.settle().await;
        Ok(())
    }

    pub(super) async fn drop_images(&self, keep: &[ImageRef]) -> Result<Vec<Digest>> {
        self.enter("remove_unused_images").await?;
        let mut machine = self.engine.machine();
        let machine = &mut *machine;
        let mut used: Vec<&Digest> = keep.iter().map(|image| &image.manifest).collect();
        used.extend(
            machine
                .containers
                .values()
                .map(|it| &it.workload.image.manifest),
        );
        let mut removed = Vec::new();
        machine.images.retain(|(host, manifest), _| {
            let stays = *host != self.host || used.contains(&manifest);
            removed.extend((!stays).then(|| manifest.clone()));
            stays
        });
        Ok(removed)
    }

    pub(super) async fn commit(&self, order: &Snapshot) -> Result<ByteStream> {
        self.enter("ensure_snapshot").await?;
        let (key, name) = (self.key(order.of), (self.host, order.image));
        let there = self.engine.machine().snapshots.get(&name).cloned();
        let image = match there {
            Some(image) => image,
            None => {
                self.engine.obey(key, Op::Snapshot).await?;
                let mut machine = self.engine.machine();
                let image = Arc::new(snapshot::commit(machine.container(key)?)?);
                machine.snapshots.insert(name, image.clone());
                image
            }
        };
        self.settle().await;
        let tar = archive::save(&image)?;
        Ok(stream::once(async { Ok(tar) }).boxed())
    }

    fn layers_present(&self, diff_ids: &[Digest]) -> Vec<Bytes> {
        let machine = self.engine.machine();
        let shared = |image: &Image| {
            let pairs = image.content.diff_ids.iter().zip(diff_ids);
            pairs.take_while(|(there, wanted)| there == wanted).count()
        };
        let best = machine.images.values().max_by_key(|image| shared(image));
        best.map_or(Vec::new(), |image| image.layers[..shared(image)].to_vec())
    }
}
