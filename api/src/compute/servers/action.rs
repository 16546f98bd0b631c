//! `POST /servers/{id}/action`: the body's one key says what is to be done.

mod access;
mod image;
mod power;
mod rebuild;
mod resize;

use super::console;
use crate::compute::call::{asked, minor, must, not_built};
use crate::compute::rules;
use crate::ctx::Ctx;
use crate::extract::{Json, Path};
use crate::policy::Rule;
use crate::reply::{self, Reply};
use schemas::{Error, Result};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use store::Tx;
use store::compute::action::Action;
use store::compute::change::{self, Changing, Then};
use store::compute::servers::Server;

/// A caller who may see the server; each action asks its own rule besides.
pub(super) type Seen = Ctx<rules::Show>;

pub async fn action(
    ctx: Seen,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Reply {
    let mut entries = body.into_iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err(Error::BadRequest(
            "The body must hold exactly one action, as in {\"os-start\": null}.".into(),
        ));
    };
    let minor = minor(&ctx);
    match name.as_str() {
        "os-start" => power::start(ctx, id).await,
        "os-stop" => power::stop(ctx, id).await,
        "reboot" => power::reboot(ctx, id, read(&name, value)?).await,
        "pause" => power::pause(ctx, id).await,
        "unpause" => power::unpause(ctx, id).await,
        "lock" => access::lock(ctx, id, read(&name, or_empty(value))?).await,
        "unlock" => access::unlock(ctx, id).await,
        "os-resetState" => access::reset_state(ctx, id, read(&name, value)?).await,
        "forceDelete" => access::force_delete(ctx, id).await,
        "rebuild" => rebuild::rebuild(ctx, id, read(&name, value)?).await,
        "resize" => resize::resize(ctx, id, read(&name, value)?).await,
        "confirmResize" => resize::confirm(ctx, id).await,
        "revertResize" => resize::revert(ctx, id).await,
        "createImage" => image::create(ctx, id, read(&name, value)?).await,
        "os-getConsoleOutput" => console::output(ctx, id, read(&name, or_empty(value))?).await,
        "os-getSerialConsole" if minor < 6 => console::serial(ctx, id).await,
        "os-getVNCConsole" | "os-getSPICEConsole" | "os-getRDPConsole" if minor < 6 => {
            must::<rules::RemoteConsoles>(&ctx)?;
            Err(console::no_screen())
        }
        other => Err(refused(&ctx, other, minor)),
    }
}

/// What this cloud does not do, with the rule that would guard it; or what nobody knows.
fn refused(ctx: &Seen, name: &str, minor: u16) -> Error {
    let lacks = |rule: Result<()>, what: &str| rule.err().unwrap_or_else(|| not_built(what));
    match name {
        "suspend" => lacks(
            must::<rules::Suspend>(ctx),
            "Saving a server's memory to disk",
        ),
        "resume" => lacks(must::<rules::Suspend>(ctx), "Going on from saved memory"),
        "shelve" | "shelveOffload" => lacks(must::<rules::Shelve>(ctx), "Shelving"),
        "unshelve" => lacks(must::<rules::Unshelve>(ctx), "Shelving"),
        "rescue" | "unrescue" => lacks(must::<rules::Rescue>(ctx), "Rescuing a server"),
        "migrate" | "os-migrateLive" => lacks(must::<rules::Migrate>(ctx), "Migrating a server"),
        "evacuate" => lacks(
            must::<rules::Evacuate>(ctx),
            "Evacuating one server by hand",
        ),
        "createBackup" => lacks(must::<rules::CreateBackup>(ctx), "Rotating backups"),
        "changePassword" => lacks(
            must::<rules::ChangePassword>(ctx),
            "Changing a password inside a server",
        ),
        "trigger_crash_dump" => lacks(must::<rules::CrashDump>(ctx), "Crashing a kernel"),
        "addSecurityGroup" => lacks(
            must::<rules::SecurityGroupsAdd>(ctx),
            "A security group other than \"default\"",
        ),
        "removeSecurityGroup" => lacks(
            must::<rules::SecurityGroupsRemove>(ctx),
            "A server without its security group",
        ),
        "restore" => lacks(
            must::<rules::ForceDelete>(ctx),
            "Restoring a deleted server",
        ),
        "resetNetwork" | "injectNetworkInfo" => not_built("Mending a server's network by hand"),
        "addFixedIp" | "removeFixedIp" | "addFloatingIp" | "removeFloatingIp" if minor < 44 => {
            not_built("nova-network")
        }
        other => Error::BadRequest(format!("There is no such action: {other}")),
    }
}

/// Reads an action's value; the error names the action.
fn read<T: DeserializeOwned>(name: &str, value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| {
        Error::BadRequest(format!(
            "Invalid input for field/attribute {name}. {error}."
        ))
    })
}

/// Some actions take `null` for "nothing special".
fn or_empty(value: Value) -> Value {
    match value {
        Value::Null => Value::Object(Map::new()),
        other => other,
    }
}

/// One change of one server, in one transaction, if rule `R` allows it.
async fn change<R: Rule>(
    ctx: &Seen,
    id: String,
    action: Action,
    how: impl Fn(&mut Tx<'_>, &mut Changing) -> store::Result<Then> + Send + Sync + 'static,
) -> Result<Server> {
    must::<R>(ctx)?;
    let asked = asked(ctx);
    ctx.store()
        .write(move |tx| change::server(tx, &asked, &id, action, &how))
        .await
}

/// The usual answer: begun.
fn begun(_: Server) -> Reply {
    reply::accepted_empty()
}
