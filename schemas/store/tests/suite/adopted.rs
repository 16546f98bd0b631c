//! Adopted clusters: what was seen of them, what opens them, and that it goes with them.

use super::clusters::{asked, new};
use super::database::Database;
use crate::on_both;
use futures::future::join_all;
use schemas::Error;
use schemas::container_infra::adopted::{Node, Seen, Sight};
use store::container_infra::adopted::{self, Adopted};
use store::container_infra::clusters;
use store::{Scope, Tx, events, work};

on_both! {
    those_of_a_project_are_listed_in_the_order_of_adoption
    the_look_that_was_begun_last_is_kept_and_no_other
    what_was_seen_stays_when_it_falls_silent
    looks_that_begin_at_once_have_numbers_of_their_own
    other_credentials_are_asked_anew_and_old_looks_come_to_nothing
    other_credentials_are_for_adopted_clusters_of_the_project
    its_kubeconfig_goes_with_it
}

/// One of this project and name that was adopted; its id.
async fn adopt(db: &Database, project: &str, name: &str, made: i64) -> String {
    let mut new = new(project, name);
    new.groups.clear();
    new.authorities.clear();
    new.cluster.coe = "kubernetes".into();
    new.cluster.created_at = made;
    let id = new.cluster.id.clone();
    let row = Adopted::new(&id, "https://one.example/", Some("PEM"), "sealed".into());
    let write = move |tx: &mut Tx<'_>| {
        clusters::create(tx, &new, 20)?;
        adopted::insert(tx, &row)
    };
    db.store.write(write).await.unwrap();
    id
}

async fn row(db: &Database, id: &str) -> Option<Adopted> {
    let id = id.to_owned();
    let read = db.store.read(move |conn| adopted::get(conn, &id));
    read.await.unwrap()
}

async fn listed(db: &Database, scope: Scope) -> Vec<String> {
    let read = db.store.read(move |conn| adopted::list(conn, &scope));
    let rows = read.await.unwrap().into_iter();
    rows.map(|(cluster, row)| {
        assert_eq!(cluster.id, row.cluster_id);
        cluster.name
    })
    .collect()
}

/// A look begins; its number.
async fn ask(db: &Database, id: &str) -> i64 {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut row = adopted::get(tx, &id)?.unwrap();
        let number = row.ask(tx.now());
        adopted::update(tx, &mut row)?;
        Ok(number)
    };
    db.store.write(write).await.unwrap()
}

/// It comes to this; is that kept?
async fn hear(db: &Database, id: &str, number: i64, sight: Sight) -> bool {
    let id = id.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        let mut row = adopted::get(tx, &id)?.unwrap();
        let now = tx.now();
        let kept = row.hear(number, &sight, now)?;
        adopted::update(tx, &mut row)?;
        Ok(kept)
    };
    db.store.write(write).await.unwrap()
}

fn answers(node: &str) -> Sight {
    Sight::Answers(Seen {
        version: "v1.33.1".into(),
        nodes: vec![Node {
            name: node.into(),
            ..Node::default()
        }],
        hidden: None,
    })
}

fn silent() -> Sight {
    Sight::Silent("no route to host".into())
}

/// Another kubeconfig for it, of the server of this name.
async fn renew(db: &Database, id: &str, project: &str, server: &str) -> Result<(), Error> {
    let url = format!("https://{server}.example/");
    let (fresh, asked) = (
        Adopted::new(id, &url, None, "sealed anew".into()),
        asked(project),
    );
    let write = move |tx: &mut Tx<'_>| adopted::renew(tx, &asked, &fresh, "sealed:sha256:1");
    db.store.write(write).await
}

async fn those_of_a_project_are_listed_in_the_order_of_adoption(db: Database) {
    for (project, name, made) in [("p", "b", 2), ("q", "other", 3), ("p", "a", 1)] {
        adopt(&db, project, name, made).await;
    }
    let own = new("p", "own");
    let write = move |tx: &mut Tx<'_>| clusters::create(tx, &own, 20);
    db.store.write(write).await.unwrap();
    let scope = |project: &str| Scope::Project(project.into());
    assert_eq!(listed(&db, scope("p")).await, ["a", "b"]);
    assert_eq!(listed(&db, scope("q")).await, ["other"]);
    assert!(listed(&db, scope("r")).await.is_empty());
    assert_eq!(listed(&db, Scope::All).await, ["a", "b", "other"]);
}

async fn the_look_that_was_begun_last_is_kept_and_no_other(db: Database) {
    let id = adopt(&db, "p", "k", 1).await;
    let (first, second) = (ask(&db, &id).await, ask(&db, &id).await);
    assert!(!hear(&db, &id, first, answers("a")).await, "it is late");
    assert!(hear(&db, &id, second, silent()).await);
    assert!(!hear(&db, &id, second, answers("a")).await, "it was heard");
    let row = row(&db, &id).await.unwrap();
    assert_eq!(row.sight().unwrap(), Some(silent()));
    assert_eq!(row.seen().unwrap(), None);
    assert_eq!((row.asked, row.answered), (2, 2));
}

