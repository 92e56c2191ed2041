//! Stopping and continuing the process, as shells do with Ctrl-Z and `fg`.

/// Change of the process's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobChange {
    /// The process was asked to stop.
    Stop,
    /// The process has continued, and a shell may have changed the terminal's modes.
    Continued,
}

#[cfg(unix)]
mod imp {
    use std::io;

    use signal_hook::consts::{SIGCONT, SIGTSTP};
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::JobChange;

    #[derive(Debug)]
    pub(in crate::dashboard) struct JobControl {
        stop: Signal,
        continued: Signal,
    }

    impl JobControl {
        pub(in crate::dashboard) fn new() -> io::Result<Self> {
            let [stop, continued] = [SIGTSTP, SIGCONT].map(SignalKind::from_raw).map(signal);
            Ok(Self { stop: stop?, continued: continued? })
        }

        pub(in crate::dashboard) async fn next(&mut self) -> JobChange {
            tokio::select! {
                Some(()) = self.stop.recv() => JobChange::Stop,
                Some(()) = self.continued.recv() => JobChange::Continued,
                else => std::future::pending().await,
            }
        }
    }

    /// Stops the process until it is continued. Returns whether it was stopped.
    pub(in crate::dashboard) fn stop_process() -> bool {
        signal_hook::low_level::emulate_default_handler(SIGTSTP).is_ok()
    }
}

#[cfg(not(unix))]
mod imp {
    use std::io;

    use super::JobChange;

    #[derive(Debug)]
    pub(in crate::dashboard) struct JobControl;

    impl JobControl {
        #[expect(clippy::unnecessary_wraps, reason = "other systems can fail here")]
        pub(in crate::dashboard) fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub(in crate::dashboard) async fn next(&mut self) -> JobChange {
            std::future::pending().await
        }
    }

    pub(in crate::dashboard) fn stop_process() -> bool {
        false
    }
}

pub(super) use imp::{JobControl, stop_process};
