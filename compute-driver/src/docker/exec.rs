//! Commands inside containers: to their end, or on a terminal.

use super::client::Client;
use super::settings::Deadlines;
use super::{DockerDriver, words};
use crate::error::{DriverError, Result};
use crate::terminal::{ExecOrder, ExecOutput, Terminal, TerminalControl, TtySize};
use async_trait::async_trait;
use bollard::Docker;
use bollard::exec::{StartExecOptions, StartExecResults};
use bollard::models::ExecConfig;
use bollard::query_parameters::ResizeExecOptionsBuilder;
use futures::StreamExt;
use schemas::ids::WorkloadId;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Output that is kept of a command that runs to its end.
const OUTPUT_BYTES: usize = 1 << 20;

impl DockerDriver {
    pub(super) async fn run_inside(&self, id: WorkloadId, order: ExecOrder) -> Result<ExecOutput> {
        let after = order.deadline;
        tokio::time::timeout(after, self.run_to_end(id, order))
            .await
            .map_err(|_| DriverError::Timeout { op: "exec", after })?
    }

    async fn run_to_end(&self, id: WorkloadId, order: ExecOrder) -> Result<ExecOutput> {
        let config = ExecConfig {
            attach_stdin: Some(order.stdin.is_some()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(order.command),
            ..ExecConfig::default()
        };
        let exec = self.exec_created(id, config).await?;
        let (mut output, mut input) = self.exec_started(&exec, false).await?;
        let fed = async {
            if let Some(stdin) = order.stdin {
                // A command that does not read its input to the end is no failure.
                _ = input.write_all(&stdin).await;
                _ = input.shutdown().await;
            }
        };
        let read = async {
            let (mut kept, mut truncated) = (Vec::new(), false);
            while let Some(Ok(part)) = output.next().await {
                let part = part.into_bytes();
                let room = OUTPUT_BYTES - kept.len();
                truncated |= part.len() > room;
                kept.extend_from_slice(&part[..part.len().min(room)]);
            }
            (kept, truncated)
        };
        let ((kept, truncated), ()) = tokio::join!(read, fed);
        let text = String::from_utf8_lossy(&kept).into_owned();
        let exit_code = self.exit_code_of(&exec).await?;
        match words::not_started(exit_code, &text) {
            Some(refusal) => Err(refusal),
            None => Ok(ExecOutput {
                text,
                truncated,
                exit_code,
            }),
        }
    }

    pub(super) async fn open_terminal(
        &self,
        id: WorkloadId,
        command: Vec<String>,
        size: TtySize,
    ) -> Result<Terminal> {
        let config = ExecConfig {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(true),
            env: Some(vec!["TERM=xterm-256color".to_owned()]),
            cmd: Some(command),
            ..ExecConfig::default()
        };
        let exec = self.exec_created(id, config).await?;
        let (output, input) = self.exec_started(&exec, true).await?;
        let control = DockerTerminal {
            client: self.client.clone(),
            deadlines: self.settings.deadlines.clone(),
            exec,
        };
        control.resize(size).await?;
        let output = output.map(|part| match part {
            Ok(part) => Ok(part.into_bytes()),
            Err(error) => Err(std::io::Error::other(error.to_string())),
        });
        Ok(Terminal {
            output: output.boxed(),
            input,
            control: Box::new(control),
        })
    }

    pub(super) async fn exec_created(&self, id: WorkloadId, config: ExecConfig) -> Result<String> {
        let (_, name) = self.existing(id).await?;
        let create = async |docker: &Docker| docker.create_exec(&name, config).await;
        Ok(self
            .client
            .ask("exec", self.deadlines().call(), create)
            .await?
            .id)
    }

    pub(super) async fn exec_started(&self, exec: &str, tty: bool) -> Result<(Output, Input)> {
        let options = StartExecOptions {
            detach: false,
            tty,
            output_capacity: Some(64 * 1024),
        };
        let start = async |docker: &Docker| docker.start_exec(exec, Some(options)).await;
        match self
            .client
            .ask("exec", self.deadlines().effect(), start)
            .await?
        {
            StartExecResults::Attached { output, input } => Ok((output, input)),
            StartExecResults::Detached => Err(DriverError::Engine {
                text: "the command was started without us".into(),
            }),
        }
    }

    /// The engine may close the output a moment before it knows the status.
    async fn exit_code_of(&self, exec: &str) -> Result<i64> {
        loop {
            if let Some(code) = exit_code(&self.client, self.deadlines(), exec).await? {
                return Ok(code);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(super) type Output = futures::stream::BoxStream<
    'static,
    Result<bollard::container::LogOutput, bollard::errors::Error>,
>;
pub(super) type Input = std::pin::Pin<Box<dyn tokio::io::AsyncWrite + Send>>;

async fn exit_code(client: &Client, deadlines: &Deadlines, exec: &str) -> Result<Option<i64>> {
    let inspect = async |docker: &Docker| docker.inspect_exec(exec).await;
    let seen = client.ask("exec", deadlines.call(), inspect).await?;
    Ok(seen.exit_code.filter(|_| seen.running != Some(true)))
}

struct DockerTerminal {
    client: Arc<Client>,
    deadlines: Deadlines,
    exec: String,
}

#[async_trait]
impl TerminalControl for DockerTerminal {
    async fn resize(&self, size: TtySize) -> Result<()> {
        let options = ResizeExecOptionsBuilder::new()
            .h(i32::from(size.rows))
            .w(i32::from(size.columns))
            .build();
        let resize = async |docker: &Docker| docker.resize_exec(&self.exec, options).await;
        self.client
            .ask("resize", self.deadlines.call(), resize)
            .await
    }

    async fn exit_code(&self) -> Result<Option<i64>> {
        exit_code(&self.client, &self.deadlines, &self.exec).await
    }
}
