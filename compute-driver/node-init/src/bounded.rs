//! Running other programs to their end, for a bounded time.

use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Runs a program with this input. What it writes to its standard output is for nobody.
///
/// # Errors
/// When it cannot be run, or has not ended in time; it is killed then.
pub async fn run(
    command: &mut Command,
    input: &[u8],
    patience: Duration,
) -> Result<Output, String> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let work = async {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read it says why.
            _ = stdin.write_all(input).await;
        }
        child.wait_with_output().await
    };
    match tokio::time::timeout(patience, work).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(format!("{name} cannot be run: {error}")),
        Err(_) => Err(format!("{name} did not end within {patience:?}")),
    }
}

/// The beginning of what a program said when it failed: the rest may repeat much of its input.
pub fn said(end: &Output) -> String {
    let text = String::from_utf8_lossy(&end.stderr);
    let lines: Vec<&str> = text.lines().take(4).collect();
    format!("({}): {}", end.status, lines.join(" "))
}
