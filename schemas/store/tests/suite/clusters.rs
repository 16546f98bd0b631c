//! Clusters, their groups and nodes: quotas, operations and what goes with them.

use super::database::Database;
use crate::on_both;
use futures::future::join_all;
use schemas::container_infra::status::{Operation, Progress, Status};
use schemas::ids::{ClusterId, ImageId, NodegroupId};
use schemas::{Error, Kind};
use store::compute::spec::{BootImage, Flavor};
use store::compute::usages;
use store::container_infra::authorities::{self, Authority, KINDS, NODES};
use store::container_infra::clusters::{self, Asked, Cluster, New, RESOURCE};
use store::container_infra::nodegroups::{self, MASTERS, NodeGroup, WORKERS};
use store::container_infra::nodes::{self, Phase};
use store::container_infra::operations::{self, Resize};
use store::container_infra::spec;
use store::{Scope, Store, Tx, events, work};

on_both! {
    a_cluster_comes_and_goes_with_all_that_belongs_to_it
    no_more_clusters_are_made_than_the_quota_allows_however_many_ask_at_once
    another_projects_cluster_is_not_there
    groups_are_added_changed_and_removed
}

fn status(operation: Operation, progress: Progress) -> String {
    Status(operation, progress).as_str().into()
}

fn group(cluster: &str, name: &str, count: i64) -> NodeGroup {
    let spec = spec::NodeGroup {
        image: BootImage {
            id: ImageId::default(),
            manifest: "sha256:0".into(),
        },
        image_id: "node".into(),
        flavor: Flavor::default(),
        docker_volume_size: None,
        labels: Default::default(),
        node_labels: Default::default(),
        node_taints: Vec::new(),
    };
    NodeGroup {
        id: NodegroupId::new().to_string(),
        number: 0,
        cluster_id: cluster.into(),
        project_id: "p".into(),
        name: name.into(),
        role: if name == MASTERS { "master" } else { "worker" }.into(),
        is_default: i32::from(name.starts_with("default")),
        node_count: count,
        min_node_count: 0,
        max_node_count: Some(9),
        status: status(Operation::Create, Progress::InProgress),
        status_reason: None,
        generation: 1,
        batch: 1,
        made: 0,
        deleting: 0,
        revision: 1,
        created_at: 0,
        updated_at: None,
        spec: serde_json::to_string(&spec).unwrap(),
    }
}

pub fn new(project: &str, name: &str) -> New {
    let id = ClusterId::new().to_string();
    let spec = spec::Cluster {
        create_timeout: 60,
        ..spec::Cluster::default()
    };
    let cluster = Cluster {
        id: id.clone(),
        project_id: project.into(),
        user_id: "u".into(),
        name: name.into(),
        template_id: "t".into(),
        coe: "docker".into(),
        status: status(Operation::Create, Progress::InProgress),
        status_reason: None,
        health_status: None,
        health_reason: "{}".into(),
        api_address: None,
        generation: 1,
        revision: 1,
        deadline: None,
        deleting: 0,
        request_id: "req-1".into(),
        created_at: 1,
        updated_at: None,
        spec: serde_json::to_string(&spec).unwrap(),
    };
    let authority = |kind: &str| Authority {
        cluster_id: id.clone(),
        kind: kind.into(),
        generation: 1,
        certificate: "PEM".into(),
        sealed_key: "v1.k.x".into(),
        valid_until: 1,
        created_at: 1,
    };
    New {
        groups: vec![group(&id, MASTERS, 1), group(&id, WORKERS, 2)],
        authorities: KINDS.iter().map(|kind| authority(kind)).collect(),
        cluster,
    }
}

pub fn asked(project: &str) -> Asked {
    Asked {
        scope: Scope::Project(project.into()),
        user_id: "u".into(),
        request_id: "req-2".into(),
    }
}

pub(super) async fn made(store: &Store, new: New) -> String {
    let id = new.cluster.id.clone();
    store
        .write(move |tx| clusters::create(tx, &new, 20))
        .await
        .unwrap();
    id
}

/// As the conductor ends an operation.
pub(super) async fn settled(store: &Store, id: &str, operation: Operation, progress: Progress) {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut cluster = clusters::get(tx, &Scope::All, &id)?.unwrap();
        cluster.status = status(operation, progress);
        cluster.api_address = Some("tcp://192.0.2.1:2376".into());
        clusters::update(tx, &mut cluster)
    };
    store.write(write).await.unwrap();
}

pub(super) async fn resized(store: &Store, id: &str, wanted: Resize) -> Result<(), Error> {
    let id = id.to_owned();
    store
        .write(move |tx| operations::resize(tx, &asked("p"), &id, &wanted))
        .await
}

pub(super) async fn workers(store: &Store, id: &str) -> NodeGroup {
    let id = id.to_owned();
    let found = store
        .read(move |conn| nodegroups::find(conn, &id, WORKERS))
        .await;
    found.unwrap().unwrap()
}

pub(super) fn to(node_count: i64) -> Resize {
    Resize {
        node_count,
        ..Resize::default()
    }
}

/// Puts a node into the workers' group, in this phase.
pub(super) async fn node(store: &Store, id: &str, ordinal: i32, phase: Phase) {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut group = nodegroups::find(tx, &id, WORKERS)?.unwrap();
        let mut node = nodes::new(&mut group, ordinal, tx.now())?;
        node.phase = phase.as_str().into();
        nodegroups::update(tx, &mut group)?;
        nodes::insert(tx, &node)
    };
    store.write(write).await.unwrap();
}

