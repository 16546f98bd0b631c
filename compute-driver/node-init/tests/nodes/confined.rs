//! What a tenant who holds a node's engine does not get, with every capability and privilege that the
//! engine can give.

use super::inner::{self, run, with_everything};
use super::node::{MEMORY, Machine, Node};
use bollard::Docker;
use bollard::models::HostConfig;
use std::fs;
use std::process::{Command, Stdio};

#[tokio::test]
async fn root_in_a_node_is_nobody_on_the_machine() {
    Machine::with(async |machine| {
        let node = machine.boot(1).await;
        let inner = machine.furnished(&node).await;
        let mark = format!("{:08}", std::process::id());
        inner::start(&inner, &["sleep", &mark], with_everything()).await;
        // Below the container's own group is the engine's, with all that it runs.
        let container = machine.look_at(&node).await.id.unwrap();
        let inside = processes(|membership| {
            membership.contains(&container) && membership.contains("/engine")
        });
        assert!(
            inside.iter().any(|it| it.command.contains("dockerd")),
            "{inside:?}"
        );
        assert!(
            inside.iter().any(|it| it.command.contains(&mark)),
            "{inside:?}"
        );
        let range = node.uid_base..node.uid_base + 65_536;
        for process in inside {
            assert!(
                process.users.iter().all(|it| range.contains(it)),
                "{process:?}"
            );
        }
        machine.remove(node).await;
    })
    .await;
}

#[tokio::test]
async fn every_privilege_inside_reaches_nothing_of_the_machine() {
    Machine::with(async |machine| {
        let node = machine.boot(1).await;
        let inner = machine.furnished(&node).await;
        sees_no_process_of_the_machine(&inner).await;
        let device = std::os::unix::fs::MetadataExt::dev(&fs::metadata("/").unwrap());
        let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
        let tries = [
            format!("mknod /tmp/disk b {major} {minor}"),
            "ls /dev/?da* /dev/nvme* /dev/mapper/* 2>/dev/null | grep .".to_owned(),
            "mount -t ext4 /dev/vda /mnt".to_owned(),
            "echo '|/bin/true' > /proc/sys/kernel/core_pattern".to_owned(),
            "echo c > /proc/sysrq-trigger".to_owned(),
            "echo 1 > /proc/sys/vm/overcommit_memory".to_owned(),
            "head -c 1 /proc/kcore".to_owned(),
            "dmesg -c".to_owned(),
            // What the node was made of, and the agent's folder.
            "echo > /node/usr/sbin/node-init".to_owned(),
            "rm /node/usr/bin/runc".to_owned(),
            "echo > /node/etc/jeroboam/tls/ca.pem".to_owned(),
            "rm /node/var/lib/jeroboam/docker.sock".to_owned(),
            "ln -s /var/run/docker.sock /node/var/lib/jeroboam/other.sock".to_owned(),
        ];
        for attempt in tries {
            let (status, said) = run(&inner, &attempt, with_everything()).await;
            assert_ne!(status, 0, "{attempt}: {said}");
        }
        assert!(node.socket().await.info().await.is_ok(), "it serves on");
        machine.remove(node).await;
    })
    .await;
}

async fn sees_no_process_of_the_machine(inner: &Docker) {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let mut marked = Command::new("cat")
        .env("NODE_INIT_TEST", format!("mark-{unique}"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // The pattern does not match itself, in the command lines of those who look. Some may end meanwhile.
    let script = format!(
        "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '[m]ark-{unique}'; \
         ls -d /proc/[0-9]* | wc -l; cat /proc/1/cmdline"
    );
    let (_, said) = run(inner, &script, with_everything()).await;
    let lines: Vec<_> = said.lines().collect();
    marked.kill().unwrap();
    marked.wait().unwrap();
    assert_eq!(lines[0], "0", "{said}");
    assert!(lines[1].parse::<u32>().unwrap() < 40, "{said}");
    assert!(
        lines[2].contains("engine"),
        "process 1 is the node's: {said}"
    );
}

#[tokio::test]
async fn limits_of_a_node_cannot_be_raised_from_inside() {
    Machine::with(async |machine| {
        let node = machine.boot(1).await;
        let inner = machine.furnished(&node).await;
        // The root of what is seen is the engine's group, which belongs to root inside; what bounds it
        // does not.
        let raise = "for file in memory.limit_in_bytes memory.max; do \
                     for group in /sys/fs/cgroup/memory /sys/fs/cgroup; do \
                     echo max > $group/$file; echo -1 > $group/$file; done; done 2>/dev/null; \
                     find /sys/fs/cgroup -type d; cat /proc/self/cgroup";
        let config = HostConfig {
            cgroupns_mode: Some(bollard::models::HostConfigCgroupnsModeEnum::HOST),
            ..with_everything()
        };
        let (_, groups) = run(&inner, raise, config).await;
        assert!(groups.contains("/docker/"), "its own are there: {groups}");
        let container = machine.look_at(&node).await.id.unwrap();
        assert!(!groups.contains(&container), "{groups}");
        assert!(!groups.contains(".."), "{groups}");

        let script = format!("dd if=/dev/zero of=/dev/null bs={} count=1", 2 * MEMORY);
        let (status, said) = run(&inner, &script, with_everything()).await;
        assert_ne!(status, 0, "{said}");
        let (status, said) = run(
            &inner,
            "dd if=/dev/zero of=/dev/null bs=64M count=1",
            with_everything(),
        )
        .await;
        assert_eq!(status, 0, "there is memory, up to the limit: {said}");
        let limit = machine.look_at(&node).await.host_config.unwrap().memory;
        assert_eq!(limit, Some(MEMORY));
        machine.remove(node).await;
    })
    .await;
}

#[derive(Debug)]
pub struct Process {
    pub id: i32,
    pub command: String,
    users: Vec<u32>,
}

/// Processes of the machine by their cgroups.
pub fn processes(wanted: impl Fn(&str) -> bool) -> Vec<Process> {
    let folders = fs::read_dir("/proc").unwrap().flatten().map(|it| it.path());
    let all = folders.filter_map(|folder| {
        let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
        if !wanted(&read("cgroup")?) {
            return None;
        }
        let status = read("status")?;
        let users = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        let users = users
            .split_whitespace()
            .map(|it| it.parse().unwrap())
            .collect();
        let command = read("cmdline")?.replace('\0', " ");
        let id = folder.file_name()?.to_str()?.parse().ok()?;
        Some(Process { id, command, users })
    });
    all.collect()
}

/// Does anything of the node live on the machine?
pub fn lives(node: &Node) -> bool {
    let range = node.uid_base..node.uid_base + 65_536;
    processes(|_| true)
        .iter()
        .any(|it| it.users.iter().any(|user| range.contains(user)))
}
