//! `jeroboam`: see `jeroboam --help`.

use clap::Parser;
use devstack::cli::Cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    devstack::command::run(Cli::parse()).await
}
