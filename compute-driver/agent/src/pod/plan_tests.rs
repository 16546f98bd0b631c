//! Tables of [`super::plan`] and of what is told.

use super::notes::{BackOff, Notes};
use super::plan::{Past, Step, plan};
use super::view::view;
use compute_driver::PodHere;
use schemas::Timestamp;
use schemas::ids::{ImageId, WorkloadId};
use schemas::workload::pod::{Member, MemberState, Phase, PodSpec, Restart};
use schemas::workload::{ImageRef, Limits, Observation, Pod, PodSeen, RunState, Security};
use std::collections::BTreeMap;
use std::time::Duration;

const RULES: BackOff = BackOff {
    first: Duration::from_secs(10),
    longest: Duration::from_secs(300),
    reset: Duration::from_secs(600),
};
const START: Timestamp = Timestamp(1_000_000_000);

fn member(name: &str) -> Member {
    Member {
        name: name.into(),
        image: ImageRef {
            id: ImageId::default(),
            manifest: String::new(),
        },
        command: None,
        args: None,
        working_dir: None,
        user: None,
        env: BTreeMap::new(),
        limits: Limits::default(),
        security: Security::default(),
        mounts: Vec::new(),
        ports: BTreeMap::new(),
        liveness: None,
        readiness: None,
        startup: None,
    }
}

/// A pod's world: what is on the engine, and when it is.
pub(super) struct World {
    pub(super) pod: Pod,
    here: PodHere,
    notes: Notes,
    past: Past,
    broken: BTreeMap<String, String>,
    now: Timestamp,
    boots: u32,
}

impl World {
    pub(super) fn new(restart: Restart, init: &[&str], containers: &[&str]) -> World {
        let members = |names: &[&str]| names.iter().map(|name| member(name)).collect();
        let pod = Pod {
            id: WorkloadId::default(),
            project_id: String::new(),
            name: "web".into(),
            hostname: "web".into(),
            incarnation: 1,
            networks: Vec::new(),
            spec: PodSpec {
                labels: BTreeMap::new(),
                restart,
                grace_s: 30,
                volumes: Vec::new(),
                init: members(init),
                containers: members(containers),
            },
        };
        World {
            pod,
            here: PodHere::default(),
            notes: Notes::default(),
            past: Past {
                images: true,
                networks: true,
            },
            broken: BTreeMap::new(),
            now: START,
            boots: 0,
        }
    }

    /// With a sandbox that runs.
    fn up(restart: Restart, init: &[&str], containers: &[&str]) -> World {
        let mut world = World::new(restart, init, containers);
        world.here.sandbox = Some(world.seen(RunState::Running, None));
        world
    }

    fn seen(&mut self, state: RunState, exit_code: Option<i64>) -> Observation {
        self.boots += 1;
        Observation {
            id: WorkloadId::default(),
            incarnation: 1,
            state,
            boot: format!("b{}", self.boots),
            exit_code,
            oom_killed: false,
            error: None,
            interfaces: Vec::new(),
            limits: Limits::default(),
            published: BTreeMap::new(),
            node: None,
        }
    }

    fn runs(&mut self, name: &str) -> &mut Self {
        let seen = self.seen(RunState::Running, None);
        self.here.members.insert(name.into(), seen);
        self.look();
        self
    }

    fn ends(&mut self, name: &str, status: i64) -> &mut Self {
        self.runs(name);
        let seen = self.here.members.get_mut(name).unwrap();
        (seen.state, seen.exit_code) = (RunState::Exited, Some(status));
        self.look();
        self
    }

    fn look(&mut self) {
        let here = Some(&self.here);
        self.notes.observe(&self.pod, here, self.now, &RULES);
    }

    fn wait(&mut self, seconds: u64) -> &mut Self {
        self.now = self.now + Duration::from_secs(seconds);
        self
    }

    fn step(&mut self) -> Step {
        self.look();
        let (here, past) = (Some(&self.here), &self.past);
        plan(&self.pod, here, &self.notes, past, &self.broken, self.now)
    }

    fn view(&self) -> PodSeen {
        view(&self.pod, Some(&self.here), &self.notes)
    }

    fn phase(&self) -> Phase {
        self.view().phase
    }

    fn state(&self, n: usize) -> MemberState {
        self.view().containers[n].state.clone()
    }
}

