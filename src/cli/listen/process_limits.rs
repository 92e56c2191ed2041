//! Limits of the process: more open files, and no core dumps.

/// Files that are open apart from connections.
#[cfg(unix)]
const OTHER_FILES: u64 = 40;

/// Raises the number of open files as far as it is allowed, and turns core dumps off, since memory
/// holds webhook secrets.
#[cfg(unix)]
pub(super) fn set() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let files = getrlimit(Resource::Nofile);
    // If this fails, idle connections give way earlier.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let dumps = getrlimit(Resource::Core);
    // Lowering a limit is always allowed.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), ..dumps });
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A core pattern that is a program ignores the limit.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Returns how many connections may be open, at most `most`.
#[cfg(unix)]
pub(super) fn connections(most: usize) -> usize {
    use rustix::process::{Resource, getrlimit};
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let possible = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    most.min(possible.max(8))
}

#[cfg(not(unix))]
pub(super) fn set() {}

#[cfg(not(unix))]
pub(super) fn connections(most: usize) -> usize {
    most
}
