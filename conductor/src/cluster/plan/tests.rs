//! Clusters as they are seen, for the tables of what follows from that.

mod kept;
mod one_node;
mod rows;
mod whole;

use super::*;
use crate::cluster::condition::Standing;
use crate::cluster::kubernetes::Plane;
use crate::cluster::snapshot::{Engine, Life, Seat};
use crate::cluster::swarm::Swarm;
use schemas::ids::ImageId;
use store::compute::spec::{BootImage, Flavor};
use store::container_infra::clusters::Cluster;
use store::container_infra::nodegroups::{MASTERS, NodeGroup, WORKERS};
use store::container_infra::nodes::Node;
use store::container_infra::{spec, swarms};

const NOW: Timestamp = Timestamp(1_000_000_000_000);
const CREATING: Status = Status(Operation::Create, Progress::InProgress);
const CREATED: Status = Status(Operation::Create, Progress::Complete);
const CREATE_FAILED: Status = Status(Operation::Create, Progress::Failed);
const UPDATING: Status = Status(Operation::Update, Progress::InProgress);
const UPDATE_FAILED: Status = Status(Operation::Update, Progress::Failed);
const DELETING: Status = Status(Operation::Delete, Progress::InProgress);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn group(name: &str, count: i64, places: Vec<Place>) -> Group {
    let spec = spec::NodeGroup {
        image: BootImage {
            id: ImageId::default(),
            manifest: String::new(),
        },
        image_id: "node".into(),
        flavor: Flavor::default(),
        docker_volume_size: None,
        labels: Default::default(),
        node_labels: Default::default(),
        node_taints: Vec::new(),
    };
    Group {
        row: NodeGroup {
            id: format!("id-{name}"),
            number: 1,
            cluster_id: "c".into(),
            project_id: "p".into(),
            name: name.into(),
            role: if name == MASTERS { "master" } else { "worker" }.into(),
            is_default: 1,
            node_count: count,
            min_node_count: 0,
            max_node_count: None,
            status: UPDATING.as_str().into(),
            status_reason: None,
            generation: 1,
            batch: 1,
            made: 9,
            deleting: 0,
            revision: 1,
            created_at: 0,
            updated_at: None,
            spec: serde_json::to_string(&spec).unwrap(),
        },
        places,
    }
}

/// A node that works.
fn place(name: &str) -> Place {
    let (group, ordinal) = name.rsplit_once('-').unwrap();
    Place {
        row: Node {
            id: name.into(),
            cluster_id: "c".into(),
            nodegroup_id: format!("id-{group}"),
            ordinal: ordinal.parse().unwrap(),
            name: name.into(),
            server_id: format!("server-{name}"),
            attempt: 1,
            phase: Phase::Run.as_str().into(),
            generation: 1,
            tries: 0,
            problem: None,
            ready: 1,
            unwell_since: None,
            address: None,
            authority: 1,
            certificate: Some("PEM".into()),
            sealed_key: None,
            sealed_control: None,
            trusts_from: 0,
            certified_until: Some((NOW + seconds(365 * 86_400)).0),
            certified_for: "m".into(),
            revision: 1,
            created_at: 0,
        },
        phase: Phase::Run,
        server: Some(Seat {
            life: Life::Up,
            machine_lost: None,
            engine: Engine::Works(0),
            api_address: Some(format!("tcp://{name}")),
            name: name.into(),
            placed: true,
        }),
        standing: Standing::Apart,
        held: false,
    }
}

impl Place {
    fn phase(mut self, phase: Phase) -> Place {
        self.phase = phase;
        self.row.phase = phase.as_str().into();
        self
    }

    fn fresh(mut self, tries: i32) -> Place {
        self.row.ready = 0;
        self.row.tries = tries;
        self
    }

    fn life(mut self, life: Life) -> Place {
        self.server.as_mut().unwrap().life = life;
        self
    }

