//! The words and flags of `jeroboam`, and the help that teaches them.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// A container cloud with OpenStack's APIs.
#[derive(Debug, Parser)]
#[command(name = "jeroboam", version, about, after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  jeroboam settings sample > jeroboam.yaml     every setting, its meaning and its default
  jeroboam -c jeroboam.yaml settings check     is everything there that these settings need?
  jeroboam -c jeroboam.yaml db migrate         make the tables, or bring them up to date

Settings come from the file and from the environment: JEROBOAM__DATABASE__URL=sqlite:///var/lib/…
wins over `url:` in the section `database:`. Secrets can stay in files of their own: `url_file:`.

Exit status: 0 done; 1 not done, standard error says why; 2 wrong usage.";

/// What every command takes.
#[derive(Debug, Args)]
pub struct Common {
    /// Settings file (YAML)
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        env = "JEROBOAM_CONFIG"
    )]
    pub config: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, update and check the database
    #[command(
        subcommand,
        after_help = "\
Examples:
  jeroboam -c jeroboam.yaml db migrate    run before the first start and after each upgrade
  jeroboam -c jeroboam.yaml db check      exit status 1 when migrations are pending"
    )]
    Db(Db),
    /// Print a settings file, or check one
    #[command(
        subcommand,
        after_help = "\
Examples:
  jeroboam settings sample > jeroboam.yaml
  jeroboam -c jeroboam.yaml settings check"
    )]
    Settings(Settings),
    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  jeroboam completions bash > /etc/bash_completion.d/jeroboam
  jeroboam completions fish > ~/.config/fish/completions/jeroboam.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The database.
#[derive(Debug, Subcommand)]
pub enum Db {
    /// Bring the tables up to date; harmless when they are
    Migrate,
    /// Does the database answer, and are its tables up to date?
    Check,
}

/// Settings files.
#[derive(Debug, Subcommand)]
pub enum Settings {
    /// Print every setting with its meaning and default
    Sample,
    /// Print the settings in force (secrets hidden) and probe what they point at
    Check,
}
