//! Networks: who meets whom.

use super::workloads::{attachment, network};
use super::{Behaviour, Bench, must};
use crate::error::DriverError;
use crate::terminal::ExecOrder;
use schemas::ids::{NetworkId, WorkloadId};
use schemas::workload::{Attachment, Network, RunState, Workload};
use std::net::IpAddr;
use std::time::Duration;

/// `ensure_network` and `ensure_network_absent`, twice each.
pub async fn a_network_is_made_and_removed_once(bench: &Bench) {
    let chosen = bench.network("a name / with odd \"signs\"", true).await;
    let any = bench.network("any", false).await;
    must(bench.driver.ensure_network(&chosen).await, "again");
    must(bench.driver.ensure_network(&any).await, "again");
    let mut listed = must(bench.driver.list_networks().await, "list");
    let mut wanted = [chosen.clone(), any.clone()];
    listed.sort_by_key(|network| network.id);
    wanted.sort_by_key(|network| network.id);
    assert_eq!(listed, wanted);
    must(
        bench.driver.ensure_network_absent(chosen.id).await,
        "remove",
    );
    must(
        bench.driver.ensure_network_absent(chosen.id).await,
        "remove again",
    );
    assert_eq!(must(bench.driver.list_networks().await, "list"), [any]);
    must(
        bench.driver.ensure_network_absent(NetworkId::new()).await,
        "unknown",
    );
}

/// Another host may have it free.
pub async fn a_taken_subnet_is_the_hosts_fault(bench: &Bench) {
    let first = bench.network("first", true).await;
    let second = Network {
        id: NetworkId::new(),
        ..first.clone()
    };
    let result = bench.driver.ensure_network(&second).await;
    assert!(
        matches!(
            result,
            Err(DriverError::Refused {
                host_fault: true,
                ..
            })
        ),
        "{result:?}"
    );
    let wrong = Network {
        id: NetworkId::new(),
        cidr: Some("10.1.2.3/99".into()),
        ..first
    };
    assert!(bench.driver.ensure_network(&wrong).await.is_err());
}

/// As long as a container is attached to it, whatever that is doing.
pub async fn a_network_in_use_stays(bench: &Bench) {
    let network = bench.network("used", false).await;
    let workload = on(bench, Behaviour::Idle, &[&network]).await;
    let refused = |result| {
        assert!(
            matches!(result, Err(DriverError::Conflict { .. })),
            "{result:?}"
        )
    };
    must(bench.driver.ensure_created(&workload).await, "create");
    refused(bench.driver.ensure_network_absent(network.id).await);
    must(bench.driver.ensure_running(workload.id).await, "start");
    refused(bench.driver.ensure_network_absent(network.id).await);
    must(
        bench
            .driver
            .ensure_stopped(workload.id, Duration::ZERO)
            .await,
        "stop",
    );
    refused(bench.driver.ensure_network_absent(network.id).await);
    must(bench.driver.ensure_absent(workload.id).await, "remove");
    must(
        bench.driver.ensure_network_absent(network.id).await,
        "remove the network",
    );
}

/// By address and by name on the same network; not at all from another.
pub async fn containers_of_one_network_meet_and_of_two_do_not(bench: &Bench) {
    let (ours, theirs) = (
        bench.network("ours", false).await,
        bench.network("theirs", false).await,
    );
    let mut server = on(bench, Behaviour::Listens(8080), &[&ours]).await;
    server.hostname = "server".into();
    server.networks[0].aliases = vec!["www".into()];
    bench.start(&server).await;
    let friend = on(bench, Behaviour::Idle, &[&ours]).await;
    bench.start(&friend).await;
    let stranger = on(bench, Behaviour::Idle, &[&theirs]).await;
    bench.start(&stranger).await;

    let seen = bench.seen(server.id).await;
    let address = seen.interfaces[0].address.as_str();
    for name in [address, "server", "www"] {
        reaches_in_time(bench, friend.id, name, 8080).await;
    }
    assert!(
        !reaches(bench, friend.id, address, 8081).await,
        "nobody listens there"
    );
    assert!(
        !reaches(bench, stranger.id, address, 8080).await,
        "networks are apart"
    );
    assert!(
        !reaches(bench, stranger.id, "server", 8080).await,
        "and so are names"
    );
}

