//! `/v3/role_assignments`: who has which role where, as given or as it comes out (`effective`).

mod effective;
mod view;

use super::rules;
use crate::ctx::{Ctx, Pending};
use crate::extract::Query;
use crate::policy::Target;
use crate::reply::Reply;
use crate::route::{Route, get};
use effective::Line;
use schemas::{Error, Result};
use std::collections::HashSet;
use store::identity::{assignments, projects};
use store::{Conn, Result as Read};

pub(super) fn routes() -> Vec<Route> {
    vec![get("/role_assignments", list)]
}

/// What the query asks for.
#[derive(Clone, Debug, Default)]
struct Asked {
    user: Option<String>,
    group: Option<String>,
    role: Option<String>,
    project: Option<String>,
    domain: Option<String>,
    system: bool,
    inherited: bool,
    effective: bool,
    subtree: bool,
    /// Set for a reader of a domain: nothing outside it.
    within_domain: Option<String>,
}

impl Asked {
    fn read(query: &Query) -> Result<Asked> {
        let text = |name: &str| query.get(name).filter(|v| !v.is_empty()).map(str::to_owned);
        let asked = Asked {
            user: text("user.id"),
            group: text("group.id"),
            role: text("role.id"),
            project: text("scope.project.id"),
            domain: text("scope.domain.id"),
            system: query.get("scope.system").is_some(),
            inherited: query.get("scope.OS-INHERIT:inherited_to").is_some(),
            effective: query.flag("effective"),
            subtree: query.flag("include_subtree"),
            within_domain: None,
        };
        let scopes = [
            asked.project.is_some(),
            asked.domain.is_some(),
            asked.system,
        ];
        let wrong = if scopes.iter().filter(|given| **given).count() > 1 {
            "scope.project.id, scope.domain.id and scope.system exclude each other."
        } else if asked.user.is_some() && asked.group.is_some() {
            "user.id and group.id exclude each other."
        } else if asked.effective && asked.group.is_some() {
            "effective shows users, not groups: group.id cannot be asked with it."
        } else if asked.subtree && asked.project.is_none() {
            "include_subtree needs scope.project.id."
        } else {
            return Ok(asked);
        };
        Err(Error::BadRequest(wrong.into()))
    }

    fn matches(&self, line: &Line, projects: &HashSet<String>) -> bool {
        let a = &line.assignment;
        let actor = |kind: &str, id: &Option<String>| {
            id.as_ref()
                .is_none_or(|id| a.actor == kind && a.actor_id == *id)
        };
        let target = |kind: &str, id: &Option<String>| {
            id.as_ref()
                .is_none_or(|id| a.target == kind && a.target_id == *id)
        };
        let project =
            self.project.is_none() || (a.target == "project" && projects.contains(&a.target_id));
        actor("user", &self.user)
            && actor("group", &self.group)
            && project
            && target("domain", &self.domain)
            && (!self.system || a.target == "system")
            && self.role.as_ref().is_none_or(|role| *role == a.role_id)
            && (!self.inherited || a.inherited != 0 || line.inherited_from.is_some())
    }
}

async fn list(pending: Pending<rules::ListRoleAssignments>, query: Query) -> Reply {
    let mut asked = Asked::read(&query)?;
    let own = pending.auth().domain().map(|domain| domain.id.clone());
    let ctx = if asked.subtree {
        let id = asked.project.clone().unwrap_or_default();
        let project = pending.find(move |conn| projects::get(conn, &id)).await?;
        let target = super::projects::target(&project);
        if !pending.check::<rules::ListRoleAssignmentsForTree>(&target) {
            return Err(Error::Forbidden(
                "Policy does not allow listing this tree.".into(),
            ));
        }
        pending.authorize(&target.with("target.domain_id", own.as_ref()))?
    } else {
        pending.authorize(&Target::new().with("target.domain_id", own.as_ref()))?
    };
    if !ctx.is_admin() && !ctx.auth().is_system() {
        asked.within_domain = own;
    }
    answer(&ctx, &query, asked).await
}

async fn answer(ctx: &Ctx<rules::ListRoleAssignments>, query: &Query, asked: Asked) -> Reply {
    let (lines, names) = ctx
        .read(move |conn| {
            let lines = lines(conn, &asked)?;
            let names = view::Names::load(conn, &lines)?;
            Ok((lines, names))
        })
        .await?;
    let items = view::views(ctx, &lines, &names, query.flag("include_names"));
    super::listing::collection(ctx, query, "role_assignments", items)
}

fn lines(conn: &mut Conn, asked: &Asked) -> Read<Vec<Line>> {
    let given = assignments::list(conn)?;
    let mut lines = if asked.effective {
        effective::effective(conn, given)?
    } else {
        given.into_iter().map(Line::from).collect()
    };
    let mut wanted: HashSet<String> = asked.project.iter().cloned().collect();
    if let Some(project) = asked.project.as_ref().filter(|_| asked.subtree) {
        wanted.extend(
            projects::subtree(conn, project)?
                .into_iter()
                .map(|below| below.id),
        );
    }
    lines.retain(|line| asked.matches(line, &wanted));
    if let Some(domain) = &asked.within_domain {
        let filter = projects::Filter {
            domain_id: Some(domain.clone()),
            ..projects::Filter::default()
        };
        let inside: HashSet<String> = projects::list(conn, &filter)?
            .into_iter()
            .map(|project| project.id)
            .collect();
        lines.retain(|line| {
            let a = &line.assignment;
            (a.target == "domain" && a.target_id == *domain) || inside.contains(&a.target_id)
        });
    }
    lines.sort_by(|a, b| a.key().cmp(&b.key()));
    Ok(lines)
}
