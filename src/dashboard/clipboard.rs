//! Clipboard access through tmux, the desktop, or the terminal (OSC 52).

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Largest sequence that terminals accept through OSC 52: xterm's limit, the smallest of the common
/// ones.
const LARGEST: usize = 74_994;

/// Method used to copy a text, and any remaining step.
#[derive(Debug)]
pub(super) enum CopyMethod {
    By(&'static str),
    /// Bytes for the terminal, which copies their content without confirming it.
    Terminal(Vec<u8>),
    Failed(String),
}

type Job = (String, mpsc::Sender<Result<(), DesktopError>>);

/// Reason why the desktop's clipboard does not have the text.
#[derive(Debug, thiserror::Error)]
enum DesktopError {
    #[error("no desktop clipboard")]
    Absent,
    #[error(transparent)]
    Refused(#[from] arboard::Error),
    #[error("the clipboard's thread has ended")]
    Ended,
}

/// Owner of the desktop's clipboard. On X11 and Wayland the content lives only as long as its
/// owner.
#[derive(Debug, Clone)]
pub(super) struct Clipboard {
    jobs: mpsc::Sender<Job>,
    /// Environment variables that tmux must not inherit.
    secret_variables: Vec<OsString>,
}

impl Clipboard {
    /// Starts the thread that owns the clipboard; it ends with the last handle.
    pub(super) fn start(secret_variables: Vec<OsString>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        thread::Builder::new().name("clipboard".to_owned()).spawn(move || {
            let mut desktop: Option<arboard::Clipboard> = None;
            for (text, reply) in queue {
                // The receiver is gone if the program is ending.
                let _ = reply.send(set(&mut desktop, text));
            }
        })?;
        Ok(Self { jobs, secret_variables })
    }

    /// Copies a text. Blocks until the desktop responds.
    pub(super) fn copy(&self, text: &str) -> CopyMethod {
        if std::env::var_os("TMUX").is_some() && self.tmux(text).is_ok() {
            return CopyMethod::By("tmux");
        }
        let desktop = if has_display() { self.desktop(text) } else { Err(DesktopError::Absent) };
        match desktop {
            Ok(()) => CopyMethod::By("the desktop's clipboard"),
            Err(reason) => terminal(text, &reason),
        }
    }

    fn desktop(&self, text: &str) -> Result<(), DesktopError> {
        let (reply, result) = mpsc::channel();
        self.jobs.send((text.to_owned(), reply)).map_err(|_| DesktopError::Ended)?;
        result.recv().unwrap_or(Err(DesktopError::Ended))
    }

    /// `-w` makes tmux pass the text to the terminal's clipboard.
    fn tmux(&self, text: &str) -> io::Result<()> {
        let mut command = Command::new("tmux");
        for variable in &self.secret_variables {
            command.env_remove(variable);
        }
        let mut child = command
            .args(["load-buffer", "-w", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes())?;
        }
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("tmux refused")) }
    }
}

fn set(desktop: &mut Option<arboard::Clipboard>, text: String) -> Result<(), DesktopError> {
    let clipboard = match desktop {
        Some(clipboard) => clipboard,
        None => desktop.insert(arboard::Clipboard::new()?),
    };
    Ok(clipboard.set_text(text)?)
}

/// Over SSH, the variable may name a desktop that the user does not sit at.
fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let unix = cfg!(all(unix, not(target_os = "macos")));
    !set("SSH_CONNECTION") && (!unix || set("DISPLAY") || set("WAYLAND_DISPLAY"))
}

/// Builds the sequence that xterm documents as "Operating System Command 52".
fn terminal(text: &str, reason: &DesktopError) -> CopyMethod {
    let encoded = STANDARD.encode(text);
    if encoded.len() > LARGEST {
        return CopyMethod::Failed(format!(
            "{reason}, and {} bytes are too many for the terminal's clipboard",
            text.len()
        ));
    }
    CopyMethod::Terminal(format!("\x1b]52;c;{encoded}\x07").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn osc52_encodes_text_and_limits_its_size() {
        let CopyMethod::Terminal(bytes) = terminal("hi\x1b", &DesktopError::Absent) else {
            panic!("not by terminal")
        };
        assert_eq!(bytes, b"\x1b]52;c;aGkb\x07");
        let CopyMethod::Failed(why) = terminal(&"x".repeat(80_000), &DesktopError::Absent) else {
            panic!("not failed")
        };
        assert!(why.contains("80000"), "{why}");
    }
}
