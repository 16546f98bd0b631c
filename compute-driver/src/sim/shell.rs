//! A terminal on a simulated container: it echoes what is typed, runs the programs of
//! [`super::program`], knows its size (`stty size`) and ends by `exit`.

use super::engine::SimEngine;
use super::machine::Key;
use super::program;
use crate::error::Result;
use crate::terminal::{Terminal, TerminalControl, TtySize};
use async_trait::async_trait;
use futures::StreamExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio_util::io::ReaderStream;

#[derive(Clone)]
struct Control(Arc<Mutex<(TtySize, Option<i64>)>>);

impl Control {
    fn state(&self) -> MutexGuard<'_, (TtySize, Option<i64>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TerminalControl for Control {
    async fn resize(&self, size: TtySize) -> Result<()> {
        self.state().0 = size;
        Ok(())
    }

    async fn exit_code(&self) -> Result<Option<i64>> {
        Ok(self.state().1)
    }
}

/// Opens a terminal with a shell on it.
pub(super) fn open(engine: SimEngine, key: Key, size: TtySize) -> Terminal {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let (output, input) = tokio::io::split(near);
    let control = Control(Arc::new(Mutex::new((size, None))));
    tokio::spawn(serve(engine, key, far, control.clone()));
    Terminal {
        output: ReaderStream::new(output).boxed(),
        input: Box::pin(input),
        control: Box::new(control),
    }
}

async fn serve(engine: SimEngine, key: Key, far: DuplexStream, control: Control) {
    let (typed, mut screen) = tokio::io::split(far);
    let mut lines = BufReader::new(typed).lines();
    let mut exit_code = 0;
    // A user who has gone ends the session, as a hang-up does.
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if words.first().is_some_and(|word| word == "exit") {
            exit_code = words.get(1).and_then(|code| code.parse().ok()).unwrap_or(0);
            break;
        }
        let said = if words == ["stty", "size"] {
            let size = control.state().0;
            format!("{} {}\n", size.rows, size.columns)
        } else {
            let run = program::run(&engine, key, &words, None).await;
            run.map_or_else(|| "not found\n".to_owned(), |it| it.text)
        };
        let shown = format!("{line}\n{said}").replace('\n', "\r\n");
        if screen.write_all(shown.as_bytes()).await.is_err() {
            break;
        }
    }
    control.state().1 = Some(exit_code);
}
