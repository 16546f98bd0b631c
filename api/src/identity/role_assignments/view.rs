//! Assignments as shown, with names when they are asked for.

use super::effective::Line;
use crate::ctx::Caller;
use schemas::identity::Reference;
use schemas::identity::assignment::{Assignment, Links, Object, Scope};
use schemas::identity::token::System;
use std::collections::{HashMap, HashSet};
use store::identity::{domains, groups, projects, roles, users};
use store::{Conn, Result};

/// Names and domains of all that occurs, by id.
pub(super) struct Names {
    known: HashMap<String, (String, Option<String>)>,
    domains: HashMap<String, String>,
}

impl Names {
    pub fn load(conn: &mut Conn, lines: &[Line]) -> Result<Names> {
        let ids = |pick: fn(&Line) -> &String| lines.iter().map(pick).cloned().collect();
        let actors: HashSet<String> = ids(|line| &line.assignment.actor_id);
        let targets: HashSet<String> = ids(|line| &line.assignment.target_id);
        let mut known = HashMap::new();
        for user in users::with_ids(conn, &actors)? {
            known.insert(user.id, (user.name, Some(user.domain_id)));
        }
        for group in groups::list(conn, None, None)? {
            known.insert(group.id, (group.name, Some(group.domain_id)));
        }
        for project in projects::with_ids(conn, &targets)? {
            known.insert(project.id, (project.name, Some(project.domain_id)));
        }
        for (id, role) in roles::all(conn)? {
            let domain = Some(role.domain_id).filter(|domain| !domain.is_empty());
            known.insert(id, (role.name, domain));
        }
        let domains: HashMap<String, String> = domains::list(conn)?
            .into_iter()
            .map(|domain| (domain.id, domain.name))
            .collect();
        Ok(Names { known, domains })
    }

    fn object(&self, id: &str, named: bool) -> Object {
        let plain = Object {
            id: id.to_owned(),
            name: None,
            domain: None,
        };
        if !named {
            return plain;
        }
        if let Some((name, domain)) = self.known.get(id) {
            let domain = domain.as_ref().map(|id| Reference {
                id: id.clone(),
                name: self.domains.get(id).cloned().unwrap_or_default(),
            });
            return Object {
                name: Some(name.clone()),
                domain,
                ..plain
            };
        }
        Object {
            name: self.domains.get(id).cloned(),
            ..plain
        }
    }
}

pub(super) fn views(
    caller: &Caller,
    lines: &[Line],
    names: &Names,
    named: bool,
) -> Vec<Assignment> {
    lines
        .iter()
        .map(|line| view(caller, line, names, named))
        .collect()
}

fn view(caller: &Caller, line: &Line, names: &Names, named: bool) -> Assignment {
    let a = &line.assignment;
    let actor = names.object(&a.actor_id, named);
    let target = || names.object(&a.target_id, named);
    let (user, group) = if a.actor == "user" {
        (Some(actor), None)
    } else {
        (None, Some(actor))
    };
    let inherited = a.inherited != 0;
    Assignment {
        role: names.object(&a.role_id, named),
        user,
        group,
        scope: Scope {
            project: (a.target == "project").then(target),
            domain: (a.target == "domain").then(target),
            system: (a.target == "system").then_some(System { all: true }),
            inherited_to: inherited.then_some("projects"),
        },
        links: links(caller, line),
    }
}

/// The addresses of the grant itself and of the membership it came through.
fn links(caller: &Caller, line: &Line) -> Links {
    let a = &line.assignment;
    let role = line.implied_by.as_ref().unwrap_or(&a.role_id);
    let actor = match &line.group {
        Some(group) => format!("groups/{group}"),
        None => format!("{}s/{}", a.actor, a.actor_id),
    };
    let path = match (&line.inherited_from, a.inherited, a.target.as_str()) {
        (_, _, "system") => format!("/system/{actor}/roles/{role}"),
        (Some((kind, id)), _, _) => {
            format!("/OS-INHERIT/{kind}s/{id}/{actor}/roles/{role}/inherited_to_projects")
        }
        (None, 0, kind) => format!("/{kind}s/{}/{actor}/roles/{role}", a.target_id),
        (None, _, kind) => format!(
            "/OS-INHERIT/{kind}s/{}/{actor}/roles/{role}/inherited_to_projects",
            a.target_id
        ),
    };
    let membership = line.group.as_ref();
    Links {
        assignment: caller.url(&path),
        membership: membership
            .map(|group| caller.url(&format!("/groups/{group}/users/{}", a.actor_id))),
    }
}
