//! `jeroboam admin bootstrap | seed | hello`.

mod hello;

use crate::cli::{self, Admin, Cloud};
use crate::client::Client;
use crate::settings::Settings;
use crate::{seed, terminal};
use api::identity::bootstrap::Bootstrap;
use process::secret;
use schemas::{Result, Secret};
use std::path::Path;
use std::process::ExitCode;

/// Carries out a first step.
pub async fn run(config: Option<&Path>, command: &Admin) -> Result<ExitCode> {
    match command {
        Admin::Bootstrap(wanted) => bootstrap(&Settings::load(config)?, wanted).await?,
        Admin::Seed(wanted) => {
            let admin = log_in(&wanted.cloud, "admin").await?;
            let password = match &wanted.demo_password_file {
                Some(file) => Some(secret::read(file)?),
                None => None,
            };
            seed::project(&admin, password.as_deref()).await?;
            seed::flavors(&admin).await?;
            for (name, file) in &wanted.image {
                seed::image(&admin, name, file).await?;
            }
            if let Some(file) = &wanted.node_image {
                seed::node_image(&admin, file).await?;
            }
        }
        Admin::Hello(cloud) => hello::boot(&log_in(cloud, seed::PROJECT).await?).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn bootstrap(settings: &Settings, wanted: &cli::Bootstrap) -> Result<()> {
    let agent_password = match &wanted.agent_password_file {
        Some(file) => Some(Secret::new(secret::read(file)?)),
        None => None,
    };
    let store = settings.database.open().await?;
    let bootstrap = Bootstrap {
        password: Secret::new(secret::read(&wanted.password_file)?),
        agent_password,
        region: wanted.region.clone(),
        url: wanted.url.clone(),
    };
    bootstrap.write(&store).await?;
    terminal::message("The user `admin` may log in to the project `admin`, domain `Default`.");
    Ok(())
}

async fn log_in(cloud: &Cloud, project: &str) -> Result<Client> {
    let password = secret::read(&cloud.password_file)?;
    Client::log_in(&cloud.url, "admin", &password, project).await
}
