//! Templates through both of their paths: one row, two views.

use super::cloud::{BASE, Cloud, DISTROLESS, IMAGE, PROJECT, user_id};
use super::sown;
use serde_json::json;

#[actix_web::test]
async fn a_baymodel_of_2015_is_the_template_of_today() {
    let cloud = Cloud::new().await;
    let old = cloud.member().old();
    let body = json!({
        "name": "m", "coe": "docker", "image_id": "jeroboam-node", "keypair_id": "k",
        "external_network_id": "public", "flavor_id": "c1.small", "master_flavor_id": "1",
        "fixed_network": null, "dns_nameserver": "8.8.8.8", "apiserver_port": null,
        "docker_volume_size": "5", "labels": { "a": 1 }, "tls_disabled": "false",
        "ssh_authorized_key": null, "cluster_distro": "anything", "public": false,
    });
    let made = old.post("/baymodels", body).await;
    let id = made.body["uuid"].as_str().unwrap().to_owned();
    assert_eq!(
        made.header("location"),
        Some(&*format!("{BASE}/v1/baymodels/{id}"))
    );
    let made = made.is(201);
    assert_eq!(made["cluster_distro"], "jeroboam-node", "whatever was sent");
    assert_eq!(made["docker_volume_size"], 5);
    assert_eq!(made["labels"], json!({ "a": "1" }));
    assert_eq!(made["updated_at"], json!(null));
    assert!(made["created_at"].as_str().unwrap().ends_with("+00:00"));
    assert_eq!(
        made["links"][0]["href"],
        format!("{BASE}/v1/baymodels/{id}")
    );
    assert_eq!(made["links"][1]["href"], format!("{BASE}/baymodels/{id}"));
    assert!(made.get("project_id").is_none());
    let new = cloud.member().get("/v1/clustertemplates/m").await.is(200);
    assert_eq!(new["uuid"], *id);
    assert_eq!(new["project_id"], PROJECT);
    assert_eq!(new["user_id"], user_id("member", PROJECT));
    assert_eq!(new["driver"], "jeroboam");
    assert!(new.get("ssh_authorized_key").is_none());
    assert_eq!(
        new["links"][0]["href"],
        format!("{BASE}/v1/clustertemplates/{id}")
    );
}

#[actix_web::test]
async fn only_the_baymodels_list_is_a_summary() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    member.template(json!({ "public": false })).await;
    let brief = member.get("/v1/baymodels").await.is(200);
    let brief = brief["baymodels"][0].as_object().unwrap();
    assert!(brief.contains_key("links") && !brief.contains_key("flavor_id"));
    let full = member.get("/v1/baymodels/detail").await.is(200);
    assert!(full["baymodels"][0].get("flavor_id").is_some());
    for path in ["/v1/clustertemplates", "/v1/clustertemplates/detail"] {
        let list = member.get(path).await.is(200);
        assert!(list["clustertemplates"][0].get("flavor_id").is_some());
    }
}

#[actix_web::test]
async fn who_gives_no_name_gets_one_but_not_in_2015() {
    let cloud = Cloud::new().await;
    let body = json!({ "coe": "docker", "image_id": IMAGE, "keypair_id": "k" });
    let old = cloud.member().old().post("/baymodels", body.clone()).await;
    assert_eq!(old.is(201)["name"], json!(null));
    for path in ["/clustertemplates", "/baymodels"] {
        let made = cloud.member().post(path, body.clone()).await.is(201);
        assert!(made["name"].as_str().unwrap().ends_with("-template"));
    }
}

#[actix_web::test]
async fn what_a_template_names_must_be_there() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    for (field, value) in [
        ("image_id", json!("no-such-image")),
        ("image_id", json!("0199f5a1-0000-7000-8000-0000000000ff")),
        ("image_id", json!(DISTROLESS)),
        ("image_id", json!("busybox")),
        ("flavor_id", json!("huge")),
        ("master_flavor_id", json!("huge")),
        ("external_network_id", json!("private")),
        ("fixed_network", json!("public")),
        ("fixed_subnet", json!("nothing")),
    ] {
        for path in ["/clustertemplates", "/baymodels"] {
            let mut body =
                json!({ "coe": "docker", "image_id": IMAGE, "keypair_id": "no-such-key" });
            body[field] = value.clone();
            let told = member.post(path, body).await.refused(400);
            let named = told.contains(value.as_str().unwrap()) || told.contains("os_distro");
            assert!(named, "{field} {value}: {told}");
        }
    }
    let id = member
        .template(json!({ "flavor_id": "c1.small", "fixed_network": "private" }))
        .await;
    let change = json!([{ "op": "replace", "path": "/flavor_id", "value": "huge" }]);
    let path = format!("/clustertemplates/{id}");
    member.patch(&path, change).await.refused(400);
    let change = json!([{ "op": "replace", "path": "/image_id", "value": "busybox" }]);
    member.patch(&path, change).await.refused(400);
}

#[actix_web::test]
async fn a_name_that_two_images_or_templates_share_is_a_conflict() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let twin = "0199f5a1-0000-7000-8000-00000000000d";
    let properties = r#"{"os_distro":"other","magnum_driver":"theirs"}"#;
    let write = cloud
        .store
        .write(|tx| sown::image(tx, twin, "jeroboam-node", properties));
    write.await.unwrap();
    let by_name = json!({ "coe": "docker", "image_id": "jeroboam-node" });
    member.post("/clustertemplates", by_name).await.refused(409);
    let by_id = json!({ "coe": "docker", "image_id": twin, "name": "twin" });
    for _ in 0..2 {
        let made = member
            .post("/clustertemplates", by_id.clone())
            .await
            .is(201);
        assert_eq!(made["driver"], "theirs");
        assert_eq!(made["cluster_distro"], "other");
    }
    for path in ["/clustertemplates/twin", "/baymodels/twin"] {
        assert!(member.get(path).await.refused(409).contains("UUID"));
        member.delete(path).await.refused(409);
    }
}

