//! What a template names must be there.

use crate::container_infra::clusters::guests;
use crate::container_infra::kubernetes;
use schemas::container_infra::field::{Text, Word};
use schemas::container_infra::template::Template;
use store::container_infra::references;
use store::{Conn, Result, Scope};

/// The image property that says which driver makes clusters of it.
const DRIVER: &str = "magnum_driver";

/// Ours.
const OWN_DRIVER: &str = "jeroboam";

/// Looks for the things named (those that were named `before` are not asked about again), and fills
/// in what the image says.
///
/// # Errors
/// `BadRequest` that names what is not there, or the label that cannot be.
pub fn complete(
    conn: &mut Conn,
    scope: &Scope,
    project_id: &str,
    mut template: Template,
    before: Option<&Template>,
) -> Result<Template> {
    if before.is_none_or(|before| before.image_id != template.image_id) {
        let image = references::image(conn, scope, &template.image_id)?;
        template.cluster_distro = Text::new(references::distro(&image)?);
        if template.driver.is_none() {
            let properties = image.properties()?;
            let named = properties.get(DRIVER).cloned().and_then(Word::new);
            template.driver = named.or_else(|| Word::new(OWN_DRIVER));
        }
    } else if let Some(before) = before {
        template.cluster_distro.clone_from(&before.cluster_distro);
    }
    kubernetes::unshared(Some(&template.labels.0))?;
    let laid_out = |template: &Template| (template.coe, template.labels.clone());
    if before.is_none_or(|before| laid_out(before) != laid_out(&template)) {
        guests::laid_out(template.coe, false, &template.labels.0)?;
    }
    let changed = |field: fn(&Template) -> Option<&str>| {
        let now = field(&template);
        now.filter(|now| before.and_then(field) != Some(*now))
    };
    let sizes = [
        changed(|template| template.flavor_id.as_deref()),
        changed(|template| template.master_flavor_id.as_deref()),
    ];
    for flavor in sizes.into_iter().flatten() {
        references::flavor(conn, scope, flavor)?;
    }
    if let Some(network) = changed(|template| template.external_network_id.as_deref()) {
        references::external(network)?;
    }
    if let Some(network) = changed(|template| template.fixed_network.as_deref()) {
        references::fixed("fixed network", project_id, network)?;
    }
    if let Some(subnet) = changed(|template| template.fixed_subnet.as_deref()) {
        references::fixed("fixed subnet", project_id, subnet)?;
    }
    Ok(template)
}
