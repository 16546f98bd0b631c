//! What to do next with one container: a pure function of what should be and what is.
//!
//! ```text
//!   absent or other incarnation ─► Image ─► Networks ─► Create
//!   Created ─► Limits? ─► Networks ─► Start | Pause
//!   Running ─► Limits? ─► Reboot? ─► Stop | Pause
//!   Exited  ─► Networks ─► Start      only if this order has begun no life yet
//! ```

use schemas::workload::{Observation, Power, Reboot, RunState, Workload};

/// The next call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Have the image on the engine.
    Image,
    /// Have the networks on the engine.
    Networks,
    /// Make the container, or make it anew.
    Create,
    /// Change its bounds.
    Limits,
    /// End one life, begin the next.
    Reboot(Reboot),
    /// Begin a life, or resume it.
    Start,
    /// Freeze it.
    Pause,
    /// End its life.
    Stop,
    /// The engine is between states: look again.
    Wait,
    /// It is as it should be.
    Done,
}

/// What this order has done already, or had done before it was resent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// This generation was reached before: a container that has ended since stays so.
    pub reached: bool,
    /// The life that was there when the order came; a life with another name is this order's.
    pub first_boot: Option<String>,
    /// Begun by us although its name may not show it.
    pub begun: bool,
    /// The image is on the engine.
    pub image: bool,
    /// The networks are on the engine.
    pub networks: bool,
    /// The engine was told the bounds. Once: it may round them.
    pub limits: bool,
}

impl Past {
    /// Takes note of what is there before the next step is planned.
    pub(crate) fn observe(&mut self, desired: &Workload, seen: Option<&Observation>) {
        let boot = seen
            .filter(|seen| seen.incarnation == desired.incarnation)
            .map_or("", |seen| seen.boot.as_str());
        if *self.first_boot.get_or_insert_with(|| boot.to_owned()) != boot && !boot.is_empty() {
            self.begun = true;
        }
    }

    /// Has the life that the order asks for been begun?
    fn lived(&self) -> bool {
        self.reached || self.begun
    }
}

/// The next call.
pub(crate) fn plan(desired: &Workload, seen: Option<&Observation>, past: &Past) -> Step {
    let there = seen.filter(|seen| seen.incarnation == desired.incarnation);
    let Some(seen) = there else {
        return match (past.image, past.networks) {
            (false, _) => Step::Image,
            (true, false) => Step::Networks,
            (true, true) => Step::Create,
        };
    };
    if seen.state == RunState::Unknown {
        return Step::Wait;
    }
    if seen.limits != desired.limits && !past.limits {
        return Step::Limits;
    }
    let reboot = desired.reboot.as_ref().filter(|order| {
        desired.power != Power::Stopped && order.boot == seen.boot && !seen.boot.is_empty()
    });
    if let Some(order) = reboot {
        return begin(past, Step::Reboot(order.clone()));
    }
    match (desired.power, seen.state) {
        (Power::Running, RunState::Running)
        | (Power::Paused, RunState::Paused)
        | (Power::Stopped, RunState::Created | RunState::Exited) => Step::Done,
        (Power::Stopped, _) => Step::Stop,
        // It ended by itself: the conductor decides what follows.
        (_, RunState::Exited) if past.lived() => Step::Done,
        (Power::Running, RunState::Paused) => Step::Start,
        (Power::Running, _) => begin(past, Step::Start),
        (Power::Paused, RunState::Running) => Step::Pause,
        (Power::Paused, _) => begin(past, Step::Pause),
    }
}

