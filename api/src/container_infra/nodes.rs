//! `/nodes`: the book of nodes that clients of 2015 keep, and after its lines the nodes that adopted
//! bays were last seen to have. Nothing is done to any machine.

use super::call::{own, settings};
use super::ident;
use super::page::{self, Page};
use super::view::{created, links, since, when};
use super::{Changes, Object, rules};
use crate::call::Call;
use crate::ctx::{Caller, Ctx};
use crate::extract::{Path, Query};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::Error;
use schemas::container_infra::node::{self, Node as Document};
use schemas::container_infra::{body, patch as dialect};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use store::container_infra::adopted;
use store::container_infra::bay_nodes::{self, Node};
use store::container_infra::clusters::Cluster;
use store::{Conn, Fail, Scope};
use uuid::Uuid;

/// The routes of nodes.
pub fn routes() -> Vec<Route> {
    vec![
        get("/nodes", index).takes(page::PARAMETERS),
        get("/nodes/detail", detail).takes(page::PARAMETERS),
        get("/nodes/{uuid}", show),
        post("/nodes", create),
        patch("/nodes/{uuid}", update),
        delete("/nodes/{uuid}", remove),
    ]
}

const KEYS: &[&str] = &[
    "uuid",
    "type",
    "image_id",
    "ironic_node_id",
    "created_at",
    "updated_at",
];

fn brief(call: &Call, node: &Node) -> Value {
    json!({
        "uuid": node.id,
        "type": node.kind,
        "image_id": node.image_id,
        "ironic_node_id": node.ironic_node_id,
        "links": links(call, "nodes", &node.id),
    })
}

fn whole(call: &Call, node: &Node) -> Value {
    let mut view = brief(call, node);
    view["created_at"] = when(node.created_at);
    view["updated_at"] = since(node.updated_at);
    view
}

async fn index(ctx: Ctx<rules::NodeGetAll>, query: Query) -> Reply {
    list(&ctx, &query, "/nodes", brief).await
}

async fn detail(ctx: Ctx<rules::NodeDetail>, query: Query) -> Reply {
    list(&ctx, &query, "/nodes/detail", whole).await
}

async fn list(ctx: &Caller, query: &Query, path: &str, view: fn(&Call, &Node) -> Value) -> Reply {
    let page = Page::read(ctx, query, KEYS)?;
    let scope = own(ctx)?;
    let rows = ctx.read(move |conn| all(conn, &scope)).await?;
    let mark = |node: &Node| node.id.clone();
    let rows = page.arrange(rows, mark, |node, key| whole(ctx, node)[key].take())?;
    let items = rows.iter().map(|node| view(ctx, node)).collect();
    page.listed(ctx, "nodes", path, items, rows.last().map(mark))
}

/// The lines, and after them the nodes of adopted bays: what two of these show is shown once.
fn all(conn: &mut Conn, scope: &Scope) -> store::Result<Vec<Node>> {
    let mut all = bay_nodes::list(conn, scope)?;
    let mut known: BTreeSet<String> = all.iter().map(|node| node.id.clone()).collect();
    let theirs = theirs(conn, scope)?.into_iter().map(|(_, node)| node);
    all.extend(theirs.filter(|node| known.insert(node.id.clone())));
    Ok(all)
}

/// The nodes of adopted bays, as they were seen last, in the words of the book.
fn theirs(conn: &mut Conn, scope: &Scope) -> store::Result<Vec<(Cluster, Node)>> {
    let mut all = Vec::new();
    let bays = adopted::list(conn, scope)?.into_iter();
    // Others are in the book as the servers that they are.
    for (bay, row) in bays.filter(|(_, row)| row.is_foreign()) {
        let seen = row.seen()?.unwrap_or_default();
        for node in seen.nodes {
            // One that is called otherwise could not be asked for.
            let uid = node.uid.as_deref().map(ident::uuid);
            let Some(Ok(id)) = uid else {
                continue;
            };
            let node = Node {
                id,
                project_id: bay.project_id.clone(),
                kind: Some(bay.coe.clone()),
                image_id: node.system,
                ironic_node_id: Some(node.name),
                created_at: node.made.unwrap_or(bay.created_at),
                updated_at: None,
            };
            all.push((bay.clone(), node));
        }
    }
    Ok(all)
}

