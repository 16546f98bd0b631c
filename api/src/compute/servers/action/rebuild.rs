//! Rebuild: the same server anew from an image.

use super::{Seen, change};
use crate::compute::call::minor;
use crate::compute::servers::view::Place;
use crate::compute::servers::wish::{command_line, files, reference, user_data};
use crate::compute::servers::{create, list};
use crate::compute::{check, rules};
use crate::reply::Reply;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use schemas::compute::server::Rebuild;
use schemas::workload::Power;
use schemas::{Error, Result};
use serde_json::{Value, json};
use store::compute::action::Action;
use store::compute::change::{Changing, Then};
use store::compute::spec::{File, Key};
use store::compute::{keypairs, quotas};
use store::{Scope, Tx};

pub async fn rebuild(ctx: Seen, id: String, mut wish: Rebuild) -> Reply {
    let minor = minor(&ctx);
    versions(&wish, minor)?;
    if let Some(name) = &mut wish.name {
        *name = check::name("name", name)?.to_owned();
    }
    let files = wish.personality.take().map(files).transpose()?;
    if let Some(Some(data)) = &mut wish.user_data {
        *data = user_data(std::mem::take(data))?;
    }
    let password = wish.admin_pass.clone().unwrap_or_else(create::password);
    let (scope, user) = (ctx.scope(), ctx.user_id().to_owned());
    let server = change::<rules::Rebuild>(&ctx, id, Action::Rebuild, move |tx, at| {
        apply(tx, at, &wish, files.clone(), &scope, &user)
    })
    .await?;
    let json = list::shown(&ctx, server.id.clone(), Place::Changed).await?;
    let mut shown: Value = serde_json::from_slice(&json).map_err(Error::internal)?;
    shown["adminPass"] = password.into();
    if minor >= 57 {
        let spec = server.spec().map_err(Error::internal)?;
        shown["user_data"] = json!(spec.user_data);
    }
    let href = ctx.url(&format!("/servers/{}", server.id));
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, href))
        .json(json!({ "server": shown })))
}

fn versions(wish: &Rebuild, minor: u16) -> Result<()> {
    check::absent("description", &wish.description, minor, 19)?;
    check::absent("key_name", &wish.key_name, minor, 54)?;
    check::absent("user_data", &wish.user_data, minor, 57)?;
    check::absent("hostname", &wish.hostname, minor, 90)?;
    if minor >= 57 && wish.personality.is_some() {
        return Err(Error::BadRequest(
            "Additional properties are not allowed ('personality' was unexpected): it went with \
             microversion 2.57; use user_data."
                .into(),
        ));
    }
    if wish.preserve_ephemeral.is_some_and(|flag| flag.0) {
        return Err(Error::BadRequest(
            "preserve_ephemeral: a container has no ephemeral disk to preserve.".into(),
        ));
    }
    if wish
        .trusted_image_certificates
        .as_ref()
        .is_some_and(|list| !list.is_empty())
    {
        return Err(Error::BadRequest(
            "trusted_image_certificates: this cloud does not check image signatures.".into(),
        ));
    }
    if let Some(Some(text)) = &wish.description {
        check::at_most("description", text, 255)?;
    }
    if let Some(host) = &wish.hostname {
        check::hostname(host)?;
    }
    check::address("accessIPv4", wish.access_v4.as_deref())?;
    check::address("accessIPv6", wish.access_v6.as_deref())
}

fn apply(
    tx: &mut Tx<'_>,
    at: &mut Changing,
    wish: &Rebuild,
    files: Option<Vec<File>>,
    scope: &Scope,
    user: &str,
) -> store::Result<Then> {
    let image = create::find_image(tx, scope, &reference(&wish.image_ref))?;
    create::fits(&at.spec.flavor, &image)?;
    if let Some(metadata) = &wish.metadata {
        let limit = quotas::limit(tx, &at.server.project_id, "metadata_items")?;
        check::metadata(metadata, limit)?;
        at.spec.metadata = metadata.clone();
    }
    if let Some(name) = &wish.name {
        at.server.name = name.clone();
    }
    if let Some(host) = &wish.hostname {
        at.server.hostname = host.clone();
    }
    if let Some(text) = &wish.description {
        at.spec.description = text.clone().filter(|text| !text.is_empty());
    }
    if let Some(name) = &wish.key_name {
        at.spec.key = match name {
            None => None,
            Some(name) => {
                let found = keypairs::find(tx, user, name)?;
                let key =
                    found.ok_or_else(|| Error::BadRequest("Invalid key_name provided.".into()))?;
                Some(Key {
                    name: key.name,
                    public_key: key.public_key,
                })
            }
        };
    }
    if let Some(data) = &wish.user_data {
        at.spec.user_data = data.clone();
    }
    if let Some(files) = files {
        at.spec.files = files;
    }
    if let Some(address) = &wish.access_v4 {
        at.spec.access_v4 = address.clone();
    }
    if let Some(address) = &wish.access_v6 {
        at.spec.access_v6 = address.clone();
    }
    let command = at.spec.metadata.get("os_command_line");
    at.spec.command = match command.or_else(|| image.properties.get("os_command_line")) {
        Some(text) => command_line(text)?,
        None => None,
    };
    at.spec.image = create::boot_image(&image)?;
    at.server.image_id = Some(image.id);
    at.spec.incarnation += 1;
    at.spec.reboot = None;
    at.spec.avoid.clear();
    at.spec.failed_on = None;
    at.spec.power = match at.server.vm_state.as_str() {
        "stopped" => Power::Stopped,
        _ => Power::Running,
    };
    Ok(Then::Told("rebuilding"))
}
