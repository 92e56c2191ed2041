//! The dashboard as a process in a real pseudo-terminal.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

use super::program::signal;
use super::senders::{exchange, request};
use super::{SECRET, Tested, keys};

/// The longest time to wait for output.
const PATIENCE: Duration = Duration::from_secs(30);

const ROWS: NonZero<u16> = NonZero::new(36).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(120).unwrap();

pub(crate) struct Terminal {
    /// Everything that the program wrote.
    pub(crate) seen: Vec<u8>,
    pub(crate) screen: vt100::Parser,
    pub(crate) child: Box<dyn Child + Send + Sync>,
    pub(crate) folder: tempfile::TempDir,
    bytes: Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    /// The line modes before the program began.
    modes: String,
    master: Box<dyn MasterPty + Send>,
    /// Kept open so that the modes can still be read after the program has ended.
    slave: Box<dyn SlavePty + Send>,
}

impl Terminal {
    /// Starts the dashboard in a new folder with these variables.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Tested<Self> {
        Self::start_with(&[], variables)
    }

    /// Starts the dashboard with these arguments and variables.
    pub(crate) fn start_with(args: &[&str], variables: &[(&str, &str)]) -> Tested<Self> {
        Self::start_sized(ROWS, COLUMNS, args, variables)
    }

    /// Starts the dashboard in a terminal of this many rows and columns.
    pub(crate) fn start_sized(
        rows: NonZero<u16>,
        columns: NonZero<u16>,
        args: &[&str],
        variables: &[(&str, &str)],
    ) -> Tested<Self> {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_hookglass"));
        command.args(["--bind", "127.0.0.1:0"]);
        command.args(args);
        Self::start_command(command, rows, columns, variables)
    }

    /// Starts a dashboard that is attached to a hub.
    pub(crate) fn attach(hub: &str, args: &[&str]) -> Tested<Self> {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_hookglass"));
        command.args(["attach", hub]);
        command.args(args);
        Self::start_command(command, ROWS, COLUMNS, &[])
    }

    /// Starts the dashboard as `nohup` does.
    pub(crate) fn start_ignoring_hangups() -> Tested<Self> {
        let mut command = CommandBuilder::new("sh");
        let program = env!("CARGO_BIN_EXE_hookglass");
        let script = format!("trap '' HUP; exec '{program}' --bind 127.0.0.1:0");
        command.args(["-c", &script]);
        Self::start_command(command, ROWS, COLUMNS, &[])
    }

    fn start_command(
        mut command: CommandBuilder,
        rows: NonZero<u16>,
        columns: NonZero<u16>,
        variables: &[(&str, &str)],
    ) -> Tested<Self> {
        let folder = tempfile::tempdir()?;
        let size =
            PtySize { rows: rows.get(), cols: columns.get(), pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        command.cwd(folder.path());
        command.env("CRIBBLY_WEBHOOK_SECRET", SECRET);
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        for (name, value) in variables {
            command.env(name, value);
        }
        let modes = modes(pair.master.as_ref())?;
        let child = pair.slave.spawn_command(command)?;
        let mut reader = pair.master.try_clone_reader()?;
        let keys = pair.master.take_writer()?;
        let (sender, bytes) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = reader.read(&mut buffer)
                && length > 0
                && sender.send(buffer.iter().take(length).copied().collect()).is_ok()
            {}
        });
        let screen = vt100::Parser::new(rows, columns, 0);
        let (master, slave) = (pair.master, pair.slave);
        Ok(Self { seen: Vec::new(), screen, child, folder, bytes, keys, modes, master, slave })
    }

    /// Waits until a text is on the screen; returns the whole screen.
    pub(crate) fn wait_for(&mut self, text: &str) -> Tested<String> {
        self.wait_until(|screen| screen.contents().contains(text))
            .map_err(|error| format!("{text:?}: {error}").into())
    }

    /// Waits until the screen is as expected, and returns it. The wait has a limit even if a clock
    /// keeps drawing.
    pub(crate) fn wait_until(
        &mut self,
        is_expected: impl Fn(&vt100::Screen) -> bool,
    ) -> Tested<String> {
        #[expect(clippy::disallowed_methods, reason = "a test must not wait for ever")]
        let begun = std::time::Instant::now();
        while !is_expected(self.screen.screen()) {
            let more = self.bytes.recv_timeout(PATIENCE).ok();
            let more = more.filter(|_| begun.elapsed() < PATIENCE * 2);
            let shown = || format!("not on\n{}", self.screen.screen().contents());
            let more = more.ok_or_else(shown)?;
            self.screen.process(&more);
            self.seen.extend(more);
        }
        Ok(self.screen.screen().contents())
    }

    /// Processes what the program writes within this time; returns whether it wrote something.
    pub(crate) fn process_output(&mut self, time: Duration) -> bool {
        let Ok(more) = self.bytes.recv_timeout(time) else { return false };
        self.screen.process(&more);
        true
    }

    /// Types the keys of a script.
    pub(crate) fn press(&mut self, script: &str) -> Tested {
        self.keys.write_all(&keys::bytes(script))?;
        Ok(self.keys.flush()?)
    }

    /// Returns the address of the listener, as the screen shows it.
    pub(crate) fn address(&mut self) -> Tested<String> {
        let shown = self.wait_for("http://127.0.0.1:")?;
        let (_, rest) = shown.split_once("http://").ok_or("no address")?;
        Ok(rest.chars().take_while(|letter| !letter.is_whitespace()).collect())
    }

    /// Returns the device of the terminal.
    pub(crate) fn device(&self) -> Tested<PathBuf> {
        Ok(self.master.tty_name().ok_or("the terminal has no name")?)
    }

    /// Stops the output, as Ctrl-S does, or starts it again.
    pub(crate) fn stop_output(&self, is_stopped: bool) -> Tested {
        use rustix::termios::{Action, tcflow};
        let device = std::fs::OpenOptions::new().read(true).write(true).open(self.device()?)?;
        Ok(tcflow(device, if is_stopped { Action::OOff } else { Action::OOn })?)
    }

    pub(crate) fn resize(&self, rows: u16, cols: u16) -> Tested {
        Ok(self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })?)
    }

    pub(crate) fn process(&self) -> Tested<u32> {
        Ok(self.child.process_id().ok_or("no process")?)
    }

    /// Checks that the line modes are those from before the program began.
    pub(crate) fn assert_modes_restored(&self) -> Tested {
        assert_eq!(modes(self.master.as_ref())?, self.modes, "the line modes changed");
        Ok(())
    }

    /// Closes the terminal, as its window does, and returns the process.
    pub(crate) fn close(self) -> Box<dyn Child + Send + Sync> {
        let Self { child, bytes, keys, master, slave, .. } = self;
        drop((bytes, keys, master, slave));
        child
    }

    /// Closes the terminal, as its window does, and returns the exit code.
    pub(crate) fn closed(mut self) -> Tested<u32> {
        let address = self.address()?;
        let Self { mut child, folder, bytes, keys, master, slave, .. } = self;
        drop((bytes, keys, master, slave));
        // The reader closes the last handle once it cannot pass on the next output.
        exchange(&address, &request(1))?;
        let (sender, ended) = channel();
        thread::spawn(move || sender.send(child.wait()));
        let status = ended.recv_timeout(PATIENCE)??;
        drop(folder);
        Ok(status.exit_code())
    }

    /// Waits for the end, and returns the exit code.
    pub(crate) fn exit_code(&mut self) -> Tested<u32> {
        let process = self.process()?;
        let (ended, is_ended) = channel::<()>();
        let watching = thread::spawn(move || {
            if is_ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                // The test fails with the exit code of a killed process. A hangup would end it in
                // order.
                let _ = signal(process, "KILL");
            }
        });
        let status = self.child.wait()?;
        drop(ended);
        watching.join().map_err(|_| "the watcher panicked")?;
        Ok(status.exit_code())
    }

    /// Waits for the end, checks that the terminal is restored, and returns the exit code.
    pub(crate) fn ended(mut self) -> Tested<u32> {
        let code = self.exit_code()?;
        self.assert_modes_restored()?;
        // With the last open end of the slave, the output ends.
        drop(self.slave);
        loop {
            match self.bytes.recv_timeout(PATIENCE) {
                Ok(more) => self.screen.process(&more),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return Err("the terminal is still open".into()),
            }
        }
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen was not left");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert!(!screen.bracketed_paste());
        Ok(code)
    }
}

/// Returns echo, line editing, and the other modes of the terminal driver.
fn modes(master: &dyn MasterPty) -> Tested<String> {
    let modes = master.get_termios().ok_or("the terminal has no modes")?;
    Ok(format!("{modes:?}"))
}
