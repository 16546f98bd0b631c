//! Nodes of clusters: who may be one, and what its rows tell whom.

use super::database::Database;
use crate::on_both;
use schemas::host::Inventory;
use schemas::ids::{ClusterId, EpochId, HostId, ImageId, NetworkId, NodegroupId, ServerId};
use schemas::image::{Attributes, Status, Visibility};
use schemas::workload::Network;
use schemas::{Error, Kind};
use std::time::Duration;
use store::compute::launch::Launch;
use store::compute::servers::Server;
use store::compute::spec::{BootImage, Flavor, Node};
use store::compute::{hosts, nodes, quotas, servers, usages};
use store::image::images::{self, Image};
use store::{Scope, Tx, work};

on_both! {
    a_node_is_made_once_from_a_published_image_and_charged
    only_a_nodes_server_makes_it_a_host
    a_nodes_changes_are_due_for_its_cluster
    machines_that_nodes_are_on_are_told_but_for_those_on_their_way_out
}

const PROJECT: &str = "red";

fn image(tx: &mut Tx<'_>, visibility: Visibility, distro: &str) -> store::Result<BootImage> {
    let mut attributes = Attributes::new("operators");
    attributes.visibility = visibility;
    attributes
        .properties
        .insert("os_distro".into(), distro.into());
    let id = ImageId::new();
    let mut row = Image {
        id: id.to_string(),
        status: Status::Active.as_str().into(),
        manifest: "sha256:1".into(),
        ..Image::default()
    };
    row.set_attributes(&attributes)?;
    images::insert(tx, &row, -1)?;
    Ok(BootImage {
        id,
        manifest: row.manifest,
    })
}

fn wish(image: BootImage) -> Launch {
    Launch {
        project_id: PROJECT.into(),
        user_id: "u".into(),
        request_id: "req-1".into(),
        name: "node-0".into(),
        hostname: None,
        image,
        flavor: Flavor {
            id: "1".into(),
            vcpus: 2,
            ram_mb: 512,
            ..Flavor::default()
        },
        metadata: Default::default(),
        tags: Default::default(),
        description: None,
        key: None,
        user_data: None,
        networked: false,
        zone: None,
        wanted_host: None,
        hints: serde_json::Value::Null,
        group_id: None,
        command: None,
        config_drive: false,
        files: Vec::new(),
        access_v4: String::new(),
        access_v6: String::new(),
        within: None,
        min_count: 1,
        max_count: 1,
        patience: Duration::from_secs(60),
    }
}

fn part(cluster: ClusterId) -> Node {
    Node {
        cluster_id: cluster,
        nodegroup_id: NodegroupId::new(),
        ordinal: 0,
        network: Network {
            id: NetworkId::new(),
            name: "nodes".into(),
            project_id: PROJECT.into(),
            cidr: Some("10.96.0.0/24".into()),
            guests: None,
            link: Default::default(),
        },
        address: "10.96.0.5".into(),
        disk: None,
        uid_count: 65_536,
        bip: "172.31.0.1/24".into(),
        address_pool: "172.30.0.0/16".into(),
        address_pool_size: 24,
        guests: None,
        labels: Default::default(),
        publish: vec![2376],
        kubernetes: None,
    }
}

/// A node's server, as its cluster makes it.
async fn made(db: &Database, cluster: ClusterId) -> ServerId {
    let id = ServerId::new();
    let making = db.store.write(move |tx| {
        let image = image(tx, Visibility::Public, nodes::DISTRO)?;
        nodes::launch(tx, id, &wish(image), &part(cluster))
    });
    assert!(making.await.unwrap());
    id
}

async fn a_node_is_made_once_from_a_published_image_and_charged(db: Database) {
    let (id, cluster) = (ServerId::new(), ClusterId::new());
    for (visibility, distro) in [
        (Visibility::Private, nodes::DISTRO),
        (Visibility::Community, nodes::DISTRO),
        (Visibility::Public, "debian"),
    ] {
        let refused = db.store.write(move |tx| {
            let image = image(tx, visibility, distro)?;
            nodes::launch(tx, id, &wish(image), &part(cluster))
        });
        let refused = refused.await.unwrap_err();
        assert!(matches!(refused, Error::BadRequest(_)), "{refused}");
    }
    let other_content = db.store.write(move |tx| {
        let mut image = image(tx, Visibility::Public, nodes::DISTRO)?;
        image.manifest = "sha256:2".into();
        nodes::launch(tx, id, &wish(image), &part(cluster))
    });
    assert!(other_content.await.is_err());

    let twice = db.store.write(move |tx| {
        let image = image(tx, Visibility::Public, nodes::DISTRO)?;
        let wish = wish(image);
        let first = nodes::launch(tx, id, &wish, &part(cluster))?;
        Ok((first, nodes::launch(tx, id, &wish, &part(cluster))?))
    });
    assert_eq!(twice.await.unwrap(), (true, false));
    let read = db.store.read(move |conn| {
        let row = servers::get(conn, &Scope::All, &id.to_string())?.unwrap();
        Ok((row, usages::in_use(conn, PROJECT)?))
    });
    let (row, used) = read.await.unwrap();
    assert_eq!((used["instances"], used["cores"], used["ram"]), (1, 2, 512));
    assert_eq!(row.node_of, Some(cluster.to_string()));
    let spec = row.spec().unwrap();
    assert_eq!(spec.metadata[nodes::CLUSTER], cluster.to_string());
    assert_eq!(spec.node.map(|node| node.cluster_id), Some(cluster));

    let beyond = db.store.write(move |tx| {
        usages::set_limit(tx, PROJECT, "instances", 1)?;
        let image = image(tx, Visibility::Public, nodes::DISTRO)?;
        nodes::launch(tx, ServerId::new(), &wish(image), &part(cluster))
    });
    let beyond = beyond.await.unwrap_err();
    assert!(matches!(beyond, Error::OverQuota(_)), "{beyond}");
    let limit = db
        .store
        .read(|conn| quotas::limit(conn, PROJECT, "instances"));
    assert_ne!(limit.await.unwrap(), 1, "what is refused changes nothing");
}