fn begin(names: &[&str]) -> Step {
    Step::Begin(names.iter().map(|name| (*name).to_owned()).collect())
}

fn rest(seconds: u64) -> Step {
    Step::Rest(Some(Duration::from_secs(seconds)))
}

#[test]
fn nothing_there_is_made_in_order() {
    let mut world = World::new(Restart::Always, &["a", "b"], &["web", "log"]);
    world.past = Past::default();
    assert_eq!(world.step(), Step::Images);
    world.past.images = true;
    assert_eq!(world.step(), Step::Networks);
    world.past.networks = true;
    assert_eq!(world.step(), Step::Sandbox);
    assert_eq!(world.phase(), Phase::Pending);
    world.here.sandbox = Some(world.seen(RunState::Running, None));
    assert_eq!(world.step(), begin(&["init/a"]));
    world.runs("init/a");
    assert_eq!(world.step(), Step::Rest(None));
    world.ends("init/a", 0);
    assert_eq!(world.step(), begin(&["init/b"]));
    world.ends("init/b", 0);
    assert_eq!(world.step(), begin(&["web", "log"]));
    assert_eq!(world.phase(), Phase::Pending);
    world.runs("web");
    assert_eq!(world.step(), begin(&["log"]));
    world.runs("log");
    assert_eq!(world.step(), Step::Rest(None));
    assert_eq!(world.phase(), Phase::Running);
    assert!(world.view().ready);
}

#[test]
fn what_ended_follows_the_pods_policy() {
    use Restart::{Always, Never, OnFailure};
    let table = [
        (Always, 0, begin(&["web"]), Phase::Running),
        (Always, 1, begin(&["web"]), Phase::Running),
        (OnFailure, 0, Step::Rest(None), Phase::Succeeded),
        (OnFailure, 1, begin(&["web"]), Phase::Running),
        (Never, 0, Step::Rest(None), Phase::Succeeded),
        (Never, 1, Step::Rest(None), Phase::Failed),
    ];
    for (restart, status, step, phase) in table {
        let mut world = World::up(restart, &[], &["web"]);
        world.look();
        world.ends("web", status);
        assert_eq!(world.step(), step, "{restart:?} {status}");
        assert_eq!(world.phase(), phase, "{restart:?} {status}");
    }
}

#[test]
fn an_init_container_that_fails_is_tried_again_or_fails_the_pod() {
    let mut world = World::up(Restart::Always, &["a"], &["web"]);
    world.ends("init/a", 1);
    assert_eq!(world.step(), begin(&["init/a"]));
    world.ends("init/a", 1);
    assert_eq!(world.step(), rest(10));
    assert_eq!(world.phase(), Phase::Pending);
    world.wait(10);
    assert_eq!(world.step(), begin(&["init/a"]));
    let mut world = World::up(Restart::Never, &["a"], &["web"]);
    world.ends("init/a", 1);
    assert_eq!(
        (world.step(), world.phase()),
        (Step::Rest(None), Phase::Failed)
    );
}

#[test]
fn the_wait_doubles_to_its_bound_and_begins_anew_after_a_long_life() {
    let mut world = World::up(Restart::Always, &[], &["web"]);
    for wait in [0, 10, 20, 40, 80, 160, 300, 300] {
        world.ends("web", 1);
        match wait {
            0 => assert_eq!(world.step(), begin(&["web"])),
            wait => assert_eq!(world.step(), rest(wait)),
        }
        world.wait(wait);
        assert_eq!(world.step(), begin(&["web"]));
    }
    assert_eq!(world.view().containers[0].restarts, 7);
    let MemberState::Waiting { reason } = world.state(0) else {
        panic!("{:?}", world.state(0));
    };
    assert_eq!(reason, "CrashLoopBackOff: it ended with status 1 (Error)");
    world.runs("web").wait(600);
    let seen = world.here.members.get_mut("web").unwrap();
    (seen.state, seen.exit_code) = (RunState::Exited, Some(1));
    assert_eq!(world.step(), begin(&["web"]));
}

