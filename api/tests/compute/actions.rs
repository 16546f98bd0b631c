//! What is done to servers: the change of the row, and the refusals.

use super::cloud::{Caller, Cloud, IMAGE};
use super::servers::make;
use schemas::workload::Power;
use serde_json::{Value, json};

async fn act(caller: &Caller<'_>, id: &str, action: Value) -> super::cloud::Answer {
    caller.post(&format!("/servers/{id}/action"), action).await
}

async fn running(cloud: &Cloud) -> (String, String) {
    let host = cloud.host("host-1").await;
    let id = make(&cloud.member(), "web").await;
    cloud.settle(&id, &host, "active").await;
    (id, host)
}

#[actix_web::test]
async fn power_actions_tell_the_host_what_should_be() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let (id, host) = running(&cloud).await;
    for (action, from, task, power) in [
        (
            json!({ "os-stop": null }),
            "active",
            "powering-off",
            Power::Stopped,
        ),
        (
            json!({ "os-start": null }),
            "stopped",
            "powering-on",
            Power::Running,
        ),
        (json!({ "pause": null }), "active", "pausing", Power::Paused),
        (
            json!({ "unpause": null }),
            "paused",
            "unpausing",
            Power::Running,
        ),
        (
            json!({ "reboot": { "type": "SOFT" } }),
            "active",
            "rebooting",
            Power::Running,
        ),
        (
            json!({ "reboot": { "type": "hard" } }),
            "stopped",
            "rebooting_hard",
            Power::Running,
        ),
    ] {
        cloud.settle(&id, &host, from).await;
        let before = cloud.row(&id).await.0.generation;
        let answer = act(&member, &id, action.clone()).await;
        assert_eq!(answer.text, "", "{action}");
        answer.is(202);
        let (server, spec) = cloud.row(&id).await;
        assert_eq!(server.task_state.as_deref(), Some(task));
        assert_eq!(spec.power, power);
        assert_eq!(server.generation, before + 1);
        assert!(server.deadline.is_some());
        let reboot = spec.reboot.map(|reboot| (reboot.boot, reboot.hard));
        let expected = task
            .starts_with("rebooting")
            .then(|| ("boot-1".to_owned(), from == "stopped"));
        assert_eq!(reboot, expected);
    }
}

#[actix_web::test]
async fn what_the_state_forbids_is_a_409_that_says_so() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let id = make(&member, "web").await;
    let text = act(&member, &id, json!({ "os-stop": null }))
        .await
        .refused(409);
    assert!(text.contains("while it is in vm_state building"), "{text}");
    let (id, _) = running(&cloud).await;
    let text = act(&member, &id, json!({ "os-start": null }))
        .await
        .refused(409);
    assert!(
        text.contains("Cannot 'start'") && text.contains("active"),
        "{text}"
    );
    act(&member, &id, json!({ "os-stop": null })).await.is(202);
    let text = act(&member, &id, json!({ "pause": null }))
        .await
        .refused(409);
    assert!(text.contains("task_state powering-off"), "{text}");
    act(&cloud.reader(), &id, json!({ "os-stop": null }))
        .await
        .refused(403);
    act(&cloud.stranger(), &id, json!({ "os-stop": null }))
        .await
        .refused(404);
    act(&member, &id, json!({ "dance": null }))
        .await
        .refused(400);
    act(&member, &id, json!({ "os-stop": null, "pause": null }))
        .await
        .refused(400);
    act(&member, &id, json!({ "reboot": { "type": "GENTLE" } }))
        .await
        .refused(400);
    act(&member, &id, json!({ "suspend": null }))
        .await
        .refused(501);
    act(&member, &id, json!({ "migrate": null }))
        .await
        .refused(403);
    act(&cloud.admin(), &id, json!({ "migrate": null }))
        .await
        .refused(501);
}

