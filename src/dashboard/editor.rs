//! The user's editor and the file that it opens.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::delivery::DeliveryId;
use crate::private_file;

/// Time an editor may take to exit when stopped, so that it can restore the terminal.
const PATIENCE: Duration = Duration::from_secs(1);

/// First part of the names of the folders.
const PREFIX: &str = "hookglass-edit-";

/// File in a folder that is locked as long as its process lives.
const LOCK: &str = ".lock";

/// The folder that an editor has open, if any. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenFolder(watch::Sender<Option<PathBuf>>);

impl OpenFolder {
    /// Installs a panic hook that removes the folder, because nothing is dropped when a panic
    /// aborts.
    pub(super) fn remove_on_panic(&self) {
        let (open, report) = (self.clone(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(folder) = &*open.0.borrow() {
                let _ = fs::remove_dir_all(folder);
            }
            report(panic);
        }));
    }
}

/// File readable only by its owner, in a folder of its own so that the editor's temporary files are
/// removed with it. Dropping removes the folder.
#[derive(Debug)]
pub(super) struct EditorFile {
    /// Removed when dropped.
    _folder: TempDir,
    file: PathBuf,
    _lock: File,
    open: OpenFolder,
}

impl EditorFile {
    pub(super) fn new(id: DeliveryId, text: &str, open: OpenFolder) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir()?;
        let lock = private_file::create_new(&folder.path().join(LOCK))?;
        // Without it, a dashboard that starts meanwhile removes the folder.
        lock.lock()?;
        open.0.send_replace(Some(folder.path().to_owned()));
        let file = folder.path().join(format!("delivery-{id}.txt"));
        private_file::create_new(&file)?.write_all(text.as_bytes())?;
        Ok(Self { _folder: folder, file, _lock: lock, open })
    }

    pub(super) fn path(&self) -> &Path {
        &self.file
    }

    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        fs::read(&self.file)
    }

    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        fs::write(&self.file, text)
    }
}

impl Drop for EditorFile {
    fn drop(&mut self) {
        self.open.0.send_replace(None);
    }
}

/// Removes the folders of processes that were killed while the editor was open.
pub(super) fn remove_abandoned() {
    // A file that cannot be read or removed belongs to another user, or another dashboard removes
    // it.
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            let lock = private_file::open_existing(&entry.path().join(LOCK));
            if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Returns the user's editor command, from the environment.
pub(super) fn name() -> String {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let usual = if cfg!(windows) { "notepad" } else { "vi" };
    set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| usual.to_owned())
}

/// Runs the editor until it exits, without the variables that hold secrets. The terminal must be
/// free.
pub(super) async fn run(
    name: &str,
    file: &Path,
    secret_variables: &[OsString],
) -> io::Result<ExitStatus> {
    let mut command = command(name, file);
    for variable in secret_variables {
        command.env_remove(variable);
    }
    Running(command.spawn()?).0.wait().await
}

/// Runs the editor through a shell, as git does, so that it may have arguments (`code --wait`) and
/// quotes.
#[cfg(unix)]
fn command(name: &str, file: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{name} \"$@\"")).arg(name).arg(file);
    command
}

#[cfg(not(unix))]
fn command(name: &str, file: &Path) -> Command {
    let mut words = name.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(name));
    command.args(words).arg(file);
    command
}

/// Editor process that is stopped when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(false);
        let step = PATIENCE / 50;
        for _ in 0..50 {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(step);
        }
        // It would go on reading the keys of the shell.
        self.signal(true);
    }
}

impl Running {
    #[cfg(unix)]
    fn signal(&self, kill: bool) {
        use rustix::process::{Pid, Signal, kill_process};
        let signal = if kill { Signal::KILL } else { Signal::TERM };
        let process = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(process) = process {
            // Fails only if it has already ended.
            let _ = kill_process(process, signal);
        }
    }

    #[cfg(not(unix))]
    fn signal(&mut self, kill: bool) {
        if kill {
            // Fails only if it has already ended.
            let _ = self.0.start_kill();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn editor_file_is_private_and_removed_on_drop() {
        use std::os::unix::fs::PermissionsExt as _;
        let draft = EditorFile::new(DeliveryId(7), "text", OpenFolder::default()).unwrap();
        let file = draft.path().to_owned();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
        fs::write(file.with_extension("txt~"), "left by an editor").unwrap();
        assert_eq!(draft.read().unwrap(), b"text");
        drop(draft);
        assert!(!file.parent().unwrap().exists());
    }

    #[test]
    fn a_file_in_use_is_not_abandoned() {
        let draft = EditorFile::new(DeliveryId(7), "text", OpenFolder::default()).unwrap();
        remove_abandoned();
        assert_eq!(draft.read().unwrap(), b"text");
    }
}