#[test]
fn an_end_that_nobody_saw_is_no_success() {
    for (restart, step, phase) in [
        (Restart::OnFailure, begin(&["web"]), Phase::Running),
        (Restart::Never, Step::Rest(None), Phase::Failed),
    ] {
        let mut world = World::up(restart, &[], &["web"]);
        world.runs("web");
        world.here.members.get_mut("web").unwrap().state = RunState::Exited;
        assert_eq!((world.step(), world.phase()), (step, phase));
    }
}

#[test]
fn an_end_that_was_seen_stays_known_to_an_agent_that_did_not_see_it() {
    let mut world = World::up(Restart::Never, &[], &["web"]);
    world.ends("web", 0);
    world.here.members.get_mut("web").unwrap().exit_code = None;
    assert_eq!(
        (world.step(), world.phase()),
        (Step::Rest(None), Phase::Succeeded)
    );
}

#[test]
fn a_sandbox_that_died_is_made_anew_and_all_begins_again() {
    let mut world = World::up(Restart::Always, &["a"], &["web"]);
    world.ends("init/a", 0).runs("web");
    world.here.sandbox.as_mut().unwrap().state = RunState::Exited;
    assert_eq!(world.step(), Step::Sandbox);
    world.here = PodHere {
        sandbox: Some(world.seen(RunState::Running, None)),
        members: BTreeMap::new(),
    };
    assert_eq!(world.step(), begin(&["init/a"]));
    world.ends("init/a", 0);
    assert_eq!(world.step(), begin(&["web"]));
    world.runs("web");
    let seen = world.view();
    assert_eq!(
        (seen.phase, seen.containers[0].restarts),
        (Phase::Running, 1)
    );
}

#[test]
fn a_sandbox_that_died_is_the_end_of_a_pod_that_never_begins_again() {
    let mut world = World::up(Restart::Never, &[], &["web"]);
    world.runs("web");
    world.here.sandbox.as_mut().unwrap().state = RunState::Exited;
    assert_eq!(world.step(), Step::End(vec!["web".into()]));
    assert_eq!(world.phase(), Phase::Failed);
    world.here.members.get_mut("web").unwrap().state = RunState::Exited;
    assert_eq!(world.step(), Step::Rest(None));
    let mut done = World::up(Restart::OnFailure, &[], &["web"]);
    done.ends("web", 0);
    done.here.sandbox.as_mut().unwrap().state = RunState::Exited;
    assert_eq!(
        (done.step(), done.phase()),
        (Step::Rest(None), Phase::Succeeded)
    );
}

#[test]
fn what_its_probe_says_is_broken_is_killed() {
    let mut world = World::up(Restart::Always, &[], &["web", "log"]);
    world.runs("web").runs("log");
    let why = "liveness probe failed: HTTP status 500";
    world.broken.insert("log".into(), why.into());
    assert_eq!(world.step(), Step::Kill("log".into(), why.into()));
    world.notes.kill("log", why);
    let seen = world.here.members.get_mut("log").unwrap();
    (seen.state, seen.exit_code) = (RunState::Exited, Some(137));
    assert_eq!(world.step(), begin(&["log"]));
    let MemberState::Waiting { reason } = world.state(1) else {
        panic!("{:?}", world.state(1));
    };
    assert!(reason.contains(why), "{reason}");
}

#[test]
fn what_the_engine_will_not_start_waits_with_the_cause() {
    let mut world = World::up(Restart::Always, &[], &["web"]);
    let text = "the command /no was not found in the image";
    for _ in 0..2 {
        world.notes.refuse("web", text, world.now, &RULES);
    }
    assert_eq!(world.step(), rest(10));
    let MemberState::Waiting { reason } = world.state(0) else {
        panic!("{:?}", world.state(0));
    };
    assert_eq!(reason, format!("CrashLoopBackOff: StartError: {text}"));
    world.pod.spec.restart = Restart::Never;
    assert_eq!(
        (world.step(), world.phase()),
        (Step::Rest(None), Phase::Failed)
    );
}

#[test]
fn a_container_whose_probe_has_not_succeeded_is_not_ready() {
    let mut world = World::up(Restart::Always, &[], &["web"]);
    world.runs("web");
    let note = world.notes.members.get_mut("web").unwrap();
    note.ready = false;
    let seen = world.view();
    assert_eq!((seen.phase, seen.ready), (Phase::Running, false));
    assert_eq!(seen.containers[0].state, MemberState::Running);
}
