//! The image service as the hosts of a world see it: the API's own routes, over its own wire.

use super::door::Door;
use crate::api::answer::{Answer, Ask};
use actix_web::http::Method;
use agent::ImageService;
use agent::image_service::verdict;
use async_trait::async_trait;
use blobs::Digest;
use bytes::{Bytes, BytesMut};
use compute_driver::ByteStream;
use futures::{StreamExt, TryStreamExt, stream};
use process::Faults;
use schemas::ids::ImageId;
use schemas::{Error, Result};

/// One life's client.
pub(super) struct ApiImages {
    door: Door,
    token: String,
    faults: Faults,
}

impl ApiImages {
    pub fn new(door: Door, token: &str, faults: Faults) -> ApiImages {
        ApiImages {
            door,
            token: token.into(),
            faults,
        }
    }

    async fn send(&self, ask: Ask) -> Result<Answer> {
        let broken = || Error::Unavailable("The connection to the image service broke.".into());
        let answer = self.door.ask(ask.set("x-auth-token", &*self.token)).await;
        let answer = answer.ok_or_else(broken)?;
        let code = reqwest::StatusCode::from_u16(answer.status.as_u16());
        verdict(code.map_err(Error::internal)?)?;
        Ok(answer)
    }
}

fn blob(image: ImageId, digest: &Digest) -> String {
    format!("/image/v2/images/{image}/blobs/{digest}")
}

fn manifest(image: ImageId) -> String {
    format!("/image/v2/images/{image}/manifest")
}

#[async_trait]
impl ImageService for ApiImages {
    async fn manifest(&self, image: ImageId) -> Result<Bytes> {
        let answer = self.send(Ask::get(manifest(image))).await?;
        Ok(answer.body.into())
    }

    async fn blob(&self, image: ImageId, digest: &Digest, offset: u64) -> Result<ByteStream> {
        let mut ask = Ask::get(blob(image, digest));
        if offset > 0 {
            ask = ask.header("range", format!("bytes={offset}-"));
        }
        let answer = self.send(ask).await?;
        Ok(stream::once(async { Ok(Bytes::from(answer.body)) }).boxed())
    }

    async fn has_blob(&self, image: ImageId, digest: &Digest) -> Result<bool> {
        match self.send(Ask::new(Method::HEAD, blob(image, digest))).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn put_blob(
        &self,
        image: ImageId,
        digest: &Digest,
        _len: u64,
        data: ByteStream,
    ) -> Result<()> {
        let broken = |error| Error::Unavailable(format!("The upload broke off: {error}"));
        let gather = |mut all: BytesMut, part: Bytes| async move {
            all.extend_from_slice(&part);
            Ok(all)
        };
        let data = data.try_fold(BytesMut::new(), gather).await;
        let ask = Ask::new(Method::PUT, blob(image, digest))
            .bytes("application/octet-stream", data.map_err(broken)?.to_vec());
        let sending = self.send(ask);
        self.faults
            .around("images.put_blob", sending)
            .await
            .map(drop)
    }

    async fn put_manifest(&self, image: ImageId, bytes: Bytes) -> Result<()> {
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let ask = Ask::new(Method::PUT, manifest(image)).bytes(kind, bytes.to_vec());
        let sending = self.send(ask);
        self.faults
            .around("images.put_manifest", sending)
            .await
            .map(drop)
    }
}
