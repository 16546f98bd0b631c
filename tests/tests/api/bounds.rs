//! Whatever a member can make, he can make only so many of, and the refusal says what to do; another
//! tenant then makes his own as before.

mod one_more;

use actix_web::http::{Method, StatusCode};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use one_more::{
    application_credential, data, image, infra, of_server, post, property, put, revoke, server,
    template, workload,
};
use serde_json::json;
use store::compute::quotas;
use tests::api::answer::{Answer, Ask};
use tests::api::cloud::Cloud;
use tests::api::database::Engine;
use tests::api::persona::Persona;
use tests::api::seed::Seed;

/// More than any bound below allows.
const MOST: usize = 150;

/// Makes one more, the n-th.
type Step = for<'a> fn(&'a Seed, &'a Cloud, Persona, usize) -> LocalBoxFuture<'a, Answer>;

struct Bound {
    what: &'static str,
    step: Step,
    refused: u16,
    words: &'static str,
    /// Belongs to a project or user, not to one thing of theirs: a stranger makes his own.
    apart: bool,
}

/// Small ones where the default is large.
fn tight(settings: &mut api::Settings) {
    settings.user_limits.application_credentials = 4;
    settings.user_limits.access_rules = 3;
    settings.user_limits.credentials = 3;
    settings.user_limits.revoked_tokens = 3;
    settings.image.project_images = 8;
    settings.image.project_bytes = 500_000;
    settings.image.members = 4;
    settings.compute.consoles = 3;
    settings.container_infra.templates = 4;
    settings.container_infra.nodes = 4;
    settings.container_infra.x509keypairs = 4;
    settings.container_infra.federations = 4;
    settings.container_infra.pods = 6;
    settings.container_infra.rcs = 3;
    settings.container_infra.services = 3;
}

macro_rules! bound {
    ($what:literal, $refused:literal, $words:literal, $apart:literal,
     |$seed:tt, $cloud:ident, $who:tt, $n:tt| $step:expr) => {
        Bound {
            what: $what,
            step: |$seed, $cloud, $who, $n| async move { $step.await }.boxed_local(),
            refused: $refused,
            words: $words,
            apart: $apart,
        }
    };
}

fn all() -> Vec<Bound> {
    vec![
        bound!(
            "images",
            413,
            "delete some",
            true,
            |_, cloud, who, _| image(cloud, who)
        ),
        bound!("bytes of images", 413, "bytes", true, |_, cloud, who, _| {
            data(cloud, who, "file")
        }),
        bound!(
            "uploads at once",
            413,
            "at the same time",
            true,
            |_, cloud, who, _| { data(cloud, who, "stage") }
        ),
        bound!(
            "projects an image is shared with",
            413,
            "public or community",
            false,
            |_, cloud, who, n| {
                let path = format!(
                    "/image/v2/images/{}/members",
                    cloud.things.get("image/images")
                );
                post(cloud, who, path, json!({ "member": format!("p{n}") }))
            }
        ),
        bound!(
            "properties of an image",
            413,
            "remove some",
            false,
            |_, cloud, _, n| { property(cloud, n) }
        ),
        bound!(
            "tags of an image",
            413,
            "remove some",
            false,
            |_, cloud, who, n| {
                let id = cloud.things.get("image/images");
                put(cloud, who, format!("/image/v2/images/{id}/tags/t{n}"))
            }
        ),
        bound!("key pairs", 403, "delete one", true, |_, cloud, who, n| {
            let key = json!({ "name": format!("k{n}"), "public_key": tests::api::KEY });
            let path = "/compute/v2.1/os-keypairs".to_owned();
            post(cloud, who, path, json!({ "keypair": key }))
        }),
        bound!(
            "server groups",
            403,
            "Quota exceeded for server_groups",
            true,
            |_, cloud, who, n| {
                let group = json!({ "name": format!("g{n}"), "policy": "affinity" });
                let path = "/compute/v2.1/os-server-groups".to_owned();
                post(cloud, who, path, json!({ "server_group": group }))
            }
        ),
        bound!(
            "servers of a group",
            403,
            "server_group_members",
            false,
            |_, cloud, who, _| {
                server(cloud, who, cloud.things.find("compute/os-server-groups"))
            }
        ),
        bound!(
            "servers",
            403,
            "Quota exceeded for instances",
            false,
            |_, cloud, who, _| { server(cloud, who, None) }
        ),
        bound!(
            "metadata of a server",
            403,
            "too many metadata",
            false,
            |_, cloud, who, n| {
                let item = json!({ "metadata": { format!("m{n}"): "x" } });
                post(cloud, who, of_server(cloud, "metadata"), item)
            }
        ),
        bound!(
            "tags of a server",
            400,
            "At most 50",
            false,
            |_, cloud, who, n| { put(cloud, who, of_server(cloud, &format!("tags/t{n}"))) }
        ),
        bound!(
            "consoles of a server",
            403,
            "open them",
            false,
            |_, cloud, who, _| {
                let wish = json!({ "remote_console": { "protocol": "serial", "type": "serial" } });
                post(cloud, who, of_server(cloud, "remote-consoles"), wish)
            }
        ),
        bound!(
            "application credentials",
            403,
            "delete some",
            true,
            |_, cloud, who, n| {
                application_credential(cloud, who, json!({ "name": format!("c{n}") }))
            }
        ),
        bound!(
            "access rules",
            403,
            "access rules",
            true,
            |_, cloud, who, n| {
                let rule = json!({
                    "service": "compute", "method": "GET", "path": format!("/v2.1/servers/{n}"),
                });
                application_credential(
                    cloud,
                    who,
                    json!({ "name": format!("c{n}"), "access_rules": [rule] }),
                )
            }
        ),
        bound!(
            "credentials",
            403,
            "delete some",
            true,
            |_, cloud, who, n| {
                let credential = json!({ "type": "cert", "blob": format!("b{n}") });
                let path = "/identity/v3/credentials".to_owned();
                post(cloud, who, path, json!({ "credential": credential }))
            }
        ),
        bound!(
            "cluster templates",
            403,
            "delete some",
            true,
            |_, cloud, who, _| { template(cloud, who, "clustertemplates") }
        ),
        bound!("baymodels", 403, "delete some", true, |_, cloud, who, _| {
            template(cloud, who, "baymodels")
        }),
        bound!("nodes", 403, "delete some", true, |_, cloud, who, _| {
            infra(cloud, who, "nodes", json!({}))
        }),
        bound!(
            "X.509 key pairs",
            403,
            "delete some",
            true,
            |_, cloud, who, _| { infra(cloud, who, "x509keypairs", json!({ "bay_uuid": "" })) }
        ),
        bound!(
            "federations",
            403,
            "delete some",
            true,
            |_, cloud, who, _| {
                let body = json!({ "hostcluster_id": "", "properties": { "dns-zone": "z" } });
                infra(cloud, who, "federations", body)
            }
        ),
        bound!("pods", 403, "delete some", true, |_, cloud, who, n| {
            workload(cloud, who, "pods", n)
        }),
        bound!(
            "replication controllers",
            403,
            "delete some",
            true,
            |_, cloud, who, n| { workload(cloud, who, "rcs", n) }
        ),
        bound!("services", 403, "delete some", true, |_, cloud, who, n| {
            workload(cloud, who, "services", n)
        }),
        bound!(
            "tokens ended",
            403,
            "change the password",
            true,
            |seed, cloud, who, _| { revoke(seed, cloud, who) }
        ),
    ]
}

