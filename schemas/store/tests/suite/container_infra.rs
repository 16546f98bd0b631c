//! What the rows beside clusters promise, on both databases.

use super::database::Database;
use crate::on_both;
use schemas::Error;
use schemas::container_infra::template::Template as Document;
use serde_json::json;
use store::container_infra::templates::{self, Template};
use store::container_infra::workers;
use store::container_infra::{quotas, references};
use store::{Scope, Tx};

on_both! {
    templates_are_seen_by_their_project_and_when_public_by_all
    a_template_is_changed_by_one_at_a_time
    quotas_set_at_the_same_time_have_numbers_of_their_own
    conductors_that_come_at_the_same_time_are_each_one_row
    what_was_silent_for_a_week_is_forgotten
}

fn scope(project: &str) -> Scope {
    Scope::Project(project.into())
}

fn make(
    tx: &mut Tx<'_>,
    id: &str,
    project: &str,
    public: bool,
    hidden: bool,
) -> store::Result<Template> {
    let document: Document = serde_json::from_value(json!({
        "coe": "docker", "image_id": "i", "name": "same", "public": public, "hidden": hidden,
    }))?;
    let mut row = Template {
        id: id.into(),
        project_id: project.into(),
        user_id: "u".into(),
        name: None,
        public: 0,
        hidden: 0,
        revision: 1,
        created_at: tx.now().0,
        updated_at: None,
        spec: String::new(),
    };
    row.set_document(&document)?;
    templates::insert(tx, &row, 3)?;
    Ok(row)
}

async fn templates_are_seen_by_their_project_and_when_public_by_all(db: Database) {
    let write = db.store.write(|tx| {
        make(tx, "a", "red", false, false)?;
        make(tx, "b", "red", true, false)?;
        make(tx, "c", "red", true, true)?;
        make(tx, "d", "blue", false, true).map(|_| ())
    });
    write.await.unwrap();
    let full = db.store.write(|tx| make(tx, "e", "red", false, false));
    assert!(matches!(full.await, Err(Error::OverQuota(_))));
    let taken = db.store.write(|tx| make(tx, "a", "blue", false, false));
    assert!(matches!(taken.await, Err(Error::Conflict(_))));
    let ids = |rows: Vec<Template>| rows.into_iter().map(|row| row.id).collect::<String>();
    for (scope, listed, named) in [
        (scope("red"), "abc", "abc"),
        (scope("blue"), "bd", "bcd"),
        (scope("green"), "b", "bc"),
        (Scope::All, "abcd", "abcd"),
    ] {
        let read = db.store.read(move |conn| {
            let listed = templates::list(conn, &scope)?;
            Ok((listed, templates::named(conn, &scope, "same")?))
        });
        let found = read.await.unwrap();
        assert_eq!(
            (ids(found.0).as_str(), ids(found.1).as_str()),
            (listed, named)
        );
    }
}

async fn a_template_is_changed_by_one_at_a_time(db: Database) {
    let write = db.store.write(|tx| make(tx, "a", "red", false, false));
    let row = write.await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (store, id) = (db.store.clone(), row.id.clone());
            tokio::spawn(async move {
                let change = move |tx: &mut Tx<'_>| {
                    let mut row = templates::get(tx, &Scope::All, &id)?.unwrap();
                    let mut document = row.document()?;
                    document.labels.0.insert(format!("l{n}"), "x".into());
                    row.set_document(&document)?;
                    templates::update(tx, &mut row)
                };
                store.write(change).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let read = db.store.read(|conn| templates::get(conn, &Scope::All, "a"));
    let row = read.await.unwrap().unwrap();
    assert_eq!(row.document().unwrap().labels.0.len(), 8, "none is lost");
    assert_eq!(row.revision, 9);
}

async fn quotas_set_at_the_same_time_have_numbers_of_their_own(db: Database) {
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let project = format!("p{n}");
                let set = move |tx: &mut Tx<'_>| quotas::insert(tx, &project, quotas::RESOURCE, n);
                store.write(set).await.unwrap()
            })
        })
        .collect();
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap().number);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=8).collect::<Vec<_>>());
    let again = db
        .store
        .write(|tx| quotas::insert(tx, "p1", quotas::RESOURCE, 1));
    assert!(matches!(again.await, Err(Error::Conflict(_))));
    let limits = db.store.read(|conn| {
        let own = quotas::limit(conn, "p3", 20)?;
        Ok((own, quotas::limit(conn, "other", 20)?))
    });
    assert_eq!(limits.await.unwrap(), (3, 20));
}

async fn conductors_that_come_at_the_same_time_are_each_one_row(db: Database) {
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let host = format!("m{}", n % 4);
                let say = move |tx: &mut Tx<'_>| workers::report(tx, &host, &[workers::MAGNUM]);
                store.write(say).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let read = db
        .store
        .read(|conn| workers::list(conn, &[workers::MAGNUM]));
    let rows = read.await.unwrap();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.reports == 2), "{rows:?}");
}

async fn what_was_silent_for_a_week_is_forgotten(db: Database) {
    use diesel::RunQueryDsl;
    let write = db.store.write(|tx| {
        workers::report(tx, "old", &[workers::MAGNUM])?;
        let age = "UPDATE workers SET seen_at = seen_at - 700000000000";
        diesel::sql_query(age).execute(&mut **tx)?;
        workers::report(tx, "new", &[workers::MAGNUM])
    });
    write.await.unwrap();
    let read = db
        .store
        .read(|conn| workers::list(conn, &[workers::MAGNUM]));
    let hosts: Vec<String> = read
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.host)
        .collect();
    assert_eq!(hosts, ["new"]);
    // The network of the machines is the same thing in every process.
    assert!(references::external(&references::external_id()).is_ok());
}