async fn a_cluster_comes_and_goes_with_all_that_belongs_to_it(db: Database) {
    let id = made(&db.store, new("p", "bay")).await;
    let key = id.clone();
    let read = move |conn: &mut store::Conn| {
        Ok((
            clusters::get(conn, &Scope::All, &key)?,
            nodegroups::of(conn, &key)?.len(),
            authorities::of(conn, &key, NODES)?.len(),
            usages::in_use(conn, "p")?.get(RESOURCE).copied(),
            work::get(conn, Kind::Cluster, &key)?.is_some(),
            events::of(conn, Kind::Cluster, &key)?.len(),
        ))
    };
    let (row, groups, authorities, used, due, told) = db.store.read(read.clone()).await.unwrap();
    assert!(row.is_some() && due);
    assert_eq!((groups, authorities, used, told), (2, 1, Some(1), 1));
    for _ in 0..2 {
        let id = id.clone();
        db.store
            .write(move |tx| clusters::delete(tx, &asked("p"), &id))
            .await
            .unwrap();
    }
    let (row, ..) = db.store.read(read.clone()).await.unwrap();
    let row = row.unwrap();
    assert_eq!(
        (row.deleting, row.status.as_str()),
        (1, "DELETE_IN_PROGRESS")
    );
    db.store
        .write(move |tx| clusters::remove(tx, &row))
        .await
        .unwrap();
    let (row, groups, authorities, used, ..) = db.store.read(read).await.unwrap();
    assert!(row.is_none());
    assert_eq!((groups, authorities, used), (0, 0, Some(0)));
}

async fn no_more_clusters_are_made_than_the_quota_allows_however_many_ask_at_once(db: Database) {
    let ask = |n: usize| {
        let (store, new) = (db.store.clone(), new("p", &format!("bay{n}")));
        async move { store.write(move |tx| clusters::create(tx, &new, 3)).await }
    };
    let answers = join_all((0..8).map(ask)).await;
    let refused = |answer: &&Result<(), Error>| matches!(answer, Err(Error::Forbidden(_)));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert_eq!(answers.iter().filter(refused).count(), 5);
    let there = db.store.read(|conn| clusters::count(conn, &Scope::All));
    assert_eq!(there.await.unwrap(), 3);
}

async fn another_projects_cluster_is_not_there(db: Database) {
    let id = made(&db.store, new("p", "bay")).await;
    settled(&db.store, &id, Operation::Create, Progress::Complete).await;
    let (key, twin) = (id.clone(), id.clone());
    let stranger = Scope::Project("q".into());
    let seen = db.store.read(move |conn| {
        Ok((
            clusters::get(conn, &stranger, &key)?.is_some(),
            clusters::named(conn, &stranger, "bay")?.len(),
            clusters::list(conn, &stranger)?.len(),
            clusters::count(conn, &stranger)?,
        ))
    });
    assert_eq!(seen.await.unwrap(), (false, 0, 0, 0));
    let delete = move |tx: &mut Tx<'_>| clusters::delete(tx, &asked("q"), &twin);
    let answer = db.store.write(delete).await;
    assert!(matches!(answer, Err(Error::NotFound(_))));
    let resize = move |tx: &mut Tx<'_>| operations::resize(tx, &asked("q"), &id, &to(1));
    let answer = db.store.write(resize).await;
    assert!(matches!(answer, Err(Error::NotFound(_))));
}

async fn groups_are_added_changed_and_removed(db: Database) {
    let id = made(&db.store, new("p", "bay")).await;
    let add = |id: &str, count| {
        let group = group(id, "pool", count);
        let store = db.store.clone();
        async move {
            store
                .write(move |tx| operations::add_group(tx, &asked("p"), group.clone()))
                .await
        }
    };
    // It has no address yet.
    assert!(matches!(add(&id, 1).await, Err(Error::Conflict(_))));
    settled(&db.store, &id, Operation::Create, Progress::Complete).await;
    assert!(matches!(add(&id, 10).await, Err(Error::Conflict(_))));
    let pool = add(&id, 1).await.unwrap();
    let masters = workers(&db.store, &id).await.number - 1;
    assert_eq!(pool.number, masters + 2);
    settled(&db.store, &id, Operation::Update, Progress::Complete).await;
    assert!(matches!(add(&id, 1).await, Err(Error::Conflict(_))));
    let key = id.clone();
    let change = move |tx: &mut Tx<'_>| {
        operations::change_group(tx, &asked("p"), &key, "pool", |group| {
            group.min_node_count = 1;
            Ok(())
        })
    };
    assert_eq!(db.store.write(change).await.unwrap().min_node_count, 1);
    let remove = |name: &'static str| {
        let (store, id) = (db.store.clone(), id.clone());
        async move {
            store
                .write(move |tx| operations::remove_group(tx, &asked("p"), &id, name))
                .await
        }
    };
    assert!(matches!(remove(WORKERS).await, Err(Error::BadRequest(_))));
    settled(&db.store, &id, Operation::Update, Progress::Complete).await;
    remove("pool").await.unwrap();
    remove("pool").await.unwrap();
    let key = id.clone();
    let found = db
        .store
        .read(move |conn| nodegroups::find(conn, &key, "pool"))
        .await;
    let found = found.unwrap().unwrap();
    assert_eq!(
        (found.deleting, found.status.as_str()),
        (1, "DELETE_IN_PROGRESS")
    );
}
