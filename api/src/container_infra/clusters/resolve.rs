//! What the nodes of a cluster are made of: templates, images, flavors and keys that are named must be
//! there, and fit.

use schemas::container_infra::coe::Coe;
use schemas::container_infra::template::Template as Document;
use schemas::ids::ImageId;
use schemas::{Error, Result as Told};
use store::compute::nodes::DISTRO;
use store::compute::spec::{BootImage, Flavor, Key};
use store::compute::{keypairs, spec};
use store::container_infra::references;
use store::image::bootable::{Bootable, bootable};
use store::{Conn, Result, Scope};

/// Can this cloud make such clusters?
///
/// # Errors
/// `NotImplemented` for what is not built, `BadRequest` for what will not be, both with the reason.
pub fn orchestrated(template: &Document) -> Told<()> {
    let coe = template.coe;
    match coe {
        Coe::Docker | Coe::Swarm | Coe::SwarmMode => {}
        Coe::Kubernetes => {
            return Err(Error::NotImplemented(format!(
                "Clusters of {coe} are not built yet; this cloud makes those of docker and swarm-mode."
            )));
        }
        Coe::Mesos | Coe::Dcos => {
            return Err(Error::BadRequest(format!(
                "Clusters of {coe} are not offered: the project it comes from has ended. Use docker or \
                 swarm-mode."
            )));
        }
    }
    if template.tls_disabled.0 {
        return Err(Error::BadRequest(
            "Clusters without TLS are not offered: whoever reached their port would own the nodes. \
             Use a template without tls_disabled."
                .into(),
        ));
    }
    match &*template.server_type {
        "vm" => Ok(()),
        other => Err(Error::NotImplemented(format!(
            "Clusters whose server_type is {other} are not built yet; vm is."
        ))),
    }
}

/// The image of a cluster's nodes.
///
/// # Errors
/// `BadRequest` for one that is not there, cannot be booted, or is no node's.
pub fn node_image(conn: &mut Conn, scope: &Scope, ident: &str) -> Result<Bootable> {
    let image = references::image(conn, scope, ident)?;
    let distro = references::distro(&image)?;
    if distro != DISTRO || image.visibility != "public" {
        return Err(Error::BadRequest(format!(
            "Image {ident} boots no node: that takes a public image with the property os_distro = \
             {DISTRO}, which an administrator publishes."
        ))
        .into());
    }
    let found = bootable(conn, scope, &image.id)?;
    found.ok_or_else(|| Error::BadRequest(format!("Image {ident} could not be found.")).into())
}

/// The image's content, as nodes boot from it.
///
/// # Errors
/// `Internal`.
pub fn content(image: &Bootable) -> Told<BootImage> {
    let id = ImageId::parse(&image.id);
    Ok(BootImage {
        id: id.ok_or_else(|| Error::internal("an image's id is no UUID"))?,
        manifest: image.manifest.clone(),
    })
}

/// The flavor of nodes that boot from this image.
///
/// # Errors
/// `BadRequest` for none, one that is not there or disabled, or one that the image does not fit into.
pub fn sized(
    conn: &mut Conn,
    scope: &Scope,
    field: &str,
    ident: Option<&str>,
    image: &Bootable,
) -> Result<Flavor> {
    let Some(ident) = ident else {
        return Err(Error::BadRequest(format!(
            "Neither the request nor its template says how large the nodes are: give {field}, the \
             name or id of a flavor."
        ))
        .into());
    };
    let flavor = references::flavor(conn, scope, ident)?;
    if flavor.disabled != 0 {
        return Err(Error::BadRequest(format!("Flavor {ident} is disabled.")).into());
    }
    let flavor: spec::Flavor = flavor.chosen()?;
    crate::compute::fits(&flavor, image)?;
    Ok(flavor)
}

/// What nodes are made of.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// Content.
    pub image: BootImage,
    /// Size of the workers.
    pub workers: Flavor,
    /// Size of the masters.
    pub masters: Flavor,
}

impl Nodes {
    /// Looks for everything named.
    ///
    /// # Errors
    /// As [`node_image`] and [`sized`].
    pub fn find(
        conn: &mut Conn,
        scope: &Scope,
        image: &str,
        flavor: Option<&str>,
        master_flavor: Option<&str>,
    ) -> Result<Nodes> {
        let image = node_image(conn, scope, image)?;
        let workers = sized(conn, scope, "flavor_id", flavor, &image)?;
        let masters = match master_flavor {
            None => workers.clone(),
            Some(_) => sized(conn, scope, "master_flavor_id", master_flavor, &image)?,
        };
        Ok(Nodes {
            image: content(&image)?,
            workers,
            masters,
        })
    }
}

/// A login key of the user's.
///
/// # Errors
/// `NotFound`.
pub fn key(conn: &mut Conn, user_id: &str, name: &str) -> Result<Key> {
    let found = keypairs::find(conn, user_id, name)?;
    let found = found.ok_or_else(|| Error::not_found("Keypair", name))?;
    Ok(Key {
        name: found.name,
        public_key: found.public_key,
    })
}