/// A life needs its networks: an engine may have dropped them while nothing ran.
fn begin(past: &Past, step: Step) -> Step {
    if past.networks { step } else { Step::Networks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::ids::{ImageId, WorkloadId};
    use schemas::workload::{ImageRef, Limits};

    fn workload(power: Power) -> Workload {
        Workload {
            id: WorkloadId::new(),
            project_id: "p".into(),
            name: "n".into(),
            hostname: "n".into(),
            image: ImageRef {
                id: ImageId::new(),
                manifest: "m".into(),
            },
            incarnation: 1,
            command: None,
            args: None,
            env: Default::default(),
            limits: Limits::default(),
            security: Default::default(),
            networks: Vec::new(),
            files: Vec::new(),
            labels: Default::default(),
            power,
            reboot: None,
            node: None,
            publish: Vec::new(),
        }
    }

    fn seen(state: RunState, boot: &str) -> Observation {
        Observation {
            id: WorkloadId::new(),
            incarnation: 1,
            state,
            boot: boot.into(),
            exit_code: None,
            oom_killed: false,
            error: None,
            interfaces: Vec::new(),
            limits: Limits::default(),
            published: Default::default(),
            node: None,
        }
    }

    fn ready() -> Past {
        Past {
            image: true,
            networks: true,
            ..Past::default()
        }
    }

    #[test]
    fn every_pair_of_desired_power_and_state_has_its_step() {
        use {Power as P, RunState as S};
        let table = [
            (P::Running, S::Created, Step::Start),
            (P::Running, S::Running, Step::Done),
            (P::Running, S::Paused, Step::Start),
            (P::Running, S::Exited, Step::Start),
            (P::Running, S::Unknown, Step::Wait),
            (P::Stopped, S::Created, Step::Done),
            (P::Stopped, S::Running, Step::Stop),
            (P::Stopped, S::Paused, Step::Stop),
            (P::Stopped, S::Exited, Step::Done),
            (P::Stopped, S::Unknown, Step::Wait),
            (P::Paused, S::Created, Step::Pause),
            (P::Paused, S::Running, Step::Pause),
            (P::Paused, S::Paused, Step::Done),
            (P::Paused, S::Exited, Step::Pause),
            (P::Paused, S::Unknown, Step::Wait),
        ];
        for (power, state, step) in table {
            let got = plan(&workload(power), Some(&seen(state, "b")), &ready());
            assert_eq!(got, step, "{power:?} {state:?}");
        }
    }

    #[test]
    fn nothing_there_is_made_in_order() {
        let want = workload(Power::Running);
        let mut past = Past::default();
        assert_eq!(plan(&want, None, &past), Step::Image);
        past.image = true;
        assert_eq!(plan(&want, None, &past), Step::Networks);
        past.networks = true;
        assert_eq!(plan(&want, None, &past), Step::Create);
    }

    #[test]
    fn another_incarnation_is_made_anew_even_when_it_should_be_stopped() {
        let want = Workload {
            incarnation: 2,
            ..workload(Power::Stopped)
        };
        let running = seen(RunState::Running, "b");
        assert_eq!(plan(&want, Some(&running), &ready()), Step::Create);
    }

    #[test]
    fn a_container_that_ended_is_not_begun_twice_by_one_order() {
        for power in [Power::Running, Power::Paused] {
            let want = workload(power);
            let ended = seen(RunState::Exited, "b2");
            let mut past = ready();
            past.observe(&want, Some(&seen(RunState::Created, "")));
            past.observe(&want, Some(&ended));
            assert_eq!(plan(&want, Some(&ended), &past), Step::Done);

            let resent = Past {
                reached: true,
                ..ready()
            };
            assert_eq!(plan(&want, Some(&ended), &resent), Step::Done);

            let mut fresh = ready();
            fresh.observe(&want, Some(&ended));
            assert_ne!(plan(&want, Some(&ended), &fresh), Step::Done);
        }
    }

    #[test]
    fn the_life_of_another_incarnation_does_not_count() {
        let want = Workload {
            incarnation: 2,
            ..workload(Power::Running)
        };
        let mut past = ready();
        past.observe(&want, Some(&seen(RunState::Running, "b1")));
        let made = Observation {
            incarnation: 2,
            ..seen(RunState::Created, "")
        };
        past.observe(&want, Some(&made));
        assert_eq!(plan(&want, Some(&made), &past), Step::Start);
    }

    #[test]
    fn a_reboot_is_ordered_only_for_the_life_it_names() {
        let order = Reboot {
            boot: "b1".into(),
            hard: false,
        };
        let mut want = workload(Power::Running);
        want.reboot = Some(order.clone());
        let old = seen(RunState::Running, "b1");
        let new = seen(RunState::Running, "b2");
        assert_eq!(plan(&want, Some(&old), &ready()), Step::Reboot(order));
        assert_eq!(plan(&want, Some(&new), &ready()), Step::Done);
        want.power = Power::Stopped;
        assert_eq!(plan(&want, Some(&old), &ready()), Step::Stop);
    }

    #[test]
    fn bounds_are_told_once_and_before_a_life_begins() {
        let mut want = workload(Power::Running);
        want.limits.pids = 7;
        let made = seen(RunState::Created, "");
        assert_eq!(plan(&want, Some(&made), &ready()), Step::Limits);
        let told = Past {
            limits: true,
            ..ready()
        };
        assert_eq!(plan(&want, Some(&made), &told), Step::Start);
    }

    #[test]
    fn networks_are_there_before_a_life_begins_and_not_asked_for_otherwise() {
        let want = workload(Power::Running);
        let past = Past::default();
        let made = seen(RunState::Created, "");
        assert_eq!(plan(&want, Some(&made), &past), Step::Networks);
        let running = seen(RunState::Running, "b");
        assert_eq!(plan(&want, Some(&running), &past), Step::Done);
        let paused = seen(RunState::Paused, "b");
        assert_eq!(plan(&want, Some(&paused), &past), Step::Start);
    }
}
