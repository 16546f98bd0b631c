//! What templates and clusters name in other services: images, flavors, networks.
//!
//! Who may see what is the other services' own rule; what the caller may not see is as absent.

use crate::compute::{flavors, networks};
use crate::image::images::{self, Image};
use crate::image::list::{self, Filter, Page};
use crate::{Conn, Result, Scope};
use schemas::Error;
use schemas::ids::NetworkId;
use uuid::Uuid;

/// The network of the machines: what the outside reaches. A node's ports are published there.
pub const EXTERNAL: &str = "public";

/// The property that says what a node image is.
pub const DISTRO: &str = "os_distro";

/// The id of the network of the machines.
pub fn external_id() -> String {
    NetworkId::derived(Uuid::NAMESPACE_OID, EXTERNAL).to_string()
}

/// An image by UUID or name.
///
/// # Errors
/// `BadRequest` when the caller sees none, `Conflict` when a name stands for several.
pub fn image(conn: &mut Conn, scope: &Scope, ident: &str) -> Result<Image> {
    let missing = || {
        Error::BadRequest(format!(
            "Image {ident} could not be found; image_id is the UUID or the name of an image."
        ))
    };
    if let Ok(id) = Uuid::parse_str(ident) {
        let found = images::get(conn, scope, &id.to_string())?;
        return found.ok_or_else(|| missing().into());
    }
    // Not the community's: anybody could give a name to his own there.
    let filter = Filter {
        names: Some(vec![ident.to_owned()]),
        ..Filter::default()
    };
    let page = Page {
        limit: 2,
        marker: None,
        sort: Vec::new(),
    };
    let mut found = list::list(conn, scope, &filter, &page)?;
    if found.len() > 1 {
        return Err(Error::Conflict(format!(
            "Several images are called {ident}; use the UUID to be specific."
        ))
        .into());
    }
    found.pop().ok_or_else(|| missing().into())
}

/// What the image says it is.
///
/// # Errors
/// `BadRequest` when it says nothing.
pub fn distro(image: &Image) -> Result<String> {
    let missing = || {
        Error::BadRequest(format!(
            "Image {} doesn't contain {DISTRO} field; set the property {DISTRO} on an image of nodes.",
            image.id
        ))
    };
    let mut properties = image.properties()?;
    let distro = properties.remove(DISTRO).filter(|text| !text.is_empty());
    distro.ok_or_else(|| missing().into())
}

/// A flavor by id or name.
///
/// # Errors
/// `BadRequest` when the caller may use none of that id or name.
pub fn flavor(conn: &mut Conn, scope: &Scope, ident: &str) -> Result<flavors::Flavor> {
    let sight = match scope {
        Scope::All => flavors::Sight::All,
        Scope::Project(project) => flavors::Sight::Project(project.clone()),
    };
    if let Some(flavor) = flavors::get(conn, &sight, ident)? {
        return Ok(flavor);
    }
    let all = flavors::list(conn, &sight, &flavors::Filter::default())?;
    let found = all.into_iter().find(|flavor| flavor.name == ident);
    found.ok_or_else(|| Error::BadRequest(format!("Unable to find flavor {ident}.")).into())
}

/// Is this the network of the machines?
///
/// # Errors
/// `BadRequest` when it is not.
pub fn external(ident: &str) -> Result<()> {
    match ident == EXTERNAL || ident == external_id() {
        true => Ok(()),
        false => Err(Error::BadRequest(format!(
            "Unable to find external network {ident}; the network of the machines is called {EXTERNAL}."
        ))
        .into()),
    }
}

/// Is this a network (or the subnet of the network) that the project has?
///
/// # Errors
/// `BadRequest` when it is not.
pub fn fixed(what: &str, project_id: &str, ident: &str) -> Result<()> {
    match ident == networks::LABEL || ident == networks::id_of(project_id) {
        true => Ok(()),
        false => Err(Error::BadRequest(format!(
            "Unable to find {what} {ident}; the project's own is called {}.",
            networks::LABEL
        ))
        .into()),
    }
}
