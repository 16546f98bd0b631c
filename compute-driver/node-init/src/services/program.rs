//! Programs that change the kernel's tables: run as root inside, for a bounded time.

use crate::bounded;
use std::process::Output;
use std::time::Duration;
use tokio::process::Command;

/// How long one run may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// Makes the kernel's table be what the text says, all at once.
///
/// # Errors
/// What `nft` says.
pub async fn nft(rules: String) -> Result<(), String> {
    let end = run("nft", &["--file", "-"], rules).await?;
    match end.status.success() {
        true => Ok(()),
        false => Err(said("nft", &end)),
    }
}

/// Runs `conntrack` to delete what the arguments name; nothing of that kind is success.
///
/// # Errors
/// What `conntrack` says.
pub async fn conntrack(arguments: &[String]) -> Result<(), String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let end = run("conntrack", &arguments, String::new()).await?;
    // It fails, too, when there was nothing.
    let nothing = String::from_utf8_lossy(&end.stderr).contains("0 flow entries have been deleted");
    match end.status.success() || nothing {
        true => Ok(()),
        false => Err(said("conntrack", &end)),
    }
}

async fn run(name: &str, arguments: &[&str], input: String) -> Result<Output, String> {
    let mut command = Command::new(name);
    command
        .args(arguments)
        // Root of the user namespace, or it would have none of root's rights after it is started.
        .uid(0)
        .gid(0)
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    bounded::run(&mut command, input.as_bytes(), PATIENCE).await
}

fn said(name: &str, end: &Output) -> String {
    format!("{name} failed {}", bounded::said(end))
}