async fn only_a_nodes_server_makes_it_a_host(db: Database) {
    let (cluster, epoch) = (ClusterId::new(), EpochId::new());
    let report = async |id: HostId, cluster: Option<ClusterId>| {
        let inventory = Inventory {
            hostname: "same name".into(),
            zone: "nova".into(),
            cluster,
            ..Inventory::default()
        };
        let reporting = move |tx: &mut Tx<'_>| hosts::report(tx, id, epoch, &inventory);
        db.store.write(reporting).await.unwrap()
    };
    let machine = HostId::new();
    assert!(report(machine, None).await);
    assert!(!report(HostId::new(), Some(cluster)).await, "made up");
    assert!(!report(machine, Some(cluster)).await, "a machine");
    let node = HostId(made(&db, cluster).await.0);
    assert!(!report(node, Some(ClusterId::new())).await, "another's");
    assert!(report(node, Some(cluster)).await);
    assert!(report(node, Some(cluster)).await, "again");
    assert!(!report(node, None).await, "no machine");

    let read = db.store.read(move |conn| {
        let names = hosts::named(conn, "same name")?;
        let one = hosts::machine(conn, &node.to_string())?;
        let ids = hosts::machines(conn)?.into_iter().map(|host| host.id);
        Ok((
            names,
            one,
            ids.collect::<Vec<_>>(),
            hosts::list(conn)?.len(),
        ))
    });
    let (names, one, machines, all) = read.await.unwrap();
    assert_eq!((names, one), (vec![machine.to_string()], None));
    assert_eq!((machines, all), (vec![machine.to_string()], 2));
}

async fn a_nodes_changes_are_due_for_its_cluster(db: Database) {
    let cluster = ClusterId::new();
    let id = made(&db, cluster).await.to_string();
    let due = async |kind: Kind, of: String| {
        let taking = db.store.write(move |tx| {
            let entry = work::get(tx, kind, &of)?;
            match &entry {
                Some(entry) => work::finish(tx, entry).map(|_| true),
                None => Ok(false),
            }
        });
        taking.await.unwrap()
    };
    assert!(due(Kind::Cluster, cluster.to_string()).await, "made");
    assert!(!due(Kind::Cluster, cluster.to_string()).await);
    let row = id.clone();
    let changing = db.store.write(move |tx| {
        let mut server = get(tx, &row)?;
        server.vm_state = "active".into();
        servers::update(tx, &mut server)
    });
    changing.await.unwrap();
    assert!(due(Kind::Cluster, cluster.to_string()).await, "changed");
    let row = id.clone();
    let removing = db.store.write(move |tx| {
        let server = get(tx, &row)?;
        servers::remove(tx, &server)
    });
    removing.await.unwrap();
    assert!(due(Kind::Cluster, cluster.to_string()).await, "gone");
    assert!(due(Kind::Host, id).await, "as a host, too");
}

fn get(tx: &mut Tx<'_>, id: &str) -> store::Result<Server> {
    Ok(servers::get(tx, &Scope::All, id)?.unwrap())
}

async fn machines_that_nodes_are_on_are_told_but_for_those_on_their_way_out(db: Database) {
    let cluster = ClusterId::new();
    let mut ids = Vec::new();
    for (host, deleting) in [(Some("a"), 0), (Some("a"), 0), (Some("b"), 1), (None, 0)] {
        let id = made(&db, cluster).await.to_string();
        let row = id.clone();
        let placing = db.store.write(move |tx| {
            let mut server = get(tx, &row)?;
            server.host_id = host.map(str::to_owned);
            server.deleting = deleting;
            servers::update(tx, &mut server)
        });
        placing.await.unwrap();
        ids.push(id);
    }
    let stranger = made(&db, ClusterId::new()).await.to_string();
    let of = async |but_for: String| {
        let read =
            move |conn: &mut store::Conn| nodes::machines_of(conn, &cluster.to_string(), &but_for);
        db.store.read(read).await.unwrap()
    };
    assert_eq!(of(stranger).await, ["a"]);
    assert_eq!(of(ids[0].clone()).await, ["a"], "the other one is there");
    let all = db
        .store
        .read(move |conn| servers::nodes_of(conn, &cluster.to_string()));
    assert_eq!(all.await.unwrap().len(), 4);
}
