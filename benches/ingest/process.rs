//! Servers as processes.

use std::fs;
use std::io::{Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::{Done, SECRET, servers};

const HOOKGLASS: &str = env!("CARGO_BIN_EXE_hookglass");

/// A server to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    /// Reads the body and stores nothing.
    Bare,
    /// Appends to a file.
    Log,
    /// A table in SQLite, with the same durability.
    Sqlite,
    Headless,
    Dashboard,
    /// Another hookglass, headless.
    Baseline,
    Node,
    Mitmdump,
}

/// Returns true if a program can be started.
fn is_installed(program: &str) -> bool {
    let mut version = Command::new(program);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// Returns true if servers and load can have a core each.
pub(crate) fn can_pin() -> bool {
    is_installed("taskset") && thread::available_parallelism().is_ok_and(|cores| cores.get() > 1)
}

impl Server {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let all = [
            Self::Bare,
            Self::Log,
            Self::Sqlite,
            Self::Headless,
            Self::Dashboard,
            Self::Baseline,
            Self::Node,
            Self::Mitmdump,
        ];
        all.into_iter().filter(|server| match server {
            Self::Baseline => std::env::var_os("BASELINE").is_some(),
            Self::Node => is_installed("node"),
            Self::Mitmdump => is_installed("mitmdump"),
            _ => true,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Log => "log",
            Self::Sqlite => "sqlite",
            Self::Headless => "headless",
            Self::Dashboard => "dashboard",
            Self::Baseline => "baseline",
            Self::Node => "node",
            Self::Mitmdump => "mitmdump",
        }
    }

    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Bare => "bare hyper, keeps nothing",
            Self::Log => "append-only log, group `fdatasync`, HMAC",
            Self::Sqlite => "SQLite WAL `FULL`, group commit, HMAC",
            Self::Headless => "**hookglass**, headless",
            Self::Dashboard => "**hookglass**, dashboard",
            Self::Baseline => "hookglass, the binary compared with",
            Self::Node => "Node `http`, HMAC, keeps nothing",
            Self::Mitmdump => "mitmdump, keeps nothing",
        }
    }

    fn command(self, folder: &Path, address: SocketAddr) -> Done<Vec<String>> {
        let hookglass = |program: String, more: &[&str]| {
            let store = folder.join("deliveries.db").display().to_string();
            let bind = address.to_string();
            let common = ["--provider", "cribbly", "--bind", &bind, "--store", &store];
            let words = [program].into_iter();
            words.chain(common.iter().chain(more).map(|word| (*word).to_owned())).collect()
        };
        let own = std::env::current_exe()?.display().to_string();
        let serve =
            |name: &str| vec![own, "serve".to_owned(), name.to_owned(), address.to_string()];
        Ok(match self {
            Self::Bare | Self::Log | Self::Sqlite => serve(self.name()),
            Self::Headless => hookglass(HOOKGLASS.to_owned(), &["--headless"]),
            Self::Dashboard => hookglass(HOOKGLASS.to_owned(), &[]),
            Self::Baseline => hookglass(std::env::var("BASELINE")?, &["--headless"]),
            Self::Node => {
                let script = servers::NODE.replace("PORT", &address.port().to_string());
                vec!["node".to_owned(), "-e".to_owned(), script]
            }
            Self::Mitmdump => {
                let script = folder.join("answer.py");
                fs::write(&script, servers::MITMDUMP)?;
                let port = address.port().to_string();
                let script = script.display().to_string();
                ["mitmdump", "-q", "--listen-port", &port, "-s", &script]
                    .map(str::to_owned)
                    .to_vec()
            }
        })
    }

    /// Returns the number of deliveries that it stored, if it stores any.
    pub(crate) fn stored(self, folder: &Path) -> Done<Option<usize>> {
        let count = |file: &str, table: &str| -> Done<usize> {
            let connection = rusqlite::Connection::open(folder.join(file))?;
            let sql = format!("SELECT count(*) FROM {table}");
            Ok(usize::try_from(connection.query_row(&sql, [], |row| row.get::<_, i64>(0))?)?)
        };
        Ok(match self {
            Self::Bare | Self::Node | Self::Mitmdump => None,
            Self::Log => Some(servers::count_log(&folder.join(servers::LOG_FILE))?),
            Self::Sqlite => Some(count(servers::SQLITE_FILE, "deliveries")?),
            Self::Headless | Self::Dashboard | Self::Baseline => {
                Some(count("deliveries.db", "wire")?)
            }
        })
    }
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
    child: Child,
}

enum Child {
    Process(std::process::Child),
    Terminal(TerminalChild),
}

