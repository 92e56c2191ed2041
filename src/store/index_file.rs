//! The index of the write-ahead log (`-shm`), which SQLite maps into memory.
//!
//! If another program truncates that file, the next access raises `SIGBUS`, which would end the
//! process. A thread extends the file again before the access is repeated. The index is then empty;
//! SQLite reads it again from the log before the next transaction.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::file_id::FileId;

/// SQLite extends the index by this many bytes.
const PAGE: u64 = 32 << 10;

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

    pub(super) fn is_truncated(&self) -> bool {
        self.shared.lost.load(Ordering::Acquire)
            || self.shared.len() < self.shared.size.load(Ordering::Acquire)
    }

    pub(super) fn was_lost(&self) -> bool {
        self.shared.lost.load(Ordering::Acquire)
    }

    pub(super) fn note_size(&self) {
        self.shared.size.fetch_max(self.shared.len(), Ordering::AcqRel);
    }

    /// Extends a truncated file and erases the header, so that SQLite reads the index again from
    /// the log.
    pub(super) fn invalidate(&self) {
        self.shared.extend();
        self.shared.erase_header();
        self.shared.lost.store(false, Ordering::Release);
    }
}

impl Shared {
    fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    fn extend(&self) {
        let size = self.size.load(Ordering::Acquire).max(PAGE);
        if self.len() < size {
            // If this fails, the next access raises the signal again.
            let _ = self.file.set_len(size);
        }
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
    use signal_hook::low_level::pipe;
    use tokio::sync::watch;

    use super::{Ordering, PAGE, Shared};

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
    ///
    /// The standard library's own handler runs first and restores the default action, so that a
    /// second failing access ends the process. Nothing acknowledged is lost then.
    fn install() -> io::Result<()> {
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

    /// Writes until the pipe, which does not block yet, is full.
    fn fill(pipe: &mut PipeWriter) {
        while pipe.write(&[0; 4096]).is_ok_and(|written| written > 0) {}
        while pipe.write(&[0]).is_ok_and(|written| written > 0) {}
    }

    fn repair(mut woken: UnixStream, mut gate: PipeReader, _full: PipeWriter) {
        let mut buffer = [0; 8 << 10];
        while woken.read(&mut buffer).is_ok_and(|count| count > 0) {
            for index in OPEN.borrow().iter().filter_map(Weak::upgrade) {
                let size = index.size.load(Ordering::Acquire).max(PAGE);
                if index.len() < size {
                    index.lost.store(true, Ordering::Release);
                    // If this fails, the access fails again and ends the process.
                    let _ = index.file.set_len(size);
                    index.erase_header();
                }
            }
            // Lets the blocked handler return.
            let _ = gate.read(&mut buffer);
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use std::sync::Arc;

    pub(super) fn watch(_index: &Arc<super::Shared>) {}
}
