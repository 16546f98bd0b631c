//! The labels that lay out a cluster's network are checked wherever they are said, and stay.

use super::cloud::Cloud;
use super::clusters::{cluster, settle, template};
use serde_json::json;

const BAD: &[(&str, &str)] = &[
    ("flannel_network_cidr", "10.100.0.0/24"),
    ("service_cluster_ip_range", "nowhere"),
    ("dns_cluster_domain", "Not.A.Domain"),
    ("flannel_network_cidr", "10.254.0.0/16"),
];

#[actix_web::test]
async fn a_label_that_no_network_can_have_is_refused_by_templates_and_clusters() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let plain = template(&cloud, json!({})).await;
    for (label, value) in BAD {
        let labels = json!({ *label: value });
        let body = json!({ "coe": "docker", "image_id": "jeroboam-node", "labels": labels });
        let told = member.post("/v1/clustertemplates", body).await.refused(400);
        assert!(told.contains(label), "{told}");
        let add = json!([{ "op": "add", "path": format!("/labels/{label}"), "value": value }]);
        let path = format!("/v1/clustertemplates/{plain}");
        let told = member.patch(&path, add).await.refused(400);
        assert!(told.contains(label), "{told}");
        let body = json!({ "cluster_template_id": plain, "labels": labels });
        let told = member.post("/v1/clusters", body).await.refused(400);
        assert!(told.contains(label), "{told}");
        let body = json!({ "baymodel_id": plain, "name": "b", "labels": labels });
        member.old().post("/v1/bays", body).await.refused(400);
    }
    // Other orchestrators have words of their own.
    let other =
        json!({ "coe": "kubernetes", "labels": { "flannel_network_cidr": "10.100.0.0/24" } });
    template(&cloud, other).await;
}

#[actix_web::test]
async fn the_network_of_a_cluster_stays_as_it_was_laid_out() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let old = template(
        &cloud,
        json!({ "labels": { "dns_cluster_domain": "a.example" } }),
    )
    .await;
    let same = json!({ "labels": { "dns_cluster_domain": "a.example", "x": "y" } });
    let same = template(&cloud, same).await;
    let other = template(
        &cloud,
        json!({ "labels": { "dns_cluster_domain": "b.example" } }),
    )
    .await;
    let none = template(&cloud, json!({})).await;
    let id = cluster(&cloud, &old, "web").await;
    settle(&cloud, &id, "CREATE_COMPLETE", None).await;
    let upgrade = format!("/v1/clusters/{id}/actions/upgrade");
    for template in [&other, &none] {
        let body = json!({ "cluster_template": template });
        let told = member.post(&upgrade, body).await.refused(400);
        assert!(
            told.contains("dns_cluster_domain is a.example") && told.contains("stays so"),
            "{told}"
        );
    }
    for path in ["/labels/dns_cluster_domain", "/labels/flannel_network_cidr"] {
        let change = json!([{ "op": "add", "path": path, "value": "x" }]);
        let told = member.patch(&format!("/v1/clusters/{id}"), change).await;
        let told = told.refused(400);
        assert!(told.contains("labels"), "{told}");
    }
    let groups = format!("/v1/clusters/{id}/nodegroups");
    for (value, code) in [("b.example", 400), ("a.example", 202)] {
        let body = json!({ "name": "more", "labels": { "dns_cluster_domain": value } });
        let answer = member.post(&groups, body).await;
        assert_eq!(answer.code, code, "{}", answer.text);
        assert!(code != 400 || answer.text.contains("dns_cluster_domain"));
    }
    settle(&cloud, &id, "UPDATE_COMPLETE", None).await;
    let body = json!({ "cluster_template": same });
    member.post(&upgrade, body).await.is(202);
}
