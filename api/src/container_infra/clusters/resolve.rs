//! What the nodes of a cluster are made of: templates, images, flavors and keys that are named must be
//! there, and fit.

use schemas::container_infra::coe::Coe;
use schemas::container_infra::template::Template as Document;
use schemas::ids::ImageId;
use schemas::{Error, Result as Told};
use store::compute::nodes::{DISTRO, KUBERNETES};
use store::compute::spec::{BootImage, Flavor, Key, WHOLE_MACHINE};
use store::compute::{keypairs, spec};
use store::container_infra::references;
use store::image::bootable::{Bootable, bootable};
use store::{Conn, Result, Scope};

/// Can this cloud make such clusters? `adopted`: one that there is comes under its API.
///
/// # Errors
/// `NotImplemented` for what is not built, `BadRequest` for what will not be, both with the reason.
pub fn orchestrated(template: &Document, adopted: bool) -> Told<()> {
    let coe = template.coe;
    match coe {
        Coe::Kubernetes => {}
        _ if adopted => {
            return Err(Error::BadRequest(format!(
                "labels.kubeconfig: it adopts clusters of kubernetes, and the template is of {coe}; leave \
                 it out, or use another template."
            )));
        }
        Coe::Docker | Coe::Swarm | Coe::SwarmMode => {}
        Coe::Mesos | Coe::Dcos => {
            return Err(Error::BadRequest(format!(
                "Clusters of {coe} are not offered: the project it comes from has ended. Use docker, \
                 swarm-mode or kubernetes."
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
        VIRTUAL | BARE_METAL => Ok(()),
        other => Err(Error::BadRequest(format!(
            "Clusters whose server_type is {other} are not offered. Use a template whose server_type \
             is vm or bm."
        ))),
    }
}

/// Nodes are servers among others (`server_type`).
const VIRTUAL: &str = "vm";
/// Each node has a machine for itself (`server_type`).
const BARE_METAL: &str = "bm";

/// Do the cluster's nodes have machines for themselves?
pub fn bare_metal(template: &Document) -> bool {
    *template.server_type == *BARE_METAL
}

/// A cluster of whole machines takes flavors that are one, and no other cluster does.
fn of_its_kind(flavor: &Flavor, bare_metal: bool) -> Told<()> {
    let name = &flavor.name;
    match (bare_metal, flavor.whole_machine()) {
        (true, false) => Err(Error::BadRequest(format!(
            "The template's server_type is bm: its nodes have machines for themselves, which flavor \
             {name} does not ask for. Choose a flavor with the extra spec {WHOLE_MACHINE} = 1, which \
             an administrator makes, or a template whose server_type is vm."
        ))),
        (false, true) => Err(Error::BadRequest(format!(
            "Flavor {name} has a machine for itself ({WHOLE_MACHINE} = 1), and the template's \
             server_type is vm. Choose another flavor, or a template whose server_type is bm."
        ))),
        _ => Ok(()),
    }
}

/// The image of the nodes of a cluster of this COE.
///
/// # Errors
/// `BadRequest` for one that is not there, cannot be booted, or is no node's of that kind.
pub fn node_image(conn: &mut Conn, scope: &Scope, ident: &str, coe: &str) -> Result<Bootable> {
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
    let missing = || Error::BadRequest(format!("Image {ident} could not be found."));
    let found = found.ok_or_else(missing)?;
    let version = found.properties.get(KUBERNETES);
    if coe == Coe::Kubernetes.as_str() && version.is_none_or(String::is_empty) {
        return Err(Error::BadRequest(format!(
            "Image {ident} boots nodes, but none of kubernetes: there is no kubelet in it. Use one with the \
             property {KUBERNETES} (its version), which an administrator makes and publishes; or adopt a \
             cluster that there is, with its kubeconfig as the label kubeconfig."
        ))
        .into());
    }
    Ok(found)
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

/// The flavor of nodes that boot from this image; a whole machine, if it is `bare_metal`.
///
/// # Errors
/// `BadRequest` for none, one that is not there or disabled, one that the image does not fit into, or
/// one of the other kind.
pub fn sized(
    conn: &mut Conn,
    scope: &Scope,
    (field, ident): (&str, Option<&str>),
    image: &Bootable,
    bare_metal: bool,
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
    of_its_kind(&flavor, bare_metal)?;
    crate::compute::fits(&flavor, image)?;
    Ok(flavor)
}

/// What nodes are made of.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// Content.
    pub image: BootImage,
    /// The version of Kubernetes that is in it, if one is (`v1.20.2`).
    pub kubernetes: Option<String>,
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
        template: &Document,
        flavor: Option<&str>,
        master_flavor: Option<&str>,
    ) -> Result<Nodes> {
        let image = node_image(conn, scope, &template.image_id, template.coe.as_str())?;
        let bare_metal = bare_metal(template);
        let of = ("flavor_id", flavor);
        let workers = sized(conn, scope, of, &image, bare_metal)?;
        let masters = match master_flavor {
            None => workers.clone(),
            Some(_) => {
                let of = ("master_flavor_id", master_flavor);
                sized(conn, scope, of, &image, bare_metal)?
            }
        };
        Ok(Nodes {
            image: content(&image)?,
            kubernetes: image.properties.get(KUBERNETES).cloned(),
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
