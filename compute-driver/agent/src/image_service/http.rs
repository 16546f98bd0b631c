//! The image service over HTTP.
//!
//! | Call | Route |
//! |---|---|
//! | `manifest`, `put_manifest` | `GET`, `PUT {image_url}/v2/images/{id}/manifest` |
//! | `blob` | `GET {image_url}/v2/images/{id}/blobs/{digest}`, with `Range` beyond the beginning |
//! | `has_blob`, `put_blob` | `HEAD`, `PUT {image_url}/v2/images/{id}/blobs/{digest}` |

use super::login::Login;
use super::{ImageService, ImageServiceSettings, MANIFEST_MAX};
use async_trait::async_trait;
use blobs::Digest;
use bytes::{Bytes, BytesMut};
use compute_driver::ByteStream;
use futures::{StreamExt, TryStreamExt};
use process::Clock;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, RANGE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use schemas::ids::ImageId;
use schemas::{Error, Result};
use std::io;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);
/// Silence longer than this is a cut.
const SILENCE: Duration = Duration::from_secs(30);
/// An upload slower than this is given up.
const SLOWEST_BYTES_PER_S: u64 = 256 << 10;

/// Client of a real image service.
pub struct HttpImages {
    url: String,
    client: reqwest::Client,
    login: Login,
}

impl HttpImages {
    /// A client; nothing is asked yet.
    ///
    /// # Errors
    /// `BadRequest` when the settings cannot work.
    pub fn new(settings: &ImageServiceSettings, clock: Clock) -> Result<HttpImages> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(process::tls::client(settings.ca_file.as_deref())?)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(Error::internal)?;
        let url = settings
            .image_url
            .trim_end_matches('/')
            .trim_end_matches("/v2");
        if url.is_empty() {
            return Err(Error::BadRequest(
                "The agent's settings name no image_url.".into(),
            ));
        }
        Ok(HttpImages {
            url: url.to_owned(),
            login: Login::new(settings.clone(), client.clone(), clock),
            client,
        })
    }

    fn blob_url(&self, image: ImageId, digest: &Digest) -> String {
        format!("{}/v2/images/{image}/blobs/{digest}", self.url)
    }

    fn manifest_url(&self, image: ImageId) -> String {
        format!("{}/v2/images/{image}/manifest", self.url)
    }

    /// Sends with a token, and once more with a new one if that is refused.
    async fn send(&self, request: RequestBuilder, patience: Duration) -> Result<Response> {
        let token = self.login.token().await?;
        let again = request.try_clone();
        let answer = once(request, &token, patience).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return accepted(answer);
        }
        self.login.refused(&token).await;
        let Some(again) = again else {
            // A body that has been sent is gone; who has it sends it again.
            return Err(Error::Unavailable("The agent's token had ended.".into()));
        };
        let token = self.login.token().await?;
        accepted(once(again, &token, patience).await?)
    }
}

async fn once(request: RequestBuilder, token: &str, patience: Duration) -> Result<Response> {
    let sending = request.header("x-auth-token", token).send();
    let silent = || Error::Unavailable("The image service does not answer.".into());
    let answer = tokio::time::timeout(patience, sending)
        .await
        .map_err(|_| silent())?;
    answer.map_err(|error| {
        Error::Unavailable(format!(
            "The image service cannot be reached: {}",
            error.without_url()
        ))
    })
}

/// The answer, if it is a yes.
fn accepted(answer: Response) -> Result<Response> {
    verdict(answer.status()).map(|()| answer)
}

/// What the image service's code means to a host, whatever carried the answer.
///
/// # Errors
/// `Unavailable` for what may pass; others for what another try would not change.
pub fn verdict(status: StatusCode) -> Result<()> {
    let said = |what: &str| format!("The image service {what} ({status}).");
    match status {
        status if status.is_success() => Ok(()),
        StatusCode::UNAUTHORIZED => Err(Error::Unauthorized(said("refuses the agent's token"))),
        StatusCode::FORBIDDEN => Err(Error::Forbidden(said("forbids it to the agent's user"))),
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::NO_CONTENT => {
            Err(Error::NotFound(said("does not have the image's data")))
        }
        StatusCode::CONFLICT => Err(Error::Conflict(said(
            "does not accept it in the image's state",
        ))),
        StatusCode::PAYLOAD_TOO_LARGE => Err(Error::TooLarge(said("finds the image too large"))),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            Err(Error::Unavailable(said("is too busy")))
        }
        status if status.is_client_error() => Err(Error::BadRequest(said("refuses the request"))),
        _ => Err(Error::Unavailable(said("fails"))),
    }
}

fn cut(error: reqwest::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, error.without_url())
}

#[async_trait]
impl ImageService for HttpImages {
    async fn manifest(&self, image: ImageId) -> Result<Bytes> {
        let request = self.client.get(self.manifest_url(image));
        let mut data = self.send(request, SILENCE).await?.bytes_stream();
        let mut all = BytesMut::new();
        while let Some(part) = data.next().await {
            all.extend_from_slice(
                &part.map_err(|error| Error::Unavailable(cut(error).to_string()))?,
            );
            if all.len() > MANIFEST_MAX {
                return Err(Error::TooLarge("The image's manifest is too large.".into()));
            }
        }
        Ok(all.freeze())
    }

    async fn blob(&self, image: ImageId, digest: &Digest, offset: u64) -> Result<ByteStream> {
        let mut request = self.client.get(self.blob_url(image, digest));
        if offset > 0 {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        let answer = self.send(request, SILENCE).await?;
        // A service that does not know ranges sends all of it.
        let mut skip = match answer.status() {
            StatusCode::PARTIAL_CONTENT => 0,
            _ => offset,
        };
        let data = answer.bytes_stream().map_err(cut);
        let rest = data.map_ok(move |mut part| {
            let n = usize::try_from(skip).unwrap_or(usize::MAX).min(part.len());
            skip -= n as u64;
            part.split_off(n)
        });
        Ok(rest.boxed())
    }

    async fn has_blob(&self, image: ImageId, digest: &Digest) -> Result<bool> {
        let request = self
            .client
            .request(Method::HEAD, self.blob_url(image, digest));
        match self.send(request, SILENCE).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn put_blob(
        &self,
        image: ImageId,
        digest: &Digest,
        len: u64,
        data: ByteStream,
    ) -> Result<()> {
        let request = self
            .client
            .put(self.blob_url(image, digest))
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_LENGTH, len)
            .body(reqwest::Body::wrap_stream(data));
        let patience = SILENCE + Duration::from_secs(len / SLOWEST_BYTES_PER_S);
        self.send(request, patience).await.map(drop)
    }

    async fn put_manifest(&self, image: ImageId, manifest: Bytes) -> Result<()> {
        let request = self
            .client
            .put(self.manifest_url(image))
            .header(CONTENT_TYPE, "application/vnd.oci.image.manifest.v1+json")
            .body(manifest);
        self.send(request, SILENCE).await.map(drop)
    }
}
