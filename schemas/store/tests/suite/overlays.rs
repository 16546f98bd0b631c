//! Networks of clusters on several machines: numbers in tunnels and machines' addresses are one's only,
//! however many ask at once, on both databases.

use super::database::Database;
use super::services::bay;
use crate::on_both;
use futures::future::join_all;
use schemas::workload::Peer;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use store::container_infra::clusters;
use store::container_infra::overlays::{self, Member};
use store::{Fail, Scope, Store, Tx};

on_both! {
    a_number_in_tunnels_is_one_clusters_and_free_when_that_goes
    of_many_machines_at_once_each_has_an_address_of_its_own
    an_address_is_kept_until_the_machine_is_forgotten
    members_are_written_down_under_the_next_generation
}

const BASE: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 0);

async fn begun(store: &Store, id: &'static str, vni: i64) -> schemas::Result<overlays::Overlay> {
    bay(store, id, "p").await;
    store
        .write(move |tx| overlays::begin(tx, id, vni, 1450))
        .await
}

async fn seat(store: &Store, host: &str, taken: &[Ipv4Addr]) -> Option<Ipv4Addr> {
    let (host, taken) = (host.to_owned(), taken.to_vec());
    let write = move |tx: &mut Tx<'_>| overlays::seat(tx, "c1", &host, BASE, &taken);
    store.write(write).await.unwrap()
}

async fn a_number_in_tunnels_is_one_clusters_and_free_when_that_goes(database: Database) {
    let store = &database.store;
    begun(store, "c1", 7).await.unwrap();
    bay(store, "c2", "p").await;
    let taken = store
        .write(|tx| match overlays::begin(tx, "c2", 7, 1450) {
            Err(Fail::Again) => Ok(true),
            other => other.map(|_| false),
        })
        .await;
    assert!(!matches!(taken, Ok(false)), "two have one number");
    seat(store, "m1", &[]).await;
    store
        .write(|tx| {
            let cluster = clusters::get(tx, &Scope::All, "c1")?.unwrap();
            clusters::remove(tx, &cluster)
        })
        .await
        .unwrap();
    let free = store.write(|tx| overlays::begin(tx, "c2", 7, 1450)).await;
    free.unwrap();
    let left = store.read(|conn| overlays::on_host(conn, "m1")).await;
    assert!(left.unwrap().is_empty());
}

async fn of_many_machines_at_once_each_has_an_address_of_its_own(database: Database) {
    let store = &database.store;
    begun(store, "c1", 7).await.unwrap();
    let hosts: Vec<String> = (0..8).map(|n| format!("m{n}")).collect();
    let node = Ipv4Addr::new(10, 96, 0, 254);
    let taken = [node];
    let given = join_all(hosts.iter().map(|host| seat(store, host, &taken))).await;
    let given: BTreeSet<Ipv4Addr> = given.into_iter().map(Option::unwrap).collect();
    assert_eq!(given.len(), hosts.len());
    assert!(!given.contains(&node), "a node has it");
    assert!(given.contains(&Ipv4Addr::new(10, 96, 0, 1)));
    let all: Vec<Ipv4Addr> = (1..=254)
        .map(|last| Ipv4Addr::new(10, 96, 0, last))
        .collect();
    assert_eq!(seat(store, "m9", &all).await, None);
}

async fn an_address_is_kept_until_the_machine_is_forgotten(database: Database) {
    let store = &database.store;
    begun(store, "c1", 7).await.unwrap();
    let (first, second) = (seat(store, "m1", &[]).await, seat(store, "m2", &[]).await);
    assert_eq!(second, Some(Ipv4Addr::new(10, 96, 0, 254)));
    assert_eq!(seat(store, "m2", &[]).await, second);
    store
        .write(|tx| overlays::forget(tx, "c1", "m1"))
        .await
        .unwrap();
    assert_eq!(seat(store, "m3", &[]).await, first);
}

async fn members_are_written_down_under_the_next_generation(database: Database) {
    let store = &database.store;
    begun(store, "c1", 7).await.unwrap();
    seat(store, "m1", &[]).await;
    let members = vec![Member {
        host: "m1".into(),
        peer: Peer {
            address: [192, 0, 2, 1].into(),
            macs: vec!["02:42:0a:60:00:02".into()],
        },
    }];
    let wanted = members.clone();
    store
        .write(move |tx| {
            let mut row = overlays::get(tx, "c1")?.unwrap();
            overlays::put(tx, &mut row, &wanted)?;
            let mut part = overlays::part(tx, "c1", "m1")?.unwrap();
            (part.told, part.joined) = (1, 1);
            part.problem = Some("a problem".into());
            overlays::note(tx, &part)?;
            part.problem = None;
            overlays::note(tx, &part)
        })
        .await
        .unwrap();
    let row = store.read(|conn| overlays::get(conn, "c1")).await;
    let row = row.unwrap().unwrap();
    assert_eq!((row.generation, row.members().unwrap()), (1, members));
    let part = store.read(|conn| overlays::part(conn, "c1", "m1")).await;
    let part = part.unwrap().unwrap();
    assert_eq!((part.told, part.joined, part.problem), (1, 1, None));
}
