//! Replication controllers: rows; conductors make their pods.

use super::cloud::{CLUSTER, Cloud, PROJECT};
use super::pods::{self, post};
use serde_json::{Value, json};
use store::container_infra::rcs::{self, Controller};
use store::{Scope, Tx};

pub fn manifest(name: &str, replicas: u32) -> Value {
    let inner = pods::manifest("x");
    json!({
        "apiVersion": "v1", "kind": "ReplicationController", "metadata": { "name": name },
        "spec": {
            "replicas": replicas, "selector": { "app": "web" },
            "template": { "metadata": { "labels": inner["metadata"]["labels"] }, "spec": inner["spec"] },
        },
    })
}

async fn row(cloud: &Cloud, name: &'static str) -> Controller {
    let scope = Scope::Project(PROJECT.into());
    let read = cloud
        .store
        .read(move |conn| rcs::named(conn, &scope, None, name));
    read.await.unwrap().pop().unwrap()
}

fn replaced(manifest: &Value) -> Value {
    json!([{ "op": "replace", "path": "/manifest", "value": manifest.to_string() }])
}

#[actix_web::test]
async fn a_controller_is_what_its_manifest_says() {
    let cloud = Cloud::new().await;
    let text = manifest("web", 3);
    let answer = post(&cloud.member().old(), "rcs", &text).await;
    let place = answer.header("location").unwrap().to_owned();
    let made = answer.is(201);
    assert!(
        place.ends_with(&format!("/v1/rcs/{}", made["uuid"].as_str().unwrap())),
        "{place}"
    );
    for (field, value) in [
        ("name", json!("web")),
        ("bay_uuid", json!(CLUSTER)),
        ("images", json!(["busybox"])),
        ("labels", json!({ "app": "web" })),
        ("replicas", json!(3)),
        ("manifest", json!(text.to_string())),
        ("manifest_url", json!(null)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert_eq!(made["links"].as_array().unwrap().len(), 2);
    let member = cloud.member();
    for path in ["/rcs/web", "/v1/rcs/web/?bay_ident=bay", "/rcs/web/bay"] {
        let shown = member.get(path).await.is(200);
        assert_eq!(shown["uuid"], made["uuid"], "{path}");
        assert!(shown.get("manifest").is_none());
    }
    let list = member
        .get(&format!("/v1/rcs/?bay_ident={CLUSTER}"))
        .await
        .is(200);
    assert_eq!(list["rcs"][0]["replicas"], 3);
    assert!(list["rcs"][0].get("created_at").is_none());
    cloud.stranger().get("/rcs/web").await.refused(404);
    assert_eq!(
        cloud.stranger().get("/rcs").await.is(200),
        json!({ "rcs": [] })
    );
    let spec = row(&cloud, "web").await.spec().unwrap();
    assert_eq!((spec.room.vcpus, spec.room.ram_mb), (1, 10));
    post(&member, "rcs", &text).await.refused(409);
}

#[actix_web::test]
async fn number_selector_and_template_may_change_and_the_name_may_not() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    post(&member, "rcs", &manifest("web", 1)).await.is(201);
    let same = member
        .patch("/rcs/web", replaced(&manifest("web", 1)))
        .await
        .is(200);
    assert_eq!(same["updated_at"], json!(null));
    assert_eq!(
        member.patch("/rcs/web", json!([])).await.is(200)["manifest"],
        json!(null)
    );
    let mut other = manifest("web", 5);
    other["spec"]["template"]["spec"]["containers"][0]["command"] = json!(["true"]);
    let changed = member
        .old()
        .patch("/rcs/web/?bay_ident=bay", replaced(&other))
        .await
        .is(200);
    assert_eq!(
        (&changed["replicas"], &changed["manifest"]),
        (&json!(5), &json!(other.to_string()))
    );
    let spec = row(&cloud, "web").await.spec().unwrap();
    assert_eq!(spec.pod.containers[0].command.as_deref().unwrap(), ["true"]);
    for (change, word) in [
        (replaced(&manifest("other", 1)), "stays so"),
        (replaced(&pods::manifest("web")), "kind"),
        (
            json!([{ "op": "replace", "path": "/replicas", "value": 2 }]),
            "internal attribute",
        ),
        (
            json!([{ "op": "replace", "path": "/desc", "value": "x" }]),
            "desc",
        ),
        (
            json!([{ "op": "remove", "path": "/bay_uuid" }]),
            "mandatory",
        ),
    ] {
        let told = member.patch("/rcs/web", change.clone()).await.refused(400);
        assert!(told.contains(word), "{change}: {told}");
    }
    cloud
        .reader()
        .patch("/rcs/web", json!([]))
        .await
        .refused(403);
}

#[actix_web::test]
async fn a_deleted_controller_is_on_its_way_out() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    post(&member, "rcs", &manifest("web", 1)).await.is(201);
    cloud.reader().delete("/rcs/web").await.refused(403);
    cloud.stranger().delete("/rcs/web").await.refused(404);
    for _ in 0..2 {
        assert_eq!(member.delete("/rcs/web").await.code, 204);
    }
    assert_eq!(row(&cloud, "web").await.deleting, 1);
    member
        .patch("/rcs/web", replaced(&manifest("web", 2)))
        .await
        .refused(400);
}

#[actix_web::test]
async fn the_number_of_controllers_is_bounded() {
    let cloud = Cloud::with(|settings| settings.rcs = 1).await;
    post(&cloud.member(), "rcs", &manifest("a", 0))
        .await
        .is(201);
    let told = post(&cloud.member(), "rcs", &manifest("b", 0))
        .await
        .refused(403);
    assert!(told.contains("replication controllers"), "{told}");
}

#[actix_web::test]
async fn an_image_is_the_image_services() {
    let cloud = Cloud::new().await;
    let id = "0199f5a1-0000-7000-8000-00000000000d";
    let write = move |tx: &mut Tx<'_>| super::sown::image(tx, id, "web:latest", "{}");
    cloud.store.write(write).await.unwrap();
    let member = cloud.member();
    let with = |name: &str, image: &str| {
        let mut rc = manifest(name, 0);
        rc["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        rc
    };
    for (name, image) in [("a", "web"), ("b", "web:latest"), ("c", id)] {
        post(&member, "rcs", &with(name, image)).await.is(201);
        let spec = row(&cloud, name).await.spec().unwrap();
        assert_eq!(spec.boot.id.to_string(), id, "{image}");
        assert_eq!(spec.asked_images, [image]);
    }
    for image in ["web:1", "none", "0199f5a1-0000-7000-8000-00000000ffff"] {
        let told = post(&member, "rcs", &with("d", image)).await.refused(400);
        assert!(told.contains("not in the image service"), "{told}");
    }
    let twin = "0199f5a1-0000-7000-8000-00000000000e";
    let write = move |tx: &mut Tx<'_>| super::sown::image(tx, twin, "web:latest", "{}");
    cloud.store.write(write).await.unwrap();
    let told = post(&member, "rcs", &with("d", "web")).await.refused(409);
    assert!(told.contains("UUID"), "{told}");
}
