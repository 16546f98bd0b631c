//! What `read` and `write` promise.

use super::database::{self, Database};
use crate::on_both;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use futures::future::join_all;
use schemas::{Error, Kind};
use store::schema::usages;
use store::{Conn, Fail};

on_both! {
    migrating_twice_changes_nothing
    a_failed_write_leaves_nothing
    a_panic_in_a_write_leaves_nothing
    concurrent_increments_are_all_counted
    hints_are_told_after_the_commit_only
    of_many_waiting_transactions_each_fails_for_itself
    a_write_that_nobody_polls_holds_up_nobody
    a_dropped_request_is_carried_out_whole_or_not_at_all
}

fn in_use(conn: &mut Conn) -> store::Result<i64> {
    Ok(usages::table
        .find(("p", "cores"))
        .select(usages::in_use)
        .first(conn)
        .optional()?
        .unwrap_or(0))
}

fn insert(conn: &mut Conn, amount: i64) -> store::Result<()> {
    let row = (
        usages::project_id.eq("p"),
        usages::resource.eq("cores"),
        usages::in_use.eq(amount),
    );
    diesel::insert_into(usages::table)
        .values(row)
        .execute(conn)?;
    Ok(())
}

async fn migrating_twice_changes_nothing(db: Database) {
    assert!(db.store.migrate().await.unwrap().is_empty());
    assert!(db.store.pending_migrations().await.unwrap().is_empty());
}

async fn a_failed_write_leaves_nothing(db: Database) {
    let failed: Result<(), Error> = db
        .store
        .write(|tx| {
            insert(tx, 7)?;
            Err(Fail::Told(Error::Conflict("no".into())))
        })
        .await;
    assert_eq!(failed, Err(Error::Conflict("no".into())));
    assert_eq!(db.store.read(in_use).await.unwrap(), 0);
}

async fn a_panic_in_a_write_leaves_nothing(db: Database) {
    let failed: Result<(), Error> = db
        .store
        .write(|tx| {
            insert(tx, 7)?;
            panic!("on purpose")
        })
        .await;
    assert!(matches!(failed, Err(Error::Internal(_))));
    db.store.write(|tx| insert(tx, 3)).await.unwrap();
    assert_eq!(db.store.read(in_use).await.unwrap(), 3);
}

async fn concurrent_increments_are_all_counted(db: Database) {
    db.store.write(|tx| insert(tx, 0)).await.unwrap();
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let store = db.store.clone();
            tokio::spawn(async move {
                store
                    .write(|tx| {
                        // Read, then write what was read: only serializable transactions get this right.
                        let now = in_use(tx)?;
                        diesel::update(usages::table.find(("p", "cores")))
                            .set(usages::in_use.eq(now + 1))
                            .execute(&mut **tx)?;
                        Ok(())
                    })
                    .await
            })
        })
        .collect();
    let mut counted = 0;
    for task in tasks {
        counted += i64::from(task.await.unwrap().is_ok());
    }
    assert_eq!(db.store.read(in_use).await.unwrap(), counted);
    assert!(counted > 0);
}

async fn hints_are_told_after_the_commit_only(db: Database) {
    let mut hints = db.store.hints();
    let failed: Result<(), Error> = db
        .store
        .write(|tx| {
            tx.due(Kind::Server, "a")?;
            Err(Fail::Told(Error::Conflict("no".into())))
        })
        .await;
    assert!(failed.is_err() && hints.is_empty());
    db.store
        .write(|tx| tx.due(Kind::Server, "b"))
        .await
        .unwrap();
    assert_eq!(hints.recv().await.unwrap().id, "b");
}

