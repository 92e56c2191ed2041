//! Servers as processes.

use std::fs;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
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
    pid: u32,
    child: Child,
}

enum Child {
    Process(std::process::Child),
    Terminal(Box<dyn portable_pty::Child + Send + Sync>),
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
            Child::Terminal(in_terminal(program, arguments, folder)?)
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
        let mut running = Self { address, pid, child };
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > end {
                running.kill();
                return Err(format!("{} does not listen", server.name()).into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(running)
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
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
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

/// Starts a program in a pseudo-terminal and reads what it draws.
fn in_terminal(
    program: &str,
    arguments: &[String],
    folder: &Path,
) -> Done<Box<dyn portable_pty::Child + Send + Sync>> {
    let size = PtySize { rows: 50, cols: 160, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size)?;
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.cwd(folder);
    command.env("CRIBBLY_WEBHOOK_SECRET", SECRET);
    command.env("TERM", "xterm-256color");
    let child = pair.slave.spawn_command(command)?;
    let mut reader = pair.master.try_clone_reader()?;
    let keep = pair.master;
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while reader.read(&mut buffer).is_ok_and(|length| length > 0) {}
        drop(keep);
    });
    Ok(child)
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
