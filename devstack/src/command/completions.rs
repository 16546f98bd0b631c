//! `jeroboam completions`.

use crate::cli::Cli;
use crate::terminal;
use clap::CommandFactory;
use clap_complete::Shell;
use schemas::Result;
use std::process::ExitCode;

/// Prints the script.
pub fn print(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "jeroboam", &mut script);
    terminal::result(String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
