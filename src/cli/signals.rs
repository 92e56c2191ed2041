//! Signals that request a shutdown.

use std::io;

/// Installs the handlers. The future completes with the first signal.
#[cfg(unix)]
pub(super) fn caught() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    // By default, reaching the limit of a file's size ends the process. With a handler, the write
    // fails instead, and the client gets a 503.
    let file_size = signal(SignalKind::from_raw(signal_hook::consts::SIGXFSZ))?;
    Ok(async move {
        let _file_size = file_size;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
    })
}

/// Installs the handlers. The future completes with the first signal.
#[cfg(windows)]
pub(super) fn caught() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
