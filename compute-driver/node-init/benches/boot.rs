//! How long a node takes from its start until its engine answers over mutual TLS, beside an ordinary
//! container of the same machine; what an empty node keeps of memory; a container inside. Needs what
//! the tests of nodes need: `JEROBOAM_TEST_DOCKER=… cargo bench -p node-init`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench")]
#![expect(clippy::print_stdout, reason = "prints what it measured")]

#[path = "../tests/nodes"]
#[expect(dead_code, reason = "the tests use the rest")]
mod nodes {
    pub mod authority;
    pub mod image;
    pub mod inner;
    pub mod node;
}

use bollard::Docker;
use bollard::models::HostConfig;
use bollard::query_parameters::{
    RemoveContainerOptionsBuilder, RemoveImageOptions, StatsOptionsBuilder,
    StopContainerOptionsBuilder,
};
use futures::StreamExt;
use nodes::node::{Files, Machine, Node, guests};
use nodes::{image, inner};
use std::time::{Duration, Instant};

const ROUNDS: usize = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    Machine::with(async |machine| {
        let folder = tempfile::tempdir().unwrap();
        let busybox_was_here = machine.engine.inspect_image("busybox").await.is_ok();
        image::load(&machine.engine, &image::busybox(folder.path())).await;
        let (mut boot, mut memory, mut inside, mut outside, mut stop) =
            (vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..ROUNDS {
            let join = |files: &mut Files| files.config["guests"] = guests();
            let node = machine.make(1, join).await;
            let engine = took(&mut boot, async {
                machine.start(&node).await;
                machine.ready(&node).await
            });
            let engine = engine.await;
            memory.push(used(machine, &node).await);
            image::load(&engine, &image::busybox(folder.path())).await;
            for (engine, times) in [(&engine, &mut inside), (&machine.engine, &mut outside)] {
                let id = took(times, container(engine)).await;
                gone(engine, &id).await;
            }
            let options = StopContainerOptionsBuilder::new().t(60).build();
            let stopped = machine.engine.stop_container(&node.name, Some(options));
            took(&mut stop, stopped).await.unwrap();
            machine.remove(node).await;
        }
        if !busybox_was_here {
            let removed = machine
                .engine
                .remove_image("busybox", None::<RemoveImageOptions>, None);
            removed.await.unwrap();
        }
        memory.sort_unstable();
        println!("over {ROUNDS} rounds                            p50       least      most");
        row("node: start to /info over TLS", boot);
        row("node: asked to end, to its end", stop);
        row("container in a node, on a bridge", inside);
        row("the same on the machine", outside);
        println!(
            "memory of an empty node, p50: {} MiB",
            memory[ROUNDS / 2] >> 20
        );
    })
    .await;
}

/// Makes a container and starts it.
async fn container(engine: &Docker) -> String {
    inner::start(engine, &["sleep", "60"], HostConfig::default()).await
}

async fn gone(engine: &Docker, id: &str) {
    let options = RemoveContainerOptionsBuilder::new().force(true).build();
    engine.remove_container(id, Some(options)).await.unwrap();
}

async fn used(machine: &Machine, node: &Node) -> u64 {
    let options = StatsOptionsBuilder::new().stream(false).build();
    let stats = machine.engine.stats(&node.name, Some(options)).next().await;
    stats.unwrap().unwrap().memory_stats.unwrap().usage.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
async fn took<T>(times: &mut Vec<Duration>, work: impl Future<Output = T>) -> T {
    let begin = Instant::now();
    let done = work.await;
    times.push(begin.elapsed());
    done
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |at: usize| times[at].as_millis();
    let (middle, least, most) = (ms(times.len() / 2), ms(0), ms(times.len() - 1));
    println!("{what:<40} {middle:>6} ms {least:>8} ms {most:>6} ms");
}
