//! The index of the write-ahead log (`-shm`), which SQLite maps into memory.
//!
//! If another program truncates that file, the next access raises `SIGBUS`, which would end the
//! process. A thread extends the file again before the access is repeated, as often as necessary.
//! The index is then empty; SQLite reads it again from the log before the next transaction.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::file_id::FileId;

/// SQLite extends the index by this many bytes.
const PAGE: u64 = 32 << 10;

/// Room for what a transaction in progress may have added to the index: a GiB of log.
const MARGIN: u64 = 1 << 20;

/// Length of the header, whose two copies SQLite compares before it trusts the index.
#[cfg(unix)]
const HEADER: [u8; 136] = [0; 136];

/// The open index of a store.
///
/// It stays open while the store is: closing any descriptor of the file releases all of SQLite's
/// locks on it.
#[derive(Debug)]
pub(super) struct IndexFile {
    shared: Arc<Shared>,
    id: FileId,
}

#[derive(Debug)]
struct Shared {
    file: File,
    size: AtomicU64,
    lost: AtomicBool,
}

impl IndexFile {
    /// Opens the index of a store that SQLite has open; none if SQLite uses no such file.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
        let metadata = file.metadata().ok()?;
        let id = FileId::of(&metadata);
        let shared =
            Shared { file, size: AtomicU64::new(metadata.len()), lost: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        signals::watch(&shared);
        Some(Self { shared, id })
    }

    pub(super) fn id(&self) -> FileId {
        self.id
    }

    /// Returns whether it was truncated, given its size.
    pub(super) fn is_truncated(&self, size: u64) -> bool {
        self.shared.lost.load(Ordering::Acquire) || size < self.shared.size.load(Ordering::Acquire)
    }

    pub(super) fn was_lost(&self) -> bool {
        self.shared.lost.load(Ordering::Acquire)
    }

    pub(super) fn note_size(&self, size: u64) {
        self.shared.size.fetch_max(size, Ordering::AcqRel);
    }

    /// Extends a truncated file and erases the header, so that SQLite reads the index again from
    /// the log.
    pub(super) fn invalidate(&self) {
        if self.shared.is_short() {
            self.shared.extend();
        }
        self.shared.erase_header();
        self.note_size(self.shared.len());
        self.shared.lost.store(false, Ordering::Release);
    }
}

impl Shared {
    fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    fn is_short(&self) -> bool {
        self.len() < self.size.load(Ordering::Acquire).max(PAGE)
    }

    fn extend(&self) {
        // The transaction in progress may have extended it further.
        let size = self.size.load(Ordering::Acquire) + MARGIN;
        // If this fails, the next access raises the signal again.
        let _ = self.allocate(size).or_else(|_| self.file.set_len(size));
    }

    /// Extends the file without holes, which could not be filled on a full disk.
    #[cfg(target_os = "linux")]
    fn allocate(&self, size: u64) -> std::io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        Ok(fallocate(&self.file, FallocateFlags::empty(), 0, size)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn allocate(&self, size: u64) -> std::io::Result<()> {
        self.file.set_len(size)
    }

    #[cfg(unix)]
    fn erase_header(&self) {
        use std::os::unix::fs::FileExt as _;
        // Fails only if the disk is full, when nothing can be committed either.
        let _ = self.file.write_all_at(&HEADER, 0);
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "a mapped file cannot be truncated on other systems")]
    fn erase_header(&self) {}
}

#[cfg(unix)]
mod signals {
    use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
    use std::os::unix::net::UnixStream;
    use std::sync::{Arc, LazyLock, Weak};
    use std::thread;

    use rustix::fs::{OFlags, fcntl_setfl};
    use signal_hook::consts::SIGBUS;
    use signal_hook::low_level::{emulate_default_handler, pipe};
    use tokio::sync::watch;

    use super::{Ordering, Shared};

    /// Number of consecutive failing accesses that cannot be repaired before the process ends, as
    /// it does by default. Threads that failed together count separately.
    const MAX_FUTILE: u32 = 1000;

    /// Indexes that are open in this process.
    static OPEN: LazyLock<watch::Sender<Vec<Weak<Shared>>>> =
        LazyLock::new(|| watch::Sender::new(Vec::new()));

    /// Extends an index when an access to it fails.
    pub(super) fn watch(index: &Arc<Shared>) {
        let mut is_first = false;
        OPEN.send_modify(|open| {
            is_first = open.capacity() == 0;
            open.retain(|one| one.strong_count() > 0);
            open.push(Arc::downgrade(index));
        });
        if is_first {
            // Without it, a truncated index ends the process as it does by default.
            let _ = install();
        }
    }

    /// Installs a handler that wakes a thread and then blocks until the thread has extended the
    /// index. It blocks by writing to a full pipe.
    fn install() -> io::Result<()> {
        remove_handler_of_std();
        let (woken, wake) = UnixStream::pair()?;
        let (gate, mut full) = io::pipe()?;
        pipe::register_raw(SIGBUS, wake.into())?;
        pipe::register_raw(SIGBUS, full.try_clone()?.into())?;
        fill(&mut full);
        // Shared by all descriptors of the pipe, also the registered one.
        fcntl_setfl(&full, OFlags::empty())?;
        thread::Builder::new().name("sigbus".to_owned()).spawn(|| repair(woken, gate, full))?;
        Ok(())
    }

    /// Removes the handler that the standard library installs to report stack overflows, which are
    /// another signal here. It would run before ours and restore the default action, so that the
    /// second of two failing accesses, or of two threads, would end the process.
    ///
    /// It also does that when the signal is raised, and then returns.
    #[cfg(target_os = "linux")]
    fn remove_handler_of_std() {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        // Without a handler, raising it would end the process.
        if mask.is_some_and(|mask| mask & (1 << (SIGBUS - 1)) != 0) {
            // If this fails, only one failing access can be repeated.
            let _ = signal_hook::low_level::raise(SIGBUS);
        }
    }

    /// On other systems, stack overflows may raise the same signal.
    #[cfg(not(target_os = "linux"))]
    fn remove_handler_of_std() {}

    /// Writes until the pipe, which does not block yet, is full.
    fn fill(pipe: &mut PipeWriter) {
        while pipe.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
        while pipe.write(&[0]).is_ok_and(|written| written > 0) {}
    }

    fn repair(mut woken: UnixStream, mut gate: PipeReader, _full: PipeWriter) {
        let mut buffer = [0; 8 << 10];
        let mut futile = 0;
        while woken.read(&mut buffer).is_ok_and(|count| count > 0) {
            futile += 1;
            for index in OPEN.borrow().iter().filter_map(Weak::upgrade) {
                if index.is_short() {
                    // First, since other threads can read the extended index at once.
                    index.lost.store(true, Ordering::Release);
                    index.extend();
                    index.erase_header();
                    futile = 0;
                }
            }
            if futile > MAX_FUTILE {
                // The failing access is to something else. Nothing acknowledged is lost.
                let _ = emulate_default_handler(SIGBUS);
            }
            // Lets the blocked handlers return.
            let _ = gate.read(&mut buffer);
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use std::sync::Arc;

    pub(super) fn watch(_index: &Arc<super::Shared>) {}
}
