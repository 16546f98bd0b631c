//! Carries out one step of a pod.

use super::plan::{Past, Step};
use super::told;
use crate::failure::Failure;
use crate::host::Host;
use crate::keeper::Keeper;
use crate::status::Status;
use compute_driver::{DriverError, PodHere};
use futures::future::{join_all, try_join_all};
use schemas::workload::pod::Member;
use schemas::workload::{ImageRef, Pod, RunState};
use std::time::Duration;
use tracing::{info, warn};

pub(super) async fn carry_out(
    keeper: &Keeper,
    pod: &Pod,
    here: Option<&PodHere>,
    step: Step,
    past: &mut Past,
    status: &Status,
) -> Result<(), Failure> {
    let host = &keeper.keepers.host;
    let driver = host.driver.as_ref();
    match step {
        Step::Images => {
            fetch(keeper, pod.members().map(|(_, member)| member), status).await?;
            past.images = true;
        }
        Step::Networks => {
            status.step("making networks");
            for attachment in &pod.networks {
                let making = host.networks.ensure(driver, attachment);
                host.call("network", making).await?;
            }
            past.networks = true;
        }
        Step::Sandbox => {
            status.step("creating the pod");
            info!(incarnation = pod.incarnation, "making a pod");
            let _turn = host.containers.lock(&pod.id).await;
            host.call("sandbox", driver.ensure_sandbox(pod)).await?;
        }
        Step::Begin(names) => {
            status.step(format!("starting {}", names.join(", ")));
            begin_all(keeper, pod, here, &names, status).await?;
        }
        Step::Kill(name, why) => {
            status.step(format!("restarting {name}"));
            info!(container = name, why, "is killed");
            // First, so that its end is seen to be ours.
            host.ledger
                .note(pod.id, |notes| notes.kill(&name, &why))
                .await;
            end(host, pod, &[name]).await?;
        }
        Step::End(names) => {
            status.step("ending the pod");
            end(host, pod, &names).await?;
        }
        Step::Rest(_) => {}
    }
    Ok(())
}

async fn fetch(
    keeper: &Keeper,
    members: impl Iterator<Item = &Member>,
    status: &Status,
) -> Result<(), Failure> {
    let host = &keeper.keepers.host;
    let mut images: Vec<&ImageRef> = members.map(|member| &member.image).collect();
    images.sort_by_key(|image| &image.manifest);
    images.dedup_by_key(|image| &image.manifest);
    for image in images {
        let flight = host.images.flight(image);
        status.fetching(&flight);
        let fetching = host.images.ensure(host.driver.as_ref(), image, &flight);
        let fetching = async { fetching.await.map_err(Failure::from) };
        keeper.unless_newer(fetching).await?;
    }
    Ok(())
}

/// Side by side. One that the engine will not start is noted, and keeps nobody else from starting.
async fn begin_all(
    keeper: &Keeper,
    pod: &Pod,
    here: Option<&PodHere>,
    names: &[String],
    status: &Status,
) -> Result<(), Failure> {
    let host = &keeper.keepers.host;
    let told = told::of(pod, here);
    let pod = &told;
    let _turn = host.containers.lock(&pod.id).await;
    let beginning = names.iter().map(|name| async move {
        let was = here.and_then(|here| here.members.get(name));
        let ended = was.is_some_and(|it| it.state == RunState::Exited);
        match begin(host, pod, name, ended).await {
            // Somebody has removed its image.
            Err(DriverError::NotFound { .. }) => {
                fetch(keeper, pod.member(name).into_iter(), status).await?;
                Ok(begin(host, pod, name, false).await)
            }
            begun => Ok::<_, Failure>(begun),
        }
    });
    for (name, begun) in names.iter().zip(join_all(beginning).await) {
        match begun? {
            Err(error @ DriverError::Refused { .. }) => {
                warn!(id = %pod.id, container = name, %error, "is not started");
                let (text, now) = (error.to_string(), host.clock.now());
                let rules = host.settings.pods.back_off();
                let noted = host
                    .ledger
                    .note(pod.id, |notes| notes.refuse(name, &text, now, &rules));
                noted.await;
            }
            begun => begun?,
        }
    }
    Ok(())
}

/// Another life is another container: nothing of the last one's files is left.
async fn begin(host: &Host, pod: &Pod, name: &str, ended: bool) -> Result<(), DriverError> {
    let (driver, id) = (host.driver.as_ref(), Pod::member_id(pod.id, name));
    told::whole(pod, name)?;
    if ended {
        host.call("remove", driver.ensure_absent(id)).await?;
    }
    host.call("create", driver.ensure_member(pod, name)).await?;
    host.call("start", driver.ensure_running(id)).await
}

/// Asks them to end, side by side, and kills them after the pod's grace.
pub(crate) async fn end(host: &Host, pod: &Pod, names: &[String]) -> Result<(), DriverError> {
    let grace = Duration::from_secs(u64::from(pod.spec.grace_s));
    let _turn = host.containers.lock(&pod.id).await;
    let ending = names.iter().map(|name| async move {
        let id = Pod::member_id(pod.id, name);
        match host
            .call("stop", host.driver.ensure_stopped(id, grace))
            .await
        {
            Err(DriverError::NotFound { .. }) => Ok(()),
            ended => ended,
        }
    });
    try_join_all(ending).await.map(|_| ())
}
