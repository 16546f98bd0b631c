//! Samples of identity.

use super::Sample;
use crate::api::things::Things;
use serde_json::json;

pub(super) fn of(key: &str, things: &Things) -> Option<Vec<Sample>> {
    let id = |place: &str| things.get(place).to_owned();
    let subject = |label| {
        Sample::plain()
            .label(label)
            .header("x-subject-token", things.get("token"))
    };
    let by_password = json!({ "identity": { "methods": ["password"], "password": { "user": {
        "name": "member", "domain": { "name": "Default" }, "password": "wrong",
    }}}});
    let by_token = json!({
        "identity": { "methods": ["token"], "token": { "id": things.get("token") } },
        "scope": { "project": { "name": "home", "domain": { "id": "default" } } },
    });
    let by_credential = json!({ "identity": {
        "methods": ["application_credential"],
        "application_credential": {
            "name": "robot", "secret": "wrong",
            "user": { "name": "member", "domain": { "id": "default" } },
        },
    }});
    let one = |body| Some(vec![Sample::json(body)]);
    match key {
        "POST /auth/tokens" => Some(vec![
            Sample::json(json!({ "auth": by_password })).label("wrong password"),
            Sample::json(json!({ "auth": by_token })).label("token"),
            Sample::json(json!({ "auth": by_credential })).label("wrong secret"),
        ]),
        "GET /auth/tokens" | "HEAD /auth/tokens" | "DELETE /auth/tokens" => {
            Some(vec![subject("a member's")])
        }
        "POST /identity/v2.0/tokens" | "POST /v2.0/tokens" | "POST /tokens" => {
            one(json!({ "auth": {
                "tenantName": "home",
                "passwordCredentials": { "username": "member", "password": "wrong" },
            }}))
        }
        "POST /users" => one(json!({ "user": {
            "name": "new", "domain_id": "default", "default_project_id": id("identity/projects"),
            "description": "d", "enabled": true, "email": "new@example.org",
            "options": { "lock_password": true },
        }})),
        "PATCH /users/{user_id}" => one(json!({ "user": {
            "name": "renamed", "description": "d", "enabled": true, "email": "new@example.org",
            "default_project_id": id("identity/projects"), "options": { "lock_password": false },
        }})),
        "POST /users/{user_id}/password" => one(json!({ "user": {
            "original_password": "wrong", "password": "new",
        }})),
        "POST /projects" => one(json!({ "project": {
            "name": "new", "domain_id": "default", "parent_id": id("identity/projects"),
            "description": "d", "enabled": true, "is_domain": false, "tags": ["a"], "extra": 1,
        }})),
        "PATCH /projects/{project_id}" => one(json!({ "project": {
            "name": "renamed", "description": "d", "enabled": true, "tags": ["a"], "extra": 1,
        }})),
        "PUT /projects/{project_id}/tags" => one(json!({ "tags": ["a", "b"] })),
        "POST /domains" => one(json!({ "domain": {
            "name": "new", "description": "d", "enabled": true,
        }})),
        "PATCH /domains/{domain_id}" => one(json!({ "domain": {
            "name": "renamed", "description": "d", "enabled": true,
        }})),
        "POST /groups" => one(json!({ "group": {
            "name": "new", "domain_id": "default", "description": "d",
        }})),
        "PATCH /groups/{group_id}" => one(json!({ "group": {
            "name": "renamed", "description": "d",
        }})),
        "POST /roles" => Some(vec![
            Sample::json(json!({ "role": { "name": "new", "description": "d", "options": {} } })),
            Sample::json(json!({ "role": { "name": "new", "domain_id": id("identity/domains") } }))
                .label("of a domain"),
        ]),
        "PATCH /roles/{role_id}" => one(json!({ "role": {
            "name": "renamed", "description": "d", "options": {},
        }})),
        "POST /regions" => one(json!({ "region": {
            "id": "South", "description": "d", "parent_region_id": "North",
        }})),
        "PUT /regions/{region_id}" | "PATCH /regions/{region_id}" => one(json!({ "region": {
            "description": "d", "parent_region_id": null,
        }})),
        "POST /services" => one(json!({ "service": {
            "type": "new", "name": "new", "description": "d", "enabled": true,
        }})),
        "PATCH /services/{service_id}" => one(json!({ "service": {
            "type": "thing", "name": "renamed", "description": "d", "enabled": true,
        }})),
        "POST /endpoints" => one(json!({ "endpoint": {
            "service_id": id("identity/services"), "interface": "internal",
            "url": "http://new.example.org/%(project_id)s", "region_id": "North", "enabled": true,
        }})),
        "PATCH /endpoints/{endpoint_id}" => one(json!({ "endpoint": {
            "service_id": id("identity/services"), "interface": "internal",
            "url": "http://new.example.org", "region_id": "North", "enabled": true,
        }})),
        "POST /credentials" => one(json!({ "credential": {
            "type": "cert", "blob": "new", "user_id": id("identity/users"),
            "project_id": id("identity/projects"),
        }})),
        "PATCH /credentials/{credential_id}" => one(json!({ "credential": {
            "type": "cert", "blob": "changed", "project_id": id("identity/projects"),
        }})),
        "POST /users/{user_id}/credentials/OS-EC2" => {
            one(json!({ "tenant_id": id("identity/projects") }))
        }
        "POST /users/{user_id}/application_credentials" => one(json!({ "application_credential": {
            "name": "new", "description": "d", "expires_at": "2100-01-01T00:00:00.000000Z",
            "roles": [{ "name": "reader" }], "unrestricted": false,
            "access_rules": [{ "service": "image", "method": "GET", "path": "/v2/images" }],
        }})),
        "POST /limits" => one(json!({ "limits": [] })),
        "POST /registered_limits" => one(json!({ "registered_limits": [] })),
        // Said whole by their paths.
        _ if key.starts_with("PUT ") && path_says_all(key) => Some(vec![Sample::plain()]),
        _ => None,
    }
}

fn path_says_all(key: &str) -> bool {
    [
        "/tags/{tag}",
        "/roles/{role_id}",
        "/inherited_to_projects",
        "/implies/{implied_role_id}",
        "/groups/{group_id}/users/{user_id}",
    ]
    .iter()
    .any(|end| key.ends_with(end))
}
