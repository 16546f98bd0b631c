//! Services of clusters: whatever becomes of pods and nodes, every node sends to those that work.

use crate::{once, replayed_by, told_and_replayed};
use schemas::host::Seen;
use schemas::ids::ServerId;
use std::collections::BTreeSet;
use tests::world::{Wish, World};

/// A complete cluster of a master and a worker, with two pods and a service in front.
async fn served(world: &World) -> (String, String, String) {
    let wish = Wish {
        workers: 1,
        ..Wish::default()
    };
    let cluster = world.make_cluster(wish).await;
    world.until_cluster(&cluster, "CREATE_COMPLETE").await;
    let service = world.service(&cluster, "front", "web").await;
    let rc = world.rc(&cluster, "web", 2).await;
    until_served(world, &cluster, 2).await;
    (cluster, rc, service)
}

/// Addresses of a cluster's pods that are ready.
async fn ready(world: &World, cluster: &str) -> BTreeSet<String> {
    let pods = world.pods(cluster).await.into_iter();
    let seen = pods.filter(|pod| pod.deleting == 0 && pod.vm_state == "active");
    let seen = seen.filter_map(|pod| match pod.sight().unwrap().state {
        Some(Seen::Pod(seen)) if seen.ready => Some(seen.interfaces[0].address.clone()),
        _ => None,
    });
    seen.collect()
}

/// Waits until every node sends what comes for the service to the pods that are ready, so many.
async fn until_served(world: &World, cluster: &str, count: usize) {
    let cluster = cluster.to_owned();
    world
        .until(&format!("{count} pods are served by all"), move |world| {
            let cluster = cluster.clone();
            Box::pin(async move {
                let ready = ready(world, &cluster).await;
                let served = world.served(&cluster).await;
                let right = served.iter().all(|table| {
                    let service = table.services.iter().find(|it| it.name == "front");
                    service.is_some_and(|it| {
                        let pods = it.pods.iter().map(ToString::to_string);
                        let ends = it.ports[0].endpoints.iter();
                        let ends = ends.map(|end| end.ip().to_string());
                        pods.collect::<BTreeSet<_>>() == ready
                            && ends.collect::<BTreeSet<_>>() == ready
                    })
                });
                ready.len() == count && served.len() == 2 && right
            })
        })
        .await;
}

#[test]
fn a_service_leads_to_the_pods_that_work_whatever_becomes_of_them() {
    told_and_replayed(1, |world| {
        Box::pin(async move {
            let (cluster, rc, service) = served(world).await;
            let one = world.pods(&cluster).await[0].id.clone();
            world.end("pods", &one).await;
            world.until_gone(ServerId::parse(&one).unwrap()).await;
            until_served(world, &cluster, 2).await;
            world.end("rcs", &rc).await;
            world.until_pods(&cluster, 0).await;
            until_served(world, &cluster, 0).await;
            world.end("services", &service).await;
            world.quiet().await;
            let left = world.served(&cluster).await;
            assert!(
                left.iter().all(|table| table.services.is_empty()),
                "{left:?}"
            );
        })
    });
}

#[test]
fn a_service_lives_through_the_loss_of_a_node_and_of_a_conductor() {
    replayed_by(2, 1, |world| {
        Box::pin(async move {
            let (cluster, ..) = served(world).await;
            let node = world.pods(&cluster).await[0].host_id.clone().unwrap();
            world.delete(ServerId::parse(&node).unwrap()).await;
            world.until_gone(ServerId::parse(&node).unwrap()).await;
            until_served(world, &cluster, 2).await;
            world.delete_cluster(&cluster).await;
            world.until_no_cluster(&cluster).await;
        })
    });
}

#[test]
fn a_pod_that_goes_is_let_go_of_before_it_ends() {
    once(1, |world| {
        Box::pin(async move {
            let (cluster, ..) = served(world).await;
            let pod = world.pods(&cluster).await.remove(0);
            let Some(Seen::Pod(seen)) = pod.sight().unwrap().state else {
                panic!("{pod:?}");
            };
            let address = seen.interfaces[0].address.clone();
            let id = ServerId::parse(&pod.id).unwrap();
            world.end("pods", &pod.id).await;
            loop {
                let runs = world.runs(&pod).await;
                let served = world.served(&cluster).await;
                let leads = served.iter().flat_map(|table| &table.services);
                let leads = leads.flat_map(|service| &service.pods);
                let leads = leads.filter(|it| it.to_string() == address).count();
                assert!(runs || leads == 0, "a node sends to a pod that has ended");
                if !runs {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            world.until_gone(id).await;
            until_served(world, &cluster, 2).await;
        })
    });
}