async fn what_was_seen_stays_when_it_falls_silent(db: Database) {
    let id = adopt(&db, "p", "k", 1).await;
    for (sight, node) in [(answers("a"), "a"), (silent(), "a"), (answers("b"), "b")] {
        let number = ask(&db, &id).await;
        assert!(hear(&db, &id, number, sight.clone()).await);
        let row = row(&db, &id).await.unwrap();
        assert_eq!(row.sight().unwrap(), Some(sight));
        assert_eq!(row.seen().unwrap().unwrap().nodes[0].name, node);
    }
}

async fn looks_that_begin_at_once_have_numbers_of_their_own(db: Database) {
    let id = adopt(&db, "p", "k", 1).await;
    let mut numbers = join_all((0..8).map(|_| ask(&db, &id))).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    let row = row(&db, &id).await.unwrap();
    assert_eq!((row.asked, row.revision), (8, 9));
}

async fn other_credentials_are_asked_anew_and_old_looks_come_to_nothing(db: Database) {
    let id = adopt(&db, "p", "k", 1).await;
    let number = ask(&db, &id).await;
    assert!(hear(&db, &id, number, answers("a")).await);
    let under_way = ask(&db, &id).await;
    renew(&db, &id, "p", "one").await.unwrap();
    assert!(!hear(&db, &id, under_way, silent()).await);
    let now = row(&db, &id).await.unwrap();
    assert_eq!((now.asked, now.asked_at), (now.answered, None));
    assert_eq!(now.sight().unwrap(), None);
    assert_eq!(
        (now.sealed_kubeconfig.as_str(), now.ca_pem.as_deref()),
        ("sealed anew", None)
    );
    let seen = now.seen().unwrap().unwrap();
    assert_eq!(seen.nodes[0].name, "a", "it is where it was");
    let key = id.clone();
    let read = db.store.read(move |conn| {
        let cluster = clusters::get(conn, &Scope::All, &key)?.unwrap();
        let due = work::get(conn, schemas::Kind::Cluster, &key)?;
        Ok((
            cluster,
            due,
            events::of(conn, schemas::Kind::Cluster, &key)?,
        ))
    });
    let (cluster, due, told) = read.await.unwrap();
    assert_eq!(
        cluster.spec().unwrap().labels["kubeconfig"],
        "sealed:sha256:1"
    );
    // It has not been complete yet, so it is still being made.
    assert_eq!(
        (cluster.status.as_str(), cluster.generation),
        ("CREATE_IN_PROGRESS", 2)
    );
    assert!(due.is_some(), "its conductor is told");
    assert_eq!(told.last().unwrap().action, adopted::RENEW);
    renew(&db, &id, "p", "two").await.unwrap();
    let now = row(&db, &id).await.unwrap();
    assert_eq!(now.seen().unwrap(), None, "that was elsewhere");
    assert_eq!(now.server, "https://two.example/");
    let number = ask(&db, &id).await;
    assert!(hear(&db, &id, number, answers("b")).await);
}

async fn other_credentials_are_for_adopted_clusters_of_the_project(db: Database) {
    let id = adopt(&db, "p", "k", 1).await;
    let own = new("p", "own");
    let made = own.cluster.id.clone();
    let write = move |tx: &mut Tx<'_>| clusters::create(tx, &own, 20);
    db.store.write(write).await.unwrap();
    let foreign = renew(&db, &id, "q", "one").await;
    assert!(matches!(foreign, Err(Error::NotFound(_))), "{foreign:?}");
    let refused = renew(&db, &made, "p", "one").await;
    assert!(matches!(refused, Err(Error::BadRequest(_))), "{refused:?}");
    let key = id.clone();
    let delete = move |tx: &mut Tx<'_>| clusters::delete(tx, &asked("p"), &key);
    db.store.write(delete).await.unwrap();
    let late = renew(&db, &id, "p", "one").await;
    assert!(matches!(late, Err(Error::BadRequest(_))), "{late:?}");
    assert_eq!(row(&db, &id).await.unwrap().sealed_kubeconfig, "sealed");
}

async fn its_kubeconfig_goes_with_it(db: Database) {
    let id = adopt(&db, "p", "k", 1).await;
    let other = adopt(&db, "p", "other", 2).await;
    let key = id.clone();
    let refuse = db.store.write(move |tx| {
        let cluster = clusters::get(tx, &Scope::All, &key)?.unwrap();
        adopted::refuse(tx, &cluster, "resized")
    });
    assert!(matches!(refuse.await, Err(Error::BadRequest(_))));
    let key = id.clone();
    let remove = move |tx: &mut Tx<'_>| {
        clusters::delete(tx, &asked("p"), &key)?;
        Ok(clusters::get(tx, &Scope::All, &key)?.unwrap())
    };
    let going = db.store.write(remove).await.unwrap();
    assert_eq!(
        listed(&db, Scope::All).await,
        ["other"],
        "it is not to stay"
    );
    let gone = db.store.write(move |tx| clusters::remove(tx, &going));
    gone.await.unwrap();
    assert_eq!(row(&db, &id).await, None);
    assert!(row(&db, &other).await.is_some());
}
