//! `jeroboam`: see `jeroboam --help`.

use clap::Parser;
use devstack::cli::Cli;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Gives memory back: with glibc's allocator a busy minute of log-ins, each of which needs 19 MiB for
/// a moment, leaves more than a gigabyte resident.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    devstack::command::run(Cli::parse()).await
}