#[actix_web::test]
async fn a_locked_server_is_its_admins_alone() {
    let cloud = Cloud::new().await;
    let (member, admin) = (cloud.member(), cloud.admin());
    let (id, _) = running(&cloud).await;
    let path = format!("/servers/{id}");
    act(&member, &id, json!({ "lock": { "locked_reason": "mine" } }))
        .await
        .is(202);
    let shown = member.get(&path).await.is(200);
    assert_eq!(shown["server"]["locked"], true);
    assert_eq!(shown["server"]["locked_reason"], "mine");
    let text = act(&member, &id, json!({ "os-stop": null }))
        .await
        .refused(409);
    assert!(text.contains("is locked"), "{text}");
    member.delete(&path).await.refused(409);
    act(&member, &id, json!({ "unlock": null })).await.is(202);
    act(&admin, &id, json!({ "lock": null })).await.is(202);
    act(&member, &id, json!({ "unlock": null }))
        .await
        .refused(403);
    act(&admin, &id, json!({ "os-stop": null })).await.is(202);
    act(&admin, &id, json!({ "unlock": null })).await.is(202);
    member.delete(&path).await.is(204);
}

#[actix_web::test]
async fn a_rebuild_answers_with_the_server_and_makes_the_container_anew() {
    let cloud = Cloud::new().await;
    let (id, _) = running(&cloud).await;
    let wish = json!({ "rebuild": { "imageRef": IMAGE, "name": "new", "metadata": {
        "os_command_line": "sleep 5",
    }}});
    let answer = act(&cloud.member(), &id, wish).await.is(202);
    assert_eq!(answer["server"]["status"], "REBUILD");
    assert_eq!(answer["server"]["name"], "new");
    assert_eq!(answer["server"]["adminPass"].as_str().unwrap().len(), 12);
    let (server, spec) = cloud.row(&id).await;
    assert_eq!((spec.incarnation, server.generation), (2, 2));
    assert_eq!(spec.command.unwrap(), ["sleep", "5"]);
    let nothing = json!({ "rebuild": { "imageRef": "nothing" } });
    act(&cloud.member(), &id, nothing.clone())
        .await
        .refused(409);
    cloud
        .edit(&id, |server, _| {
            server.task_state = None;
            Ok(())
        })
        .await;
    act(&cloud.member(), &id, nothing).await.refused(400);
}

async fn used(cloud: &Cloud) -> (i64, i64) {
    let limits = cloud.member().get("/limits").await.is(200);
    let used = |name: &str| limits["limits"]["absolute"][name].as_i64().unwrap();
    (used("totalCoresUsed"), used("totalRAMUsed"))
}

#[actix_web::test]
async fn a_resize_holds_the_larger_size_until_it_is_confirmed_or_reverted() {
    let cloud = Cloud::new().await;
    let member = cloud.member();
    let (id, host) = running(&cloud).await;
    assert_eq!(used(&cloud).await, (1, 64));
    let bigger = json!({ "resize": { "flavorRef": "5" } });
    act(&member, &id, json!({ "resize": { "flavorRef": "1" } }))
        .await
        .refused(400);
    act(&member, &id, json!({ "resize": { "flavorRef": "99" } }))
        .await
        .refused(400);
    act(&member, &id, bigger.clone()).await.is(202);
    assert_eq!(used(&cloud).await, (2, 4096));
    let shown = member.get(&format!("/servers/{id}")).await.is(200);
    assert_eq!(shown["server"]["status"], "RESIZE");
    act(&member, &id, json!({ "confirmResize": null }))
        .await
        .refused(409);
    cloud.settle(&id, &host, "resized").await;
    let shown = member.get(&format!("/servers/{id}")).await.is(200);
    assert_eq!(shown["server"]["status"], "VERIFY_RESIZE");
    act(&member, &id, json!({ "revertResize": null }))
        .await
        .is(202);
    assert_eq!(used(&cloud).await, (1, 64));
    let (server, spec) = cloud.row(&id).await;
    assert_eq!(server.task_state.as_deref(), Some("resize_reverting"));
    assert_eq!(spec.flavor.id, "1");
    cloud.settle(&id, &host, "active").await;
    act(&member, &id, bigger).await.is(202);
    cloud.settle(&id, &host, "resized").await;
    act(&member, &id, json!({ "confirmResize": null }))
        .await
        .is(204);
    let shown = member.get(&format!("/servers/{id}")).await.is(200);
    assert_eq!(shown["server"]["status"], "ACTIVE");
    assert_eq!(shown["server"]["flavor"]["original_name"], "m1.medium");
    assert_eq!(used(&cloud).await, (2, 4096));
}

