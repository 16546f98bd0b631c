//! Clusters whose nodes have machines for themselves: `server_type`, and the flavors that fit.

use super::cloud::{Cloud, PROJECT};
use super::clusters::{cluster, settle, template};
use serde_json::{Value, json};
use store::compute::flavors::{self, Sight};
use store::compute::spec::WHOLE_MACHINE;
use store::container_infra::nodegroups;
use store::{Scope, Tx};

/// A flavor of whole machines, beside the cloud's small one.
async fn metal(cloud: &Cloud) {
    let write = |tx: &mut Tx<'_>| {
        let small = flavors::get(tx, &Sight::All, "1")?.unwrap();
        let metal = flavors::Flavor {
            id: "2".into(),
            name: "metal".into(),
            extra_specs: json!({ WHOLE_MACHINE: "1" }).to_string(),
            ..small
        };
        flavors::insert(tx, &metal)
    };
    cloud.store.write(write).await.unwrap();
}

#[tokio::test]
async fn nodes_of_the_server_type_bm_take_flavors_of_whole_machines_in_both_eras() {
    let cloud = Cloud::new().await;
    metal(&cloud).await;
    let asking = |path: &'static str, named: &'static str, template: String, more: Value| {
        let mut body = json!({ named: template });
        let fields = body.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let caller = match path {
            "/v1/bays" => cloud.member().old(),
            _ => cloud.member(),
        };
        async move { caller.post(path, body).await }
    };
    let bm = template(&cloud, json!({ "server_type": "bm", "flavor_id": "metal" })).await;
    let small = json!({ "server_type": "bm", "name": "small" });
    let small = template(&cloud, small).await;
    let vm = json!({ "server_type": "vm", "flavor_id": "metal", "name": "vm" });
    let vm = template(&cloud, vm).await;
    for (path, named, done) in [
        ("/v1/clusters", "cluster_template_id", 202),
        ("/v1/bays", "baymodel_id", 201),
    ] {
        let ask = |of: &String, more| asking(path, named, of.clone(), more);
        ask(&bm, json!({})).await.is(done);
        let told = ask(&small, json!({})).await.refused(400);
        assert!(
            told.contains("which flavor c1.small does not ask for"),
            "{told}"
        );
        assert!(told.contains("resources:CUSTOM_BAREMETAL = 1"), "{told}");
        let told = ask(&vm, json!({})).await.refused(400);
        assert!(
            told.contains("a template whose server_type is bm"),
            "{told}"
        );
    }
    let masters = json!({ "master_flavor_id": "c1.small" });
    let told = asking("/v1/clusters", "cluster_template_id", bm, masters);
    assert!(told.await.refused(400).contains("c1.small"));
    let chosen = json!({ "flavor_id": "metal" });
    asking("/v1/clusters", "cluster_template_id", small, chosen)
        .await
        .is(202);
}

#[tokio::test]
async fn a_server_type_that_is_none_is_refused_when_a_bay_is_made() {
    let cloud = Cloud::new().await;
    let body = json!({
        "coe": "docker", "image_id": "jeroboam-node", "flavor_id": "c1.small", "name": "odd",
        "server_type": "pc", "keypair_id": "k", "external_network_id": "public",
    });
    let old = cloud.member().old();
    let made = old.post("/v1/baymodels", body).await.is(201);
    let bay = json!({ "baymodel_id": made["uuid"] });
    let told = old.post("/v1/bays", bay).await.refused(400);
    assert!(told.contains("vm or bm"), "{told}");
}

#[tokio::test]
async fn groups_and_upgrades_keep_to_the_clusters_server_type() {
    let cloud = Cloud::new().await;
    metal(&cloud).await;
    let bm = template(&cloud, json!({ "server_type": "bm", "flavor_id": "metal" })).await;
    let vm = template(&cloud, json!({ "name": "vm" })).await;
    let id = cluster(&cloud, &bm, "web").await;
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    let groups = format!("/v1/clusters/{id}/nodegroups");
    let small = json!({ "name": "small", "flavor_id": "c1.small" });
    let told = cloud.member().post(&groups, small).await.refused(400);
    assert!(told.contains("server_type is bm"), "{told}");
    let upgrade = format!("/v1/clusters/{id}/actions/upgrade");
    let body = json!({ "cluster_template": vm });
    let told = cloud.member().post(&upgrade, body).await.refused(400);
    assert!(told.contains("a cluster stays what it is"), "{told}");
    let more = json!({ "name": "more", "flavor_id": "metal" });
    cloud.member().post(&groups, more).await.is(202);

    let of = id.clone();
    let read = cloud.store.read(move |conn| nodegroups::of(conn, &of));
    for group in read.await.unwrap() {
        let flavor = group.spec().unwrap().flavor;
        assert!(flavor.whole_machine(), "{}", group.name);
    }
    let scope = Scope::Project(PROJECT.into());
    let read =
        move |conn: &mut store::Conn| store::container_infra::clusters::get(conn, &scope, &id);
    let row = cloud.store.read(read).await.unwrap().unwrap();
    assert!(row.spec().unwrap().template.bare_metal);
}
