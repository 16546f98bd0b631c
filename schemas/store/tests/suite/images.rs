//! What the image service's rows promise, on both databases.

use super::database::Database;
use crate::on_both;
use schemas::image::{Attributes, Status, Visibility};
use schemas::{Error, Kind};
use std::collections::BTreeSet;
use store::image::images::{self, Image};
use store::image::list::{Filter, Page, SortKey, list};
use store::image::uploads::{self, Data, LEASE};
use store::image::{blobs, bootable, members, quota, tasks};
use store::{Scope, Tx, work};

on_both! {
    lists_are_narrowed_sorted_and_paged_alike
    texts_in_filters_are_compared_whole_and_by_case
    a_shared_image_is_booted_when_accepted
    an_upload_has_one_owner_and_its_blobs_one_count
    a_quota_is_never_passed_by_uploads_at_the_same_time
    a_task_is_listed_until_it_is_forgotten
}

fn red() -> Scope {
    Scope::Project("red".into())
}

fn make(tx: &mut Tx<'_>, id: &str, change: impl Fn(&mut Attributes)) -> store::Result<Image> {
    let mut attributes = Attributes::new("red");
    change(&mut attributes);
    let now = tx.now().0;
    let mut image = Image {
        id: id.into(),
        status: Status::Queued.as_str().into(),
        created_at: now,
        updated_at: now,
        ..Image::default()
    };
    image.set_attributes(&attributes)?;
    images::insert(tx, &image, -1)?;
    Ok(image)
}

fn data(blobs: &[&str], size: i64) -> Data {
    Data {
        manifest: "m".into(),
        recipe: "r".into(),
        blobs: blobs.iter().map(|digest| (*digest).to_owned()).collect(),
        size,
        ..Data::default()
    }
}

async fn names(db: &Database, filter: Filter, page: Page) -> Vec<String> {
    let found = db
        .store
        .read(move |conn| list(conn, &red(), &filter, &page))
        .await
        .unwrap();
    found.into_iter().map(|image| image.id).collect()
}

fn page(limit: i64, marker: Option<&str>, sort: &[(&str, bool)]) -> Page {
    let sort = sort.iter();
    Page {
        limit,
        marker: marker.map(str::to_owned),
        sort: sort
            .map(|(key, ascending)| (SortKey::parse(key).unwrap(), *ascending))
            .collect(),
    }
}

async fn lists_are_narrowed_sorted_and_paged_alike(db: Database) {
    db.store
        .write(|tx| {
            for (id, name, ram) in [("a", "", 1), ("b", "x", 2), ("c", "x", 1), ("d", "y", 3)] {
                make(tx, id, |image| {
                    image.name = name.into();
                    image.min_ram = ram;
                })?;
            }
            Ok(())
        })
        .await
        .unwrap();
    for (sort, expected) in [
        (&[("name", true), ("min_ram", true)][..], "a c b d"),
        (&[("name", false), ("min_ram", true)][..], "d c b a"),
        (&[("min_ram", false)][..], "d b c a"),
        (&[("size", true), ("id", true)][..], "a b c d"),
    ] {
        let whole = names(&db, Filter::default(), page(10, None, sort)).await;
        let mut paged: Vec<String> = Vec::new();
        loop {
            let marker = paged.last().map(String::as_str);
            let part = names(&db, Filter::default(), page(1, marker, sort)).await;
            if part.is_empty() {
                break;
            }
            paged.extend(part);
            assert!(paged.len() <= 4, "{sort:?}");
        }
        assert_eq!(paged, whole, "{sort:?}");
        if sort.len() > 1 {
            assert_eq!(whole.join(" "), expected, "{sort:?}");
        }
    }
    let unknown = page(1, Some("nobody"), &[]);
    let refused = db
        .store
        .read(move |conn| list(conn, &red(), &Filter::default(), &unknown))
        .await;
    assert!(matches!(refused, Err(Error::BadRequest(_))));
}

async fn texts_in_filters_are_compared_whole_and_by_case(db: Database) {
    db.store
        .write(|tx| {
            make(tx, "a", |image| {
                let tags = ["t", "say \"t\"", "T2"];
                image.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
                image.properties.insert("k".into(), "v,\"k\":\"w\"".into());
                image.properties.insert("l\\".into(), "ü%_".into());
            })
        })
        .await
        .unwrap();
    let tag = |tag: &str| Filter {
        tags: vec![tag.into()],
        ..Filter::default()
    };
    let property = |key: &str, value: &str| Filter {
        properties: vec![(key.into(), value.into())],
        ..Filter::default()
    };
    for (filter, found) in [
        (tag("t"), true),
        (tag("T"), false),
        (tag("T2"), true),
        (tag("say \"t\""), true),
        (tag("say"), false),
        (property("k", "v,\"k\":\"w\""), true),
        (property("k", "v"), false),
        (property("k", "w"), false),
        (property("l\\", "ü%_"), true),
        (property("l\\", "ü%%"), false),
    ] {
        let told = format!("{filter:?}");
        let names = names(&db, filter, page(10, None, &[])).await;
        assert_eq!(!names.is_empty(), found, "{told}");
    }
}

