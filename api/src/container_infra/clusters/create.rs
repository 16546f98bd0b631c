//! A new cluster: what is not said comes from its template; whatever is named must be there. The
//! conductor makes the nodes.

use super::guests;
use super::labels::merged;
use super::resolve::{self, Nodes};
use super::{Face, authorities, shown};
use crate::container_infra::call::{minor, of_2015, settings};
use crate::container_infra::ident::one;
use crate::container_infra::view::{accepted, created};
use crate::container_infra::{Ident, Object, kubernetes, names};
use crate::ctx::Ctx;
use crate::reply::Reply;
use schemas::container_infra::body;
use schemas::container_infra::cluster::Create;
use schemas::container_infra::coe::{Coe, Era};
use schemas::container_infra::field::{Natural, Positive};
use schemas::container_infra::status::{Operation, Progress, Status};
use schemas::container_infra::template::Template as Document;
use schemas::ids::NodegroupId;
use schemas::{Error, Timestamp};
use store::compute::spec::Flavor;
use store::container_infra::adopted::{self, Adopted};
use store::container_infra::authorities::Authority;
use store::container_infra::clusters::{self, Cluster, New};
use store::container_infra::control_plane;
use store::container_infra::nodegroups::{MASTERS, NodeGroup, WORKERS};
use store::container_infra::operations::MOST_NODES;
use store::container_infra::templates::{self, Template};
use store::container_infra::{quotas, references, spec};
use store::{Conn, Result, Scope, Tx};
use uuid::Uuid;

/// Minutes that clusters may take to be made when nobody says.
const TIMEOUT: i64 = 60;

/// A cluster as asked for, and by whom.
#[derive(Clone)]
struct Wish {
    id: String,
    name: String,
    create: Create,
    scope: Scope,
    project_id: String,
    user_id: String,
    request_id: String,
    bay: bool,
    /// When the request does not say.
    timeout: i64,
    now: Timestamp,
    authorities: Vec<Authority>,
    /// It is there already, and is only adopted.
    adopted: Option<Adopted>,
    /// Clusters a project may have when its quota does not say.
    limit: i64,
}

pub(super) async fn create<F: Face>(ctx: Ctx<F::Create>, Object(mut map): Object) -> Reply {
    let id = body::take_uuid(&mut map)?.unwrap_or_else(Uuid::now_v7);
    let bay = F::ERA == Era::Legacy;
    let mut create = Create::read(F::ERA, !bay && minor(&ctx) >= 10, map)?;
    let name = match &create.name {
        Some(name) => name.to_string(),
        None => names::generate(if bay { "bay" } else { "cluster" }),
    };
    let id = id.to_string();
    let adopted = kubernetes::adoption(ctx.state(), &id, &mut create).await?;
    let wish = Wish {
        authorities: match &adopted {
            Some(_) => Vec::new(),
            None => authorities::made(ctx.state(), &id, &name, 1)?,
        },
        adopted,
        id: id.clone(),
        name,
        create,
        scope: ctx.scope(),
        project_id: ctx.project_id()?.to_owned(),
        user_id: ctx.user_id().to_owned(),
        request_id: ctx.request_id().to_string(),
        bay,
        timeout: if bay && of_2015(&ctx) { 0 } else { TIMEOUT },
        now: ctx.state().clock.now(),
        limit: settings(&ctx).clusters,
    };
    let made = ctx.store().write(move |tx| make(tx, &wish)).await;
    made.map_err(|error| match error {
        // Before 1.10, and for bays, what a body names and is not there is a mistake in the body.
        Error::NotFound(told) if told.starts_with(TEMPLATE) && (bay || minor(&ctx) < 10) => {
            Error::BadRequest(told)
        }
        other => other,
    })?;
    if bay && minor(&ctx) < 2 {
        let view = shown::<F>(&ctx, id.clone()).await?;
        return created(&ctx, F::COLLECTION, &id, &view);
    }
    accepted(&id)
}

