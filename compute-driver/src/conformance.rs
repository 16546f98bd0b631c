//! What [`Driver`] means, as cases that every driver has to pass: `sim` always, a real engine where
//! there is one. A driver's own tests name each case by [`each_case`](crate::each_case).
//!
//! Cases panic where a driver is wrong. Each has hosts of its own on the engine it is given and
//! leaves nothing there, so they may run side by side and on an engine that others use.

pub mod disk;
pub mod events;
pub mod files;
pub mod images;
pub mod inside;
pub mod lifecycle;
pub mod limits;
pub mod network;
pub mod node;
pub mod overlay;
pub mod pods;
pub mod reboot;
pub mod snapshot;
pub mod swarm;
mod test_image;
mod workloads;

pub use test_image::TestImage;
pub use workloads::Behaviour;

use crate::Driver;
use crate::error::Result;
use crate::facts::EventStream;
use bytes::Bytes;
use futures::FutureExt;
use schemas::ids::{HostId, ImageId, WorkloadId};
use schemas::workload::{Network, Observation, RunState, Workload};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a case waits for something to come true before it fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Connects to the engine under test on behalf of a host.
pub type Connect = Arc<dyn Fn(HostId) -> Arc<dyn Driver> + Send + Sync>;

/// What a case works with.
pub struct Bench {
    /// The driver under test, for a host that nobody else uses.
    pub driver: Arc<dyn Driver>,
    /// An image with the programs that cases run.
    pub image: TestImage,
    connect: Connect,
    host: HostId,
    _watched: EventStream,
    snapshots: Mutex<Vec<ImageId>>,
}

impl Bench {
    /// Runs one case, and cleans up after it whatever happens. `busybox` is that program as one
    /// static file; a driver that simulates programs may be given anything.
    pub async fn run(connect: Connect, busybox: Bytes, case: impl AsyncFnOnce(&Bench)) {
        let host = HostId::new();
        let image = TestImage::with_programs(&busybox, &host.to_string());
        let driver = connect(host);
        let watched = must(driver.events().await, "events");
        let bench = Bench {
            driver,
            _watched: watched,
            image,
            connect,
            host,
            snapshots: Mutex::default(),
        };
        let result = AssertUnwindSafe(case(&bench)).catch_unwind().await;
        let cleaned = bench.clean_up().await;
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
        must(cleaned, "clean up");
    }

    /// The host that the driver serves.
    pub fn host(&self) -> HostId {
        self.host
    }

    /// Another driver on the same engine, for the same host: an agent that came back.
    pub fn reconnected(&self) -> Arc<dyn Driver> {
        (self.connect)(self.host)
    }

    /// A driver on the same engine for another host.
    pub fn another_host(&self) -> Arc<dyn Driver> {
        (self.connect)(HostId::new())
    }

    /// An id for a snapshot, which is cleaned up if the case fails to.
    pub fn snapshot_id(&self) -> ImageId {
        let id = ImageId::new();
        self.snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(id);
        id
    }

    /// A container that behaves so, not yet made. Its image is on the engine.
    pub async fn workload(&self, behaviour: Behaviour) -> Workload {
        let image = self.image.reference();
        must(self.driver.ensure_image(&image, &self.image).await, "image");
        workloads::workload(image, behaviour)
    }

    /// A container that behaves so and has been started.
    pub async fn started(&self, behaviour: Behaviour) -> Workload {
        let workload = self.workload(behaviour).await;
        self.start(&workload).await;
        workload
    }

    /// Makes and starts a container.
    pub async fn start(&self, workload: &Workload) {
        must(self.driver.ensure_created(workload).await, "create");
        must(self.driver.ensure_running(workload.id).await, "start");
    }

    /// Makes a network on a subnet that is free, or on one that the engine chooses.
    pub async fn network(&self, name: &str, chosen: bool) -> Network {
        for attempt in 0..50 {
            let network = workloads::network(name, chosen, attempt);
            match self.driver.ensure_network(&network).await {
                Ok(()) => return network,
                // Taken by somebody else on this engine.
                Err(crate::DriverError::Refused {
                    host_fault: true, ..
                }) if chosen => {}
                Err(error) => panic!("network {name}: {error}"),
            }
        }
        panic!("no free subnet");
    }

    /// The container as it is, which has to be there.
    pub async fn seen(&self, id: WorkloadId) -> Observation {
        let seen = must(self.driver.inspect(id).await, "inspect");
        seen.unwrap_or_else(|| panic!("container {id} is not there"))
    }

