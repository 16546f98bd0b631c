//! What a container lets be seen: output, counters, processes, files.

use super::DockerDriver;
use super::client::lively;
use crate::error::{DriverError, Result};
use crate::facts::{Stats, Top};
use crate::image::ByteStream;
use bollard::Docker;
use bollard::models::{ContainerBlkioStatEntry, ContainerStatsResponse};
use bollard::query_parameters::{
    DownloadFromContainerOptionsBuilder, LogsOptionsBuilder, StatsOptionsBuilder, TopOptions,
};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt};
use schemas::ids::WorkloadId;
use schemas::workload::RunState;
use std::collections::VecDeque;

/// Output that one call answers at most: its end.
const LOG_BYTES: usize = 4 << 20;

impl DockerDriver {
    pub(super) async fn output(
        &self,
        id: WorkloadId,
        tail: Option<u32>,
        timestamps: bool,
    ) -> Result<String> {
        let (_, name) = self.existing(id).await?;
        let tail = tail.map_or("all".to_owned(), |tail| tail.to_string());
        let options = LogsOptionsBuilder::new()
            .stdout(true)
            .stderr(true)
            .timestamps(timestamps)
            .tail(&tail)
            .build();
        let read = async |docker: &Docker| {
            let parts = docker.logs(&name, Some(options));
            let kept = (VecDeque::<Bytes>::new(), 0);
            let end = parts.try_fold(kept, |(mut kept, mut size), part| async move {
                let part = part.into_bytes();
                size += part.len();
                kept.push_back(part);
                while size > LOG_BYTES {
                    size -= kept.pop_front().map_or(size, |dropped| dropped.len());
                }
                Ok((kept, size))
            });
            Ok(end.await?.0)
        };
        let kept = self
            .client
            .ask("logs", self.deadlines().effect(), read)
            .await?;
        let all = kept.iter().fold(BytesMut::new(), |mut all, part| {
            all.extend_from_slice(part);
            all
        });
        Ok(String::from_utf8_lossy(&all).into_owned())
    }

    pub(super) async fn counters(&self, id: WorkloadId) -> Result<Stats> {
        let name = self.running(id).await?;
        let options = StatsOptionsBuilder::new()
            .stream(false)
            .one_shot(true)
            .build();
        let read = async |docker: &Docker| {
            let mut stats = Box::pin(docker.stats(&name, Some(options)));
            stats.next().await.transpose()
        };
        let read = self
            .client
            .ask("stats", self.deadlines().call(), read)
            .await?;
        let read = read.ok_or_else(|| DriverError::Engine {
            text: "no counters came".into(),
        })?;
        Ok(stats(&read))
    }

    pub(super) async fn processes(&self, id: WorkloadId) -> Result<Top> {
        let name = self.running(id).await?;
        let read = async |docker: &Docker| docker.top_processes(&name, None::<TopOptions>).await;
        let read = self
            .client
            .ask("top", self.deadlines().call(), read)
            .await?;
        Ok(Top {
            titles: read.titles.unwrap_or_default(),
            processes: read.processes.unwrap_or_default(),
        })
    }

    pub(super) async fn download(&self, id: WorkloadId, path: &str) -> Result<ByteStream> {
        let (_, name) = self.existing(id).await?;
        let docker = self.client.engine().await?;
        let options = DownloadFromContainerOptionsBuilder::new()
            .path(path)
            .build();
        let silence = self.deadlines().silence();
        let mut tar = Box::pin(docker.download_from_container(&name, Some(options)));
        // The first part tells whether the path is there, in time for a proper error.
        let first = self
            .client
            .ask("archive", self.deadlines().call(), async |_| {
                tar.next().await.transpose()
            })
            .await?;
        let first = futures::stream::iter(first.map(Ok));
        Ok(lively(first.chain(tar), silence))
    }

    /// The engine's name of a container that runs; engines have odd words for the others.
    async fn running(&self, id: WorkloadId) -> Result<String> {
        let (seen, name) = self.existing(id).await?;
        match seen.state {
            RunState::Running => Ok(name),
            RunState::Paused => Err(DriverError::conflict("the container is paused")),
            _ => Err(DriverError::conflict("the container is not running")),
        }
    }
}

fn stats(read: &ContainerStatsResponse) -> Stats {
    let memory = read.memory_stats.as_ref();
    let detail = |key: &str| memory.and_then(|it| it.stats.as_ref()?.get(key).copied());
    // The page cache counts as used but goes when somebody needs it. cgroup v1, then v2.
    let cache = detail("total_inactive_file")
        .or(detail("inactive_file"))
        .unwrap_or(0);
    let used = memory.and_then(|it| it.usage).unwrap_or(0);
    let networks = || read.networks.iter().flat_map(|it| it.values());
    let disks = read
        .blkio_stats
        .as_ref()
        .and_then(|it| it.io_service_bytes_recursive.as_deref());
    Stats {
        cpu_ns: read
            .cpu_stats
            .as_ref()
            .and_then(|it| it.cpu_usage.as_ref()?.total_usage)
            .unwrap_or(0),
        memory_bytes: used.saturating_sub(cache),
        memory_limit_bytes: memory.and_then(|it| it.limit).unwrap_or(0),
        pids: read
            .pids_stats
            .as_ref()
            .and_then(|it| it.current)
            .unwrap_or(0),
        rx_bytes: networks().filter_map(|it| it.rx_bytes).sum(),
        tx_bytes: networks().filter_map(|it| it.tx_bytes).sum(),
        read_bytes: moved(disks.unwrap_or_default(), "read"),
        write_bytes: moved(disks.unwrap_or_default(), "write"),
    }
}

fn moved(entries: &[ContainerBlkioStatEntry], op: &str) -> u64 {
    let of_op = |it: &&ContainerBlkioStatEntry| {
        it.op
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(op))
    };
    entries.iter().filter(of_op).filter_map(|it| it.value).sum()
}
