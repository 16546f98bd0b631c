//! Connections to ports of pods, at the pod's own address.
//!
//! From the machine that an engine is on, containers are reached as its networks lead. The networks of
//! an engine inside a node, or on another machine, lead nowhere from here: there the sandbox's own
//! program connects from within, and the bytes go by the engine.

use super::{DockerDriver, pods};
use crate::error::{DriverError, Result};
use crate::pod::{self, Conversation};
use bollard::models::ExecConfig;
use futures::StreamExt;
use schemas::ids::WorkloadId;
use schemas::workload::RunState;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::io::StreamReader;

impl DockerDriver {
    pub(super) async fn open_port(
        &self,
        pod: WorkloadId,
        port: u16,
        patience: Duration,
    ) -> Result<Box<dyn Conversation>> {
        let (sandbox, _) = self.existing(pod).await?;
        if sandbox.state != RunState::Running {
            return Err(pod::no_sandbox());
        }
        let address = sandbox.interfaces.first();
        let address: Option<IpAddr> = address.and_then(|it| it.address.parse().ok());
        let connecting = async {
            match address {
                Some(address) if self.settings.is_machine() => {
                    let stream = TcpStream::connect((address, port)).await;
                    let stream = stream.map_err(|error| DriverError::conflict(error.to_string()));
                    Ok(Box::new(stream?) as Box<dyn Conversation>)
                }
                _ => {
                    let address = address.unwrap_or(Ipv4Addr::LOCALHOST.into());
                    let address = SocketAddr::new(address, port);
                    self.connect_within(pod, address, patience).await
                }
            }
        };
        let silent = || DriverError::conflict(format!("nobody answers within {patience:?}"));
        timeout(patience, connecting).await.map_err(|_| silent())?
    }

    async fn connect_within(
        &self,
        pod: WorkloadId,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<Box<dyn Conversation>> {
        // A conversation may go on after the connection is made, but not for ever.
        let seconds = 2 * patience.as_secs().max(1);
        let config = ExecConfig {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            cmd: Some(pods::connect_command(address, seconds)),
            ..ExecConfig::default()
        };
        let exec = self.exec_created(pod, config).await?;
        let (output, input) = self.exec_started(&exec, false).await?;
        let output = output.map(|part| match part {
            Ok(part) => Ok(part.into_bytes()),
            Err(error) => Err(std::io::Error::other(error.to_string())),
        });
        let mut stream = tokio::io::join(StreamReader::new(output), input);
        match stream.read_u8().await {
            Ok(b'+') => Ok(Box::new(stream)),
            _ => Err(DriverError::conflict("connection refused")),
        }
    }
}
