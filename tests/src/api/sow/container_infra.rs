//! Container-infra's things: a template, and what the victims keep beside their clusters. A cluster of
//! each tenant is written as a row: what makes clusters is another's business.

use super::{make, must};
use crate::api::answer::Ask;
use crate::api::cloud::Cloud;
use crate::api::persona::Persona;
use actix_web::http::Method;
use serde_json::{Value, json};
use store::container_infra::clusters::{self, Cluster, New};
use store::container_infra::{spec, workers};
use uuid::Uuid;

const BASE: &str = "/container-infra/v1";

pub(super) async fn sow(cloud: &mut Cloud) {
    image(cloud).await;
    for project in ["home", "elsewhere"] {
        let id = cluster(cloud, project).await;
        cloud.things.put(format!("cluster/{project}"), id);
    }
    let things = cloud.things.clone();
    let cluster = things.get("cluster/home");
    let template =
        json!({ "name": "sketch", "coe": "docker", "image_id": things.get("image/nodes") });
    let of = |body: Value, path: &'static str, name: &'static str| (body, path, name);
    for (body, path, name) in [
        of(template, "clustertemplates", "sketch"),
        of(json!({ "type": "bare" }), "nodes", ""),
        of(
            json!({ "name": "pair", "bay_uuid": cluster, "private_key": "k" }),
            "x509keypairs",
            "pair",
        ),
        of(
            json!({
                "name": "league", "hostcluster_id": cluster, "properties": { "dns-zone": "z" },
            }),
            "federations",
            "league",
        ),
    ] {
        let place = format!("container-infra/{path}");
        let url = format!("{BASE}/{path}");
        make(cloud, Persona::Member, &url, body, "/uuid", &place).await;
        if !name.is_empty() {
            cloud.things.put(format!("name:{place}"), name);
        }
    }
    let quota = json!({ "project_id": things.get("project/home"), "hard_limit": 7 });
    let quota = Ask::new(Method::POST, format!("{BASE}/quotas")).json(&quota);
    must(cloud, Persona::Admin, quota).await;
    let template = cloud
        .things
        .get("container-infra/clustertemplates")
        .to_owned();
    for (place, value) in [
        ("container-infra/baymodels", &*template),
        ("name:container-infra/baymodels", "sketch"),
        ("container-infra/quotas", things.get("project/home")),
        ("word/Cluster", "Cluster"),
        ("container-infra/pods", "web"),
        ("container-infra/services", "web"),
        ("container-infra/rcs", "web"),
        ("container-infra/containers", "web"),
    ] {
        cloud.things.put(place, value);
    }
    let parts = [workers::MAGNUM, workers::NOVA[0], workers::NOVA[1]];
    let said = move |tx: &mut store::Tx<'_>| workers::report(tx, "plane-1", &parts);
    cloud.state.store.write(said).await.unwrap();
}

/// One that says what it is. It has no data: nobody boots it here.
async fn image(cloud: &mut Cloud) {
    let body = json!({
        "name": "nodes", "container_format": "docker", "disk_format": "raw", "os_distro": "jeroboam-node",
    });
    make(
        cloud,
        Persona::Member,
        "/image/v2/images",
        body,
        "/id",
        "image/nodes",
    )
    .await;
}

async fn cluster(cloud: &Cloud, project: &str) -> String {
    let id = Uuid::now_v7().to_string();
    let owner = match project {
        "home" => "user/member",
        _ => "user/stranger",
    };
    let mut cluster = Cluster {
        id: id.clone(),
        project_id: cloud.things.get(&format!("project/{project}")).into(),
        user_id: cloud.things.get(owner).into(),
        name: format!("bay-of-{project}"),
        template_id: String::new(),
        coe: "docker".into(),
        status: "CREATE_COMPLETE".into(),
        status_reason: None,
        health_status: None,
        health_reason: "{}".into(),
        api_address: None,
        generation: 1,
        revision: 1,
        deadline: None,
        deleting: 0,
        request_id: "req-1".into(),
        created_at: cloud.state.clock.now().0,
        updated_at: None,
        spec: String::new(),
    };
    cluster.set_spec(&spec::Cluster::default()).unwrap();
    let new = New {
        cluster,
        groups: Vec::new(),
        authorities: Vec::new(),
    };
    let made = cloud
        .state
        .store
        .write(move |tx| clusters::create(tx, &new, -1));
    made.await.unwrap();
    id
}