/// Returns an address whose port is free.
fn free_address() -> Done<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Running {
    /// Starts a server on the first core and waits until it accepts connections.
    pub(crate) fn start(server: Server, folder: &Path) -> Done<Self> {
        let address = free_address()?;
        let mut words = server.command(folder, address)?;
        if can_pin() || std::env::var_os(super::PINNED).is_some() {
            let pin = ["taskset", "-c", "0"].map(str::to_owned);
            words = pin.into_iter().chain(words).collect();
        }
        let (program, arguments) = words.split_first().ok_or("no command")?;
        let child = if server == Server::Dashboard {
            let (child, screen) = in_terminal(program, arguments, folder)?;
            thread::spawn(move || while screen.bytes.recv().is_ok() {});
            Child::Terminal(child)
        } else {
            let mut command = Command::new(program);
            command.args(arguments).current_dir(folder).env("CRIBBLY_WEBHOOK_SECRET", SECRET);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            Child::Process(command.spawn()?)
        };
        let pid = match &child {
            Child::Process(child) => child.id(),
            Child::Terminal(child) => child.process_id().ok_or("no process")?,
        };
        Self { address, pid, child }.once_listening(server.name())
    }

    /// Starts the dashboard (of `BASELINE` if that is set) on any core, with its screen.
    pub(crate) fn start_dashboard(folder: &Path) -> Done<(Self, Screen)> {
        let address = free_address()?;
        let mut words = Server::Dashboard.command(folder, address)?;
        if let (Some(first), Ok(baseline)) = (words.first_mut(), std::env::var("BASELINE")) {
            *first = baseline;
        }
        let (program, arguments) = words.split_first().ok_or("no command")?;
        let (child, screen) = in_terminal(program, arguments, folder)?;
        let pid = child.process_id().ok_or("no process")?;
        let running = Self { address, pid, child: Child::Terminal(child) };
        Ok((running.once_listening("the dashboard")?, screen))
    }

    /// Waits until it accepts connections.
    fn once_listening(mut self, name: &str) -> Done<Self> {
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.address).is_err() {
            if Instant::now() > end {
                self.kill();
                return Err(format!("{name} does not listen").into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(self)
    }

    /// Returns the CPU time used so far.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        // The name, in parentheses, may hold spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Returns the most memory that it had in use, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// Returns an amount of memory in bytes, by its name in `/proc`.
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or_default() << 10
    }

    /// Kills the server.
    pub(crate) fn kill(&mut self) {
        // Fails only if the server has ended.
        match &mut self.child {
            Child::Process(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Child::Terminal(child) => {
                let _ = Command::new("kill").args(["-9", &self.pid.to_string()]).status();
                let _ = child.wait();
            }
        }
    }
}

type TerminalChild = Box<dyn portable_pty::Child + Send + Sync>;

/// Starts a program in a pseudo-terminal.
fn in_terminal(
    program: &str,
    arguments: &[String],
    folder: &Path,
) -> Done<(TerminalChild, Screen)> {
    let size = PtySize { rows: ROWS.get(), cols: COLUMNS.get(), pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size)?;
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.cwd(folder);
    command.env("CRIBBLY_WEBHOOK_SECRET", SECRET);
    command.env("TERM", "xterm-256color");
    let child = pair.slave.spawn_command(command)?;
    let mut reader = pair.master.try_clone_reader()?;
    let keys = pair.master.take_writer()?;
    let keep = pair.master;
    let (sender, bytes) = sync_channel(1 << 10);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length) = reader.read(&mut buffer)
            && let Some(read) = buffer.get(..length)
            && !read.is_empty()
            && sender.send(read.to_vec()).is_ok()
        {}
        drop(keep);
    });
    Ok((child, Screen { bytes, keys, parser: vt100::Parser::new(ROWS, COLUMNS, 0) }))
}

/// Size of the terminal: event ids are shown whole.
const ROWS: NonZero<u16> = NonZero::new(50).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(160).unwrap();

/// The screen of a program in a pseudo-terminal, and its keyboard.
pub(crate) struct Screen {
    bytes: Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    parser: vt100::Parser,
}

impl Screen {
    /// Reads what the program has drawn.
    pub(crate) fn read(&mut self) {
        while let Ok(bytes) = self.bytes.try_recv() {
            self.parser.process(&bytes);
        }
    }

    pub(crate) fn press(&mut self, keys: &str) -> Done {
        self.keys.write_all(keys.as_bytes())?;
        self.keys.flush()?;
        // A key after Esc at once is read as one with Alt.
        if keys.ends_with('\x1b') {
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Waits until the last rows are these event ids, oldest first, below this count of deliveries.
    pub(crate) fn wait_for(&mut self, newest: &[String], count: usize) -> Done {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.shows(newest, count) {
            if Instant::now() > end {
                return Err(format!("wrong screen:\n{}", self.parser.screen().contents()).into());
            }
            thread::sleep(Duration::from_millis(50));
            self.read();
        }
        Ok(())
    }

    fn shows(&self, newest: &[String], count: usize) -> bool {
        let shown = self.parser.screen().contents();
        let digits: String =
            shown.lines().take(1).flat_map(str::chars).filter(|c| *c != ',').collect();
        let rows: Vec<&str> = shown.lines().filter(|row| row.contains("message.updated")).collect();
        let expected = newest.get(newest.len().saturating_sub(rows.len())..).unwrap_or_default();
        digits.contains(&format!(" {count} deliveries"))
            && rows.len() > usize::from(ROWS.get()) / 2
            && rows.len() == expected.len()
            && rows.iter().zip(expected).all(|(row, id)| row.contains(id.as_str()))
    }
}

/// Returns the size of the files in a folder.
pub(crate) fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.map(|entry| entry.path()).filter(|path| !is_log(path));
    files.filter_map(|path| fs::metadata(path).ok()).map(|data| data.len()).sum()
}

/// SQLite overwrites the write-ahead log and its index instead of letting them grow.
fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "db-wal" || extension == "db-shm")
}
