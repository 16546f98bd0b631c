//! Services of a cluster, on its nodes: what a node is told, and how its guests find names.
//!
//! A node's process 1 (module `node`) keeps a process that serves them, in the network of the inner
//! engine. It listens in the node's folder, beside the engine.

use super::DockerDriver;
use super::client::{path_of, socket_of};
use crate::error::{DriverError, Result};
use bollard::models::HostConfig;
use schemas::workload::{Services, Workload};
use serde::Deserialize;
use std::io;
use std::path::Path;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// The name of the socket in the node's folder.
const SOCKET: &str = "services.sock";
/// The longest answer, in bytes.
const MOST: u64 = 64 << 10;
/// Names with fewer dots are looked for among services first: `NAME.default.svc.DOMAIN` has four.
const DOTS: &str = "ndots:5";

/// What the node answers.
#[derive(Deserialize)]
struct Answer {
    error: Option<String>,
}

impl DockerDriver {
    pub(super) async fn tell_services(&self, services: &Services) -> Result<()> {
        let Some(node) = self.settings.socket_owner else {
            return Err(DriverError::permanent(
                "services are told to nodes of clusters, and this host is none",
            ));
        };
        let engine = Path::new(self.settings.url.trim_start_matches("unix://"));
        let socket = socket_of(node, &engine.with_file_name(SOCKET)).map_err(silent)?;
        let call = self.deadlines().call();
        let line = timeout(call, told(services, &path_of(&socket))).await;
        let line = line.map_err(|_| DriverError::Timeout {
            op: "services",
            after: call,
        })?;
        let line = line.map_err(silent)?;
        let unclear = |error| DriverError::Engine {
            text: format!("the node's answer about services is not understood: {error}"),
        };
        let answer: Answer = serde_json::from_slice(&line).map_err(unclear)?;
        match answer.error {
            None => Ok(()),
            Some(text) => Err(DriverError::Engine { text }),
        }
    }
}

fn silent(error: io::Error) -> DriverError {
    let text = match error.kind() {
        io::ErrorKind::NotFound => {
            "the node serves no services: it is not up yet, or its image is older than its agent (then \
             an administrator publishes a newer one, for new nodes)"
                .to_owned()
        }
        _ => format!("what serves services in the node does not answer: {error}"),
    };
    DriverError::host_fault(text)
}

/// Tells a node, and hears its answer.
async fn told(services: &Services, path: &str) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(services)?;
    text.push(b'\n');
    let mut stream = UnixStream::connect(path).await?;
    // A node that refuses early still says why.
    let sent = stream.write_all(&text).await;
    let mut line = Vec::new();
    let mut stream = BufReader::new(stream.take(MOST));
    stream.read_until(b'\n', &mut line).await?;
    match (line.is_empty(), sent) {
        (true, Err(error)) => Err(error),
        (true, Ok(())) => Err(io::ErrorKind::UnexpectedEof.into()),
        (false, _) => Ok(line),
    }
}

/// Lets a guest of a cluster find services by their names.
pub(super) fn resolve(workload: &Workload, config: &mut HostConfig) {
    let guests = workload.networks.iter();
    let Some(guests) = guests.filter_map(|it| it.network.guests.as_ref()).next() else {
        return;
    };
    config.dns = Some(vec![guests.resolver().to_string()]);
    config.dns_search = Some(guests.search());
    config.dns_options = Some(vec![DOTS.to_owned()]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_services_are_served() {
        let error = |text: &str| serde_json::from_str::<Answer>(text).unwrap().error;
        assert_eq!(error(r#"{"ok":true}"#), None);
        assert_eq!(
            error(r#"{"error":"nft failed"}"#).as_deref(),
            Some("nft failed")
        );
    }
}