#[actix_web::test]
async fn publishing_is_an_administrators_right() {
    let cloud = Cloud::new().await;
    let (member, admin) = (cloud.member(), cloud.admin());
    for field in ["public", "hidden"] {
        for path in ["/clustertemplates", "/baymodels"] {
            let mut body = json!({ "coe": "docker", "image_id": IMAGE, "keypair_id": "k" });
            body[field] = json!("True");
            member.post(path, body.clone()).await.refused(403);
            let made = admin.post(path, body).await.is(201);
            let item = format!("{path}/{}", made["uuid"].as_str().unwrap());
            let change = json!([{ "op": "replace", "path": format!("/{field}"), "value": false }]);
            member.patch(&item, change.clone()).await.refused(403);
            let changed = admin.patch(&item, change).await.is(200);
            assert_eq!(changed[field], false);
        }
    }
}

#[actix_web::test]
async fn a_public_template_is_everybodys_to_use_and_its_owners_to_change() {
    let cloud = Cloud::new().await;
    let (admin, stranger) = (cloud.admin(), cloud.stranger());
    let public = admin
        .template(json!({ "name": "open", "public": true }))
        .await;
    let private = admin.template(json!({ "name": "ours" })).await;
    let hidden = admin
        .template(json!({ "name": "old", "public": true, "hidden": true }))
        .await;
    let list = stranger.get("/clustertemplates").await.is(200);
    let listed: Vec<&str> = list["clustertemplates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["uuid"].as_str().unwrap())
        .collect();
    assert_eq!(listed, [&*public]);
    for path in ["/clustertemplates/", "/baymodels/"] {
        stranger.get(&format!("{path}open")).await.is(200);
        stranger.get(&format!("{path}{hidden}")).await.is(200);
        stranger.get(&format!("{path}{private}")).await.refused(404);
        stranger.get(&format!("{path}ours")).await.refused(404);
        let change = json!([{ "op": "replace", "path": "/name", "value": "mine" }]);
        stranger
            .patch(&format!("{path}{public}"), change.clone())
            .await
            .refused(403);
        stranger
            .delete(&format!("{path}{public}"))
            .await
            .refused(403);
        stranger
            .patch(&format!("{path}{private}"), change)
            .await
            .refused(404);
        stranger
            .delete(&format!("{path}{private}"))
            .await
            .refused(404);
    }
    let owner = cloud.member().get("/clustertemplates").await.is(200);
    assert_eq!(owner["clustertemplates"].as_array().unwrap().len(), 3);
    // An administrator sees and changes those of every project.
    let theirs = stranger.template(json!({ "name": "theirs" })).await;
    admin.get("/clustertemplates/theirs").await.is(200);
    admin
        .delete(&format!("/clustertemplates/{theirs}"))
        .await
        .is(204);
}

#[actix_web::test]
async fn a_template_in_use_stays() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = member.template(json!({})).await;
    let cluster = "0199f5a1-0000-7000-8000-0000000000c9";
    let used = id.clone();
    let write = cloud.store.write(move |tx| {
        use store::Scope;
        use store::container_infra::clusters;
        sown::cluster(tx, cluster, PROJECT)?;
        let mut row = clusters::get(tx, &Scope::All, cluster)?.unwrap();
        row.template_id = used.clone();
        clusters::update(tx, &mut row)
    });
    write.await.unwrap();
    for path in ["/clustertemplates/", "/baymodels/"] {
        let told = member.delete(&format!("{path}{id}")).await.refused(400);
        assert!(told.contains("clusters"), "{told}");
    }
    let free = member.template(json!({})).await;
    let gone = member.delete(&format!("/baymodels/{free}")).await;
    assert_eq!((gone.code, gone.text.as_str()), (204, ""));
    member
        .get(&format!("/clustertemplates/{free}"))
        .await
        .refused(404);
}

#[actix_web::test]
async fn a_project_has_only_so_many() {
    let cloud = Cloud::with(|settings| settings.templates = 1).await;
    cloud.member().template(json!({})).await;
    let body = json!({ "coe": "docker", "image_id": IMAGE });
    let told = cloud.member().post("/clustertemplates", body).await;
    assert!(told.refused(403).contains("delete some"));
    cloud.stranger().template(json!({})).await;
}

#[actix_web::test]
async fn a_uuid_may_be_chosen_once() {
    let cloud = Cloud::new().await;
    let uuid = "01234567-89ab-cdef-0123-456789abcdef";
    let body = json!({ "coe": "docker", "image_id": IMAGE, "uuid": uuid });
    let made = cloud.member().post("/clustertemplates", body.clone()).await;
    assert_eq!(made.is(201)["uuid"], uuid);
    let again = cloud.member().post("/clustertemplates", body).await;
    again.refused(409);
}

#[actix_web::test]
async fn readers_read() {
    let cloud = Cloud::new().await;
    let id = cloud.member().template(json!({ "name": "t" })).await;
    let reader = cloud.reader();
    for path in ["/clustertemplates", "/baymodels"] {
        reader.get(path).await.is(200);
        reader.get(&format!("{path}/t")).await.is(200);
        let body = json!({ "coe": "docker", "image_id": IMAGE, "keypair_id": "k" });
        reader.post(path, body).await.refused(403);
        reader
            .patch(&format!("{path}/{id}"), json!([]))
            .await
            .refused(403);
        reader.delete(&format!("{path}/{id}")).await.refused(403);
    }
}
