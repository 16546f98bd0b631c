//! Changes of a container: of its name. What it is made of was settled when it was made.

use super::{Ident, find, missing, refused, shown, view};
use crate::compute;
use crate::container_infra::call::own;
use crate::container_infra::{Changes, rules};
use crate::ctx::Ctx;
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use schemas::container_infra::body;
use schemas::container_infra::container::{Container, RULES};
use schemas::container_infra::patch;
use schemas::{Error, Result as Told};
use serde_json::{Value, json};
use store::compute::action::Action;
use store::compute::change::{self, Then};
use store::compute::guests::{self, Kind};
use store::compute::servers::Server;
use store::compute::spec::Guest;

pub(super) async fn update(
    ctx: Ctx<rules::ContainerUpdate>,
    Path(ident): Path<Ident>,
    query: Query,
    body: Changes,
) -> Reply {
    let changes = body.read(&RULES)?;
    let id = find(&ctx, ident, &query).await?.id;
    let (scope, asked) = (own(&ctx)?, compute::asked(&ctx));
    let server = ctx
        .store()
        .write(move |tx| {
            let found = guests::get(tx, &scope, Kind::Container, &id)?;
            let server = found.ok_or_else(|| missing(&id))?;
            let before = document(&server)?;
            let mut after = body::object(before.clone())?;
            patch::apply(&mut after, &changes)?;
            let after: Container = body::read(after)?;
            let name = after.name.as_deref().unwrap_or_default().to_owned();
            same(before, &after)?;
            if name == server.name {
                return Ok(server);
            }
            change::row(tx, &asked, server, Action::Update, |_, at| {
                at.server.name = name;
                Ok(Then::Kept)
            })
            .map_err(|fail| refused(fail, "."))
        })
        .await?;
    reply::ok(&shown(&ctx, server).await?)
}

/// What a change is applied to.
fn document(server: &Server) -> store::Result<Value> {
    let guest = server.spec()?.guest;
    let Some(Guest::Container {
        env,
        asked_image,
        asked_command,
        asked_memory,
        ..
    }) = guest
    else {
        return Err(Error::internal("a container is no guest").into());
    };
    Ok(json!({
        "name": view::name(server),
        "image": asked_image,
        "bay_uuid": server.guest_of,
        "command": asked_command,
        "memory": asked_memory,
        "environment": env,
    }))
}

/// Is everything but the name as it was?
///
/// # Errors
/// `BadRequest` that names the field.
fn same(before: Value, after: &Container) -> Told<()> {
    let before = body::object(before)?;
    let after = body::object(serde_json::to_value(after).map_err(Error::internal)?)?;
    let changed = after
        .iter()
        .find(|(field, value)| *field != "name" && before.get(*field) != Some(value));
    match changed {
        None => Ok(()),
        Some((field, _)) => Err(Error::BadRequest(format!(
            "'/{field}' of a container is settled when it is made; delete it and make another. Its \
             name can be changed."
        ))),
    }
}
