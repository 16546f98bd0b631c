//! The token body.

use crate::auth::{Auth, Named, TokenScope};
use crate::call::Call;
use crate::identity::catalog;
use schemas::Result;
use schemas::identity::Reference;
use schemas::identity::application_credential::AccessRule;
use schemas::identity::token::{ApplicationCredential, InDomain, System, Token, User};

fn reference(named: &Named) -> Reference {
    Reference {
        id: named.id.clone(),
        name: named.name.clone(),
    }
}

/// What the token stands for, as clients read it.
pub(super) async fn token(call: &Call, auth: &Auth, with_catalog: bool) -> Result<Token> {
    let scoped = auth.scope != TokenScope::Unscoped;
    let project = auth.project().map(|project| InDomain {
        id: project.id.clone(),
        name: project.name.clone(),
        domain: reference(&project.domain),
    });
    let catalog = if scoped && with_catalog {
        Some(catalog::of(call, auth).await?)
    } else {
        None
    };
    Ok(Token {
        methods: auth.methods.clone(),
        user: User {
            id: auth.user.id.clone(),
            name: auth.user.name.clone(),
            domain: reference(&auth.user.domain),
            password_expires_at: auth.user.password_expires_at.map(|at| at.micros()),
        },
        audit_ids: auth.audit_ids.clone(),
        expires_at: auth.expires_at.micros(),
        issued_at: auth.issued_at.micros(),
        is_domain: project.as_ref().map(|_| false),
        project,
        domain: auth.domain().map(reference),
        system: auth.is_system().then_some(System { all: true }),
        roles: scoped.then(|| auth.roles.iter().map(reference).collect()),
        catalog,
        application_credential: auth.application_credential.as_ref().map(|credential| {
            ApplicationCredential {
                id: credential.id.clone(),
                name: credential.name.clone(),
                restricted: !credential.unrestricted,
                access_rules: credential.access_rules.as_ref().map(|rules| {
                    let view = |rule: &crate::auth::AccessRule| AccessRule {
                        id: rule.id.clone(),
                        service: rule.service.clone(),
                        method: rule.method.clone(),
                        path: rule.path.clone(),
                        links: None,
                    };
                    rules.iter().map(view).collect()
                }),
            }
        }),
    })
}
