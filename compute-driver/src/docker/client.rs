//! The connection to an engine: made when first needed, made anew after the engine was away (it may
//! come back as another version), and never waited on for longer than a deadline.

use super::settings::{DockerSettings, TlsFiles};
use super::words;
use crate::error::{DriverError, Result};
use crate::image::ByteStream;
use crate::node::Uids;
use bollard::{API_DEFAULT_VERSION, Docker};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use nix::fcntl::OFlag;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// bollard's own bound covers only the head of an answer, so ours is the one that counts.
const NO_BOUND_S: u64 = 24 * 3600;

pub(super) struct Client {
    settings: DockerSettings,
    connected: Mutex<Option<Connected>>,
}

/// A connection, and what it needs to stay one.
struct Connected {
    docker: Docker,
    _socket: Option<File>,
}

impl Client {
    pub(super) fn new(settings: DockerSettings) -> Self {
        Self {
            settings,
            connected: Mutex::new(None),
        }
    }

    /// The engine, with an API version that both know.
    pub(super) async fn engine(&self) -> Result<Docker> {
        let there = self
            .connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(|it| it.docker.clone());
        if let Some(docker) = there {
            return Ok(docker);
        }
        let (url, socket) = address(&self.settings)?;
        let docker = connect(&self.settings, &url).map_err(|error| words::translate(&error))?;
        let call = self.settings.deadlines.call();
        let docker = within("connect", call, docker.negotiate_version()).await?;
        *self
            .connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Connected {
            docker: docker.clone(),
            _socket: socket,
        });
        Ok(docker)
    }

    /// One order, to its end or its deadline.
    pub(super) async fn ask<T>(
        &self,
        op: &'static str,
        deadline: Duration,
        order: impl AsyncFnOnce(&Docker) -> Result<T, bollard::errors::Error>,
    ) -> Result<T> {
        let docker = self.engine().await?;
        let result = within(op, deadline, order(&docker)).await;
        if matches!(result, Err(DriverError::EngineDown { .. })) {
            *self
                .connected
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = None;
        }
        result
    }
}

async fn within<T>(
    op: &'static str,
    after: Duration,
    order: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T> {
    match tokio::time::timeout(after, order).await {
        Ok(result) => result.map_err(|error| words::translate(&error)),
        Err(_) => Err(DriverError::Timeout { op, after }),
    }
}

/// Where to connect to.
fn address(settings: &DockerSettings) -> Result<(String, Option<File>)> {
    let Some(node) = settings.socket_owner else {
        return Ok((settings.url.clone(), None));
    };
    let path = Path::new(settings.url.trim_start_matches("unix://"));
    let socket = socket_of(node, path).map_err(|error| DriverError::EngineDown {
        text: format!("its socket: {error}"),
    })?;
    Ok((format!("unix://{}", path_of(&socket)), Some(socket)))
}

/// Opens a node's socket to be connected to. It is opened (but not followed) and looked at, and then
/// connected to by that very file ([`path_of`]), so that nobody can put another in its place: whoever
/// holds a node would be glad to see the agent speak to the machine's own engine instead. It has to be
/// the node's own, or of him who owns the folder it is in.
pub(super) fn socket_of(node: Uids, path: &Path) -> std::io::Result<File> {
    let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let socket = File::options()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)?;
    let facts = socket.metadata()?;
    let folder = path.parent().unwrap_or(path).metadata()?;
    let owned = node.has(facts.uid()) || facts.uid() == folder.uid();
    match facts.file_type().is_socket() && owned {
        true => Ok(socket),
        false => Err(std::io::Error::other(
            "what is in its place is not the node's",
        )),
    }
}

/// The path of a file that is open.
pub(super) fn path_of(file: &File) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

fn connect(settings: &DockerSettings, url: &str) -> Result<Docker, bollard::errors::Error> {
    if settings.is_local() {
        return Docker::connect_with_unix(url, NO_BOUND_S, API_DEFAULT_VERSION);
    }
    match &settings.tls {
        Some(TlsFiles { ca, cert, key }) => {
            // Another crate may have brought another provider; without a choice rustls panics.
            _ = rustls::crypto::ring::default_provider().install_default();
            Docker::connect_with_ssl(url, key, cert, ca, NO_BOUND_S, API_DEFAULT_VERSION)
        }
        None => Docker::connect_with_http(url, NO_BOUND_S, API_DEFAULT_VERSION),
    }
}

/// A stream of data that fails when nothing comes for too long.
pub(super) fn lively(
    stream: impl Stream<Item = Result<Bytes, bollard::errors::Error>> + Send + 'static,
    silence: Duration,
) -> ByteStream {
    futures::stream::unfold(Some(Box::pin(stream)), move |stream| async move {
        let mut stream = stream?;
        match tokio::time::timeout(silence, stream.next()).await {
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(stream))),
            Ok(Some(Err(error))) => Some((Err(std::io::Error::other(error.to_string())), None)),
            Ok(None) => None,
            Err(_) => Some((Err(std::io::ErrorKind::TimedOut.into()), None)),
        }
    })
    .boxed()
}