/// What a missing template is called in errors.
const TEMPLATE: &str = "ClusterTemplate";

/// The template that a body names.
///
/// # Errors
/// `NotFound`, `Conflict` when a name stands for several.
pub(super) fn template(
    conn: &mut Conn,
    scope: &Scope,
    ident: &str,
) -> Result<(Template, Document)> {
    let ident = Ident::of(ident);
    let found = match &ident {
        Ident::Id(id) => templates::get(conn, scope, id)?.into_iter().collect(),
        Ident::Name(name) => templates::named(conn, scope, name)?,
    };
    let row = one(TEMPLATE, &ident, found)?;
    let document = row.document()?;
    Ok((row, document))
}

/// What a cluster keeps of its template.
pub(super) fn kept(row: &Template, document: &Document) -> spec::Template {
    spec::Template {
        id: row.id.clone(),
        name: row.name.clone(),
        image_id: document.image_id.to_string(),
        flavor_id: document.flavor_id.as_deref().map(str::to_owned),
        master_flavor_id: document.master_flavor_id.as_deref().map(str::to_owned),
        labels: document.labels.0.clone(),
        tls_disabled: document.tls_disabled.0,
        bare_metal: resolve::bare_metal(document),
    }
}

fn make(tx: &mut Tx<'_>, wish: &Wish) -> Result<()> {
    let create = &wish.create;
    let (row, document) = template(tx, &wish.scope, &create.cluster_template_id)?;
    resolve::orchestrated(&document, wish.adopted.is_some())?;
    let spec = settle(tx, wish, &row, &document)?;
    let masters = create.master_count.map_or(1, Positive::get);
    let own = wish.adopted.is_none();
    guests::laid_out(document.coe, own, &spec.labels)?;
    if own && document.coe == Coe::Kubernetes {
        control_plane::masters(masters)?;
    }
    let workers = create.node_count.map_or(1, Natural::get);
    if masters > 1 && !spec.master_lb_enabled {
        return Err(Error::BadRequest(
            "master_count can be more than 1 only with master_lb_enabled, of the template or the \
             request."
                .into(),
        )
        .into());
    }
    if masters + workers > MOST_NODES {
        return Err(Error::BadRequest(format!(
            "A cluster's network has addresses for {MOST_NODES} nodes, masters among them; {} were \
             asked for.",
            masters + workers
        ))
        .into());
    }
    let groups = match wish.adopted {
        Some(_) => Vec::new(),
        None => groups(tx, wish, &document, &spec, [masters, workers])?,
    };
    let mut cluster = Cluster {
        id: wish.id.clone(),
        project_id: wish.project_id.clone(),
        user_id: wish.user_id.clone(),
        name: wish.name.clone(),
        template_id: row.id.clone(),
        coe: document.coe.as_str().into(),
        status: String::new(),
        status_reason: None,
        health_status: None,
        health_reason: "{}".into(),
        api_address: None,
        generation: 0,
        revision: 1,
        deadline: None,
        deleting: 0,
        request_id: String::new(),
        created_at: wish.now.0,
        updated_at: None,
        spec: serde_json::to_string(&spec)?,
    };
    cluster.begin(wish.now, Operation::Create, &wish.request_id)?;
    let new = New {
        groups,
        authorities: wish.authorities.clone(),
        cluster,
    };
    let limit = quotas::limit(tx, &wish.project_id, wish.limit)?;
    clusters::create(tx, &new, limit)?;
    match &wish.adopted {
        Some(adopted) => adopted::insert(tx, adopted),
        None => Ok(()),
    }
}

/// The groups that every cluster of this cloud's making has.
fn groups(
    conn: &mut Conn,
    wish: &Wish,
    document: &Document,
    spec: &spec::Cluster,
    [masters, workers]: [i64; 2],
) -> Result<Vec<NodeGroup>> {
    let nodes = Nodes::find(
        conn,
        &wish.scope,
        document,
        spec.flavor_id.as_deref(),
        spec.master_flavor_id.as_deref(),
    )?;
    let group = |name, count, flavor: &Flavor| -> Result<NodeGroup> {
        default_group(wish, name, count, &made_of(&nodes, flavor, spec))
    };
    Ok(vec![
        group(MASTERS, masters, &nodes.masters)?,
        group(WORKERS, workers, &nodes.workers)?,
    ])
}

