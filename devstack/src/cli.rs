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
  jeroboam -c jeroboam.yaml admin bootstrap --password-file admin.secret
                                               the first administrator, the roles, the catalog
  jeroboam -c jeroboam.yaml all                api, conductor and agent in one process

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
    /// Run api, conductor and agent in one process
    #[command(after_help = "\
Example:
  jeroboam -c jeroboam.yaml all

Ends on SIGTERM or Ctrl-C after what is under way; a second signal ends it at once. Containers go on.")]
    All,
    /// Run the REST services: any number, behind a load balancer
    #[command(after_help = "Example:\n  jeroboam -c jeroboam.yaml api")]
    Api,
    /// Run reconcilers and the scheduler: any number
    #[command(
        after_help = "Example:\n  JEROBOAM__HTTP__OPERATIONS=127.0.0.1:9101 jeroboam -c jeroboam.yaml conductor"
    )]
    Conductor,
    /// Run the agent of this machine: one for each engine
    #[command(
        after_help = "Example:\n  JEROBOAM__AGENT__ZONE=rack-7 jeroboam -c jeroboam.yaml agent"
    )]
    Agent,
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
    /// Keys that sign tokens
    #[command(
        subcommand,
        after_help = "\
Example:
  jeroboam -c jeroboam.yaml key rotate    from cron, weekly; every api process notices by itself"
    )]
    Key(Key),
    /// Print the policy: every rule with its default
    #[command(
        subcommand,
        after_help = "\
Example:
  jeroboam policy sample > policy.yaml    then uncomment what differs, and name the file in `api.policy_file`"
    )]
    Policy(Policy),
    /// First steps of a new cloud
    #[command(subcommand, after_help = ADMIN_EXAMPLES)]
    Admin(Admin),
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

const ADMIN_EXAMPLES: &str = "\
Examples:
  jeroboam -c jeroboam.yaml admin bootstrap --password-file admin.secret --agent-password-file agent.secret
  jeroboam admin seed --url http://127.0.0.1:8080 --password-file admin.secret --image busybox=busybox.tar
  jeroboam admin hello --url http://127.0.0.1:8080 --password-file admin.secret";

/// Token keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a new key that signs from now on; remove those that nothing needs any more
    Rotate,
}

/// Policy.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Print every rule with its default and meaning
    Sample,
}

/// First steps.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Write the first administrator, the roles, the service user and the catalog into the database;
    /// again, it mends what is missing and sets the passwords
    Bootstrap(Bootstrap),
    /// Through the API of a running cloud: the project `demo` with its user, flavors, images
    Seed(Seed),
    /// Through the API: boot a container in the project `demo` and print what it says
    Hello(Cloud),
}

/// The first administrator.
#[derive(Debug, Args)]
pub struct Bootstrap {
    /// File that holds the administrator's password
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
    /// File that holds the password of the agents' service user
    #[arg(long, value_name = "FILE")]
    pub agent_password_file: Option<PathBuf>,
    /// Region of the catalog
    #[arg(long, default_value = "RegionOne")]
    pub region: String,
    /// Address in the catalog; without, each client gets the one it came by
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// A running cloud and its administrator.
#[derive(Debug, Args)]
pub struct Cloud {
    /// Address of the cloud, without a path
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// File that holds the administrator's password
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
}

/// What a new cloud begins with.
#[derive(Debug, Args)]
pub struct Seed {
    /// Which cloud.
    #[command(flatten)]
    pub cloud: Cloud,
    /// File that holds the password of the user `demo`; without, there will be no such user
    #[arg(long, value_name = "FILE")]
    pub demo_password_file: Option<PathBuf>,
    /// A `docker save` archive to offer as a public image; may be repeated
    #[arg(long, value_name = "NAME=FILE", value_parser = named_file)]
    pub image: Vec<(String, PathBuf)>,
    /// The archive of the image `jeroboam-node`, from which nodes of clusters boot; one of other
    /// content takes the place of that which is there
    #[arg(long, value_name = "FILE")]
    pub node_image: Option<PathBuf>,
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => {
            Ok((name.to_owned(), file.into()))
        }
        _ => Err("write NAME=FILE, such as busybox=busybox.tar".to_owned()),
    }
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
