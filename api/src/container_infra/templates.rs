//! `/clustertemplates` and `/baymodels`: the same rows, seen through the paths of two eras.

mod check;
mod view;

use super::call::{must, of_2015, refused, settings};
use super::ident::one;
use super::page::{self, Page};
use super::view::created;
use super::{Changes, Ident, Object, names, rules};
use crate::ctx::{Caller, Ctx, Pending};
use crate::extract::{Path, Query};
use crate::policy::{Rule, Target};
use crate::reply::{self, Reply};
use crate::route::{Route, delete, get, patch, post};
use schemas::container_infra::coe::Era;
use schemas::container_infra::field::Word;
use schemas::container_infra::template::{SORT_KEYS, Template as Document};
use schemas::container_infra::{body, patch as dialect, template};
use schemas::{Error, Result};
use store::container_infra::templates::{self, Template};
use uuid::Uuid;
use view::{brief, whole};

/// One of the two paths: its words and its rules.
trait Face: 'static {
    const ERA: Era;
    const COLLECTION: &'static str;
    const WHAT: &'static str;
    type GetAll: Rule;
    type Detail: Rule;
    type Get: Rule;
    type Create: Rule;
    type Update: Rule;
    type Delete: Rule;
    type Publish: Rule;
}

struct Baymodels;

impl Face for Baymodels {
    const ERA: Era = Era::Legacy;
    const COLLECTION: &'static str = "baymodels";
    const WHAT: &'static str = "Baymodel";
    type GetAll = rules::BaymodelGetAll;
    type Detail = rules::BaymodelDetail;
    type Get = rules::BaymodelGet;
    type Create = rules::BaymodelCreate;
    type Update = rules::BaymodelUpdate;
    type Delete = rules::BaymodelDelete;
    type Publish = rules::BaymodelPublish;
}

struct ClusterTemplates;

impl Face for ClusterTemplates {
    const ERA: Era = Era::Modern;
    const COLLECTION: &'static str = "clustertemplates";
    const WHAT: &'static str = "ClusterTemplate";
    type GetAll = rules::TemplateGetAll;
    type Detail = rules::TemplateDetail;
    type Get = rules::TemplateGet;
    type Create = rules::TemplateCreate;
    type Update = rules::TemplateUpdate;
    type Delete = rules::TemplateDelete;
    type Publish = rules::TemplatePublish;
}

/// The routes of templates.
pub fn routes() -> Vec<Route> {
    vec![
        get("/baymodels", index::<Baymodels>).takes(page::PARAMETERS),
        get("/baymodels/detail", detail::<Baymodels>).takes(page::PARAMETERS),
        get("/baymodels/{ident}", show::<Baymodels>),
        post("/baymodels", create::<Baymodels>),
        patch("/baymodels/{ident}", update::<Baymodels>),
        delete("/baymodels/{ident}", remove::<Baymodels>),
        get("/clustertemplates", index::<ClusterTemplates>).takes(page::PARAMETERS),
        get("/clustertemplates/detail", detail::<ClusterTemplates>).takes(page::PARAMETERS),
        get("/clustertemplates/{ident}", show::<ClusterTemplates>),
        post("/clustertemplates", create::<ClusterTemplates>),
        patch("/clustertemplates/{ident}", update::<ClusterTemplates>),
        delete("/clustertemplates/{ident}", remove::<ClusterTemplates>),
    ]
}

async fn index<F: Face>(ctx: Ctx<F::GetAll>, query: Query) -> Reply {
    // Today's lists hold whole documents.
    list::<F>(&ctx, &query, F::ERA == Era::Modern, F::COLLECTION).await
}

async fn detail<F: Face>(ctx: Ctx<F::Detail>, query: Query) -> Reply {
    list::<F>(&ctx, &query, true, &format!("{}/detail", F::COLLECTION)).await
}

async fn list<F: Face>(ctx: &Caller, query: &Query, full: bool, path: &str) -> Reply {
    let page = Page::read(ctx, query, SORT_KEYS)?;
    let scope = ctx.scope();
    let rows = ctx.read(move |conn| templates::list(conn, &scope)).await?;
    let mut documents = Vec::new();
    for row in rows {
        let document = row.document()?;
        documents.push((row, document));
    }
    let documents = page.arrange(documents, |item| item.0.id.clone(), view::value)?;
    let items = documents.iter().map(|(row, document)| match full {
        true => whole::<F>(ctx, row, document),
        false => brief::<F>(ctx, row, document),
    });
    let items = items.collect::<Result<_>>()?;
    let last = documents.last().map(|(row, _)| row.id.clone());
    page.listed(ctx, F::COLLECTION, &format!("/{path}"), items, last)
}

