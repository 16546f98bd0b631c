//! cgroup v2: one tree. A group that hands controllers on to its parts holds no processes itself, so
//! both the container's and the engine's keep theirs in a part named `init`.
//! <https://docs.kernel.org/admin-guide/cgroup-v2.html>, "No Internal Process Constraint" and
//! "Delegation".

use super::{ENGINE, ROOT, get, give, make, put};
use crate::error::{Error, Result};
use crate::mounts::{self, PLAIN};
use crate::telling::say;
use nix::unistd::Pid;
use std::fs;
use std::path::Path;

const INIT: &str = "init";

/// Files by which a group is divided. The kernel lists those it has; these are the ones of the oldest.
const DIVIDING: &str = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
const DIVIDING_LIST: &str = "/sys/kernel/cgroup/delegate";

/// How often the container's processes are moved, should one of them make more meanwhile.
const TRIES: usize = 10;

pub(super) fn prepare(container: &Path, owner: u32) -> Result<()> {
    mounts::make_writable(ROOT)?;
    divide(container, owner)
}

fn divide(container: &Path, owner: u32) -> Result<()> {
    let init = container.join(INIT);
    make(&init)?;
    empty_into(container, &init)?;
    hand_controllers_on(container)?;
    let engine = container.join(ENGINE);
    make(&engine)?;
    delegate(&engine, owner)
}

pub(super) fn enter(container: &Path, holder: Pid) -> Result<()> {
    put(&container.join(ENGINE), "cgroup.procs", &holder.to_string())
}

/// The holder's namespace has the engine's group as its root now; that group has to be empty for the
/// engine to make parts of it.
pub(super) fn settle(container: &Path, holder: Pid, owner: u32) -> Result<()> {
    let engine = container.join(ENGINE);
    let init = engine.join(INIT);
    make(&init)?;
    delegate(&init, owner)?;
    put(&init, "cgroup.procs", &holder.to_string())?;
    hand_controllers_on(&engine)
}

pub(super) fn mount() -> Result<()> {
    mounts::fresh("cgroup2", ROOT, PLAIN, None)
}

/// Moves every process of one group into another.
fn empty_into(from: &Path, to: &Path) -> Result<()> {
    for _ in 0..TRIES {
        let here = get(from, "cgroup.procs")?;
        if here.is_empty() {
            return Ok(());
        }
        for process in here.lines() {
            let moved = put(to, "cgroup.procs", process);
            // One that has ended meanwhile needs no moving.
            if fs::exists(format!("/proc/{process}")).unwrap_or(true) {
                moved?;
            }
        }
    }
    Err(Error::refused(format!(
        "the processes of {} do not stop becoming more",
        from.display()
    )))
}

/// Lets the parts of a group have the group's controllers. One that this machine cannot give is named
/// and gone without: the engine says what it cannot do then.
fn hand_controllers_on(group: &Path) -> Result<()> {
    let there = get(group, "cgroup.controllers")?;
    for order in orders(&there) {
        if let Err(error) = put(group, "cgroup.subtree_control", &order) {
            say(format_args!("going on without a controller: {error}"));
        }
    }
    Ok(())
}

/// One order for each controller: one that is refused does not take the others with it.
fn orders(controllers: &str) -> impl Iterator<Item = String> {
    controllers.split_whitespace().map(|it| format!("+{it}"))
}

/// Makes a group its owner's to divide. Its own limits stay the machine's.
fn delegate(group: &Path, owner: u32) -> Result<()> {
    give(group, owner)?;
    let list = fs::read_to_string(DIVIDING_LIST).unwrap_or_else(|_| DIVIDING.to_owned());
    for file in list.lines() {
        let path = group.join(file);
        // The list is of all files of all controllers.
        if path.exists() {
            give(&path, owner)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervise;
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};

    #[test]
    fn controllers_are_handed_on_one_by_one() {
        assert_eq!(
            orders("cpu memory pids\n").collect::<Vec<_>>(),
            ["+cpu", "+memory", "+pids"]
        );
        assert_eq!(orders("").count(), 0);
    }

    /// A group of the machine's own tree that is taken away again, where there is one to be had.
    struct Container(PathBuf);

    impl Container {
        fn make() -> Option<Self> {
            let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
            let tree = mounts.lines().find_map(|line| {
                let words: Vec<_> = line.split(' ').collect();
                (words[2] == "cgroup2").then(|| PathBuf::from(words[1]))
            });
            let name = format!("node-init-test-{}", std::process::id());
            let group = tree?.join(name);
            fs::create_dir(&group).ok().map(|()| Self(group))
        }

        fn members(&self, group: &str) -> String {
            get(&self.0.join(group), "cgroup.procs").unwrap()
        }
    }

    impl Drop for Container {
        fn drop(&mut self) {
            for group in ["engine/init", "engine", "init", ""] {
                _ = fs::remove_dir(self.0.join(group));
            }
        }
    }

    struct Idle(Child);

    impl Idle {
        fn start() -> Self {
            let mut cat = Command::new("cat");
            Self(cat.stdin(Stdio::piped()).spawn().unwrap())
        }

        fn id(&self) -> String {
            self.0.id().to_string()
        }
    }

    impl Drop for Idle {
        fn drop(&mut self) {
            _ = self.0.kill();
            _ = self.0.wait();
        }
    }

    #[test]
    fn processes_leave_the_groups_that_are_divided() {
        let Some(container) = Container::make() else {
            println!("skipped: no cgroup v2 tree here that may be written to");
            return;
        };
        let (first, holder) = (Idle::start(), Idle::start());
        put(&container.0, "cgroup.procs", &first.id()).unwrap();
        let owner = 1_000_000;
        divide(&container.0, owner).unwrap();
        enter(&container.0, supervise::pid(&holder.0)).unwrap();
        assert_eq!(container.members("engine"), holder.id());
        settle(&container.0, supervise::pid(&holder.0), owner).unwrap();

        assert_eq!(container.members(""), "");
        assert_eq!(container.members("init"), first.id());
        assert_eq!(container.members("engine"), "");
        assert_eq!(container.members("engine/init"), holder.id());
        let owner_of = |path: &str| {
            use std::os::unix::fs::MetadataExt;
            fs::metadata(container.0.join(path)).unwrap().uid()
        };
        for divided in [
            "engine",
            "engine/cgroup.subtree_control",
            "engine/init/cgroup.procs",
        ] {
            assert_eq!(owner_of(divided), owner, "{divided}");
        }
        assert_eq!(
            owner_of("engine/cgroup.max.depth"),
            0,
            "limits stay the machine's"
        );
        assert_eq!(owner_of("cgroup.subtree_control"), 0);
        drop((first, holder));
    }
}