#[actix_web::test]
async fn an_image_of_a_server_waits_for_its_data() {
    let cloud = Cloud::new().await;
    let (id, _) = running(&cloud).await;
    let wish = json!({ "createImage": { "name": "snap", "metadata": { "a": "b" } } });
    let made = act(&cloud.member().at("2.45"), &id, wish.clone())
        .await
        .is(202);
    assert_eq!(made["image_id"].as_str().unwrap().len(), 36);
    let shown = cloud.member().get(&format!("/servers/{id}")).await.is(200);
    assert_eq!(shown["server"]["OS-EXT-STS:task_state"], "image_snapshot");
    act(&cloud.member(), &id, wish.clone()).await.refused(409);
    cloud
        .edit(&id, |server, _| {
            server.task_state = None;
            Ok(())
        })
        .await;
    let first = act(&cloud.member().at("2.1"), &id, wish).await;
    assert!(first.headers.iter().any(|(name, value)| {
        name == "location" && value.starts_with("http://cloud:8774/image/v2/images/")
    }));
    first.is(202);
}

#[actix_web::test]
async fn an_image_of_a_server_counts_as_the_projects_images_do() {
    let cloud = Cloud::with(|settings| settings.image.project_images = 0).await;
    let (id, _) = running(&cloud).await;
    let wish = json!({ "createImage": { "name": "snap" } });
    let refused = act(&cloud.member(), &id, wish).await;
    assert!(matches!(refused.code, 403 | 413), "{refused:?}");
    assert!(
        refused.text.contains("no more than 0 images"),
        "{refused:?}"
    );
    let shown = cloud.member().get(&format!("/servers/{id}")).await.is(200);
    assert!(shown["server"]["OS-EXT-STS:task_state"].is_null());
}

#[actix_web::test]
async fn operators_say_which_state_a_server_is_in() {
    let cloud = Cloud::new().await;
    let (id, _) = running(&cloud).await;
    let error = json!({ "os-resetState": { "state": "error" } });
    act(&cloud.member(), &id, error.clone()).await.refused(403);
    act(&cloud.admin(), &id, error).await.is(202);
    let shown = cloud.member().get(&format!("/servers/{id}")).await.is(200);
    assert_eq!(shown["server"]["status"], "ERROR");
    act(
        &cloud.admin(),
        &id,
        json!({ "os-resetState": { "state": "asleep" } }),
    )
    .await
    .refused(400);
    act(
        &cloud.admin(),
        &id,
        json!({ "os-resetState": { "state": "active" } }),
    )
    .await
    .is(202);
    act(&cloud.member(), &id, json!({ "forceDelete": null }))
        .await
        .is(202);
    assert_eq!(cloud.row(&id).await.0.deleting, 1);
}

#[actix_web::test]
async fn whole_machines_have_no_size_to_change() {
    let cloud = Cloud::new().await;
    let (id, host) = running(&cloud).await;
    let path = "/flavors/5/os-extra_specs";
    let key = "resources:CUSTOM_BAREMETAL";
    let half = json!({ "extra_specs": { key: "0.5" } });
    let told = cloud.admin().post(path, half).await.refused(400);
    assert!(told.contains("neither 0 nor 1"), "{told}");
    let one = json!({ "extra_specs": { key: "1" } });
    cloud.admin().post(path, one).await.is(200);
    let member = cloud.member();
    let resize = |flavor: &str| json!({ "resize": { "flavorRef": flavor } });
    let told = act(&member, &id, resize("5")).await.refused(400);
    assert!(told.contains("cannot be resized"), "{told}");

    let wish = json!({ "server": {
        "name": "metal", "imageRef": IMAGE, "flavorRef": "5", "networks": "none",
    }});
    let made = member.post("/servers", wish).await.is(202);
    let whole = made["server"]["id"].as_str().unwrap();
    cloud.settle(whole, &host, "active").await;
    act(&member, whole, resize("4")).await.refused(400);
}
