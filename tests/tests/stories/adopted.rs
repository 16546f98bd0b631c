//! Adopted clusters: looked at until they answer, shown as they are, forgotten and left alone.

use crate::once;
use tests::replay::replay;
use tests::world::World;

/// Waits until the cluster's health is this, and what is said of it has this word.
async fn until_health(world: &World, id: &str, health: &'static str, word: &'static str) {
    let id = id.to_owned();
    world
        .until(&format!("cluster {id} is {health}: {word}"), move |world| {
            let id = id.clone();
            Box::pin(async move {
                let row = world.cluster(&id).await.unwrap();
                row.health_status.as_deref() == Some(health) && row.health_reason.contains(word)
            })
        })
        .await;
}

async fn until_reason(world: &World, id: &str, word: &'static str) {
    let id = id.to_owned();
    world
        .until(&format!("cluster {id} waits: {word}"), move |world| {
            let id = id.clone();
            Box::pin(async move {
                let row = world.cluster(&id).await.unwrap();
                row.status_reason
                    .is_some_and(|reason| reason.contains(word))
            })
        })
        .await;
}

#[test]
fn a_cluster_that_answers_late_is_adopted_shown_as_it_is_and_forgotten() {
    let tried = replay(1, 1, |world| {
        Box::pin(async move {
            let id = world.adopt(60).await;
            until_reason(world, &id, "connection refused").await;
            let waiting = world.cluster(&id).await.unwrap();
            assert_eq!(waiting.status, "CREATE_IN_PROGRESS");
            assert_eq!(waiting.health_status, None);
            world.outside().answers(&["True", "True"]);
            world.until_cluster(&id, "CREATE_COMPLETE").await;
            let made = world.cluster(&id).await.unwrap();
            let address = made.api_address.as_deref();
            assert_eq!(address, Some("https://outside.example:6443/"));
            assert_eq!(made.health_status.as_deref(), Some("HEALTHY"));
            assert_eq!(made.status_reason, None);
            world.audit().await;
            world.outside().is_silent("no route to host");
            until_health(world, &id, "UNHEALTHY", r#""api":"no route to host""#).await;
            world.outside().answers(&["True", "False"]);
            until_health(world, &id, "UNHEALTHY", r#""node-1.Ready":"False""#).await;
            world.outside().answers(&["True"]);
            until_health(
                world,
                &id,
                "HEALTHY",
                r#"{"api":"ok","node-0.Ready":"True"}"#,
            )
            .await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
            assert_eq!(
                world.adopted(&id).await,
                None,
                "its kubeconfig is forgotten"
            );
        })
    });
    assert!(
        tried.crashes > 20,
        "{tried:?}: the crash points are not reached"
    );
}

#[test]
fn a_cluster_that_never_answers_fails_with_what_was_heard_and_stays_so() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.adopt(5).await;
            world
                .outside()
                .is_silent("its certificate is for another name");
            world.until_cluster(&id, "CREATE_FAILED").await;
            let failed = world.cluster(&id).await.unwrap();
            let reason = failed.status_reason.unwrap();
            assert!(
                reason.contains("5 minutes") && reason.contains("for another name"),
                "{reason}"
            );
            let asked = world.adopted(&id).await.unwrap().asked;
            assert!(asked > 5, "it was asked {asked} times");
            world.outside().answers(&["True"]);
            tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
            assert_eq!(world.adopted(&id).await.unwrap().asked, asked);
            let still = world.cluster(&id).await.unwrap();
            assert_eq!(still.status, "CREATE_FAILED");
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
        })
    });
}

#[test]
fn a_cluster_is_given_other_credentials_while_it_is_looked_at() {
    let tried = replay(1, 1, |world| {
        Box::pin(async move {
            world.outside().answers(&["True"]);
            let id = world.adopt(60).await;
            world.until_cluster(&id, "CREATE_COMPLETE").await;
            world.adopt_again(&id).await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
            world.audit().await;
        })
    });
    assert!(
        tried.crashes > 5,
        "{tried:?}: the crash points are not reached"
    );
}

#[test]
fn a_cluster_that_was_given_up_is_adopted_with_other_credentials() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.adopt(5).await;
            world.until_cluster(&id, "CREATE_FAILED").await;
            world.outside().answers(&["True"]);
            world.adopt_again(&id).await;
            world.until_cluster(&id, "CREATE_COMPLETE").await;
            let made = world.cluster(&id).await.unwrap();
            assert_eq!((made.status_reason, made.updated_at), (None, None));
        })
    });
}

#[test]
fn credentials_that_are_not_taken_are_told_and_the_cluster_is_looked_at_all_the_same() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.adopt(5).await;
            world.outside().answers(&["True"]);
            world.until_cluster(&id, "CREATE_COMPLETE").await;
            world.outside().is_silent("it says 401");
            world.adopt_again(&id).await;
            world.until_cluster(&id, "UPDATE_FAILED").await;
            let failed = world.cluster(&id).await.unwrap();
            assert!(failed.status_reason.unwrap().contains("it says 401"));
            let nodes = world.adopted(&id).await.unwrap().seen().unwrap();
            assert_eq!(nodes.unwrap().nodes.len(), 1, "what was seen last");
            world.outside().answers(&["True", "True"]);
            until_health(world, &id, "HEALTHY", r#""node-1.Ready":"True""#).await;
            world.adopt_again(&id).await;
            world.until_cluster(&id, "UPDATE_COMPLETE").await;
        })
    });
}

#[test]
fn a_cluster_that_is_silent_can_be_forgotten() {
    once(1, |world| {
        Box::pin(async move {
            let id = world.adopt(0).await;
            until_reason(world, &id, "connection refused").await;
            world.delete_cluster(&id).await;
            world.until_no_cluster(&id).await;
            assert_eq!(world.adopted(&id).await, None);
        })
    });
}
