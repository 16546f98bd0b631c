//! Finding the image a request is about, and asking the rule about it.

use crate::ctx::{Caller, Ctx, Pending};
use crate::policy::{Rule, Target};
use schemas::ids::ImageId;
use schemas::{Error, Kind, Result};
use store::image::images::{self, Image};
use store::{Tx, events};

/// The image, if the caller may see it.
pub(super) async fn find(caller: &Caller, id: ImageId) -> Result<Image> {
    let (scope, id) = (caller.scope(), id.to_string());
    caller
        .read(move |conn| images::find(conn, &scope, &id))
        .await
}

/// Asks the rule about the image.
pub(super) fn authorize<R: Rule>(pending: Pending<R>, image: &Image) -> Result<Ctx<R>> {
    let own = own_project(&pending);
    pending.authorize(&target(image, &own))
}

/// The image as rules see it. That somebody of another project sees a shared image at all means
/// that his project is a member.
pub(super) fn target<'a>(image: &'a Image, own: &'a str) -> Target<'a> {
    let target = Target::project(&image.project_id).with("visibility", &image.visibility);
    if image.visibility == "shared" && image.project_id != own {
        return target.with("member_id", own);
    }
    target
}

/// The token's project; empty when it is for none.
pub(super) fn own_project(caller: &Caller) -> String {
    let project = caller.auth().project();
    project
        .map(|project| project.id.clone())
        .unwrap_or_default()
}

/// What was decided about one row must not be carried out on another.
pub(super) fn unchanged(decided: &Image, found: &Image) -> Result<()> {
    if decided.project_id == found.project_id && decided.visibility == found.visibility {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "Image {} was given to others meanwhile; look at it and repeat the request.",
        found.id
    )))
}

/// Who did something to an image, for its events.
#[derive(Clone)]
pub(super) struct Doer {
    user_id: String,
    request_id: String,
}

impl Doer {
    pub fn of(caller: &Caller) -> Doer {
        Doer {
            user_id: caller.user_id().to_owned(),
            request_id: caller.request_id().as_str().to_owned(),
        }
    }

    /// Writes down what he did.
    pub fn event(&self, tx: &mut Tx<'_>, image: &Image, action: &str) -> store::Result<()> {
        tx.event(events::New {
            kind: Kind::Image,
            object_id: &image.id,
            project_id: &image.project_id,
            user_id: &self.user_id,
            request_id: &self.request_id,
            action,
            phase: "request",
            result: "Success",
            message: "",
        })
    }
}
