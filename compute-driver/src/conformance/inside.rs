//! What is asked of the inside of a container.

use super::{Behaviour, Bench, must};
use crate::error::DriverError;
use crate::terminal::{ExecOrder, TtySize};
use bytes::Bytes;
use futures::StreamExt;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Output, input, status, environment.
pub async fn a_command_runs_to_its_end(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let run = async |order| must(bench.driver.exec(workload.id, order).await, "exec");
    let said = run(ExecOrder::new(["/bin/echo", "hello", "world"])).await;
    assert_eq!(
        (said.text.as_str(), said.exit_code, said.truncated),
        ("hello world\n", 0, false)
    );
    assert_eq!(run(ExecOrder::new(["/bin/false"])).await.exit_code, 1);
    let stdin = Some(Bytes::from_static(b"typed\n"));
    let said = run(ExecOrder {
        stdin,
        ..ExecOrder::new(["/bin/cat"])
    })
    .await;
    assert_eq!((said.text.as_str(), said.exit_code), ("typed\n", 0));
    assert!(
        run(ExecOrder::new(["/bin/env"]))
            .await
            .text
            .contains("COLOUR=blue\n")
    );
    assert_eq!(run(ExecOrder::new(["/bin/hostname"])).await.text, "case\n");
}

/// The tenant's mistake, told as such.
pub async fn a_command_that_is_not_there_is_refused(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    match bench
        .driver
        .exec(workload.id, ExecOrder::new(["/no/such", "argument"]))
        .await
    {
        Err(DriverError::Refused {
            text,
            permanent: true,
            host_fault: false,
        }) => {
            assert_eq!(text, "the command /no/such was not found in the image");
        }
        other => panic!("run, or refused otherwise: {other:?}"),
    }
}

/// The caller gets its answer in time; the container is unharmed.
pub async fn a_command_that_takes_too_long_is_given_up(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let deadline = Duration::from_millis(300);
    let order = ExecOrder {
        deadline,
        ..ExecOrder::new(["/bin/sleep", "600"])
    };
    let result = bench.driver.exec(workload.id, order).await;
    assert!(
        matches!(result, Err(DriverError::Timeout { op: "exec", .. })),
        "{result:?}"
    );
    let said = must(
        bench
            .driver
            .exec(workload.id, ExecOrder::new(["/bin/true"]))
            .await,
        "exec",
    );
    assert_eq!(said.exit_code, 0);
}

/// The end of the output, over several lives, still there after the end.
pub async fn output_is_kept_and_bounded_by_lines(bench: &Bench) {
    let workload = bench.started(Behaviour::Says("ready")).await;
    let lines = async |tail, timestamps| {
        must(
            bench.driver.logs(workload.id, tail, timestamps).await,
            "logs",
        )
    };
    let waiting = async { while lines(None, false).await != "ready\n" {} };
    must(
        tokio::time::timeout(super::PATIENCE, waiting).await,
        "the first line",
    );
    must(
        bench
            .driver
            .ensure_stopped(workload.id, Duration::ZERO)
            .await,
        "stop",
    );
    must(bench.driver.ensure_running(workload.id).await, "start");
    let waiting = async { while lines(None, false).await != "ready\nready\n" {} };
    must(
        tokio::time::timeout(super::PATIENCE, waiting).await,
        "the second line",
    );
    assert_eq!(lines(Some(1), false).await, "ready\n");
    assert_eq!(lines(Some(0), false).await, "");
    let stamped = lines(Some(1), true).await;
    assert!(stamped.ends_with(" ready\n"), "{stamped}");
    must(
        bench
            .driver
            .ensure_stopped(workload.id, Duration::ZERO)
            .await,
        "stop",
    );
    assert_eq!(lines(Some(1), false).await, "ready\n");
}

/// `stats` and `top`.
pub async fn counters_and_processes_are_shown(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let stats = must(bench.driver.stats(workload.id).await, "stats");
    assert_eq!(stats.memory_limit_bytes, workload.limits.memory_bytes);
    assert!(
        stats.cpu_ns > 0 && stats.memory_bytes > 0 && stats.pids > 0,
        "{stats:?}"
    );
    // An engine answers a start before the program has taken the place of the engine's own.
    let started = async {
        loop {
            let top = must(bench.driver.top(workload.id).await, "top");
            if top
                .processes
                .iter()
                .flatten()
                .any(|word| word.contains("sleep"))
            {
                return top;
            }
        }
    };
    let top = must(
        tokio::time::timeout(super::PATIENCE, started).await,
        "the program",
    );
    assert!(top.titles.iter().any(|title| title == "PID"), "{top:?}");
    let whole = |row: &Vec<String>| row.len() == top.titles.len();
    assert!(top.processes.iter().all(whole), "{top:?}");
}

/// Both directions, resizing, and the status at the end.
pub async fn a_terminal_has_a_size_and_an_end(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    let size = TtySize {
        columns: 97,
        rows: 31,
    };
    let opened = bench
        .driver
        .terminal(workload.id, vec!["/bin/sh".into()], size)
        .await;
    let mut terminal = must(opened, "terminal");
    let mut shown = String::new();
    must(terminal.input.write_all(b"stty size\n").await, "type");
    read_until(&mut terminal.output, &mut shown, "31 97").await;
    must(
        terminal
            .control
            .resize(TtySize {
                columns: 120,
                rows: 50,
            })
            .await,
        "resize",
    );
    must(terminal.input.write_all(b"stty size\n").await, "type");
    read_until(&mut terminal.output, &mut shown, "50 120").await;
    assert_eq!(must(terminal.control.exit_code().await, "status"), None);
    must(terminal.input.write_all(b"exit 3\n").await, "type");
    let to_end = async { while terminal.output.next().await.is_some() {} };
    must(
        tokio::time::timeout(super::PATIENCE, to_end).await,
        "the end",
    );
    let status = async {
        loop {
            if let Some(code) = must(terminal.control.exit_code().await, "status") {
                return code;
            }
        }
    };
    assert_eq!(
        must(
            tokio::time::timeout(super::PATIENCE, status).await,
            "status"
        ),
        3
    );
}

/// A conflict, not a failure.
pub async fn nothing_runs_inside_what_does_not_run(bench: &Bench) {
    let workload = bench.workload(Behaviour::Idle).await;
    must(bench.driver.ensure_created(&workload).await, "create");
    let results = [
        bench
            .driver
            .exec(workload.id, ExecOrder::new(["/bin/true"]))
            .await
            .map(drop),
        bench.driver.stats(workload.id).await.map(drop),
        bench.driver.top(workload.id).await.map(drop),
    ];
    for result in results {
        assert!(
            matches!(result, Err(DriverError::Conflict { .. })),
            "{result:?}"
        );
    }
    assert_eq!(
        must(bench.driver.logs(workload.id, None, false).await, "logs"),
        ""
    );
}

async fn read_until(output: &mut crate::ByteStream, shown: &mut String, wanted: &str) {
    let reading = async {
        while !shown.contains(wanted) {
            match output.next().await {
                Some(Ok(part)) => shown.push_str(&String::from_utf8_lossy(&part)),
                end => panic!("the terminal ended with {end:?} after {shown:?}"),
            }
        }
    };
    must(tokio::time::timeout(super::PATIENCE, reading).await, wanted);
}
