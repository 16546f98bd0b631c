//! `/nodes`: the book of nodes that clients of 2015 keep. Nothing is done to any machine.

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
use schemas::Result;
use schemas::container_infra::node::{self, Node as Document};
use schemas::container_infra::{body, patch as dialect};
use serde_json::{Value, json};
use store::container_infra::bay_nodes::{self, Node};
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
    let rows = ctx.read(move |conn| bay_nodes::list(conn, &scope)).await?;
    let mark = |node: &Node| node.id.clone();
    let rows = page.arrange(rows, mark, |node, key| whole(ctx, node)[key].take())?;
    let items = rows.iter().map(|node| view(ctx, node)).collect();
    page.listed(ctx, "nodes", path, items, rows.last().map(mark))
}

async fn find(ctx: &Caller, text: &str) -> Result<Node> {
    let id = ident::uuid(text)?;
    let scope = own(ctx)?;
    ctx.read(move |conn| bay_nodes::get(conn, &scope, &id))
        .await
}

async fn show(ctx: Ctx<rules::NodeGet>, Path(id): Path<String>) -> Reply {
    let node = find(&ctx, &id).await?;
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
            let mut node = bay_nodes::get(tx, &scope, &id)?;
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
    let node = find(&ctx, &id).await?;
    ctx.store()
        .write(move |tx| bay_nodes::delete(tx, &node.id))
        .await?;
    reply::no_content()
}
