//! What assignments come to: groups become their members, what is inherited becomes the projects
//! below, roles bring the roles they imply.

use std::collections::{HashMap, HashSet};
use store::identity::assignments::Assignment;
use store::identity::projects::{self, Filter};
use store::identity::{groups, roles};
use store::{Conn, Result};

/// One line of the list and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line {
    pub assignment: Assignment,
    /// The group it came through.
    pub group: Option<String>,
    /// The target it was inherited from: kind and id.
    pub inherited_from: Option<(String, String)>,
    /// The role that implied this one.
    pub implied_by: Option<String>,
}

impl From<Assignment> for Line {
    fn from(assignment: Assignment) -> Line {
        Line {
            assignment,
            group: None,
            inherited_from: None,
            implied_by: None,
        }
    }
}

impl Line {
    pub fn key(&self) -> (&str, &str, &str, &str) {
        let a = &self.assignment;
        (&a.target_id, &a.actor_id, &a.role_id, &a.actor)
    }
}

/// Works them out.
pub(super) fn effective(conn: &mut Conn, given: Vec<Assignment>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut below: HashMap<(String, String), Vec<String>> = HashMap::new();
    for assignment in given {
        if assignment.inherited == 0 {
            lines.push(Line::from(assignment));
            continue;
        }
        let from = (assignment.target.clone(), assignment.target_id.clone());
        if !below.contains_key(&from) {
            let within = if from.0 == "domain" {
                let filter = Filter {
                    domain_id: Some(from.1.clone()),
                    ..Filter::default()
                };
                projects::list(conn, &filter)?
            } else {
                projects::subtree(conn, &from.1)?
            };
            below.insert(
                from.clone(),
                within.into_iter().map(|project| project.id).collect(),
            );
        }
        for target_id in below.get(&from).into_iter().flatten() {
            let mut line = Line::from(Assignment {
                target: "project".into(),
                target_id: target_id.clone(),
                inherited: 0,
                ..assignment.clone()
            });
            line.inherited_from = Some(from.clone());
            lines.push(line);
        }
    }
    let lines = members(conn, lines)?;
    implied(conn, lines)
}

fn members(conn: &mut Conn, lines: Vec<Line>) -> Result<Vec<Line>> {
    let mut known: HashMap<String, Vec<String>> = HashMap::new();
    let mut all = Vec::new();
    for line in lines {
        if line.assignment.actor != "group" {
            all.push(line);
            continue;
        }
        let group = line.assignment.actor_id.clone();
        if !known.contains_key(&group) {
            let users = groups::members(conn, &group)?
                .into_iter()
                .map(|user| user.id);
            known.insert(group.clone(), users.collect());
        }
        for user in known.get(&group).into_iter().flatten() {
            let mut member = line.clone();
            member.assignment.actor = "user".into();
            member.assignment.actor_id.clone_from(user);
            member.group = Some(group.clone());
            all.push(member);
        }
    }
    Ok(all)
}

fn implied(conn: &mut Conn, lines: Vec<Line>) -> Result<Vec<Line>> {
    let implications = roles::implications(conn)?;
    let mut seen: HashSet<(Assignment, Option<String>)> = HashSet::new();
    let mut all = Vec::new();
    for line in lines {
        let own = line.assignment.role_id.clone();
        for role in roles::with_implied(&implications, [own.clone()]) {
            let mut line = line.clone();
            line.implied_by = (role != own).then(|| own.clone());
            line.assignment.role_id = role;
            if seen.insert((line.assignment.clone(), line.group.clone())) {
                all.push(line);
            }
        }
    }
    Ok(all)
}
