//! What can be asked of the inside of a simulated container.

use super::driver::SimDriver;
use super::files::{absolute, read_tar, write_tar};
use super::machine::Key;
use super::program;
use super::script::Op;
use crate::error::{DriverError, Result};
use crate::facts::{Stats, Top};
use crate::image::ByteStream;
use crate::terminal::{ExecOrder, ExecOutput};
use bytes::Bytes;
use futures::{StreamExt, stream};
use schemas::ids::WorkloadId;
use schemas::workload::RunState;

impl SimDriver {
    pub(super) async fn run_inside(&self, id: WorkloadId, order: ExecOrder) -> Result<ExecOutput> {
        self.enter("exec").await?;
        let key = self.running(id)?;
        self.engine.obey(key, Op::Exec).await?;
        let run = program::run(&self.engine, key, &order.command, order.stdin);
        let after = order.deadline;
        let ran = tokio::time::timeout(after, run)
            .await
            .map_err(|_| DriverError::Timeout { op: "exec", after })?;
        ran.ok_or_else(|| {
            DriverError::permanent(format!(
                "the command {} was not found in the image",
                order.command.first().map_or("", String::as_str)
            ))
        })
    }

    pub(super) async fn output(
        &self,
        id: WorkloadId,
        tail: Option<u32>,
        timestamps: bool,
    ) -> Result<String> {
        self.enter("logs").await?;
        let mut machine = self.engine.machine();
        let log = &machine.container(self.key(id))?.log;
        let skip = tail.map_or(0, |tail| log.len().saturating_sub(tail as usize));
        let lines = log.iter().skip(skip).map(|(at, line)| {
            // Virtual time has no date: the line's age stands in its place.
            let age = if timestamps {
                format!("-{:?} ", at.elapsed())
            } else {
                String::new()
            };
            format!("{age}{line}\n")
        });
        Ok(lines.collect())
    }

    pub(super) async fn counters(&self, id: WorkloadId) -> Result<Stats> {
        self.enter("stats").await?;
        let key = self.running(id)?;
        let mut machine = self.engine.machine();
        let container = machine.container(key)?;
        let life = container.started.elapsed();
        Ok(Stats {
            cpu_ns: u64::try_from(life.as_nanos() / 100)
                .unwrap_or(u64::MAX)
                .max(1),
            memory_bytes: 1 << 20,
            memory_limit_bytes: container.workload.limits.memory_bytes,
            pids: 1,
            ..Stats::default()
        })
    }

    pub(super) async fn processes(&self, id: WorkloadId) -> Result<Top> {
        self.enter("top").await?;
        let key = self.running(id)?;
        let mut machine = self.engine.machine();
        let workload = &machine.container(key)?.workload;
        let command = workload
            .command
            .as_ref()
            .map_or("init".into(), |words| words.join(" "));
        Ok(Top {
            titles: vec!["PID".into(), "COMMAND".into()],
            processes: vec![vec!["1".into(), command]],
        })
    }

    pub(super) async fn fetch(&self, id: WorkloadId, path: &str) -> Result<ByteStream> {
        self.enter("archive_get").await?;
        let path = absolute(path);
        let failed = |error: std::io::Error| DriverError::Engine {
            text: error.to_string(),
        };
        let tar = {
            let mut machine = self.engine.machine();
            machine.container(self.key(id))?;
            let files = machine.see(self.key(id), &path).map_err(failed)?;
            if files.is_empty() {
                return Err(DriverError::NotFound {
                    what: format!("file {path}"),
                });
            }
            // As `docker cp`: names begin with the last part of the path asked for.
            let parent = path.rfind('/').map_or(0, |slash| slash + 1);
            write_tar(&files, |at| at[parent.min(at.len())..].to_owned()).map_err(failed)?
        };
        Ok(stream::once(async { Ok(tar) }).boxed())
    }

    pub(super) async fn put(&self, id: WorkloadId, folder: &str, tar: Bytes) -> Result<()> {
        self.enter("archive_put").await?;
        let files = read_tar(folder, &tar)
            .map_err(|error| DriverError::permanent(format!("not a tar: {error}")))?;
        self.engine.machine().write(self.key(id), files)
    }

    pub(super) fn running(&self, id: WorkloadId) -> Result<Key> {
        match self.state(self.key(id))? {
            RunState::Running => Ok(self.key(id)),
            RunState::Paused => Err(DriverError::conflict("the container is paused")),
            _ => Err(DriverError::conflict("the container is not running")),
        }
    }
}