    fn engine(mut self, engine: Engine) -> Place {
        self.server.as_mut().unwrap().engine = engine;
        self
    }

    fn machine_lost(mut self, dead: bool) -> Place {
        self.server.as_mut().unwrap().machine_lost = Some(dead);
        self
    }

    fn unwell(mut self, seconds_ago: u64) -> Place {
        self.row.unwell_since = Some((NOW - seconds(seconds_ago)).0);
        self
    }

    fn problem(mut self, text: &str) -> Place {
        self.row.problem = Some(text.into());
        self
    }

    fn bare(mut self) -> Place {
        self.server = None;
        self
    }
}

/// One master that works, and these workers.
fn cluster(workers: i64, places: Vec<Place>) -> Snapshot {
    Snapshot {
        cluster: Cluster {
            id: "c".into(),
            project_id: "p".into(),
            user_id: "u".into(),
            name: "bay".into(),
            template_id: "t".into(),
            coe: "docker".into(),
            status: String::new(),
            status_reason: None,
            health_status: None,
            health_reason: "{}".into(),
            api_address: None,
            generation: 1,
            revision: 1,
            deadline: Some((NOW + seconds(3600)).0),
            deleting: 0,
            request_id: "req".into(),
            created_at: 0,
            updated_at: None,
            spec: String::new(),
        },
        spec: spec::Cluster {
            create_timeout: 60,
            ..spec::Cluster::default()
        },
        groups: vec![
            group(MASTERS, 1, vec![place("default-master-0")]),
            group(WORKERS, workers, places),
        ],
        authority: 1,
        authority_until: NOW + seconds(9 * 365 * 86_400),
        engines: 1,
        guests: 0,
        swarm: None,
        kubernetes: None,
    }
}

/// A cluster of Kubernetes: one master, and these workers; its API server was not asked yet.
pub(in crate::cluster) fn kubernetes_of(workers: u32) -> Snapshot {
    let mut at = cluster(i64::from(workers), (0..workers).map(w).collect());
    at.cluster.coe = "kubernetes".into();
    at.kubernetes = Some(Plane {
        row: None,
        sight: None,
    });
    at
}

/// A cluster whose nodes are to form a Swarm; nobody has said anything yet.
pub(in crate::cluster) fn swarm_of(
    masters: u32,
    workers: u32,
    server: impl Fn(&str) -> String,
) -> Snapshot {
    let mut at = cluster(i64::from(workers), (0..workers).map(w).collect());
    at.groups[0].row.node_count = i64::from(masters);
    let master = |ordinal| place(&format!("{MASTERS}-{ordinal}"));
    at.groups[0].places = (0..masters).map(master).collect();
    let places = at.groups.iter_mut().flat_map(|group| &mut group.places);
    for (number, place) in (1..).zip(places) {
        place.row.server_id = server(&place.row.name);
        place.row.address = Some(format!("10.0.0.{number}"));
    }
    at.cluster.coe = "swarm-mode".into();
    at.swarm = Some(Swarm {
        row: swarms::Swarm::of("c"),
        fresh: true,
        parts: Default::default(),
        tokens: None,
        pool: ("172.28.0.0/16".into(), 24),
    });
    at
}

fn planned(at: &Snapshot, status: Status) -> Plan {
    plan(at, status, NOW, &Settings::default())
}

fn acts(at: &Snapshot, status: Status) -> Vec<Act> {
    planned(at, status).acts
}

fn w(ordinal: u32) -> Place {
    place(&format!("{WORKERS}-{ordinal}"))
}

fn id(ordinal: u32) -> String {
    format!("{WORKERS}-{ordinal}")
}

fn drops(ordinal: u32, then: Phase, why: &str, anew: bool) -> Act {
    Act::Drop {
        place: id(ordinal),
        then,
        why: why.into(),
        anew,
    }
}

fn adds(ordinal: i32) -> Act {
    Act::Add {
        group: format!("id-{WORKERS}"),
        ordinal,
    }
}
