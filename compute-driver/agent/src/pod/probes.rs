//! Probes of pods' containers: a task for each life of a container that has any. It asks as often as it
//! is told to, and says what it found in a [`Verdict`]; what follows from that is the keeper's to do.

use super::ask::{Answer, ask};
use super::notes::Note;
use crate::host::Host;
use crate::keepers::Keepers;
use schemas::ids::WorkloadId;
use schemas::workload::pod::{Member, Probe};
use schemas::workload::{Pod, RunState};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info};

/// What the probes of one life say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub started: bool,
    pub ready: bool,
    /// It has to be killed, for this reason.
    pub broken: Option<String>,
}

/// All that is asked on one host.
#[derive(Default)]
pub(crate) struct Probes {
    pods: Mutex<HashMap<WorkloadId, BTreeMap<String, Asked>>>,
    /// What was last told to be wrong with a pod.
    troubles: Mutex<HashMap<WorkloadId, String>>,
}

/// One life that is asked.
struct Asked {
    boot: String,
    verdict: Arc<Mutex<Verdict>>,
    _task: DropGuard,
}

impl Probes {
    fn pods(&self) -> MutexGuard<'_, HashMap<WorkloadId, BTreeMap<String, Asked>>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found of each container, with the life it is about.
    pub(crate) fn verdicts(&self, pod: WorkloadId) -> Vec<(String, String, Verdict)> {
        let pods = self.pods();
        let asked = pods.get(&pod).into_iter().flatten();
        let verdict = |it: &Asked| locked(&it.verdict).clone();
        asked
            .map(|(name, it)| (name.clone(), it.boot.clone(), verdict(it)))
            .collect()
    }

    /// Asks just those containers that run; what was asked of other lives is forgotten.
    pub(crate) fn keep(&self, keepers: &Arc<Keepers>, pod: &Pod, running: &[(String, Note)]) {
        let mut pods = self.pods();
        let asked = pods.entry(pod.id).or_default();
        asked.retain(|name, it| {
            running
                .iter()
                .any(|(of, note)| of == name && note.boot == it.boot)
        });
        for (name, note) in running {
            let Some(member) = pod.member(name).filter(|it| has_probes(it)) else {
                continue;
            };
            if asked.contains_key(name) {
                continue;
            }
            let verdict = Arc::new(Mutex::new(Verdict {
                started: note.started,
                ready: note.ready,
                broken: None,
            }));
            let cancelled = CancellationToken::new();
            let asker = Asker {
                keepers: keepers.clone(),
                pod: pod.id,
                name: name.clone(),
                verdict: verdict.clone(),
                begun: begun(keepers, note),
            };
            let (member, token) = (member.clone(), cancelled.clone());
            keepers.spawn(async move {
                tokio::select! {
                    () = asker.ask_all(&member) => {}
                    () = token.cancelled() => {}
                }
            });
            let life = Asked {
                boot: note.boot.clone(),
                verdict,
                _task: cancelled.drop_guard(),
            };
            asked.insert(name.clone(), life);
        }
        if asked.is_empty() {
            pods.remove(&pod.id);
        }
    }

    /// Notes what is wrong with a pod, or that nothing is; answers whether that is news.
    pub(crate) fn trouble(&self, pod: WorkloadId, text: Option<&str>) -> bool {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match text {
            Some(text) => troubles.insert(pod, text.to_owned()),
            None => troubles.remove(&pod),
        };
        before.as_deref() != text
    }

    /// The pod is gone.
    pub(crate) fn forget(&self, pod: WorkloadId) {
        self.pods().remove(&pod);
        self.trouble(pod, None);
    }
}

fn has_probes(member: &Member) -> bool {
    member.startup.is_some() || member.readiness.is_some() || member.liveness.is_some()
}

/// When the life began, by the clock of timers.
fn begun(keepers: &Keepers, note: &Note) -> Instant {
    let age = keepers.host.clock.now().since(note.begun);
    let now = Instant::now();
    now.checked_sub(age).unwrap_or(now)
}

fn locked(verdict: &Mutex<Verdict>) -> MutexGuard<'_, Verdict> {
    verdict.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks one life of one container.
struct Asker {
    keepers: Arc<Keepers>,
    pod: WorkloadId,
    name: String,
    verdict: Arc<Mutex<Verdict>>,
    begun: Instant,
}

impl Asker {
    async fn ask_all(&self, member: &Member) {
        if let Some(probe) = member.startup.as_ref().filter(|_| !self.now().started) {
            match self.until_sure(probe, &mut self.ticks(probe), None).await {
                (true, _) => self.say(|it| it.started = true),
                (false, why) => {
                    let why = format!("startup probe failed: {why}");
                    return self.say(|it| it.broken = Some(why));
                }
            }
        }
        let live = async {
            let Some(probe) = &member.liveness else {
                return;
            };
            let mut ticks = self.ticks(probe);
            // A good answer is no news here.
            let why = loop {
                match self.until_sure(probe, &mut ticks, Some(true)).await {
                    (true, _) => {}
                    (false, why) => break why,
                }
            };
            self.say(|it| it.broken = Some(format!("liveness probe failed: {why}")));
        };
        let ready = async {
            let Some(probe) = &member.readiness else {
                return;
            };
            let mut ticks = self.ticks(probe);
            loop {
                let before = self.now().ready;
                let (good, why) = self.until_sure(probe, &mut ticks, Some(before)).await;
                if !good {
                    info!(id = %self.pod, container = self.name, why, "is not ready");
                }
                self.say(|it| it.ready = good);
            }
        };
        tokio::join!(live, ready);
    }

    /// When it is asked.
    fn ticks(&self, probe: &Probe) -> Interval {
        let period = Duration::from_secs(u64::from(probe.period_s.max(1)));
        let first = self.begun + Duration::from_secs(u64::from(probe.delay_s));
        let mut ticks = interval_at(first.max(Instant::now()), period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    }

    /// Asks until the answer is sure, and other than the one known.
    async fn until_sure(
        &self,
        probe: &Probe,
        ticks: &mut Interval,
        known: Option<bool>,
    ) -> (bool, String) {
        let host: &Host = &self.keepers.host;
        let (mut good, mut bad) = (0, 0);
        loop {
            ticks.tick().await;
            match ask(host, self.pod, &self.name, probe).await {
                Answer::Good => (good, bad) = (good + 1, 0),
                Answer::Bad(why) => {
                    (good, bad) = (0, bad + 1);
                    debug!(id = %self.pod, container = self.name, why, bad, "a bad answer");
                    if bad >= probe.failures.max(1) && known != Some(false) {
                        return (false, why);
                    }
                }
                Answer::None => {}
            }
            if good >= probe.successes.max(1) && known != Some(true) {
                return (true, String::new());
            }
        }
    }

    fn now(&self) -> Verdict {
        locked(&self.verdict).clone()
    }

    fn say(&self, change: impl FnOnce(&mut Verdict)) {
        change(&mut locked(&self.verdict));
        self.keepers.look(self.pod, Duration::ZERO, false);
    }
}

/// Is it worth asking?
pub(crate) fn is_asked(state: RunState) -> bool {
    state == RunState::Running
}
