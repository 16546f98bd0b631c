//! Services of bays: names, addresses and ports of machines are one service's only, however many ask
//! at once, on both databases.

use super::database::Database;
use crate::on_both;
use futures::future::join_all;
use schemas::workload::services::Protocol;
use schemas::{Error, Kind};
use store::container_infra::clusters::{self, Cluster, New};
use store::container_infra::services::{self, Port, Reach, Service, Spec, Target};
use store::container_infra::spec;
use store::{Scope, Store, Tx, work};

on_both! {
    a_service_is_its_projects_and_tells_its_bay
    names_and_addresses_are_one_services_of_a_bay
    of_many_that_are_published_at_one_port_at_once_one_is
    a_change_takes_and_leaves_ports_and_none_is_lost
    services_go_with_their_bay
}

fn scope(project: &str) -> Scope {
    Scope::Project(project.into())
}

/// A bay of this id.
pub async fn bay(store: &Store, id: &'static str, project: &'static str) {
    let write = move |tx: &mut Tx<'_>| {
        let mut cluster = Cluster {
            id: id.into(),
            project_id: project.into(),
            user_id: "u".into(),
            name: id.into(),
            template_id: String::new(),
            coe: "docker".into(),
            status: "CREATE_COMPLETE".into(),
            status_reason: None,
            health_status: None,
            health_reason: "{}".into(),
            api_address: None,
            generation: 1,
            revision: 1,
            deadline: None,
            deleting: 0,
            request_id: "req-1".into(),
            created_at: tx.now().0,
            updated_at: None,
            spec: String::new(),
        };
        cluster.set_spec(&spec::Cluster::default())?;
        let new = New {
            cluster,
            groups: Vec::new(),
            authorities: Vec::new(),
        };
        clusters::create(tx, &new, -1)
    };
    store.write(write).await.unwrap();
}

fn spec(node_ports: &[u16]) -> Spec {
    let port = |(number, node_port): (u16, &u16)| Port {
        name: Some(format!("p{number}")),
        protocol: Protocol::Udp,
        port: number,
        target: Target::Name("http".into()),
        node_port: Some(*node_port),
    };
    Spec {
        selector: [("app".to_owned(), "web".to_owned())].into(),
        ports: (1..).zip(node_ports).map(port).collect(),
        reach: Reach::NodePort,
        not_ready_too: true,
        ..Spec::default()
    }
}

/// A service of a bay: its id is its name.
fn row(bay: &str, name: &str, address: Option<&str>, node_ports: &[u16]) -> Service {
    let mut row = Service {
        id: format!("{bay}-{name}"),
        project_id: if bay == "blue" { "blue" } else { "red" }.into(),
        user_id: "u".into(),
        cluster_id: bay.into(),
        name: name.into(),
        address: address.map(str::to_owned),
        revision: 1,
        request_id: "req-1".into(),
        created_at: 1,
        updated_at: None,
        spec: String::new(),
    };
    row.set_spec(&spec(node_ports)).unwrap();
    row
}

async fn insert(store: &Store, row: Service) -> Result<(), Error> {
    store.write(move |tx| services::insert(tx, &row)).await
}

async fn published(store: &Store) -> Vec<u16> {
    let read = store.read(services::published).await;
    read.unwrap().into_iter().collect()
}

async fn told(store: &Store, bay: &'static str) -> bool {
    let read = store.read(move |conn| work::get(conn, Kind::Endpoints, bay));
    read.await.unwrap().is_some()
}

async fn a_service_is_its_projects_and_tells_its_bay(db: Database) {
    bay(&db.store, "one", "red").await;
    bay(&db.store, "two", "red").await;
    bay(&db.store, "blue", "blue").await;
    assert!(!told(&db.store, "one").await);
    let web = row("one", "web", Some("10.254.0.40"), &[30_001, 30_002]);
    for row in [
        web.clone(),
        row("two", "web", None, &[]),
        row("blue", "web", None, &[]),
    ] {
        insert(&db.store, row).await.unwrap();
    }
    assert!(told(&db.store, "one").await);
    let read = db.store.read(|conn| {
        let red = services::named(conn, &scope("red"), None, "web")?.len();
        let one = services::list(conn, &scope("red"), Some("one"))?;
        let blue = services::get(conn, &scope("blue"), "one-web")?;
        let all = services::list(conn, &Scope::All, None)?.len();
        Ok((red, one, blue, all))
    });
    let (red, one, blue, all) = read.await.unwrap();
    assert_eq!((red, blue, all), (2, None, 3));
    assert_eq!(one, [web]);
    assert_eq!(one[0].spec().unwrap(), spec(&[30_001, 30_002]));
    for (project, most, fits) in [
        ("red", 2, false),
        ("red", 3, true),
        ("red", -1, true),
        ("blue", 2, true),
    ] {
        let write = db
            .store
            .write(move |tx| services::one_more(tx, project, most))
            .await;
        assert_eq!(write.is_ok(), fits, "{project} {most}");
    }
}