fn made_of(nodes: &Nodes, flavor: &Flavor, spec: &spec::Cluster) -> spec::NodeGroup {
    spec::NodeGroup {
        image: nodes.image.clone(),
        image_id: spec.template.image_id.clone(),
        flavor: flavor.clone(),
        docker_volume_size: spec.docker_volume_size,
        labels: spec.labels.clone(),
        node_labels: Default::default(),
        node_taints: Vec::new(),
    }
}

fn default_group(
    wish: &Wish,
    name: &str,
    count: i64,
    made_of: &spec::NodeGroup,
) -> Result<NodeGroup> {
    let masters = name == MASTERS;
    Ok(NodeGroup {
        id: NodegroupId::new().to_string(),
        number: 0,
        cluster_id: wish.id.clone(),
        project_id: wish.project_id.clone(),
        name: name.to_owned(),
        role: if masters { "master" } else { "worker" }.into(),
        is_default: 1,
        node_count: count,
        // Without a master nobody finds the cluster.
        min_node_count: i64::from(masters),
        max_node_count: None,
        status: Status(Operation::Create, Progress::InProgress)
            .as_str()
            .into(),
        status_reason: None,
        generation: 1,
        batch: 1,
        made: 0,
        deleting: 0,
        revision: 1,
        created_at: wish.now.0,
        updated_at: None,
        spec: serde_json::to_string(made_of)?,
    })
}

/// The cluster's settings: the request's, and where it says nothing the template's.
fn settle(
    conn: &mut Conn,
    wish: &Wish,
    row: &Template,
    document: &Document,
) -> Result<spec::Cluster> {
    let create = &wish.create;
    let text = |own: Option<&str>, from: Option<&str>| own.or(from).map(str::to_owned);
    let named = create.keypair.as_deref().or(document.keypair_id.as_deref());
    let key = match named {
        Some(name) => Some(resolve::key(conn, &wish.user_id, name)?),
        None => None,
    };
    if let Some(network) = create.fixed_network.as_deref() {
        references::fixed("fixed network", &wish.project_id, network)?;
    }
    if let Some(subnet) = create.fixed_subnet.as_deref() {
        references::fixed("fixed subnet", &wish.project_id, subnet)?;
    }
    let own = create.labels.as_ref().map(|labels| &labels.0);
    let volume = create.docker_volume_size.or(document.docker_volume_size);
    let timeout = create.create_timeout.map_or(wish.timeout, Natural::get);
    Ok(spec::Cluster {
        template: kept(row, document),
        bay: wish.bay,
        labels: merged(&document.labels.0, own, create.merge_labels.0),
        key,
        flavor_id: text(create.flavor_id.as_deref(), document.flavor_id.as_deref()),
        master_flavor_id: text(
            create.master_flavor_id.as_deref(),
            document.master_flavor_id.as_deref(),
        ),
        docker_volume_size: volume.and_then(|size| u32::try_from(size.get()).ok()),
        create_timeout: u32::try_from(timeout).unwrap_or(u32::MAX),
        discovery_url: create.discovery_url.as_deref().map(str::to_owned),
        fixed_network: text(
            create.fixed_network.as_deref(),
            document.fixed_network.as_deref(),
        ),
        fixed_subnet: text(
            create.fixed_subnet.as_deref(),
            document.fixed_subnet.as_deref(),
        ),
        floating_ip_enabled: create
            .floating_ip_enabled
            .unwrap_or(document.floating_ip_enabled)
            .0,
        master_lb_enabled: create
            .master_lb_enabled
            .unwrap_or(document.master_lb_enabled)
            .0,
    })
}
