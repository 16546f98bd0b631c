//! Images made of containers: committed under a name of ours, sent as a `docker save` tar, kept
//! until told otherwise, so that sending can be repeated.

use super::client::lively;
use super::{DockerDriver, labels};
use crate::error::Result;
use crate::image::ByteStream;
use bollard::Docker;
use bollard::models::ContainerConfig;
use bollard::query_parameters::CommitContainerOptionsBuilder;
use schemas::host::Snapshot;
use schemas::ids::ImageId;

impl DockerDriver {
    pub(super) async fn commit(&self, order: &Snapshot) -> Result<ByteStream> {
        let name = self.snapshot_name(order.image);
        if self.image_content(&name).await?.is_none() {
            self.commit_anew(order).await?;
        }
        let docker = self.client.engine().await?;
        Ok(lively(
            docker.export_image(&name),
            self.deadlines().silence(),
        ))
    }

    pub(super) async fn drop_snapshot(&self, image: ImageId) -> Result<()> {
        self.remove_image(&self.snapshot_name(image)).await
    }

    fn snapshot_name(&self, image: ImageId) -> String {
        format!(
            "{}:{}",
            labels::snapshot_repo(image),
            labels::tag(self.host_id())
        )
    }

    async fn commit_anew(&self, order: &Snapshot) -> Result<()> {
        let (_, container) = self.existing(order.of).await?;
        let found = self.find(order.of).await?.and_then(|it| it.config?.labels);
        // An image passes its labels on to containers; ours would make strangers look like ours.
        let ours = found
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.starts_with("jeroboam."));
        let blank = ours.map(|(key, _)| (key, String::new())).collect();
        let config = ContainerConfig {
            labels: Some(blank),
            ..ContainerConfig::default()
        };
        let options = CommitContainerOptionsBuilder::new()
            .container(&container)
            .repo(&labels::snapshot_repo(order.image))
            .tag(&labels::tag(self.host_id()))
            .pause(order.pause)
            .build();
        let commit = async |docker: &Docker| docker.commit_container(options, config).await;
        self.client
            .ask("snapshot", self.deadlines().image(), commit)
            .await?;
        Ok(())
    }
}