async fn of_many_waiting_transactions_each_fails_for_itself(db: Database) {
    db.store.write(|tx| insert(tx, 0)).await.unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let store = db.store.clone();
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        diesel::update(usages::table.find(("p", "cores")))
                            .set(usages::in_use.eq(usages::in_use + 1))
                            .execute(&mut **tx)?;
                        match n % 4 {
                            0 => Err(Fail::Told(Error::Conflict("no".into()))),
                            1 if n % 8 == 1 => panic!("on purpose"),
                            _ => Ok(()),
                        }
                    })
                    .await
            })
        })
        .collect();
    let mut kept = 0;
    for (n, task) in tasks.into_iter().enumerate() {
        let done = task.await.unwrap();
        assert!(done.is_err() || (n % 4 != 0 && n % 8 != 1), "{n}: {done:?}");
        kept += i64::from(done.is_ok());
    }
    assert!(kept > 0);
    assert_eq!(db.store.read(in_use).await.unwrap(), kept);
}

async fn a_dropped_request_is_carried_out_whole_or_not_at_all(db: Database) {
    db.store.write(|tx| insert(tx, 0)).await.unwrap();
    for _ in 0..20 {
        let add = |tx: &mut store::Tx<'_>| {
            for _ in 0..2 {
                diesel::update(usages::table.find(("p", "cores")))
                    .set(usages::in_use.eq(usages::in_use + 1))
                    .execute(&mut **tx)?;
            }
            Ok(())
        };
        let (a, b) = (db.store.write(add), db.store.write(add));
        tokio::select! {
            biased;
            done = async { tokio::join!(a, b) } => { done.0.unwrap(); }
            () = tokio::task::yield_now() => {}
        }
    }
    // Everything asked before has come to its end when this one has, on SQLite's one writer.
    db.store.write(|_| Ok(())).await.unwrap();
    assert_eq!(db.store.read(in_use).await.unwrap() % 2, 0);
}

async fn a_write_that_nobody_polls_holds_up_nobody(db: Database) {
    db.store.write(|tx| insert(tx, 0)).await.unwrap();
    let mut begun = Vec::new();
    for _ in 0..4 {
        let mut write = Box::pin(db.store.write(|_| Ok(())));
        if futures::poll!(&mut write).is_pending() {
            begun.push(write);
        }
    }
    // None of those is polled from here on.
    let after = db.store.write(|tx| in_use(tx));
    let patience = std::time::Duration::from_secs(60);
    assert_eq!(
        tokio::time::timeout(patience, after)
            .await
            .unwrap()
            .unwrap(),
        0
    );
    for write in begun {
        write.await.unwrap();
    }
}

/// How PostgreSQL runs the statement.
fn isolation(conn: &mut Conn) -> store::Result<String> {
    let asked = "current_setting('transaction_isolation')";
    Ok(diesel::select(sql::<Text>(asked)).get_result(conn)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_can_lose_no_race_and_a_write_is_serializable() {
    let Some(db) = database::postgres().await else {
        return;
    };
    for _ in 0..2 {
        assert_eq!(db.store.read(isolation).await.unwrap(), "repeatable read");
        let written = db.store.write(|tx| isolation(tx)).await.unwrap();
        assert_eq!(written, "serializable");
    }
}

/// As when PostgreSQL is restarted.
fn close_all_others(conn: &mut Conn) -> store::Result<usize> {
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                  WHERE datname = current_database() AND pid <> pg_backend_pid()";
    Ok(diesel::sql_query(others).execute(conn)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_has_closed_are_replaced() {
    let Some(db) = database::postgres().await else {
        return;
    };
    let many = || async {
        let reads = join_all((0..6).map(|_| db.store.read(in_use)));
        let writes = join_all((0..6).map(|_| db.store.write(|tx| in_use(tx))));
        let (reads, writes) = futures::join!(reads, writes);
        let done = reads.into_iter().chain(writes);
        done.filter_map(Result::err).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        assert_eq!(many().await, []);
        db.store.read(close_all_others).await.unwrap();
    }
    assert_eq!(many().await, []);
}

/// `.cargo/config.toml` says why.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_does_not_parse_statements_anew_for_each_value() {
    let db = database::sqlite().await.unwrap();
    let used = |conn: &mut Conn| -> store::Result<i32> {
        let asked = "sqlite_compileoption_used('ENABLE_QPSG')";
        Ok(diesel::select(sql::<Integer>(asked)).get_result(conn)?)
    };
    assert_eq!(db.store.read(used).await.unwrap(), 1);
}