    /// Waits until the container is as wanted.
    pub async fn until(
        &self,
        id: WorkloadId,
        wanted: impl Fn(&Observation) -> bool,
    ) -> Observation {
        let waiting = async {
            loop {
                let seen = self.seen(id).await;
                if wanted(&seen) {
                    return seen;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(seen) => seen,
            Err(_) => panic!("still {:?} after {PATIENCE:?}", self.seen(id).await),
        }
    }

    /// Waits until the container has ended.
    pub async fn ended(&self, id: WorkloadId) -> Observation {
        self.until(id, |seen| seen.state == RunState::Exited).await
    }

    async fn clean_up(&self) -> Result<()> {
        for container in self.driver.list().await? {
            self.driver.ensure_absent(container.id).await?;
        }
        for network in self.driver.list_networks().await? {
            self.driver.ensure_network_absent(network.id).await?;
        }
        let snapshots = std::mem::take(
            &mut *self
                .snapshots
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for image in snapshots {
            self.driver.ensure_snapshot_absent(image).await?;
        }
        self.driver.remove_unused_images(&[]).await?;
        assert_eq!(self.driver.list().await?, [], "containers are left");
        assert_eq!(self.driver.images().await?, [""; 0], "images are left");
        Ok(())
    }
}

/// The value, or the end of the case.
#[track_caller]
pub fn must<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// Names every case: `each_case!(check)` calls `check!(module case)` for each.
#[macro_export]
macro_rules! each_case {
    ($check:ident) => {
        $check!(lifecycle a_container_is_made_once_and_not_started);
        $check!(lifecycle another_incarnation_replaces_the_container);
        $check!(lifecycle what_runs_is_not_started_again);
        $check!(lifecycle what_has_ended_stays_ended_and_starts_as_another_life);
        $check!(lifecycle a_paused_container_lives_on_when_resumed);
        $check!(lifecycle a_status_of_exit_is_seen);
        $check!(lifecycle a_container_that_ignores_the_request_to_end_is_killed);
        $check!(lifecycle a_container_that_eats_memory_is_seen_to_be_killed_for_it);
        $check!(lifecycle a_command_that_the_image_lacks_is_refused_for_good);
        $check!(lifecycle a_container_is_removed_from_every_state);
        $check!(lifecycle nothing_can_be_done_with_a_container_that_is_not_there);
        $check!(lifecycle names_and_labels_of_users_do_no_harm);
        $check!(lifecycle hosts_on_one_engine_see_their_own_only);
        $check!(lifecycle a_driver_that_comes_back_finds_everything);
        $check!(reboot a_container_is_rebooted_once_however_often_it_is_ordered);
        $check!(reboot a_reboot_that_was_cut_off_is_finished);
        $check!(reboot a_hard_reboot_does_not_ask);
        $check!(limits bounds_are_changed_in_place_and_read_back);
        $check!(limits a_bound_is_lifted);
        $check!(files injected_files_are_there_with_their_modes);
        $check!(files paths_that_leave_the_root_are_refused);
        $check!(files files_are_put_and_fetched);
        $check!(network a_network_is_made_and_removed_once);
        $check!(network a_taken_subnet_is_the_hosts_fault);
        $check!(network a_network_in_use_stays);
        $check!(network containers_of_one_network_meet_and_of_two_do_not);
        $check!(network a_container_has_the_address_it_asked_for);
        $check!(network a_container_may_be_on_several_networks);
        $check!(network without_networks_there_are_no_interfaces);
        $check!(overlay a_network_is_joined_with_others_and_parted_again);
        $check!(overlay a_network_that_is_not_here_cannot_be_joined);
        $check!(overlay a_host_has_its_own_address_on_a_network);
        $check!(images an_image_is_fetched_once);
        $check!(images layers_that_are_here_are_not_sent_again);
        $check!(images an_image_with_other_content_than_announced_is_refused);
        $check!(images a_source_that_breaks_off_leaves_no_image);
        $check!(images images_in_use_are_kept);
        $check!(images a_container_without_its_image_is_not_made);
        $check!(snapshot a_snapshot_has_what_was_changed_and_boots);
        $check!(snapshot a_snapshot_stays_the_same_until_it_is_removed);
        $check!(inside a_command_runs_to_its_end);
        $check!(inside a_command_that_is_not_there_is_refused);
        $check!(inside a_command_that_takes_too_long_is_given_up);
        $check!(inside output_is_kept_and_bounded_by_lines);
        $check!(inside counters_and_processes_are_shown);
        $check!(inside a_terminal_has_a_size_and_an_end);
        $check!(inside nothing_runs_inside_what_does_not_run);
        $check!(node a_node_is_told_what_it_is);
        $check!(node every_node_has_users_of_its_own);
        $check!(node the_engine_inside_a_node_is_a_host_of_its_own);
        $check!(node a_node_has_its_place_on_its_network);
        $check!(node ports_are_published_while_a_container_runs);
        $check!(disk a_node_made_anew_with_the_disk_before_it_has_what_was_there_and_its_users);
        $check!(disk a_node_is_published_where_it_was);
        $check!(disk a_node_made_anew_with_a_disk_of_its_own_has_nothing_of_what_was_before);
        $check!(disk a_disk_goes_with_its_node);
        $check!(disk what_a_node_runs_is_on_its_disk);
        $check!(swarm a_machines_engine_takes_no_part);
        $check!(swarm simulated_nodes_form_a_swarm);
        $check!(pods a_pod_is_made_once_and_seen_under_its_id);
        $check!(pods containers_of_a_pod_share_its_network_and_host_name);
        $check!(pods containers_of_a_pod_share_its_folders);
        $check!(pods folders_with_files_are_there_from_the_start);
        $check!(pods arguments_alone_are_given_to_what_the_image_runs);
        $check!(pods a_container_of_a_pod_ends_and_is_made_again);
        $check!(pods a_sandbox_that_has_ended_is_made_anew_without_its_members);
        $check!(pods another_incarnation_replaces_the_whole_pod);
        $check!(pods a_pod_goes_with_all_that_is_left_of_it);
        $check!(pods what_happens_to_a_container_is_told_of_its_pod);
        $check!(pods a_port_of_a_pod_is_reached);
        $check!(events what_happens_is_told);
        $check!(events an_end_that_nobody_watched_has_no_status);
        $check!(events an_engine_says_what_it_is);
    };
}