/// The template, if the caller may see it.
async fn find<F: Face>(caller: &Caller, ident: Ident) -> Result<(Template, Document)> {
    let scope = caller.scope();
    let name = ident.clone();
    let found = caller
        .read(move |conn| {
            Ok(match &name {
                Ident::Id(id) => templates::get(conn, &scope, id)?.into_iter().collect(),
                Ident::Name(name) => templates::named(conn, &scope, name)?,
            })
        })
        .await?;
    let row = one(F::WHAT, &ident, found)?;
    let document = row.document()?;
    Ok((row, document))
}

async fn show<F: Face>(pending: Pending<F::Get>, Path(ident): Path<Ident>) -> Reply {
    let (row, document) = match find::<F>(&pending, ident).await {
        // Whoever may see none at all does not learn which there are.
        Err(error) => {
            let own = pending.own();
            must::<F::Get>(&pending, &own)?;
            return Err(error);
        }
        Ok(found) => found,
    };
    // A public template is everybody's to read.
    if row.public == 0 {
        must::<F::Get>(&pending, &Target::project(&row.project_id))?;
    }
    reply::ok(&whole::<F>(&pending, &row, &document)?)
}

async fn create<F: Face>(ctx: Ctx<F::Create>, Object(mut map): Object) -> Reply {
    let id = body::take_uuid(&mut map)?.unwrap_or_else(Uuid::now_v7);
    let old = of_2015(&ctx);
    let mut document = Document::create(F::ERA, old, map)?;
    if document.name.is_none() && !(old && F::ERA == Era::Legacy) {
        document.name = Word::new(names::generate("template"));
    }
    if document.public.0 || document.hidden.0 {
        must::<F::Publish>(&ctx, &ctx.own())?;
    }
    let project = ctx.project_id()?.to_owned();
    let (scope, owner) = (ctx.scope(), project.clone());
    let document = ctx
        .read(move |conn| check::complete(conn, &scope, &owner, document.clone(), None))
        .await?;
    let mut row = Template {
        id: id.to_string(),
        project_id: project,
        user_id: ctx.user_id().to_owned(),
        name: None,
        public: 0,
        hidden: 0,
        revision: 1,
        created_at: ctx.state().clock.now().0,
        updated_at: None,
        spec: String::new(),
    };
    row.set_document(&document)?;
    let (new, most) = (row.clone(), settings(&ctx).templates);
    ctx.store()
        .write(move |tx| templates::insert(tx, &new, most))
        .await?;
    let view = whole::<F>(&ctx, &row, &document)?;
    created(&ctx, F::COLLECTION, &row.id, &view)
}

/// A template that the caller may see and rule `R` lets him change.
async fn owned<F: Face, R: Rule>(
    pending: Pending<R>,
    ident: Ident,
) -> Result<(Ctx<R>, Template, Document)> {
    match find::<F>(&pending, ident).await {
        Ok((row, document)) => {
            let ctx = pending.authorize(&Target::project(&row.project_id))?;
            Ok((ctx, row, document))
        }
        Err(error) => {
            let own = pending.own();
            must::<R>(&pending, &own)?;
            Err(error)
        }
    }
}

async fn update<F: Face>(
    pending: Pending<F::Update>,
    Path(ident): Path<Ident>,
    body: Changes,
) -> Reply {
    let changes = body.read(&template::rules(F::ERA, of_2015(&pending)))?;
    let (ctx, row, _) = owned::<F, _>(pending, ident).await?;
    let publisher = ctx.check::<F::Publish>(&Target::project(&row.project_id));
    let scope = ctx.scope();
    let (row, document) = ctx
        .store()
        .write(move |tx| {
            let found = templates::get(tx, &scope, &row.id)?;
            let mut row = found.ok_or_else(|| Error::not_found(F::WHAT, &row.id))?;
            let before = row.document()?;
            let mut map = before.document(F::ERA)?;
            dialect::apply(&mut map, &changes)?;
            let document = before.changed(F::ERA, map)?;
            if document == before {
                return Ok((row, before));
            }
            if !publisher && (document.public, document.hidden) != (before.public, before.hidden) {
                return Err(refused::<F::Publish>().into());
            }
            let owner = row.project_id.clone();
            let document = check::complete(tx, &scope, &owner, document, Some(&before))?;
            row.set_document(&document)?;
            templates::update(tx, &mut row)?;
            Ok((row, document))
        })
        .await?;
    reply::ok(&whole::<F>(&ctx, &row, &document)?)
}

async fn remove<F: Face>(pending: Pending<F::Delete>, Path(ident): Path<Ident>) -> Reply {
    let (ctx, row, _) = owned::<F, _>(pending, ident).await?;
    ctx.store()
        .write(move |tx| templates::delete(tx, &row.id))
        .await?;
    reply::no_content()
}