#[actix_web::test]
async fn a_member_makes_only_so_many_of_anything_and_a_stranger_still_makes_his() {
    let seed = Seed::new(Engine::Sqlite).await;
    for bound in all() {
        let cloud = seed.cloud_with(tight).await;
        let mut made = 0;
        let refusal = loop {
            let answer = (bound.step)(&seed, &cloud, Persona::Member, made).await;
            if !answer.status.is_success() {
                break answer;
            }
            made += 1;
            assert!(made < MOST, "{}: there is no end of them", bound.what);
        };
        let told = format!("{} after {made}: {}", bound.what, refusal.text());
        assert!(made > 0, "{told}");
        assert_eq!(refusal.status.as_u16(), bound.refused, "{told}");
        assert!(refusal.text().contains(bound.words), "{told}");
        if bound.apart {
            let answer = (bound.step)(&seed, &cloud, Persona::Stranger, 0).await;
            let fine = answer.status.is_success();
            assert!(fine, "{}: {} {}", bound.what, answer.status, answer.text());
        }
    }
}

#[test]
fn every_bound_is_finite_when_nobody_sets_it() {
    let settings = api::Settings::default();
    let (image, user) = (&settings.image, &settings.user_limits);
    let bounds = [
        image.project_images,
        image.project_bytes,
        image.project_uploads,
        image.members,
        user.application_credentials,
        user.access_rules,
        user.credentials,
        user.revoked_tokens,
        settings.compute.consoles,
        settings.container_infra.clusters,
        settings.container_infra.templates,
        settings.container_infra.nodes,
        settings.container_infra.x509keypairs,
        settings.container_infra.federations,
        settings.container_infra.federation_members,
        settings.container_infra.pods,
        settings.container_infra.rcs,
        settings.container_infra.services,
    ];
    assert!(bounds.iter().all(|bound| *bound > 0), "{bounds:?}");
    assert!((image.project_uploads as usize) < image.uploads);
    // Addresses are the project network's, not a resource of their own.
    let endless = quotas::DEFAULTS.iter().filter(|(_, limit)| *limit < 0);
    assert_eq!(
        endless.map(|(name, _)| *name).collect::<Vec<_>>(),
        ["fixed_ips"]
    );
}

#[actix_web::test]
async fn an_administrator_ends_tokens_of_a_user_who_has_ended_too_many() {
    let seed = Seed::new(Engine::Sqlite).await;
    let cloud = seed.cloud_with(tight).await;
    while revoke(&seed, &cloud, Persona::Member)
        .await
        .status
        .is_success()
    {}
    let token = seed.another_token(&cloud, Persona::Member);
    let ask = Ask::new(Method::DELETE, "/identity/v3/auth/tokens");
    let ask = ask.header("x-subject-token", token);
    let answer = cloud.ask_as(Persona::Admin, ask).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
}