async fn names_and_addresses_are_one_services_of_a_bay(db: Database) {
    bay(&db.store, "one", "red").await;
    bay(&db.store, "two", "red").await;
    let address = Some("10.254.0.40");
    // Whoever comes first.
    let named = (0..6).map(|n| {
        let mut same = row("one", "web", None, &[]);
        same.id = format!("id-{n}");
        insert(&db.store, same)
    });
    let addressed = (0..6).map(|n| insert(&db.store, row("one", &format!("a{n}"), address, &[])));
    for answers in [join_all(named).await, join_all(addressed).await] {
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), refused.len()), (1, 5));
        let conflict = |answer: &Result<(), Error>| matches!(answer, Err(Error::Conflict(_)));
        assert!(refused.iter().all(conflict), "{refused:?}");
    }
    insert(&db.store, row("two", "web", address, &[]))
        .await
        .unwrap();
    for n in 0..2 {
        insert(&db.store, row("one", &format!("nowhere{n}"), None, &[]))
            .await
            .unwrap();
    }
    let read = db.store.read(|conn| services::addresses(conn, "one"));
    assert_eq!(read.await.unwrap().len(), 1);
}

async fn of_many_that_are_published_at_one_port_at_once_one_is(db: Database) {
    bay(&db.store, "one", "red").await;
    bay(&db.store, "blue", "blue").await;
    let asked = (0..8).map(|n| {
        let of = if n % 2 == 0 { "one" } else { "blue" };
        insert(
            &db.store,
            row(of, &format!("s{n}"), None, &[30_000 + n, 31_000]),
        )
    });
    let answers = join_all(asked).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, Error::Conflict(_)) && refused.to_string().contains("31000"));
    }
    assert_eq!(
        published(&db.store).await.len(),
        2,
        "who was refused took nothing"
    );
    let twice = insert(&db.store, row("one", "twice", None, &[32_000, 32_000])).await;
    assert!(twice.unwrap_err().to_string().contains("twice"));
}

async fn a_change_takes_and_leaves_ports_and_none_is_lost(db: Database) {
    bay(&db.store, "one", "red").await;
    insert(&db.store, row("one", "web", None, &[30_001, 30_002]))
        .await
        .unwrap();
    insert(&db.store, row("one", "other", None, &[30_009]))
        .await
        .unwrap();
    let change = |ports: Vec<u16>| {
        db.store.write(move |tx| {
            let mut row = services::get(tx, &Scope::All, "one-web")?.unwrap();
            row.set_spec(&spec(&ports))?;
            services::update(tx, &mut row)
        })
    };
    change(vec![30_002, 30_003]).await.unwrap();
    assert_eq!(published(&db.store).await, [30_002, 30_003, 30_009]);
    assert!(matches!(
        change(vec![30_009]).await,
        Err(Error::Conflict(_))
    ));
    assert_eq!(
        published(&db.store).await,
        [30_002, 30_003, 30_009],
        "as it was"
    );
    let many = join_all((0..8).map(|n| change(vec![30_100 + n]))).await;
    assert!(many.iter().all(Result::is_ok), "{many:?}");
    let read = db
        .store
        .read(|conn| services::get(conn, &Scope::All, "one-web"));
    let last = read.await.unwrap().unwrap();
    assert_eq!(last.revision, 10);
    let kept: Vec<u16> = last
        .spec()
        .unwrap()
        .ports
        .iter()
        .filter_map(|port| port.node_port)
        .collect();
    assert_eq!(published(&db.store).await, [30_009, kept[0]]);
}

async fn services_go_with_their_bay(db: Database) {
    bay(&db.store, "one", "red").await;
    bay(&db.store, "two", "red").await;
    for (bay, port) in [("one", 30_001), ("two", 30_002)] {
        insert(&db.store, row(bay, "web", None, &[port]))
            .await
            .unwrap();
    }
    let write = db.store.write(|tx| services::remove_all(tx, "one"));
    write.await.unwrap();
    assert_eq!(published(&db.store).await, [30_002]);
    let read = db
        .store
        .read(|conn| services::list(conn, &Scope::All, None));
    let left: Vec<String> = read.await.unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(left, ["two-web"]);
}
