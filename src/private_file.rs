//! Files that only their owner can read, and that get their final name once they are complete.
//!
//! A failure leaves neither a partial nor an empty file behind.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};

/// Policy for a file that already exists under the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Keep,
    Replace,
}

/// A file that is being written next to its final name.
#[derive(Debug)]
pub(crate) struct PrivateFile {
    path: PathBuf,
    existing: Existing,
    out: BufWriter<NamedTempFile>,
}

/// Opens a regular file for reading. Anything else under its name is refused: a planted pipe would
/// wait for a writer forever, and a device may never end.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

impl PrivateFile {
    pub(crate) fn create(path: &Path, existing: Existing) -> io::Result<Self> {
        // tempfile creates with mode 0600; the same folder makes the rename atomic.
        Self::create_by(Builder::new().prefix(".hookglass-"), path, existing)
    }

    /// Creates a file that others can read, as far as the umask allows.
    fn create_shared(path: &Path, existing: Existing) -> io::Result<Self> {
        Self::create_by(&mut public_builder(), path, existing)
    }

    fn create_by(
        builder: &mut Builder<'_, '_>,
        path: &Path,
        existing: Existing,
    ) -> io::Result<Self> {
        let out = builder.tempfile_in(folder_of(path))?;
        Ok(Self { path: path.to_owned(), existing, out: BufWriter::new(out) })
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        persist(file, &self.path, self.existing)
    }
}

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Files that get their names together: if one of them cannot, none is new.
#[derive(Debug)]
pub(crate) struct FileSet {
    existing: Existing,
    /// Set if others can read the files.
    is_shared: bool,
    waiting: Vec<(TempPath, PathBuf)>,
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}", .path.display())]
pub struct WriteError {
    pub path: PathBuf,
    pub source: io::Error,
}

impl FileSet {
    pub(crate) fn new(existing: Existing) -> Self {
        Self { existing, is_shared: false, waiting: Vec::new() }
    }

    /// Creates a set of files that others can read, as far as the umask allows.
    pub(crate) fn shared(existing: Existing) -> Self {
        Self { is_shared: true, ..Self::new(existing) }
    }

    /// Writes a file that waits for its name.
    pub(crate) fn add(&mut self, path: &Path, content: &[u8]) -> Result<(), WriteError> {
        let failed = |source| WriteError { path: path.to_owned(), source };
        let created = if self.is_shared {
            PrivateFile::create_shared(path, self.existing)
        } else {
            PrivateFile::create(path, self.existing)
        };
        let mut file = created.map_err(failed)?;
        file.write_all(content).map_err(failed)?;
        self.add_file(file).map_err(failed)
    }

    pub(crate) fn add_file(&mut self, file: PrivateFile) -> io::Result<()> {
        let PrivateFile { path, out, existing: _ } = file;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        // Closed, since a process may have few open files.
        self.waiting.push((file.into_temp_path(), path));
        Ok(())
    }

    /// Gives every file its name.
    pub(crate) fn finish(self) -> Result<(), WriteError> {
        let mut named: Vec<PathBuf> = Vec::new();
        for (file, path) in self.waiting {
            let persisted = match self.existing {
                Existing::Keep => file.persist_noclobber(&path),
                Existing::Replace => file.persist(&path),
            };
            if let Err(failed) = persisted {
                // Files that were replaced cannot be restored, but new ones can be removed.
                let new = match self.existing {
                    Existing::Keep => named,
                    Existing::Replace => Vec::new(),
                };
                for path in new {
                    let _ = fs::remove_file(path);
                }
                return Err(WriteError { path, source: failed.error });
            }
            named.push(path);
        }
        Ok(())
    }
}

/// Writes a whole file.
pub(crate) fn write(path: &Path, content: &[u8], existing: Existing) -> io::Result<()> {
    let mut file = PrivateFile::create(path, existing)?;
    file.write_all(content)?;
    file.finish()
}

/// Opens a device or a pipe for writing in place, since it must not be replaced; none for any other
/// path.
pub(crate) fn open_device(path: &Path) -> io::Result<Option<File>> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() && !found.is_dir() => {
            OpenOptions::new().write(true).open(path).map(Some)
        }
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Replaces the content of a file that is not private, and keeps its permissions.
pub(crate) fn replace_public(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = public_builder().tempfile_in(folder_of(path))?;
    if let Ok(old) = fs::metadata(path) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.write_all(content)?;
    file.as_file().sync_all()?;
    persist(file, path, Existing::Replace)
}

/// Returns a builder of files that others can read, as far as the umask allows.
fn public_builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".hookglass-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Returns options for opening a file to write; a new one is private to its owner.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a file under a name that is free.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    options().create_new(true).open(path)
}

/// Opens a file to read and write, or creates it. Fails if the name is a symbolic link, if the file
/// has another name, or if it is not a regular file: it may then belong to someone else.
pub(crate) fn open_own(path: &Path) -> io::Result<File> {
    open_checked(path, options().create(true))
}

/// Opens a file as [`open_own`] does, but does not create it.
pub(crate) fn open_existing(path: &Path) -> io::Result<File> {
    open_checked(path, &mut options())
}

fn open_checked(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    options.read(true).truncate(false);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.cast_signed());
    }
    let file = options.open(path).map_err(|error| link_error(path, error))?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other(format!("{} is not a regular file", path.display())));
    }
    if links(&metadata) > 1 {
        return Err(io::Error::other(format!("{} has another name (a hard link)", path.display())));
    }
    Ok(file)
}

/// Explains the error of opening a symbolic link.
fn link_error(path: &Path, error: io::Error) -> io::Error {
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    if is_link { io::Error::other(format!("{} is a symbolic link", path.display())) } else { error }
}

/// Returns the number of names of a file.
#[cfg(unix)]
pub(crate) fn links(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
pub(crate) fn links(_metadata: &fs::Metadata) -> u64 {
    1
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn persist(file: NamedTempFile, path: &Path, existing: Existing) -> io::Result<()> {
    match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    }
    .map(drop)
    .map_err(|failed| failed.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_kept_unless_replacing_is_requested() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write(&path, b"one", Existing::Keep).unwrap();
        let error = write(&path, b"two", Existing::Keep).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"three", Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = PrivateFile::create(&folder.path().join("x"), Existing::Keep).unwrap();
        file.write_all(b"partial").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_set_with_a_taken_name_leaves_nothing_new() {
        let folder = tempfile::tempdir().unwrap();
        let [new, taken] = ["new", "taken"].map(|name| folder.path().join(name));
        let mut files = FileSet::new(Existing::Keep);
        files.add(&new, b"new").unwrap();
        files.add(&taken, b"new").unwrap();
        fs::write(&taken, "mine").unwrap();
        assert_eq!(files.finish().unwrap_err().path, taken);
        assert!(!new.exists());
    }

    #[test]
    #[cfg(unix)]
    fn only_the_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write(&path, b"one", Existing::Keep).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    #[cfg(unix)]
    fn a_public_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace_public(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
