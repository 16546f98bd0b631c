//! Commands run inside a container: to their end, or on a terminal.

use crate::error::Result;
use async_trait::async_trait;
use bytes::Bytes;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::AsyncWrite;

/// A command to run to its end.
#[derive(Clone, Debug)]
pub struct ExecOrder {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What it reads; without, its input is empty.
    pub stdin: Option<Bytes>,
    /// How long it may take. The command itself may go on afterwards: engines cannot end it.
    pub deadline: Duration,
}

impl ExecOrder {
    /// A command without input and a minute's time.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        let command = command.into_iter().map(Into::into).collect();
        Self {
            command,
            stdin: None,
            deadline: Duration::from_secs(60),
        }
    }
}

/// What a command left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecOutput {
    /// Standard output and standard error as they came, in lossy UTF-8.
    pub text: String,
    /// There was more than the driver keeps.
    pub truncated: bool,
    /// Exit status.
    pub exit_code: i64,
}

/// Size of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TtySize {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

/// A command on a terminal. Dropping it closes the connection.
pub struct Terminal {
    /// What the terminal shows; ends with the command.
    pub output: crate::ByteStream,
    /// What the user types.
    pub input: Pin<Box<dyn AsyncWrite + Send>>,
    /// Everything else.
    pub control: Box<dyn TerminalControl>,
}

/// What can be asked of a terminal besides its bytes.
#[async_trait]
pub trait TerminalControl: Send + Sync {
    /// The user's window has another size now.
    async fn resize(&self, size: TtySize) -> Result<()>;

    /// Exit status, once the command has ended.
    async fn exit_code(&self) -> Result<Option<i64>>;
}
