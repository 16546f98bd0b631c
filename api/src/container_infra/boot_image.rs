//! What `image` in a manifest, or in a wish for a container, stands for: an image of the image service,
//! and no registry's. What runs in clusters is then under the same rules of who may see, boot and
//! withdraw it as what runs on machines.

use schemas::ids::ImageId;
use schemas::{Error, Result as Told};
use store::compute::spec::BootImage;
use store::image::bootable::bootable;
use store::image::images::Image;
use store::image::list::{self, Filter, Page};
use store::{Conn, Result, Scope};
use uuid::Uuid;

/// The tag that stands for none.
const LATEST: &str = ":latest";

/// Longest name an image has.
const LONGEST: usize = 255;

/// The image that is meant: by UUID, by its very name, or by that name with or without `:latest`.
///
/// # Errors
/// `BadRequest` for one that this scope does not see or that cannot be booted, `Conflict` when a name
/// stands for several; both with what to do about it.
pub fn resolve(conn: &mut Conn, scope: &Scope, asked: &str) -> Result<BootImage> {
    let id = match Uuid::parse_str(asked) {
        Ok(id) => id.to_string(),
        Err(_) => named(conn, scope, asked)?,
    };
    let found = bootable(conn, scope, &id)?.ok_or_else(|| missing(asked))?;
    let id = ImageId::parse(&found.id);
    Ok(BootImage {
        id: id.ok_or_else(|| Error::internal("an image's id is no UUID"))?,
        manifest: found.manifest,
    })
}

fn named(conn: &mut Conn, scope: &Scope, asked: &str) -> Result<String> {
    possible(asked)?;
    for name in [Some(asked.to_owned()), other_form(asked)]
        .into_iter()
        .flatten()
    {
        // One that can be booted is meant before one that cannot, of which it is said why.
        for statuses in [Some(vec!["active".to_owned()]), None] {
            let mut images = of_name(conn, scope, &name, statuses)?;
            if images.len() > 1 {
                return Err(Error::Conflict(format!(
                    "Several images are called {name}; write the UUID of the one that is meant."
                ))
                .into());
            }
            if let Some(image) = images.pop() {
                return Ok(image.id);
            }
        }
    }
    Err(missing(asked).into())
}

fn of_name(
    conn: &mut Conn,
    scope: &Scope,
    name: &str,
    statuses: Option<Vec<String>>,
) -> Result<Vec<Image>> {
    // Not the community's: anybody could give a name to his own there.
    let filter = Filter {
        names: Some(vec![name.to_owned()]),
        statuses,
        ..Filter::default()
    };
    let page = Page {
        limit: 2,
        marker: None,
        sort: Vec::new(),
    };
    list::list(conn, scope, &filter, &page)
}

/// `web` for `web:latest`, and the other way round; of another tag there is none.
fn other_form(name: &str) -> Option<String> {
    if let Some(bare) = name.strip_suffix(LATEST) {
        return (!bare.is_empty()).then(|| bare.to_owned());
    }
    // A colon before the last slash belongs to a port.
    let last = name.rsplit('/').next().unwrap_or(name);
    (!last.contains([':', '@'])).then(|| format!("{name}{LATEST}"))
}

fn possible(asked: &str) -> Told<()> {
    let long = asked.chars().count() > LONGEST;
    match asked.is_empty() || long || asked.chars().any(char::is_control) {
        true => Err(Error::BadRequest(format!(
            "An image is the UUID or the name of one in the image service: 1 to {LONGEST} printable \
             characters."
        ))),
        false => Ok(()),
    }
}

fn missing(asked: &str) -> Error {
    Error::BadRequest(format!(
        "Image {asked} is not in the image service, or not for this project; nothing is pulled from \
         registries. Upload it with: openstack image create {asked} --container-format docker \
         --disk-format raw --file <a tar of docker save>."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_tag_may_be_left_out() {
        for (name, other) in [
            ("web", Some("web:latest")),
            ("web:latest", Some("web")),
            ("host:5000/a/web", Some("host:5000/a/web:latest")),
            ("host:5000/a/web:latest", Some("host:5000/a/web")),
            ("web:1.2", None),
            ("web@sha256:00", None),
            (":latest", None),
        ] {
            assert_eq!(other_form(name).as_deref(), other, "{name}");
        }
    }

    #[test]
    fn a_name_is_bounded() {
        assert!(possible("web").is_ok() && possible(&"é".repeat(255)).is_ok());
        for bad in ["", "a\nb", "a\0", &"x".repeat(256)] {
            assert!(possible(bad).is_err(), "{bad:?}");
        }
    }
}
