//! What the work table promises.

use super::database::Database;
use crate::on_both;
use schemas::{Kind, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;
use store::work;

const LEASE: Duration = Duration::from_secs(30);

on_both! {
    a_burst_of_reasons_is_one_entry
    an_entry_has_one_owner_until_its_lease_ends
    a_reason_that_comes_during_the_work_is_not_lost
    waiting_entries_are_left_alone_until_due
    many_workers_share_the_entries_without_doubling
}

async fn a_burst_of_reasons_is_one_entry(db: Database) {
    for _ in 0..3 {
        db.store
            .write(|tx| tx.due(Kind::Server, "a"))
            .await
            .unwrap();
    }
    assert_eq!(db.store.read(work::list).await.unwrap().len(), 1);
}

async fn an_entry_has_one_owner_until_its_lease_ends(db: Database) {
    db.store
        .write(|tx| tx.due(Kind::Server, "a"))
        .await
        .unwrap();
    let take = |owner: &'static str, later: Duration| {
        db.store.write(move |tx| {
            let now = tx.now() + later;
            work::claim(tx, &Kind::ALL, owner, now, LEASE, 10)
        })
    };
    assert_eq!(take("one", Duration::ZERO).await.unwrap().len(), 1);
    assert_eq!(take("two", Duration::ZERO).await.unwrap().len(), 0);
    assert_eq!(take("two", LEASE * 2).await.unwrap().len(), 1);
}

async fn a_reason_that_comes_during_the_work_is_not_lost(db: Database) {
    db.store
        .write(|tx| tx.due(Kind::Server, "a"))
        .await
        .unwrap();
    let entry = db
        .store
        .write(|tx| {
            let now = tx.now();
            work::claim_one(tx, Kind::Server, "a", "one", now, LEASE)
        })
        .await
        .unwrap()
        .unwrap();
    db.store
        .write(|tx| tx.due(Kind::Server, "a"))
        .await
        .unwrap();
    let more = db
        .store
        .write(move |tx| work::finish(tx, &entry))
        .await
        .unwrap();
    assert!(more);
    let again = db
        .store
        .write(|tx| {
            let now = tx.now();
            work::claim(tx, &Kind::ALL, "two", now, LEASE, 10)
        })
        .await
        .unwrap();
    assert_eq!(again.len(), 1);
    let entry = again[0].clone();
    let more = db
        .store
        .write(move |tx| work::finish(tx, &entry))
        .await
        .unwrap();
    assert!(!more && db.store.read(work::list).await.unwrap().is_empty());
}

async fn waiting_entries_are_left_alone_until_due(db: Database) {
    db.store
        .write(|tx| tx.due(Kind::Server, "a"))
        .await
        .unwrap();
    let at: Timestamp = db
        .store
        .write(|tx| {
            let now = tx.now();
            let entry = work::claim(tx, &Kind::ALL, "one", now, LEASE, 1)?.remove(0);
            let at = now + Duration::from_secs(60);
            work::again(tx, &entry, at, "waits for its host")?;
            Ok(at)
        })
        .await
        .unwrap();
    assert_eq!(
        db.store
            .read(move |conn| work::next_free(conn, &Kind::ALL, at))
            .await
            .unwrap(),
        Some(at)
    );
    let early = db
        .store
        .write(move |tx| work::claim(tx, &Kind::ALL, "one", at - LEASE, LEASE, 1))
        .await;
    assert!(early.unwrap().is_empty());
    let entry = db.store.read(work::list).await.unwrap().remove(0);
    assert_eq!(
        (entry.reason.as_str(), entry.attempts),
        ("waits for its host", 1)
    );
    let late = db
        .store
        .write(move |tx| work::claim(tx, &Kind::ALL, "one", at, LEASE, 1))
        .await;
    assert_eq!(late.unwrap().len(), 1);
}

async fn many_workers_share_the_entries_without_doubling(db: Database) {
    db.store
        .write(|tx| (0..40).try_for_each(|n| tx.due(Kind::Server, &format!("{n:02}"))))
        .await
        .unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|worker| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let owner = format!("worker-{worker}");
                    let claimed = store
                        .write(move |tx| {
                            let now = tx.now();
                            work::claim(tx, &Kind::ALL, &owner, now, LEASE, 3)
                        })
                        .await;
                    match claimed {
                        Ok(claimed) if claimed.is_empty() => return mine,
                        Ok(claimed) => mine.extend(claimed.into_iter().map(|entry| entry.id)),
                        Err(error) if error.retryable() => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    assert_eq!(all.len(), 40);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 40);
}