async fn a_shared_image_is_booted_when_accepted(db: Database) {
    let image = db
        .store
        .write(|tx| {
            let mut image = make(tx, "a", |_| {})?;
            image.status = Status::Active.as_str().into();
            image.manifest = "m".into();
            images::update(tx, &mut image)?;
            Ok(image.id)
        })
        .await
        .unwrap();
    let blue = || Scope::Project("blue".into());
    let boot = || {
        let id = image.clone();
        db.store
            .read(move |conn| bootable::bootable(conn, &blue(), &id))
    };
    assert_eq!(boot().await.unwrap(), None);
    let id = image.clone();
    db.store
        .write(move |tx| members::add(tx, &id, "blue", -1))
        .await
        .unwrap();
    assert!(boot().await.unwrap_err().to_string().contains("accepted"));
    let id = image.clone();
    db.store
        .write(move |tx| {
            let mut member = members::get(tx, &id, "blue")?.unwrap();
            members::answer(tx, &mut member, "accepted")
        })
        .await
        .unwrap();
    assert_eq!(boot().await.unwrap().unwrap().manifest, "m");
    let listed = |visibility| {
        let filter = Filter {
            visibility,
            ..Filter::default()
        };
        db.store
            .read(move |conn| list(conn, &blue(), &filter, &page(10, None, &[])))
    };
    use store::image::list::Wanted;
    assert_eq!(listed(Wanted::Usual).await.unwrap().len(), 1);
    assert_eq!(
        listed(Wanted::Only(Visibility::Shared))
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        listed(Wanted::Only(Visibility::Public))
            .await
            .unwrap()
            .len(),
        0
    );
}

async fn an_upload_has_one_owner_and_its_blobs_one_count(db: Database) {
    let begin = |token: &'static str| {
        db.store.write(move |tx| {
            uploads::begin(
                tx,
                &red(),
                "a",
                token,
                Status::Queued,
                Status::Saving,
                LEASE,
            )
        })
    };
    db.store.write(|tx| make(tx, "a", |_| {})).await.unwrap();
    begin("one").await.unwrap();
    assert!(matches!(begin("two").await, Err(Error::Conflict(_))));
    assert!(
        db.store
            .write(|tx| uploads::renew(tx, "a", "one"))
            .await
            .unwrap()
    );
    assert!(
        !db.store
            .write(|tx| uploads::renew(tx, "a", "two"))
            .await
            .unwrap()
    );
    db.store
        .write(|tx| uploads::finish(tx, "a", "one", &data(&["x", "y"], 5), -1))
        .await
        .unwrap();
    db.store
        .write(|tx| {
            make(tx, "b", |_| {})?;
            blobs::refer(tx, "b", &["y".to_owned()])
        })
        .await
        .unwrap();
    db.store
        .write(|tx| {
            let image = images::find(tx, &red(), "a")?;
            images::remove(tx, &image)
        })
        .await
        .unwrap();
    let (x, y, due, used) = db
        .store
        .read(|conn| {
            let due: BTreeSet<String> = work::list(conn)?.into_iter().map(|e| e.id).collect();
            Ok((
                blobs::is_needed(conn, "x")?,
                blobs::is_needed(conn, "y")?,
                due,
                store::compute::usages::in_use(conn, "red")?,
            ))
        })
        .await
        .unwrap();
    assert!(!x && y);
    assert_eq!(due, BTreeSet::from(["x".to_owned(), "y".to_owned()]));
    assert_eq!((used[quota::IMAGES], used[quota::BYTES]), (1, 0));
    let claimed = db
        .store
        .write(|tx| {
            let now = tx.now();
            work::claim(tx, &Kind::CONDUCTED, "conductor", now, LEASE, 10)
        })
        .await;
    assert!(claimed.unwrap().is_empty(), "blobs are not for conductors");
}

async fn a_quota_is_never_passed_by_uploads_at_the_same_time(db: Database) {
    db.store
        .write(|tx| {
            for n in 0..8 {
                let id = n.to_string();
                make(tx, &id, |_| {})?;
                uploads::begin(tx, &red(), &id, "t", Status::Queued, Status::Saving, LEASE)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let finish = |n: usize| {
        let store = db.store.clone();
        async move {
            loop {
                let id = n.to_string();
                let done = store
                    .write(move |tx| uploads::finish(tx, &id, "t", &data(&["x"], 10), 35))
                    .await;
                match done {
                    Ok(_) => return true,
                    Err(Error::OverQuota(_)) => return false,
                    Err(error) if error.retryable() => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    };
    let tasks: Vec<_> = (0..8).map(|n| tokio::spawn(finish(n))).collect();
    let mut finished = 0;
    for task in tasks {
        finished += usize::from(task.await.unwrap());
    }
    assert_eq!(finished, 3);
}

async fn a_task_is_listed_until_it_is_forgotten(db: Database) {
    db.store
        .write(|tx| {
            let now = tx.now().0;
            let task = tasks::Task {
                id: "t".into(),
                project_id: "red".into(),
                user_id: "u".into(),
                image_id: "a".into(),
                kind: "api_image_import".into(),
                status: "pending".into(),
                input: "{}".into(),
                message: String::new(),
                request_id: String::new(),
                created_at: now,
                updated_at: now,
            };
            tasks::insert(tx, &task)?;
            tasks::forget(tx, i64::MAX)
        })
        .await
        .unwrap();
    let count = |image: Option<&'static str>, scope: Scope| {
        db.store
            .read(move |conn| Ok(tasks::list(conn, &scope, image)?.len()))
    };
    assert_eq!(
        count(Some("a"), red()).await.unwrap(),
        1,
        "it has not ended"
    );
    assert_eq!(count(Some("b"), Scope::All).await.unwrap(), 0);
    assert_eq!(count(None, Scope::Project("blue".into())).await.unwrap(), 0);
    db.store
        .write(|tx| {
            tasks::update(tx, "t", "failure", "why")?;
            tasks::forget(tx, i64::MAX)
        })
        .await
        .unwrap();
    assert_eq!(count(None, Scope::All).await.unwrap(), 0);
}
