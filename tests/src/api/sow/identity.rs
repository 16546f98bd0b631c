//! Identity's things: what the victim's users own, and what administrators keep.

use super::{make, must};
use crate::api::answer::Ask;
use crate::api::cloud::Cloud;
use crate::api::persona::Persona;
use actix_web::http::Method;
use serde_json::json;

pub(super) async fn sow(cloud: &mut Cloud) {
    let things = cloud.things.clone();
    let (home, member) = (things.get("project/home"), things.get("user/member"));
    let role = things.get("role/auditor");
    for (place, value) in [
        ("identity/projects", home),
        ("identity/users", member),
        ("identity/roles", role),
        ("identity/implies", things.get("role/scribe")),
        ("identity/tags", "blue"),
        ("identity/OS-EC2", "00000000000000000000000000000000"),
        ("name:identity/projects", "home"),
        ("name:identity/users", "member"),
    ] {
        cloud.things.put(place, value);
    }
    let admin = Persona::Admin;
    for (plural, body, id) in [
        (
            "domains",
            json!({ "domain": { "name": "other" } }),
            "/domain/id",
        ),
        (
            "groups",
            json!({ "group": { "name": "crew" } }),
            "/group/id",
        ),
        (
            "regions",
            json!({ "region": { "id": "North" } }),
            "/region/id",
        ),
        (
            "services",
            json!({ "service": { "type": "thing", "name": "things" } }),
            "/service/id",
        ),
    ] {
        let place = format!("identity/{plural}");
        make(
            cloud,
            admin,
            &format!("/identity/v3/{plural}"),
            body,
            id,
            &place,
        )
        .await;
    }
    let service = cloud.things.get("identity/services").to_owned();
    let endpoint = json!({ "endpoint": {
        "service_id": service, "interface": "public", "url": "http://things.example.org",
        "region_id": "North",
    }});
    make(
        cloud,
        admin,
        "/identity/v3/endpoints",
        endpoint,
        "/endpoint/id",
        "identity/endpoints",
    )
    .await;
    let credential = json!({ "credential": {
        "type": "cert", "blob": "the-members-blob", "user_id": member, "project_id": home,
    }});
    make(
        cloud,
        Persona::Member,
        "/identity/v3/credentials",
        credential,
        "/credential/id",
        "identity/credentials",
    )
    .await;
    let rule = json!({ "service": "compute", "method": "GET", "path": "/v2.1/servers" });
    let credential = json!({ "application_credential": {
        "name": "robot", "access_rules": [rule],
    }});
    let path = format!("/identity/v3/users/{member}/application_credentials");
    make(
        cloud,
        Persona::Member,
        &path,
        credential,
        "/application_credential/id",
        "identity/application_credentials",
    )
    .await;
    let rules = format!("/identity/v3/users/{member}/access_rules");
    let rules = must(cloud, Persona::Member, Ask::get(rules)).await.json();
    let rule = rules
        .pointer("/access_rules/0/id")
        .and_then(|id| id.as_str());
    cloud.things.put("identity/access_rules", rule.unwrap());
    grants(cloud, home, member).await;
}

/// What the samples of grants ask about, show and take away.
async fn grants(cloud: &mut Cloud, home: &str, member: &str) {
    let things = cloud.things.clone();
    let (group, role) = (things.get("identity/groups"), things.get("identity/roles"));
    let domain = things.get("identity/domains");
    let mut paths = vec![
        format!("projects/{home}/tags/blue"),
        format!("groups/{group}/users/{member}"),
        format!("roles/{role}/implies/{}", things.get("identity/implies")),
        format!("system/users/{member}/roles/{role}"),
        format!("system/groups/{group}/roles/{role}"),
    ];
    for target in [format!("projects/{home}"), format!("domains/{domain}")] {
        for actor in [format!("users/{member}"), format!("groups/{group}")] {
            let one = format!("{target}/{actor}/roles/{role}");
            paths.push(format!("OS-INHERIT/{one}/inherited_to_projects"));
            paths.push(one);
        }
    }
    for path in paths {
        must(
            cloud,
            Persona::Admin,
            Ask::new(Method::PUT, format!("/identity/v3/{path}")),
        )
        .await;
    }
}
