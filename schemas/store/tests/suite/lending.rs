//! Machines lent as a whole: of all who want one at once, either one has it, or others share it.

use super::database::Database;
use crate::on_both;
use schemas::host::Inventory;
use schemas::ids::{EpochId, HostId};
use std::sync::Arc;
use store::Tx;
use store::compute::hosts::{self, Host, Order, OverCommit};
use store::compute::spec::Size;
use tokio::sync::Barrier;

on_both! {
    a_lent_machine_takes_nobody_until_it_is_given_back
    of_many_at_once_one_has_the_machine_or_others_share_it
    a_machine_that_takes_no_new_servers_is_not_lent
}

const SIZE: Size = Size {
    vcpus: 2,
    memory_mb: 512,
    disk_gb: 10,
};

/// A machine that is lent but for a GiB.
async fn machine(db: &Database) -> String {
    let id = HostId::new();
    let inventory = Inventory {
        hostname: "machine".into(),
        zone: "nova".into(),
        cpus: 8,
        memory_bytes: 16 << 30,
        disk_bytes: 100 << 30,
        lendable_bytes: Some(15 << 30),
        ..Inventory::default()
    };
    let report = move |tx: &mut Tx<'_>| hosts::report(tx, id, EpochId::new(), &inventory);
    assert!(db.store.write(report).await.unwrap());
    id.to_string()
}

async fn row(db: &Database, id: &str) -> Host {
    let id = id.to_owned();
    let read = db.store.read(move |conn| hosts::get(conn, &id));
    read.await.unwrap().unwrap()
}

fn reserve(tx: &mut Tx<'_>, id: &str) -> store::Result<bool> {
    let capacity = hosts::get(tx, id)?.unwrap().capacity(OverCommit::default());
    hosts::reserve(tx, id, SIZE, 1, capacity)
}

async fn a_lent_machine_takes_nobody_until_it_is_given_back(db: Database) {
    let id = machine(&db).await;
    let all = row(&db, &id).await.lendable().unwrap().unwrap();
    assert_eq!((all.vcpus, all.memory_mb, all.disk_gb), (8, 15 << 10, 100));
    let host = id.clone();
    let taken = db.store.write(move |tx| {
        let lent = hosts::lend(tx, &host, "one", SIZE)?;
        let again = hosts::lend(tx, &host, "two", SIZE)?;
        Ok((lent, again, reserve(tx, &host)?))
    });
    assert_eq!(taken.await.unwrap(), (true, false, false));
    let lent = row(&db, &id).await;
    assert_eq!((lent.lent_to.as_deref(), lent.servers), (Some("one"), 1));
    assert_eq!(lent.used(), SIZE);
    let shown = lent.taken();
    assert_eq!(
        (shown.vcpus, shown.memory_mb, shown.disk_gb),
        (8, 16 << 10, 100)
    );

    let host = id.clone();
    let other = db.store.write(move |tx| {
        hosts::take_back(tx, &host, "two")?;
        reserve(tx, &host)
    });
    assert!(
        !other.await.unwrap(),
        "it is not that server's to give back"
    );
    let host = id.clone();
    let given_back = db.store.write(move |tx| {
        hosts::take_back(tx, &host, "one")?;
        hosts::release(tx, &host, SIZE, 1)?;
        let shared = reserve(tx, &host)?;
        Ok((shared, hosts::lend(tx, &host, "two", SIZE)?))
    });
    assert_eq!(given_back.await.unwrap(), (true, false), "it is not empty");
}

async fn of_many_at_once_one_has_the_machine_or_others_share_it(db: Database) {
    const EACH: usize = 4;
    for _ in 0..8 {
        let id = machine(&db).await;
        let start = Arc::new(Barrier::new(2 * EACH));
        let tasks: Vec<_> = (0..2 * EACH)
            .map(|n| {
                let (store, id, start) = (db.store.clone(), id.clone(), start.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    let taking = store.write(move |tx| match n % 2 {
                        0 => hosts::lend(tx, &id, &n.to_string(), SIZE),
                        _ => reserve(tx, &id),
                    });
                    // Databases may give up on one of many that are in each other's way.
                    (n % 2 == 0, taking.await.unwrap_or(false))
                })
            })
            .collect();
        let (mut whole, mut shared) = (0, 0);
        for task in tasks {
            match task.await.unwrap() {
                (true, true) => whole += 1,
                (false, true) => shared += 1,
                _ => {}
            }
        }
        let host = row(&db, &id).await;
        assert!(whole + shared > 0, "somebody has it");
        assert_eq!(host.servers, whole + shared);
        assert_eq!(host.used_vcpus, SIZE.vcpus * host.servers);
        match host.lent_to {
            Some(_) => assert_eq!((whole, shared), (1, 0)),
            None => assert_eq!(whole, 0),
        }
    }
}

async fn a_machine_that_takes_no_new_servers_is_not_lent(db: Database) {
    let id = machine(&db).await;
    for order in [
        Order {
            enabled: Some(false),
            ..Order::default()
        },
        Order {
            enabled: Some(true),
            forced_down: Some(true),
            ..Order::default()
        },
    ] {
        let host = id.clone();
        let lent = db.store.write(move |tx| {
            hosts::order(tx, &host, &order)?;
            hosts::lend(tx, &host, "one", SIZE)
        });
        assert!(!lent.await.unwrap());
    }
    assert_eq!(row(&db, &id).await.servers, 0);
}
