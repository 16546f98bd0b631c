//! One simulated container and its lives.

use super::archive::Image;
use super::files::{File, FileKind, Files, read_tar};
use super::node::Inner;
use super::script::Script;
use crate::error::{DriverError, Result};
use crate::pod::Part;
use crate::watch::Watch;
use crate::{inject, node};
use schemas::workload::{Interface, NodeSeen, Observation, RunState, Workload};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::time::Instant;

/// Lines of output that are kept, as a real engine bounds its logs.
const LOG_LINES: usize = 1000;

pub(super) struct Container {
    pub(super) workload: Workload,
    /// Of a pod's containers.
    pub(super) part: Option<Part>,
    pub(super) image: Arc<Image>,
    pub(super) state: RunState,
    pub(super) boot: String,
    pub(super) exit_code: Option<i64>,
    pub(super) oom_killed: bool,
    pub(super) error: Option<String>,
    pub(super) interfaces: Vec<Interface>,
    pub(super) upper: Files,
    pub(super) log: VecDeque<(Instant, String)>,
    pub(super) started: Instant,
    pub(super) ended: Instant,
    /// Of a node: the engine inside, which has the node's disk, and its users.
    pub(super) inner: Option<Inner>,
    /// Ports of the machine that lead to its own, while it runs.
    pub(super) published: BTreeMap<u16, u16>,
    /// Goes up when a timer for the end of a life loses its meaning.
    pub(super) timer: u64,
    /// How many lives there were under this id before the present one.
    pub(super) nth: usize,
}

impl Container {
    pub(super) fn new(
        mut workload: Workload,
        image: Arc<Image>,
        inner: Option<Inner>,
        part: Option<Part>,
    ) -> Result<Self> {
        let mut files = std::mem::take(&mut workload.files);
        if let (Some(node), Some(inner)) = (&workload.node, &inner) {
            files.extend(node::files(node, inner.uids));
        }
        // Read once, by the node itself.
        if let Some(node) = &mut workload.node {
            node.tls = None;
        }
        let files = inject::tar(&files)?.unwrap_or_default();
        let upper = read_tar("/", &files).map_err(|error| DriverError::Engine {
            text: error.to_string(),
        })?;
        Ok(Self {
            workload,
            part,
            image,
            state: RunState::Created,
            boot: String::new(),
            exit_code: None,
            oom_killed: false,
            error: None,
            interfaces: Vec::new(),
            upper,
            log: VecDeque::new(),
            started: Instant::now(),
            ended: Instant::now(),
            inner,
            published: BTreeMap::new(),
            timer: 0,
            nth: 0,
        })
    }

    pub(super) fn script(&self) -> Script<'_> {
        Script(&self.workload.labels)
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.state, RunState::Running | RunState::Paused)
    }

    /// Begins a life. It leaves a trace in the filesystem, so a snapshot differs from its image.
    pub(super) fn begin(&mut self, boot: String, interfaces: Vec<Interface>) {
        self.state = RunState::Running;
        self.interfaces = interfaces;
        self.exit_code = None;
        self.oom_killed = false;
        self.error = None;
        self.started = Instant::now();
        self.timer += 1;
        let trace = FileKind::Content(boot.clone().into());
        self.upper.insert(
            "/var/lib/sim-boot".into(),
            File {
                mode: 0o644,
                kind: trace,
            },
        );
        self.boot = boot;
        if let Some(line) = self.script().log().or(self.first_words()) {
            self.say(line);
        }
    }

    /// Writes a line to its output.
    pub(super) fn say(&mut self, line: String) {
        self.log.push_back((Instant::now(), line));
        if self.log.len() > LOG_LINES {
            self.log.pop_front();
        }
    }

    /// Ends the life.
    pub(super) fn end(&mut self, exit_code: i64, oom_killed: bool) {
        self.state = RunState::Exited;
        self.interfaces.clear();
        self.published.clear();
        if let Some(inner) = &self.inner {
            inner.engine.fall();
        }
        self.exit_code = Some(exit_code);
        self.ended = Instant::now();
        self.oom_killed = oom_killed;
        self.timer += 1;
    }

    /// As who watches so sees it.
    pub(super) fn observe(&self, watch: &Watch<Instant>) -> Observation {
        Observation {
            id: self.workload.id,
            incarnation: self.workload.incarnation,
            state: self.state,
            boot: self.boot.clone(),
            exit_code: self.exit_code.filter(|_| watch.saw(self.ended)),
            oom_killed: self.oom_killed,
            error: self.error.clone(),
            interfaces: self.interfaces.clone(),
            limits: self.workload.limits.clone(),
            published: self.published.clone(),
            node: self.workload.node.as_ref().map(|node| NodeSeen {
                cluster_id: node.cluster_id,
                hostname: self.workload.hostname.clone(),
            }),
        }
    }
}
