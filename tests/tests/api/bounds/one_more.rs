//! One more of each: what a member asks for, as often as he is let.

use actix_web::http::Method;
use serde_json::{Value, json};
use tests::api::answer::{Answer, Ask};
use tests::api::cloud::Cloud;
use tests::api::hostile::archives::good;
use tests::api::persona::Persona;
use tests::api::seed::Seed;

pub(super) async fn post(cloud: &Cloud, who: Persona, path: String, body: Value) -> Answer {
    let ask = Ask::new(Method::POST, path)
        .header("openstack-api-version", "compute 2.90")
        .json(&body);
    cloud.ask_as(who, ask).await
}

pub(super) async fn put(cloud: &Cloud, who: Persona, path: String) -> Answer {
    let ask = Ask::new(Method::PUT, path).header("openstack-api-version", "compute 2.90");
    cloud.ask_as(who, ask).await
}

pub(super) async fn image(cloud: &Cloud, who: Persona) -> Answer {
    let body = json!({ "name": "x", "container_format": "docker", "disk_format": "raw" });
    post(cloud, who, "/image/v2/images".into(), body).await
}

/// A new image and its data, sent to `end`.
pub(super) async fn data(cloud: &Cloud, who: Persona, end: &str) -> Answer {
    let id = image(cloud, who).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ask = Ask::new(Method::PUT, format!("/image/v2/images/{id}/{end}"))
        .bytes("application/octet-stream", good());
    cloud.ask_as(who, ask).await
}

pub(super) async fn property(cloud: &Cloud, n: usize) -> Answer {
    let id = cloud.things.get("image/queued");
    let change = json!([{ "op": "add", "path": format!("/p{n}"), "value": "x" }]);
    let kind = "application/openstack-images-v2.1-json-patch";
    let ask =
        Ask::new(Method::PATCH, format!("/image/v2/images/{id}")).bytes(kind, change.to_string());
    cloud.ask_as(Persona::Member, ask).await
}

pub(super) async fn server(cloud: &Cloud, who: Persona, group: Option<&str>) -> Answer {
    let (image, flavor) = (
        cloud.things.get("image/images"),
        cloud.things.get("flavor/public"),
    );
    let mut body = json!({ "server": {
        "name": "web", "imageRef": image, "flavorRef": flavor, "networks": "none",
    }});
    if let Some(group) = group {
        let many = json!({ "quota_set": { "instances": 99, "cores": 999, "ram": 999_999 } });
        let path = format!(
            "/compute/v2.1/os-quota-sets/{}",
            cloud.things.get("project/home")
        );
        let ask = Ask::new(Method::PUT, path).json(&many);
        assert!(cloud.ask_as(Persona::Admin, ask).await.status.is_success());
        body["os:scheduler_hints"] = json!({ "group": group });
    }
    post(cloud, who, "/compute/v2.1/servers".into(), body).await
}

pub(super) fn of_server(cloud: &Cloud, rest: &str) -> String {
    format!(
        "/compute/v2.1/servers/{}/{rest}",
        cloud.things.get("compute/servers")
    )
}

/// One more of a resource of container-infra.
pub(super) async fn infra(cloud: &Cloud, who: Persona, path: &str, mut body: Value) -> Answer {
    let cluster = match who {
        Persona::Stranger => "cluster/elsewhere",
        _ => "cluster/home",
    };
    for field in ["bay_uuid", "hostcluster_id"] {
        if body.get(field).is_some() {
            body[field] = json!(cloud.things.get(cluster));
        }
    }
    let ask = Ask::new(Method::POST, format!("/container-infra/v1/{path}")).json(&body);
    cloud.ask_as(who, ask).await
}

/// One more pod, replication controller or service, of a name of its own.
pub(super) async fn workload(cloud: &Cloud, who: Persona, kind: &str, n: usize) -> Answer {
    let cluster = match who {
        Persona::Stranger => "cluster/elsewhere",
        _ => "cluster/ready",
    };
    let image = cloud.things.get("image/public");
    let mut manifest = tests::api::manifest(kind, &format!("more-{n}"), image);
    if kind == "rcs" {
        manifest["spec"]["replicas"] = json!(0);
    }
    let body = json!({
        "bay_uuid": cloud.things.get(cluster), "manifest": manifest.to_string(),
    });
    let ask = Ask::new(Method::POST, format!("/container-infra/v1/{kind}")).json(&body);
    cloud.ask_as(who, ask).await
}

/// A stranger uses an image of his own.
pub(super) async fn template(cloud: &Cloud, who: Persona, path: &str) -> Answer {
    let image = match who {
        Persona::Stranger => {
            let body = json!({
                "container_format": "docker", "disk_format": "raw", "os_distro": "theirs",
            });
            let made = post(cloud, who, "/image/v2/images".into(), body).await;
            made.json()["id"].clone()
        }
        _ => json!(cloud.things.get("image/nodes")),
    };
    let body = json!({ "coe": "docker", "image_id": image, "keypair_id": "k" });
    infra(cloud, who, path, body).await
}

pub(super) async fn application_credential(cloud: &Cloud, who: Persona, body: Value) -> Answer {
    let user = cloud.things.get(&format!("user/{}", who.name()));
    let path = format!("/identity/v3/users/{user}/application_credentials");
    post(cloud, who, path, json!({ "application_credential": body })).await
}

pub(super) async fn revoke(seed: &Seed, cloud: &Cloud, who: Persona) -> Answer {
    let token = seed.another_token(cloud, who);
    let ask = Ask::new(Method::DELETE, "/identity/v3/auth/tokens");
    cloud
        .ask_as(who, ask.header("x-subject-token", token))
        .await
}
