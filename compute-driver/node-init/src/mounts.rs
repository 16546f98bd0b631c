//! The file systems the engine sees: fresh views of its own namespaces over those of the container.

use crate::cgroup::Cgroups;
use crate::error::{During, Result};
use nix::mount::{MsFlags, mount};

/// No devices, no programs, no set-user-id.
pub const PLAIN: MsFlags = MsFlags::MS_NOSUID
    .union(MsFlags::MS_NODEV)
    .union(MsFlags::MS_NOEXEC);

/// Folders the engine writes to; in memory, so a node that starts again starts clean. Nothing of the
/// image itself is ever written to. Of these mounts it may make others with other flags, for containers that
/// share the node's memory (`hostIPC`); of those of the container it may not.
const SCRATCH: [(&str, &str); 5] = [
    ("/run", "mode=755"),
    ("/tmp", "mode=1777"),
    ("/dev/shm", "mode=1777"),
    ("/etc/docker", "mode=755"),
    ("/opt", "mode=755"),
];

/// Makes the container's `/sys` writable. A mount is allowed no more than the one it lies over, and
/// the engine writes to that of its own network namespace.
pub fn open_sys() -> Result<()> {
    let flags = PLAIN | MsFlags::MS_REMOUNT;
    mount(None::<&str>, "/sys", None::<&str>, flags, None::<&str>).during("making /sys writable")
}

/// Makes a mount of the container writable that arrived as read-only.
pub fn make_writable(path: &str) -> Result<()> {
    let flags = PLAIN | MsFlags::MS_REMOUNT | MsFlags::MS_BIND;
    mount(None::<&str>, path, None::<&str>, flags, None::<&str>)
        .during(format!("making {path} writable"))
}

/// Everything the engine needs, in a mount namespace that was just made.
pub fn inside(cgroups: &Cgroups) -> Result<()> {
    let private = MsFlags::MS_PRIVATE | MsFlags::MS_REC;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>)
        .during("parting with the mounts outside")?;
    fresh("proc", "/proc", PLAIN, None)?;
    fresh("sysfs", "/sys", PLAIN, None)?;
    cgroups.mount()?;
    for (folder, options) in SCRATCH {
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        fresh("tmpfs", folder, flags, Some(options))?;
    }
    Ok(())
}

/// Mounts a new file system of a kind.
pub fn fresh(kind: &str, path: &str, flags: MsFlags, options: Option<&str>) -> Result<()> {
    mount(Some(kind), path, Some(kind), flags, options).during(format!("mounting {kind} on {path}"))
}

/// Settings of the kernel that kubelet wants so, and that are the whole machine's: it sees files that say
/// so. (`pkg/kubelet/cm/container_manager_linux.go`, `setupKernelTunables`.)
const PRETENDED: [(&str, &str); 6] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
    ("kernel/keys/root_maxkeys", "1000000"),
    ("kernel/keys/root_maxbytes", "25000000"),
];

/// Shows such files, kept in a folder.
pub fn pretend(folder: &str) -> Result<()> {
    std::fs::create_dir_all(folder).during(format!("making {folder}"))?;
    for (setting, value) in PRETENDED {
        let file = format!("{folder}/{}", setting.replace('/', "-"));
        std::fs::write(&file, value).during(format!("writing {file}"))?;
        show(&file, &format!("/proc/sys/{setting}"))?;
    }
    Ok(())
}

/// Lets what is mounted below be seen by others that see this mount, and the other way round.
pub fn share(path: &str) -> Result<()> {
    let flags = MsFlags::MS_SHARED | MsFlags::MS_REC;
    mount(None::<&str>, path, None::<&str>, flags, None::<&str>).during(format!("sharing {path}"))
}

/// Shows one file in place of another.
pub fn show(file: &str, over: &str) -> Result<()> {
    mount(
        Some(file),
        over,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .during(format!("showing {file} as {over}"))
}
