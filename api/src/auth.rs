//! Who is calling: what a verified token says, as every service sees it.

use schemas::Timestamp;

/// A verified token with everything that decides what its bearer may do. Made by
/// [`crate::identity::token`], shared between requests, replaced when the identity rows change.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Who.
    pub user: Person,
    /// For what.
    pub scope: TokenScope,
    /// The roles there, implied ones included, sorted by name.
    pub roles: Vec<Named>,
    /// `password`, `token`, `application_credential`.
    pub methods: Vec<String>,
    /// The token's own audit id and, when it came from another token, that of the first one.
    pub audit_ids: Vec<String>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The application credential it was made from.
    pub application_credential: Option<AppCredential>,
    pub(crate) role_names: Vec<Box<str>>,
}

/// An id and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// 32 hex digits, or `default`.
    pub id: String,
    /// As shown.
    pub name: String,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The domain that holds the user.
    pub domain: Named,
    /// When the password must be changed.
    pub password_expires_at: Option<Timestamp>,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The domain that holds the project.
    pub domain: Named,
}

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Only for getting a scoped one.
    Unscoped,
    /// One project.
    Project(Project),
    /// A domain's users, groups and projects.
    Domain(Named),
    /// The whole cloud.
    System,
}

/// What a token made from an application credential is bound by.
#[derive(Clone, Debug)]
pub struct AppCredential {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// False: it may not make or delete application credentials.
    pub unrestricted: bool,
    /// When given, only these requests are allowed.
    pub access_rules: Option<Vec<AccessRule>>,
}

/// One kind of request that an application credential allows.
#[derive(Clone, Debug)]
pub struct AccessRule {
    /// Id.
    pub id: String,
    /// Service type of the catalog.
    pub service: String,
    /// HTTP method.
    pub method: String,
    /// Path with `*` and `{id}` for a segment, `**` for any number.
    pub path: String,
}

impl Auth {
    /// Puts a token's facts together.
    pub fn new(user: Person, scope: TokenScope, mut roles: Vec<Named>) -> Auth {
        roles.sort_by(|a, b| a.name.cmp(&b.name));
        Auth {
            user,
            scope,
            role_names: roles
                .iter()
                .map(|role| role.name.to_lowercase().into())
                .collect(),
            roles,
            methods: Vec::new(),
            audit_ids: Vec::new(),
            issued_at: Timestamp(0),
            expires_at: Timestamp(0),
            application_credential: None,
        }
    }

    /// Does the token carry this role? Role names are compared without regard to case.
    pub fn has_role(&self, name: &str) -> bool {
        self.role_names.iter().any(|role| **role == *name)
            || (name.chars().any(char::is_uppercase) && {
                let name = name.to_lowercase();
                self.role_names.iter().any(|role| **role == *name)
            })
    }

    /// The project the token is for.
    pub fn project(&self) -> Option<&Project> {
        match &self.scope {
            TokenScope::Project(project) => Some(project),
            _ => None,
        }
    }

    /// The domain the token is for.
    pub fn domain(&self) -> Option<&Named> {
        match &self.scope {
            TokenScope::Domain(domain) => Some(domain),
            _ => None,
        }
    }

    /// Is the token for the whole system?
    pub fn is_system(&self) -> bool {
        self.scope == TokenScope::System
    }
}

impl AccessRule {
    /// Is this request one of those the rule allows? `path` is below the service's prefix,
    /// `full` with it: users write either.
    pub fn allows(&self, service: &str, method: &str, path: &str, full: &str) -> bool {
        self.service == service
            && self.method.eq_ignore_ascii_case(method)
            && (matches(&self.path, path) || matches(&self.path, full))
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    fn segments(text: &str) -> Vec<&str> {
        text.split('/')
            .filter(|segment| !segment.is_empty())
            .collect()
    }
    fn walk(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            ([], []) => true,
            (["**", rest @ ..], _) => (0..=path.len()).any(|skip| walk(rest, &path[skip..])),
            ([first, rest @ ..], [segment, path @ ..]) => {
                let any = *first == "*" || (first.starts_with('{') && first.ends_with('}'));
                (any || first == segment) && walk(rest, path)
            }
            _ => false,
        }
    }
    walk(&segments(pattern), &segments(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_rule_matches_by_segment() {
        let yes = [
            ("/v2.1/servers", "/v2.1/servers/"),
            ("/v2.1/servers/*", "/v2.1/servers/42"),
            ("/v2.1/servers/{server_id}/ips", "/v2.1/servers/42/ips"),
            ("/v2.1/**", "/v2.1/servers/42/ips"),
            ("**/ips", "/v2.1/servers/42/ips"),
        ];
        for (pattern, path) in yes {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        let no = [
            ("/v2.1/servers/*", "/v2.1/servers"),
            ("/v2.1/servers", "/v2.1/servers/42"),
        ];
        for (pattern, path) in no {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
