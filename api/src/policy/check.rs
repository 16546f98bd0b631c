//! Compiled rules and their evaluation: every name is resolved when the rules are loaded, so that
//! a check is a few comparisons.
//!
//! One difference from oslo.policy, on purpose: a credential the token does not have (the project
//! of an unscoped token) equals nothing that comes from outside. Only the literal `None` in a rule
//! means that it is absent, as in `not domain_id:None`.

use super::target::{Target, TargetValue};
use crate::auth::Auth;

/// A compiled rule.
#[derive(Clone, Debug)]
pub enum Check {
    /// Allows.
    True,
    /// Refuses.
    False,
    /// All of them.
    And(Box<[Check]>),
    /// Any of them.
    Or(Box<[Check]>),
    /// The opposite.
    Not(Box<Check>),
    /// Another rule, by its place.
    Rule(usize),
    /// The token has this role; compared without regard to case.
    Role(Template),
    /// The token's attribute has this value.
    Credential(Credential, Template),
    /// A constant has this value.
    Literal(String, Template),
}

impl Check {
    /// Does it hold? `rules` are the compiled rules that `Check::Rule` points into.
    pub fn holds(&self, rules: &[Check], auth: &Auth, target: &Target<'_>) -> bool {
        match self {
            Check::True => true,
            Check::False => false,
            Check::And(parts) => parts.iter().all(|part| part.holds(rules, auth, target)),
            Check::Or(parts) => parts.iter().any(|part| part.holds(rules, auth, target)),
            Check::Not(inner) => !inner.holds(rules, auth, target),
            Check::Rule(place) => rules
                .get(*place)
                .is_some_and(|rule| rule.holds(rules, auth, target)),
            Check::Role(role) => role
                .with(target, |wanted| auth.has_role(wanted))
                .unwrap_or(false),
            Check::Credential(which, wanted) => match which.of(auth) {
                Some(actual) => wanted
                    .with(target, |wanted| wanted == actual)
                    .unwrap_or(false),
                None => matches!(wanted, Template::Plain(text) if text == "None"),
            },
            Check::Literal(actual, wanted) => wanted
                .with(target, |wanted| wanted == actual)
                .unwrap_or(false),
        }
    }
}

/// An attribute of the token that rules may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// Who.
    UserId,
    /// The domain of the user.
    UserDomainId,
    /// The project the token is for.
    ProjectId,
    /// The domain of that project.
    ProjectDomainId,
    /// The domain the token is for.
    DomainId,
    /// `all` for a token for the whole system.
    SystemScope,
    /// No token of this cloud carries it: always `False`.
    IsAdmin,
    /// Known to oslo.policy, never held by our tokens.
    Absent,
}

impl Credential {
    /// The credential with this name, in any of the spellings the services' policies use.
    pub fn named(name: &str) -> Option<Credential> {
        Some(match name {
            "user_id" | "user.id" | "token.user.id" => Credential::UserId,
            "user_domain_id" | "user.domain.id" | "token.user.domain.id" => {
                Credential::UserDomainId
            }
            "project_id" | "tenant_id" | "tenant" | "token.project.id" => Credential::ProjectId,
            "project_domain_id" | "token.project.domain.id" => Credential::ProjectDomainId,
            "domain_id" | "token.domain.id" => Credential::DomainId,
            "system_scope" => Credential::SystemScope,
            "is_admin" => Credential::IsAdmin,
            "is_admin_project"
            | "service_user_id"
            | "service_project_id"
            | "trust.trustor_id"
            | "trust.trustee_id"
            | "token.is_admin_project" => Credential::Absent,
            _ => return None,
        })
    }

    fn of(self, auth: &Auth) -> Option<&str> {
        match self {
            Credential::UserId => Some(&auth.user.id),
            Credential::UserDomainId => Some(&auth.user.domain.id),
            Credential::ProjectId => auth.project().map(|project| project.id.as_str()),
            Credential::ProjectDomainId => auth.project().map(|project| project.domain.id.as_str()),
            Credential::DomainId => auth.domain().map(|domain| domain.id.as_str()),
            Credential::SystemScope => auth.is_system().then_some("all"),
            Credential::IsAdmin => Some("False"),
            Credential::Absent => None,
        }
    }
}

/// A text with `%(name)s` in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// Nothing to fill in.
    Plain(String),
    /// `%(name)s` and nothing else: the usual case.
    Name(String),
    /// Both.
    Mixed(Box<[Part]>),
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// The target's attribute.
    Name(String),
}

impl Template {
    /// Parses the part of a check after the colon.
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("%(") {
            let (name, after) = after
                .split_once(")s")
                .ok_or_else(|| format!("{text:?}: %( without )s"))?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Name(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() || parts.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(match parts.as_mut_slice() {
            [Part::Text(text)] => Template::Plain(std::mem::take(text)),
            [Part::Name(name)] => Template::Name(std::mem::take(name)),
            _ => Template::Mixed(parts.into()),
        })
    }

    /// Calls `then` with the filled-in text; `None` when the target lacks a name.
    fn with<T>(&self, target: &Target<'_>, then: impl FnOnce(&str) -> T) -> Option<T> {
        match self {
            Template::Plain(text) => Some(then(text)),
            Template::Name(name) => target.get(name).map(|value| then(value.as_text())),
            Template::Mixed(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Text(plain) => text.push_str(plain),
                        Part::Name(name) => {
                            text.push_str(target.get(name).map(TargetValue::as_text)?)
                        }
                    }
                }
                Some(then(&text))
            }
        }
    }
}
