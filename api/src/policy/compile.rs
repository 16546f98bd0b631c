//! Turns written rules into compiled ones: resolves references, refuses unknown names and cycles.

use super::check::{Check, Credential, Template};
use super::parse::Expr;
use std::collections::HashMap;

/// Compiles all rules together. The error names the rule and what to mend.
pub fn compile(rules: &[(String, Expr)]) -> Result<Vec<Check>, String> {
    let places: HashMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(place, (name, _))| (name.as_str(), place))
        .collect();
    let mut compiled = Vec::with_capacity(rules.len());
    for (name, expr) in rules {
        compiled.push(resolve(expr, &places).map_err(|error| format!("rule {name:?}: {error}"))?);
    }
    if let Some(cycle) = cycle(rules, &places) {
        return Err(format!(
            "rules refer to each other in a circle: {}",
            cycle.join(" -> ")
        ));
    }
    Ok(compiled)
}

fn resolve(expr: &Expr, places: &HashMap<&str, usize>) -> Result<Check, String> {
    let all = |parts: &[Expr]| {
        parts
            .iter()
            .map(|part| resolve(part, places))
            .collect::<Result<Box<[_]>, _>>()
    };
    Ok(match expr {
        Expr::True => Check::True,
        Expr::False => Check::False,
        Expr::And(parts) => Check::And(all(parts)?),
        Expr::Or(parts) => Check::Or(all(parts)?),
        Expr::Not(inner) => Check::Not(Box::new(resolve(inner, places)?)),
        Expr::Check { kind, matched } => match kind.as_str() {
            "rule" => Check::Rule(
                *places
                    .get(matched.as_str())
                    .ok_or_else(|| format!("no rule {matched:?}"))?,
            ),
            "role" => Check::Role(match Template::parse(matched)? {
                Template::Plain(role) => Template::Plain(role.to_lowercase()),
                filled => filled,
            }),
            "http" | "https" => {
                return Err("checks by a remote server (http:, https:) are not supported".into());
            }
            kind => {
                let wanted = Template::parse(matched)?;
                if let Some(literal) = literal(kind) {
                    Check::Literal(literal, wanted)
                } else if let Some(credential) = Credential::named(kind) {
                    Check::Credential(credential, wanted)
                } else {
                    return Err(format!(
                        "{kind:?} is neither role, rule, a quoted literal nor an attribute of a \
                         token (user_id, project_id, domain_id, system_scope, user_domain_id, \
                         project_domain_id)"
                    ));
                }
            }
        },
    })
}

/// What Python's `literal_eval` would accept, as the text that is compared.
fn literal(kind: &str) -> Option<String> {
    for quote in ['\'', '"'] {
        if let Some(inner) = kind
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
        {
            return Some(inner.to_owned());
        }
    }
    let constant = matches!(kind, "True" | "False" | "None") || kind.parse::<i64>().is_ok();
    constant.then(|| kind.to_owned())
}

/// A chain of references that comes back to its beginning.
fn cycle(rules: &[(String, Expr)], places: &HashMap<&str, usize>) -> Option<Vec<String>> {
    fn references(expr: &Expr, found: &mut Vec<String>) {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => {
                parts.iter().for_each(|part| references(part, found))
            }
            Expr::Not(inner) => references(inner, found),
            Expr::Check { kind, matched } if kind == "rule" => found.push(matched.clone()),
            _ => {}
        }
    }
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    fn visit(
        place: usize,
        edges: &[Vec<usize>],
        marks: &mut [Mark],
        path: &mut Vec<usize>,
    ) -> bool {
        marks[place] = Mark::Open;
        path.push(place);
        for &next in &edges[place] {
            if marks[next] == Mark::Open {
                path.push(next);
                return true;
            }
            if marks[next] == Mark::New && visit(next, edges, marks, path) {
                return true;
            }
        }
        path.pop();
        marks[place] = Mark::Done;
        false
    }
    let edges: Vec<Vec<usize>> = rules
        .iter()
        .map(|(_, expr)| {
            let mut found = Vec::new();
            references(expr, &mut found);
            found
                .iter()
                .filter_map(|name| places.get(name.as_str()).copied())
                .collect()
        })
        .collect();
    let mut marks = vec![Mark::New; rules.len()];
    for place in 0..rules.len() {
        let mut path = Vec::new();
        if marks[place] == Mark::New && visit(place, &edges, &mut marks, &mut path) {
            let last = path.last().copied();
            let begin = path.iter().position(|&p| Some(p) == last).unwrap_or(0);
            return Some(path[begin..].iter().map(|&p| rules[p].0.clone()).collect());
        }
    }
    None
}
