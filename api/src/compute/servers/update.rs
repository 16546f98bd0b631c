//! `PUT /servers/{id}`: name, description, host name.

use super::changed;
use crate::compute::call::{asked, minor};
use crate::compute::{check, rules};
use crate::ctx::Ctx;
use crate::extract::{Json, Path};
use crate::reply::Reply;
use schemas::compute::server::UpdateBody;
use store::compute::action::Action;
use store::compute::change::{self, Then};

pub async fn update(
    ctx: Ctx<rules::Update>,
    Path(id): Path<String>,
    Json(body): Json<UpdateBody>,
) -> Reply {
    let mut wish = body.server;
    check::absent("description", &wish.description, minor(&ctx), 19)?;
    check::absent("hostname", &wish.hostname, minor(&ctx), 90)?;
    if let Some(name) = &mut wish.name {
        *name = check::name("name", name)?.to_owned();
    }
    if let Some(Some(text)) = &wish.description {
        check::at_most("description", text, 255)?;
    }
    if let Some(host) = &wish.hostname {
        check::hostname(host)?;
    }
    check::address("accessIPv4", wish.access_v4.as_deref())?;
    check::address("accessIPv6", wish.access_v6.as_deref())?;
    let (asked, target) = (asked(&ctx), id.clone());
    ctx.store()
        .write(move |tx| {
            change::server(tx, &asked, &target, Action::Update, |_, at| {
                if let Some(name) = &wish.name {
                    at.server.name = name.clone();
                }
                if let Some(host) = &wish.hostname {
                    at.server.hostname = host.clone();
                }
                if let Some(text) = &wish.description {
                    at.spec.description = text.clone().filter(|text| !text.is_empty());
                }
                if let Some(address) = &wish.access_v4 {
                    at.spec.access_v4 = address.clone();
                }
                if let Some(address) = &wish.access_v6 {
                    at.spec.access_v6 = address.clone();
                }
                Ok(Then::Kept)
            })
            .map(|_| ())
        })
        .await?;
    changed(&ctx, id).await
}
