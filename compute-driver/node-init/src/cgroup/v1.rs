//! cgroup v1: a tree for each controller. Limits hold downwards, so handing a group over hands no
//! limit of those above over.

use super::{ENGINE, Hierarchy, ROOT, get, give, make, put};
use crate::error::{During, Result};
use crate::mounts::{self, PLAIN};
use nix::mount::MsFlags;
use nix::unistd::Pid;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

fn container(tree: &Hierarchy) -> PathBuf {
    Path::new(ROOT).join(&tree.folder)
}

pub(super) fn prepare(tree: &Hierarchy, owner: u32) -> Result<()> {
    let container = container(tree);
    mounts::make_writable(&container.display().to_string())?;
    divide(&container, owner)
}

/// Makes the engine's group in the container's.
fn divide(container: &Path, owner: u32) -> Result<()> {
    let engine = container.join(ENGINE);
    make(&engine)?;
    for file in ["cpuset.cpus", "cpuset.mems"] {
        // A new group has none, and takes no process until it has some.
        if container.join(file).exists() {
            put(&engine, file, &get(container, file)?)?;
        }
    }
    give(&engine, owner)?;
    let doing = || format!("looking into {}", engine.display());
    for entry in fs::read_dir(&engine).during(doing())? {
        give(&entry.during(doing())?.path(), owner)?;
    }
    Ok(())
}

pub(super) fn enter(tree: &Hierarchy, holder: Pid) -> Result<()> {
    let engine = container(tree).join(ENGINE);
    put(&engine, "cgroup.procs", &holder.to_string())
}

pub(super) fn mount(trees: &[Hierarchy]) -> Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mounts::fresh("tmpfs", ROOT, flags, Some("mode=755"))?;
    for tree in trees {
        let path = container(tree);
        make(&path)?;
        let path = path.display().to_string();
        mounts::fresh("cgroup", &path, PLAIN, Some(&options(&tree.what)))?;
        // Programs look for a controller by its own name.
        for name in other_names(tree) {
            let link = Path::new(ROOT).join(name);
            symlink(&tree.folder, &link).during(format!("linking {}", link.display()))?;
        }
    }
    Ok(())
}

/// What one mounts such a tree with.
fn options(what: &str) -> String {
    match what.starts_with("name=") {
        true => format!("none,{what}"),
        false => what.to_owned(),
    }
}

fn other_names(tree: &Hierarchy) -> impl Iterator<Item = &str> {
    let controllers = tree.what.split(',').filter(|it| !it.contains('='));
    controllers.filter(|it| *it != tree.folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_mounted_by_its_controllers_and_found_by_each() {
        let tree = |folder: &str, what: &str| Hierarchy {
            folder: folder.into(),
            what: what.into(),
        };
        let shared = tree("cpu,cpuacct", "cpu,cpuacct");
        assert_eq!(options(&shared.what), "cpu,cpuacct");
        assert_eq!(other_names(&shared).collect::<Vec<_>>(), ["cpu", "cpuacct"]);
        assert_eq!(other_names(&tree("memory", "memory")).count(), 0);
        let named = tree("systemd", "name=systemd");
        assert_eq!(options(&named.what), "none,name=systemd");
        assert_eq!(other_names(&named).count(), 0);
    }

    #[test]
    fn the_engines_group_may_run_where_the_container_may() {
        let folder = tempfile::tempdir().unwrap();
        let owner = nix::unistd::getuid().as_raw();
        fs::write(folder.path().join("cpuset.cpus"), "0-1\n").unwrap();
        fs::write(folder.path().join("cpuset.mems"), "0\n").unwrap();
        for _twice in 0..2 {
            divide(folder.path(), owner).unwrap();
        }
        let engine = folder.path().join(ENGINE);
        assert_eq!(get(&engine, "cpuset.cpus").unwrap(), "0-1");
        assert_eq!(get(&engine, "cpuset.mems").unwrap(), "0");
    }
}
