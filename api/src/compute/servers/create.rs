//! `POST /servers`: what the wish names is looked up, and the servers are written, in one
//! transaction.

use super::wish::{NetworkChoice, Wish, command_line, parse};
use crate::compute::call::{must, settings};
use crate::compute::{call, check, flavors, rules};
use crate::ctx::{Caller, Ctx};
use crate::extract::Json;
use crate::reply::Reply;
use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use rand::Rng;
use schemas::compute::server::CreateBody;
use schemas::ids::ImageId;
use schemas::{Error, Result};
use serde_json::json;
use std::time::Duration;
use store::compute::flavors::Sight;
use store::compute::launch::{self, Launch};
use store::compute::spec::{BootImage, Flavor, Key};
use store::compute::{hosts, keypairs, networks, quotas};
use store::image::bootable::{Bootable, bootable};
use store::{Scope, Tx};

pub async fn create(ctx: Ctx<rules::Create>, Json(body): Json<CreateBody>) -> Reply {
    let wish = parse(body, call::minor(&ctx))?;
    if wish.forced_host.is_some() {
        must::<rules::CreateForcedHost>(&ctx)?;
    }
    if wish.wanted_host.is_some() {
        must::<rules::CreateRequestedDestination>(&ctx)?;
    }
    let who = Who::new(&ctx)?;
    let wanted = wish.clone();
    let (ids, reservation) = ctx
        .store()
        .write(move |tx| {
            let launch = resolve(tx, &who, &wanted)?;
            launch::launch(tx, &launch)
        })
        .await?;
    if wish.tell_reservation {
        return crate::reply::accepted(&json!({ "reservation_id": reservation }));
    }
    let id = ids
        .first()
        .ok_or_else(|| Error::internal("nothing was launched"))?;
    let href = ctx.url(&format!("/servers/{id}"));
    let body = json!({ "server": {
        "id": id,
        "links": [
            { "rel": "self", "href": href },
            { "rel": "bookmark", "href": ctx.base().join(&format!("/compute/servers/{id}")) },
        ],
        "OS-DCF:diskConfig": "MANUAL",
        "security_groups": [{ "name": "default" }],
        "adminPass": wish.password.unwrap_or_else(password),
    }});
    Ok(HttpResponse::Accepted()
        .insert_header((LOCATION, href))
        .json(body))
}

/// Clients expect one; nothing in a container asks for it.
pub fn password() -> String {
    rand::rng()
        .sample_iter(rand::distr::Alphanumeric)
        .take(12)
        .map(char::from)
        .collect()
}

/// Who wants servers.
struct Who {
    project: String,
    user: String,
    request: String,
    flavors: Sight,
    patience: Duration,
}

impl Who {
    fn new(caller: &Caller) -> Result<Who> {
        Ok(Who {
            project: caller.project_id()?.to_owned(),
            user: caller.user_id().to_owned(),
            request: caller.request_id().to_string(),
            flavors: flavors::sight(caller),
            patience: settings(caller).build(),
        })
    }
}

fn resolve(tx: &mut Tx<'_>, who: &Who, wish: &Wish) -> store::Result<Launch> {
    let scope = Scope::Project(who.project.clone());
    let limit = quotas::limit(tx, &who.project, "metadata_items")?;
    check::metadata(&wish.metadata, limit)?;
    let image = find_image(tx, &scope, &wish.image)?;
    let flavor = find_flavor(tx, &who.flavors, &wish.flavor, &image)?;
    let key = match &wish.key_name {
        None => None,
        Some(name) => {
            let found = keypairs::find(tx, &who.user, name)?;
            let found =
                found.ok_or_else(|| Error::BadRequest("Invalid key_name provided.".into()))?;
            Some(Key {
                name: found.name,
                public_key: found.public_key,
            })
        }
    };
    if let Some(zone) = &wish.zone
        && !hosts::zone_exists(tx, zone)?
    {
        return Err(Error::BadRequest(format!(
            "The requested availability zone is not available: no host is in {zone}."
        ))
        .into());
    }
    let networked = match &wish.network {
        NetworkChoice::None => false,
        NetworkChoice::Own => true,
        NetworkChoice::Named(id) => {
            if networks::ensure(tx, &who.project)?.id != *id {
                return Err(Error::BadRequest(format!("Network {id} could not be found.")).into());
            }
            true
        }
    };
    let command = wish
        .metadata
        .get("os_command_line")
        .or_else(|| image.properties.get("os_command_line"));
    Ok(Launch {
        project_id: who.project.clone(),
        user_id: who.user.clone(),
        request_id: who.request.clone(),
        name: wish.name.clone(),
        hostname: wish.hostname.clone(),
        command: match command {
            Some(text) => command_line(text)?,
            None => None,
        },
        image: boot_image(&image)?,
        flavor,
        metadata: wish.metadata.clone(),
        tags: wish.tags.clone(),
        description: wish.description.clone(),
        key,
        user_data: wish.user_data.clone(),
        networked,
        zone: wish.zone.clone(),
        wanted_host: wish
            .forced_host
            .clone()
            .or_else(|| wish.wanted_host.clone()),
        hints: wish.hints.clone(),
        group_id: wish.group_id.clone(),
        config_drive: wish.config_drive,
        files: wish.files.clone(),
        access_v4: wish.access_v4.clone(),
        access_v6: wish.access_v6.clone(),
        within: None,
        min_count: wish.min_count,
        max_count: wish.max_count,
        patience: who.patience,
    })
}

/// The image to boot from.
pub fn find_image(tx: &mut Tx<'_>, scope: &Scope, id: &str) -> store::Result<Bootable> {
    let found = bootable(tx, scope, id)?;
    Ok(found.ok_or_else(|| Error::BadRequest("Can not find requested image".into()))?)
}

/// Its content.
pub fn boot_image(image: &Bootable) -> Result<BootImage> {
    let id = ImageId::parse(&image.id);
    Ok(BootImage {
        id: id.ok_or_else(|| Error::internal("an image's id is no UUID"))?,
        manifest: image.manifest.clone(),
    })
}

/// The flavor, if the image fits into it.
pub fn find_flavor(
    tx: &mut Tx<'_>,
    sight: &Sight,
    id: &str,
    image: &Bootable,
) -> store::Result<Flavor> {
    let found = store::compute::flavors::get(tx, sight, id)?;
    let found = found.filter(|flavor| flavor.disabled == 0);
    let flavor = found
        .ok_or_else(|| Error::BadRequest(format!("Flavor {id} could not be found.")))?
        .chosen()?;
    fits(&flavor, image)?;
    Ok(flavor)
}

/// Refuses an image that needs more than the flavor has.
pub fn fits(flavor: &Flavor, image: &Bootable) -> Result<()> {
    if image.min_ram > flavor.size().memory_mb {
        return Err(Error::BadRequest(format!(
            "Flavor's memory is too small for requested image: it has {} MiB, the image needs {}.",
            flavor.ram_mb, image.min_ram
        )));
    }
    // A flavor without a disk does not bound it.
    if flavor.disk_gb > 0 && image.min_disk > flavor.size().disk_gb {
        return Err(Error::BadRequest(format!(
            "Flavor's disk is too small for requested image: it has {} GiB, the image needs {}.",
            flavor.disk_gb, image.min_disk
        )));
    }
    Ok(())
}
