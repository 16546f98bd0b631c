//! Where worlds have their files: in memory if there is room. What a story does is written through to the
//! disk dozens of times, and waiting for that is most of the time of a replay that stores images.

use nix::sys::statvfs::statvfs;
use std::path::Path;
use tempfile::TempDir;

/// The file system in memory that Linux has.
const MEMORY: &str = "/dev/shm";

/// Bytes that must be free there: those of many worlds, for tests run side by side.
const ROOM: u64 = 512 << 20;

/// An empty directory, which goes when it is dropped.
pub(super) fn directory() -> TempDir {
    let memory = Path::new(MEMORY);
    if room(memory).is_some_and(|room| room >= ROOM)
        && let Ok(directory) = tempfile::tempdir_in(memory)
    {
        return directory;
    }
    tempfile::tempdir().unwrap()
}

fn room(path: &Path) -> Option<u64> {
    let there = statvfs(path).ok()?;
    Some(there.blocks_available() * there.fragment_size())
}
