//! Signals that request a shutdown.

use std::io;
#[cfg(unix)]
use std::task::Poll;

use tokio::sync::watch;

/// Installs the handlers. The future completes with the first signal. While `editing`, the keys
/// that send SIGINT and SIGQUIT belong to the editor.
#[cfg(unix)]
pub(super) fn caught(
    editing: watch::Receiver<bool>,
) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut quit = signal(SignalKind::quit())?;
    let mut others = others()?;
    let mut hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
    // By default, reaching the limit of a file's size ends the process. With a handler, the write
    // fails instead, and the client gets a 503.
    let file_size = signal(SignalKind::from_raw(signal_hook::consts::SIGXFSZ))?;
    Ok(async move {
        let _file_size = file_size;
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                () = hung_up(&mut hangup) => return,
                () = any(&mut others) => return,
                _ = interrupt.recv() => {}
                _ = quit.recv() => {}
            }
            if !*editing.borrow() {
                return;
            }
        }
    })
}

/// Installs the handlers of signals that mean nothing here, but would end the program without
/// restoring the terminal.
#[cfg(unix)]
fn others() -> io::Result<Vec<tokio::signal::unix::Signal>> {
    use rustix::process::Signal;
    use tokio::signal::unix::{SignalKind, signal};
    let mut all = vec![
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::XCPU,
    ];
    #[cfg(target_os = "linux")]
    all.extend([Signal::IO, Signal::POWER, Signal::STKFLT]);
    all.into_iter().map(|one| signal(SignalKind::from_raw(one.as_raw()))).collect()
}

/// Waits for the first of several signals.
#[cfg(unix)]
async fn any(signals: &mut [tokio::signal::unix::Signal]) {
    std::future::poll_fn(|context| {
        let mut received = signals.iter_mut().map(|signal| signal.poll_recv(context));
        if received.any(|one| one.is_ready()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[cfg(unix)]
async fn hung_up(hangup: &mut Option<tokio::signal::unix::Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns whether the program was started so that a closed terminal does not end it, for example
/// by `nohup`. Known on Linux only.
#[cfg(unix)]
pub(super) fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 != 0)
}

/// Installs the handlers. The future completes with the first signal, unless the editor has it.
#[cfg(windows)]
pub(super) fn caught(
    editing: watch::Receiver<bool>,
) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
        while *editing.borrow() {
            interrupt.recv().await;
        }
    })
}

#[cfg(windows)]
pub(super) fn is_hangup_ignored() -> bool {
    false
}
