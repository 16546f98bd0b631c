//! A new container: its image, its place among the nodes and its bounds are looked up and written down
//! at once; it is made, and not started, while the client waits.

use super::{most, shown, wait};
use crate::compute;
use crate::container_infra::call::own;
use crate::container_infra::view::created;
use crate::container_infra::{Object, boot_image, ident, rules};
use crate::ctx::Ctx;
use crate::reply::Reply;
use schemas::container_infra::body::{self, invalid};
use schemas::container_infra::container::{Create, Memory};
use schemas::container_infra::status::{Operation, Progress, Status};
use schemas::ids::{ClusterId, ServerId};
use schemas::{Error, Result as Told};
use store::compute::change::Asked;
use store::compute::guests::{self, Kind};
use store::compute::launch::Launch;
use store::compute::spec::{Flavor, Guest};
use store::container_infra::clusters::{self, Cluster};
use store::{Result, Tx};

/// A container as asked for, and by whom.
#[derive(Clone)]
struct Wish {
    id: ServerId,
    bay: String,
    create: Create,
    command: Option<Vec<String>>,
    project_id: String,
    asked: Asked,
    most: i64,
}

pub(super) async fn create(ctx: Ctx<rules::ContainerCreate>, Object(mut map): Object) -> Reply {
    let id = body::take_uuid(&mut map)?;
    let create = Create::read(map)?;
    let wish = Wish {
        id: ServerId(ident::chosen(id)?),
        bay: ident::uuid(&create.container.bay_uuid)?,
        command: words("command", create.container.command.as_deref())?,
        create,
        project_id: ctx.project_id()?.to_owned(),
        asked: Asked {
            scope: own(&ctx)?,
            ..compute::asked(&ctx)
        },
        most: most(&ctx),
    };
    let (id, patience) = (wish.id.to_string(), wait::patience(&ctx));
    ctx.store().write(move |tx| make(tx, &wish)).await?;
    let made = wait::done(&ctx, &id, patience).await?;
    created(&ctx, "containers", &id, &shown(&ctx, made).await?)
}

/// A command line in its words.
///
/// # Errors
/// `BadRequest` when its quotes do not match.
pub(super) fn words(field: &str, line: Option<&str>) -> Told<Option<Vec<String>>> {
    let Some(line) = line else {
        return Ok(None);
    };
    let words = shlex::split(line).ok_or_else(|| {
        invalid(
            field,
            "Its words cannot be told apart: a quote, or what a backslash stands before, is missing.",
        )
    })?;
    Ok(Some(words).filter(|words| !words.is_empty()))
}

fn make(tx: &mut Tx<'_>, wish: &Wish) -> Result<()> {
    let found = clusters::get(tx, &wish.asked.scope, &wish.bay)?;
    let missing = || Error::BadRequest(format!("Bay {} could not be found.", wish.bay));
    let cluster = found.ok_or_else(missing)?;
    runs_containers(&cluster)?;
    guests::room(tx, &wish.project_id, Kind::Container, wish.most)?;
    let container = &wish.create.container;
    let guest = Guest::Container {
        env: container.environment.0.clone(),
        asked_image: wish.create.image.to_string(),
        asked_command: container.command.as_deref().map(str::to_owned),
        asked_memory: container
            .memory
            .as_ref()
            .map(|memory| memory.as_str().to_owned()),
        in_first_words: wish.create.in_first_words,
    };
    let launch = launch(tx, wish, &cluster)?;
    match guests::launch(tx, wish.id, &launch, &guest, None)? {
        true => Ok(()),
        false => Err(Error::Conflict(format!(
            "A container with UUID {} already exists; choose another or none.",
            wish.id
        ))
        .into()),
    }
}

/// Can containers be placed on this cluster's nodes?
fn runs_containers(cluster: &Cluster) -> Result<()> {
    match cluster.coe.as_str() {
        "docker" | "swarm" | "swarm-mode" => {}
        coe => {
            return Err(Error::BadRequest(format!(
                "Containers run on bays of docker and swarm, and this one is of {coe}, which has its own \
                 ways to run them."
            ))
            .into());
        }
    }
    let Status(operation, progress) = cluster.state()?;
    let complete = operation != Operation::Create || progress == Progress::Complete;
    match cluster.deleting == 0 && complete {
        true => Ok(()),
        false => Err(Error::BadRequest(format!(
            "Bay {} is {}; containers can be made on one that is CREATE_COMPLETE, and until it is deleted.",
            cluster.id, cluster.status
        ))
        .into()),
    }
}

fn launch(tx: &mut Tx<'_>, wish: &Wish, cluster: &Cluster) -> Result<Launch> {
    let container = &wish.create.container;
    let within = ClusterId::parse(&cluster.id);
    let image = boot_image::resolve(tx, &wish.asked.scope, &wish.create.image)?;
    Ok(Launch {
        command: wish.command.clone(),
        within: Some(within.ok_or_else(|| Error::internal("a cluster's id is no UUID"))?),
        patience: wish.asked.build,
        ..Launch::plain(
            [
                &wish.project_id,
                &wish.asked.user_id,
                &wish.asked.request_id,
            ],
            container.name.as_deref().unwrap_or_default().to_owned(),
            image,
            size(container.memory.as_ref()),
        )
    })
}

/// No flavor bounds a container: its memory may be bounded, and it has its share of its node's CPUs.
fn size(memory: Option<&Memory>) -> Flavor {
    let extra = [("quota:cpu_quota", "-1"), ("quota:cpu_shares", "1024")];
    Flavor {
        ram_mb: memory.map_or(0, Memory::mebibytes),
        extra_specs: extra
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..Flavor::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_a_shell_would() {
        let split = |line| words("command", Some(line)).unwrap();
        assert_eq!(
            split("echo 'a b' c"),
            Some(["echo", "a b", "c"].map(str::to_owned).into())
        );
        assert_eq!(split("  "), None);
        assert_eq!(words("command", None).unwrap(), None);
        assert!(words("command", Some("echo 'a")).is_err());
    }
}
