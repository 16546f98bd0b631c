//! The engine's cgroups: below the container's own, so that what bounds the container bounds the node,
//! and the engine's alone to divide.
//!
//! ```text
//! <container>            limits of the node; process 1 and what the outer engine runs (in `init`, v2)
//!  └ engine              root of the engine's cgroup namespace; its files belong to root inside
//!     ├ init             the engine itself (v2, where a group with parts holds no processes)
//!     └ docker/<id>      one container inside
//! ```
//!
//! # Assumes
//! The container has a cgroup namespace of its own (`CgroupnsMode: private`).

mod v1;
mod v2;

use crate::error::{During, Error, Result};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

const ROOT: &str = "/sys/fs/cgroup";

/// Name of the engine's group in that of the container.
const ENGINE: &str = "engine";

/// How this kernel was told to arrange cgroups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cgroups {
    /// Several trees, each with its controllers.
    V1(Vec<Hierarchy>),
    /// One tree.
    V2,
}

/// One tree of cgroup v1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hierarchy {
    /// Its folder in `/sys/fs/cgroup`.
    pub folder: String,
    /// Its controllers, or `name=…`, as one mounts it.
    pub what: String,
}

impl Cgroups {
    /// What the container was given.
    ///
    /// # Errors
    /// When it was given nothing, or the machine's own namespace: its root group is not to be touched.
    pub fn find() -> Result<Self> {
        let read = |path: &str| fs::read_to_string(path).during(format!("reading {path}"));
        Self::of(&read("/proc/self/cgroup")?, &read("/proc/self/mountinfo")?)
    }

    fn of(memberships: &str, mounts: &str) -> Result<Self> {
        // `id:controllers:path`, where the path may hold colons.
        let memberships = memberships.lines().filter_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            Some((parts.next()?, parts.next()?))
        });
        let memberships: Vec<_> = memberships.collect();
        if memberships.iter().any(|(_, path)| *path != "/") {
            return Err(Error::refused(
                "the container is in the machine's cgroup namespace; it has to be made with one of \
                 its own (CgroupnsMode: private)",
            ));
        }
        let mut hierarchies = Vec::new();
        for mount in mounts.lines().filter_map(Mount::parse) {
            if mount.kind == "cgroup2" && mount.point == ROOT {
                return Ok(Self::V2);
            }
            let Some(folder) = mount.point.strip_prefix(ROOT) else {
                continue;
            };
            let folder = folder.trim_start_matches('/').to_owned();
            let what = memberships
                .iter()
                .map(|(what, _)| *what)
                .find(|what| !what.is_empty() && mount.has_all(what));
            if let (false, "cgroup", Some(what)) = (folder.is_empty(), mount.kind, what) {
                let what = what.to_owned();
                hierarchies.push(Hierarchy { folder, what });
            }
        }
        if hierarchies.is_empty() {
            return Err(Error::refused(format!("no cgroups are mounted in {ROOT}")));
        }
        Ok(Self::V1(hierarchies))
    }

    /// In words.
    pub fn version(&self) -> &'static str {
        match self {
            Self::V1(_) => "v1",
            Self::V2 => "v2",
        }
    }

    /// Bytes of memory that the container may have; nothing when it is not bounded, or nobody says.
    pub fn memory(&self) -> Option<u64> {
        let root = Path::new(ROOT);
        let text = match self {
            Self::V1(all) => {
                let of_memory = |it: &&Hierarchy| it.what.split(',').any(|one| one == "memory");
                let tree = all.iter().find(of_memory)?;
                get(&root.join(&tree.folder), "memory.limit_in_bytes")
            }
            Self::V2 => get(root, "memory.max"),
        };
        text.ok()?.parse().ok()
    }

    /// Makes the engine's group, which is then `owner`'s.
    pub fn prepare(&self, owner: u32) -> Result<()> {
        match self {
            Self::V1(all) => all.iter().try_for_each(|one| v1::prepare(one, owner)),
            Self::V2 => v2::prepare(Path::new(ROOT), owner),
        }
    }

    /// Puts the holder into the engine's group, where it makes its cgroup namespace.
    pub fn enter(&self, holder: Pid) -> Result<()> {
        match self {
            Self::V1(all) => all.iter().try_for_each(|one| v1::enter(one, holder)),
            Self::V2 => v2::enter(Path::new(ROOT), holder),
        }
    }

    /// Arranges the engine's group once it is the root of a namespace, with the holder in it.
    pub fn settle(&self, holder: Pid, owner: u32) -> Result<()> {
        match self {
            Self::V1(_) => Ok(()),
            Self::V2 => v2::settle(Path::new(ROOT), holder, owner),
        }
    }

    /// Mounts what the engine's namespaces show of it.
    pub fn mount(&self) -> Result<()> {
        match self {
            Self::V1(all) => v1::mount(all),
            Self::V2 => v2::mount(),
        }
    }
}