/// A fixed address is kept over restarts; one that is taken or outside is refused.
pub async fn a_container_has_the_address_it_asked_for(bench: &Bench) {
    let network = bench.network("fixed", true).await;
    let cidr = network.cidr.clone().unwrap_or_default();
    let address = cidr.replace(".0/24", ".77");
    let mut workload = on(bench, Behaviour::Idle, &[&network]).await;
    workload.networks[0].address = Some(address.clone());
    bench.start(&workload).await;
    for _ in 0..2 {
        let seen = bench.seen(workload.id).await;
        let there: Vec<_> = seen
            .interfaces
            .iter()
            .map(|it| (&it.address, it.prefix))
            .collect();
        assert_eq!(there, [(&address, 24)]);
        assert_eq!(
            (
                seen.interfaces[0].network_id,
                &seen.interfaces[0].network_name
            ),
            (network.id, &network.name)
        );
        assert_eq!(seen.interfaces[0].mac.len(), 17, "{seen:?}");
        must(
            bench
                .driver
                .ensure_stopped(workload.id, Duration::ZERO)
                .await,
            "stop",
        );
        assert_eq!(
            bench.seen(workload.id).await.interfaces,
            [],
            "nothing runs, no address"
        );
        must(bench.driver.ensure_running(workload.id).await, "start");
    }
    for wrong in [address, "192.0.2.1".to_owned()] {
        let mut other = on(bench, Behaviour::Idle, &[&network]).await;
        other.networks[0].address = Some(wrong.clone());
        // Engines differ in whether they look when making or when starting.
        let result = match bench.driver.ensure_created(&other).await {
            Ok(()) => bench.driver.ensure_running(other.id).await,
            refused => refused,
        };
        assert!(
            matches!(
                result,
                Err(DriverError::Conflict { .. } | DriverError::Refused { .. })
            ),
            "{wrong}: {result:?}"
        );
        must(bench.driver.ensure_absent(other.id).await, "remove");
    }
}

/// In the order asked for.
pub async fn a_container_may_be_on_several_networks(bench: &Bench) {
    let (one, two) = (
        bench.network("one", false).await,
        bench.network("two", false).await,
    );
    let workload = on(bench, Behaviour::Idle, &[&two, &one]).await;
    bench.start(&workload).await;
    let seen = bench.seen(workload.id).await;
    let ids: Vec<_> = seen.interfaces.iter().map(|it| it.network_id).collect();
    assert_eq!(ids, [two.id, one.id]);
    let addresses: Vec<_> = seen
        .interfaces
        .iter()
        .map(|it| it.address.parse::<IpAddr>())
        .collect();
    assert!(
        addresses.iter().all(Result::is_ok) && addresses[0] != addresses[1],
        "{seen:?}"
    );
    let unknown = on(bench, Behaviour::Idle, &[&network("not made", false, 0)]).await;
    let result = match bench.driver.ensure_created(&unknown).await {
        Ok(()) => bench.driver.ensure_running(unknown.id).await,
        refused => refused,
    };
    assert!(
        matches!(result, Err(DriverError::NotFound { .. })),
        "{result:?}"
    );
}

/// Loopback only.
pub async fn without_networks_there_are_no_interfaces(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let server = {
        let network = bench.network("elsewhere", false).await;
        let server = on(bench, Behaviour::Listens(8080), &[&network]).await;
        bench.start(&server).await;
        bench.seen(server.id).await.interfaces[0].address.clone()
    };
    let seen = bench.seen(workload.id).await;
    assert_eq!((seen.state, seen.interfaces.len()), (RunState::Running, 0));
    assert!(!reaches(bench, workload.id, &server, 8080).await);
}

async fn on(bench: &Bench, behaviour: Behaviour, networks: &[&Network]) -> Workload {
    let mut workload = bench.workload(behaviour).await;
    workload.networks = networks
        .iter()
        .map(|it| attachment(it))
        .collect::<Vec<Attachment>>();
    workload
}

async fn reaches(bench: &Bench, from: WorkloadId, to: &str, port: u16) -> bool {
    let port = port.to_string();
    let order = ExecOrder::new(["/bin/nc", "-w", "2", to, &port]);
    must(bench.driver.exec(from, order).await, "exec").exit_code == 0
}

/// A server needs a moment to listen.
async fn reaches_in_time(bench: &Bench, from: WorkloadId, to: &str, port: u16) {
    let waiting = async { while !reaches(bench, from, to, port).await {} };
    must(tokio::time::timeout(super::PATIENCE, waiting).await, to);
}
