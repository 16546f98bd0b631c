//! Numbers of a cluster's nodes: asked for at once, refused, tried again, and never the same node twice.

use super::clusters::{made, new, node, resized, settled, to, workers};
use super::database::Database;
use crate::on_both;
use futures::future::join_all;
use schemas::Error;
use schemas::container_infra::status::{Operation, Progress};
use store::container_infra::clusters;
use store::container_infra::nodegroups::{self, WORKERS};
use store::container_infra::nodes::{self, Phase};
use store::container_infra::operations::Resize;
use store::{Scope, Tx};

on_both! {
    of_two_resizes_at_once_the_last_is_what_should_be
    a_resize_is_refused_where_status_bounds_or_names_forbid_it
    what_was_given_up_is_tried_again_by_the_next_operation
    no_two_servers_of_a_group_ever_have_the_same_id
}

async fn of_two_resizes_at_once_the_last_is_what_should_be(db: Database) {
    let id = made(&db.store, new("p", "bay")).await;
    settled(&db.store, &id, Operation::Create, Progress::Complete).await;
    let both = join_all([5, 3].map(|count| resized(&db.store, &id, to(count)))).await;
    assert_eq!(both, [Ok(()), Ok(())]);
    let group = workers(&db.store, &id).await;
    assert!([3, 5].contains(&group.node_count));
    assert_eq!(group.status, "UPDATE_IN_PROGRESS");
    let key = id.clone();
    let row = db
        .store
        .read(move |conn| clusters::get(conn, &Scope::All, &key));
    let row = row.await.unwrap().unwrap();
    assert_eq!(
        (row.status.as_str(), row.generation),
        ("UPDATE_IN_PROGRESS", 3)
    );
    assert!(row.updated_at.is_some() && row.deadline.is_some());
    // A third one while it is under way.
    resized(&db.store, &id, to(0)).await.unwrap();
    assert_eq!(workers(&db.store, &id).await.node_count, 0);
}

async fn a_resize_is_refused_where_status_bounds_or_names_forbid_it(db: Database) {
    let id = made(&db.store, new("p", "bay")).await;
    let refused = |answer: Result<(), Error>, why: &str| match answer {
        Err(Error::BadRequest(text)) => assert!(text.contains(why), "{text}"),
        other => panic!("{other:?}"),
    };
    refused(
        resized(&db.store, &id, to(3)).await,
        "status is CREATE_IN_PROGRESS",
    );
    settled(&db.store, &id, Operation::Create, Progress::Complete).await;
    refused(resized(&db.store, &id, to(10)).await, "from 0 to 9");
    refused(resized(&db.store, &id, to(-1)).await, "from 0 to 9");
    let named = Resize {
        nodes_to_remove: vec!["default-worker-7".into()],
        ..to(1)
    };
    refused(resized(&db.store, &id, named).await, "default-worker-7");
    let nowhere = Resize {
        group: Some("pool".into()),
        ..to(1)
    };
    let answer = resized(&db.store, &id, nowhere).await;
    assert!(matches!(answer, Err(Error::NotFound(_))));
    settled(&db.store, &id, Operation::Update, Progress::Failed).await;
    let patch = Resize {
        settled: true,
        ..to(1)
    };
    refused(
        resized(&db.store, &id, patch.clone()).await,
        "status is UPDATE_FAILED",
    );
    assert_eq!(workers(&db.store, &id).await.node_count, 2, "as it was");
    resized(&db.store, &id, to(1)).await.unwrap();
}

async fn what_was_given_up_is_tried_again_by_the_next_operation(db: Database) {
    let id = made(&db.store, new("p", "bay")).await;
    for (ordinal, phase) in [(0, Phase::Run), (1, Phase::Failed), (2, Phase::Failed)] {
        node(&db.store, &id, ordinal, phase).await;
    }
    settled(&db.store, &id, Operation::Update, Progress::Failed).await;
    let wanted = Resize {
        nodes_to_remove: vec!["default-worker-2".into(), "default-worker-2".into()],
        ..to(2)
    };
    resized(&db.store, &id, wanted).await.unwrap();
    let rows = db
        .store
        .read(move |conn| nodes::of(conn, &id))
        .await
        .unwrap();
    let phases: Vec<_> = rows.iter().map(|row| row.phase().unwrap()).collect();
    assert_eq!(phases, [Phase::Run, Phase::Replace, Phase::Remove]);
    assert_eq!(rows[1].tries, 0);
}

async fn no_two_servers_of_a_group_ever_have_the_same_id(db: Database) {
    let id = made(&db.store, new("p", "bay")).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        node(&db.store, &id, 0, Phase::Launch).await;
        let key = id.clone();
        let write = move |tx: &mut Tx<'_>| {
            let mut node = nodes::of(tx, &key)?.remove(0);
            let mut group = nodegroups::find(tx, &key, WORKERS)?.unwrap();
            let first = node.server_id.clone();
            node.renew(&mut group)?;
            nodes::update(tx, &mut node)?;
            nodegroups::update(tx, &mut group)?;
            let known = nodes::of_server(tx, &node.server_id)?;
            assert_eq!(known.as_ref().map(|known| &known.id), Some(&node.id));
            assert!(nodes::of_server(tx, &first)?.is_none());
            nodes::remove(tx, &node.id)?;
            Ok([first, node.server_id])
        };
        seen.extend(db.store.write(write).await.unwrap());
    }
    assert_eq!(seen.len(), 6);
}