fn put(folder: &Path, file: &str, text: &str) -> Result<()> {
    let path = folder.join(file);
    fs::write(&path, text).during(format!("writing \"{text}\" to {}", path.display()))
}

fn get(folder: &Path, file: &str) -> Result<String> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).during(format!("reading {}", path.display()))?;
    Ok(text.trim().to_owned())
}

fn make(folder: &Path) -> Result<()> {
    // Not an error when it is there.
    fs::create_dir_all(folder).during(format!("making the cgroup {}", folder.display()))
}

fn give(path: &Path, owner: u32) -> Result<()> {
    std::os::unix::fs::chown(path, Some(owner), Some(owner))
        .during(format!("handing {} over to the engine", path.display()))
}

/// One line of `/proc/self/mountinfo`, what is needed of it.
struct Mount<'a> {
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        // Between the fields before and after the dash there is any number of optional ones.
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?;
        let mut after = after.split(' ');
        let kind = after.next()?;
        let options = after.nth(1)?;
        Some(Self {
            point,
            kind,
            options,
        })
    }

    fn has_all(&self, what: &str) -> bool {
        what.split(',')
            .all(|one| self.options.split(',').any(|it| it == one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(folder: &str, what: &str) -> Hierarchy {
        Hierarchy {
            folder: folder.into(),
            what: what.into(),
        }
    }

    #[test]
    fn the_trees_of_v1_are_found_whatever_shares_one() {
        let memberships = "9:name=systemd:/\n4:cpu,cpuacct:/\n3:memory:/\n0::/\n";
        let mounts = "\
78 74 0:45 / /sys ro,nosuid - sysfs sysfs ro
79 78 0:46 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755
80 79 0:29 / /sys/fs/cgroup/cpu,cpuacct ro,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
83 79 0:32 / /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
88 79 0:37 / /sys/fs/cgroup/systemd ro,nosuid - cgroup cgroup rw,xattr,name=systemd
89 79 0:38 / /sys/fs/cgroup/unified ro,nosuid - cgroup2 cgroup2 rw
";
        let found = Cgroups::of(memberships, mounts).unwrap();
        let all = vec![
            tree("cpu,cpuacct", "cpu,cpuacct"),
            tree("memory", "memory"),
            tree("systemd", "name=systemd"),
        ];
        assert_eq!(found, Cgroups::V1(all));
    }

    #[test]
    fn one_tree_is_v2() {
        let mounts = "31 24 0:27 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw,nsdelegate\n";
        assert_eq!(Cgroups::of("0::/\n", mounts).unwrap(), Cgroups::V2);
    }

    #[test]
    fn the_machines_own_groups_are_left_alone() {
        let mounts = "31 24 0:27 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n";
        let refused = Cgroups::of("0::/docker/0123\n", mounts).unwrap_err();
        assert!(refused.to_string().contains("CgroupnsMode: private"));
        assert!(
            Cgroups::of("0::/\n", "")
                .unwrap_err()
                .to_string()
                .contains("no cgroups")
        );
    }
}
