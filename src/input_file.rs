//! Reads files as input: those that the user names, and those that another file names.
//!
//! A file from someone else, such as an `.http` file in an archive or the configuration of a cloned
//! repository, may name further files. For it, only regular files below its own folder are read.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::units;

/// Reads a file that the user named: a regular one, or a pipe such as `<(command)`.
pub(crate) fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let found = fs::metadata(path)?;
    if found.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    if !found.is_file() && !is_pipe(&found) {
        return Err(io::Error::other("neither a regular file nor a pipe"));
    }
    read_all(File::open(path)?, max)
}

/// Reads a file that another file in `folder` names.
pub(crate) fn read_below(folder: &Path, name: &str, max: u64) -> io::Result<Vec<u8>> {
    let path = regular_below(folder, Path::new(name))?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        // The name may have changed since it was checked: follow no link, wait for no writer.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags.cast_signed());
    }
    let file = options.open(&path)?;
    if !file.metadata()?.is_file() {
        return Err(not_regular());
    }
    read_all(file, max)
}

/// Resolves a name in `folder` to a regular file below it. Neither `..` nor a symbolic link leads
/// outside.
pub(crate) fn regular_below(folder: &Path, name: &Path) -> io::Result<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let outside = || {
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("it is outside of `{}`, and only files below that are read", folder.display()),
        )
    };
    // Even looking up such a name may send the user's credentials to another machine.
    if cfg!(windows) && has_windows_root(&name.to_string_lossy()) {
        return Err(outside());
    }
    let root = fs::canonicalize(folder)?;
    let found = fs::canonicalize(root.join(name))?;
    if !found.starts_with(&root) {
        return Err(outside());
    }
    if fs::metadata(&found)?.is_file() { Ok(found) } else { Err(not_regular()) }
}

/// Returns whether Windows resolves a name from a drive, a device, or another machine.
fn has_windows_root(name: &str) -> bool {
    let drive = name.split_once(':').is_some_and(|(drive, _)| {
        drive.len() == 1 && drive.bytes().all(|letter| letter.is_ascii_alphabetic())
    });
    drive || name.starts_with(['\\', '/'])
}

/// Reads to the end of an input, which must come within `max` bytes.
pub(crate) fn read_all(input: impl io::Read, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        let text = format!("larger than {}", units::format_size(max));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

fn not_regular() -> io::Error {
    io::Error::other("not a regular file")
}

#[cfg(unix)]
fn is_pipe(found: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&found.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_found: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let outer = tempfile::tempdir().unwrap();
        fs::create_dir_all(outer.path().join("below/deeper")).unwrap();
        fs::write(outer.path().join("outside"), "outside").unwrap();
        fs::write(outer.path().join("below/deeper/body"), "body").unwrap();
        outer
    }

    #[test]
    fn names_that_windows_resolves_elsewhere_are_recognized() {
        for name in
            [r"\\server\share\x", r"\\?\C:\x", r"\\.\pipe\x", "//server/x", r"\x", "C:x", r"c:\x"]
        {
            assert!(has_windows_root(name), "{name}");
        }
    }

    #[test]
    fn relative_names_are_not_taken_for_those_of_windows() {
        for name in ["body.json", "./body.json", r"sub\body.json", "..\\x", "ab:c"] {
            assert!(!has_windows_root(name), "{name}");
        }
    }

    fn error(folder: &Path, name: &str) -> String {
        read_below(folder, name, 100).unwrap_err().to_string()
    }

    #[test]
    fn a_file_below_the_folder_is_read() {
        let outer = folder();
        let below = outer.path().join("below");
        let absolute = below.join("deeper/body");
        for name in ["deeper/body", "deeper/../deeper/body", absolute.to_str().unwrap()] {
            assert_eq!(read_below(&below, name, 100).unwrap(), b"body", "{name}");
        }
    }

    #[test]
    fn a_file_outside_of_the_folder_is_refused() {
        let outer = folder();
        let below = outer.path().join("below");
        let absolute = outer.path().join("outside");
        for name in ["../outside", "deeper/../../outside", absolute.to_str().unwrap()] {
            assert!(error(&below, name).contains("outside of `"), "{name}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_link_that_leads_outside_is_refused() {
        let outer = folder();
        let below = outer.path().join("below");
        std::os::unix::fs::symlink("../outside", below.join("link")).unwrap();
        std::os::unix::fs::symlink("..", below.join("folder")).unwrap();
        for name in ["link", "folder/outside"] {
            assert!(error(&below, name).contains("outside of `"), "{name}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn only_regular_files_are_read_for_a_file() {
        let outer = folder();
        let pipe = outer.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        for name in ["pipe", "below"] {
            assert_eq!(error(outer.path(), name), "not a regular file", "{name}");
        }
    }

    #[test]
    fn a_file_is_read_up_to_a_size() {
        let outer = folder();
        let path = outer.path().join("outside");
        assert_eq!(read(&path, 7).unwrap(), b"outside");
        assert!(read(&path, 6).unwrap_err().to_string().starts_with("larger than 6"));
        assert!(error(outer.path(), "/dev/null").contains("outside of `"));
    }

    #[test]
    #[cfg(unix)]
    fn a_device_is_not_read() {
        let error = read(Path::new("/dev/zero"), 100).unwrap_err().to_string();
        assert_eq!(error, "neither a regular file nor a pipe");
    }
}