/// A line, or else a node of an adopted bay, with that.
///
/// # Errors
/// `NotFound`.
fn find(conn: &mut Conn, scope: &Scope, id: &str) -> store::Result<(Option<Cluster>, Node)> {
    let missing = match bay_nodes::get(conn, scope, id) {
        Err(Fail::Told(missing @ Error::NotFound(_))) => missing,
        found => return found.map(|node| (None, node)),
    };
    let mut theirs = theirs(conn, scope)?.into_iter();
    let (bay, node) = theirs.find(|(_, node)| node.id == id).ok_or(missing)?;
    Ok((Some(bay), node))
}

/// A line that may be changed.
///
/// # Errors
/// `NotFound`; `BadRequest` for a node of an adopted bay.
fn line(conn: &mut Conn, scope: &Scope, id: &str) -> store::Result<Node> {
    match find(conn, scope, id)? {
        (None, node) => Ok(node),
        (Some(bay), node) => Err(Error::BadRequest(format!(
            "Node {} is one of bay {}, which is adopted: it is shown as its API server tells it, and is \
             changed or removed there.",
            node.ironic_node_id.unwrap_or_default(),
            bay.name
        ))
        .into()),
    }
}

async fn show(ctx: Ctx<rules::NodeGet>, Path(id): Path<String>) -> Reply {
    let id = ident::uuid(&id)?;
    let scope = own(&ctx)?;
    let (_, node) = ctx.read(move |conn| find(conn, &scope, &id)).await?;
    reply::ok(&whole(&ctx, &node))
}

async fn create(ctx: Ctx<rules::NodeCreate>, Object(mut map): Object) -> Reply {
    let id = body::take_uuid(&mut map)?.unwrap_or_else(Uuid::now_v7);
    let wish: Document = body::create(map, &["links", "created_at", "updated_at"])?;
    let node = Node {
        id: id.to_string(),
        project_id: ctx.project_id()?.to_owned(),
        kind: wish.kind.map(Into::into),
        image_id: wish.image_id.map(Into::into),
        ironic_node_id: wish.ironic_node_id.map(Into::into),
        created_at: ctx.state().clock.now().0,
        updated_at: None,
    };
    let (new, most) = (node.clone(), settings(&ctx).nodes);
    ctx.store()
        .write(move |tx| bay_nodes::insert(tx, &new, most))
        .await?;
    created(&ctx, "nodes", &node.id, &whole(&ctx, &node))
}

async fn update(ctx: Ctx<rules::NodeUpdate>, Path(id): Path<String>, body: Changes) -> Reply {
    let changes = body.read(&node::RULES)?;
    let id = ident::uuid(&id)?;
    let scope = own(&ctx)?;
    let node = ctx
        .store()
        .write(move |tx| {
            let mut node = line(tx, &scope, &id)?;
            let mut map = body::object(json!({
                "type": node.kind,
                "image_id": node.image_id,
                "ironic_node_id": node.ironic_node_id,
            }))?;
            dialect::apply(&mut map, &changes)?;
            let wish: Document = body::read(map)?;
            node.kind = wish.kind.map(Into::into);
            node.image_id = wish.image_id.map(Into::into);
            node.ironic_node_id = wish.ironic_node_id.map(Into::into);
            if !changes.is_empty() {
                bay_nodes::update(tx, &mut node)?;
            }
            Ok(node)
        })
        .await?;
    reply::ok(&whole(&ctx, &node))
}

async fn remove(ctx: Ctx<rules::NodeDelete>, Path(id): Path<String>) -> Reply {
    let id = ident::uuid(&id)?;
    let scope = own(&ctx)?;
    ctx.store()
        .write(move |tx| {
            let node = line(tx, &scope, &id)?;
            bay_nodes::delete(tx, &node.id)
        })
        .await?;
    reply::no_content()
}
