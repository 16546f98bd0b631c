//! Makes an image out of a simulated container: its image's layers and one more.

use super::archive::{Image, digest, parse};
use super::container::Container;
use super::files::write_tar;
use crate::error::{DriverError, Result};
use crate::image::ImageContent;
use bytes::Bytes;
use serde_json::{Value, json};

/// The container's image with the container's own changes as a further layer.
pub(super) fn commit(container: &Container) -> Result<Image> {
    let layer = write_tar(&container.upper, |path| {
        path.trim_start_matches('/').to_owned()
    })
    .map_err(|error| DriverError::Engine {
        text: error.to_string(),
    })?;
    let base = &container.image;
    let mut diff_ids = base.content.diff_ids.clone();
    diff_ids.push(digest(&layer));
    let mut layers = base.layers.clone();
    layers.push(layer);

    let mut config = parse(&base.config)?;
    config["rootfs"] = json!({ "type": "layers", "diff_ids": diff_ids });
    if let Value::Array(history) = &mut config["history"] {
        history.push(json!({ "created_by": "snapshot" }));
    }
    if let Some(command) = &container.workload.command {
        config["config"]["Entrypoint"] = json!(command);
        config["config"]["Cmd"] = Value::Null;
    }
    let config = Bytes::from(config.to_string());
    Ok(Image {
        content: ImageContent {
            config: digest(&config),
            diff_ids,
        },
        config,
        layers,
    })
}
