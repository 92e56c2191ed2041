//! Power loss: what a listener wrote and did not synchronize is lost, cut off, or kept at random. Every
//! delivery that was acknowledged before is in the store that is left.
//!
//! `POWER_CUTS=500 cargo test --test power` simulates more of them.

#![cfg(target_os = "linux")]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use regex::Regex;
use support::program::{Listener, json_lines, signal};
use support::senders::read_status;
use support::{SECRET, Tested, hookglass, printed, tools};

/// Clients, and deliveries of each.
const CLIENTS: usize = 4;
const EACH: usize = 60;

/// Moments at which the power is lost, unless `POWER_CUTS` has another number.
const CUTS: usize = 60;

/// System calls that change files, make changes durable, and respond to clients.
const CALLS: &str = "trace=openat,pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat2,sendto,write,writev";

const FILES: [&str; 2] = ["deliveries.db", "deliveries.db-wal"];

/// A change of a file.
#[derive(Debug, Clone)]
enum Change {
    Create,
    Write(usize, Vec<u8>),
    Truncate(usize),
    Remove,
}

/// A step of the listener, in the order of the system calls.
#[derive(Debug)]
enum Step {
    Change(&'static str, Change),
    /// A file, or the folder, is synchronized from here on.
    Sync(Synced),
    /// The synchronization that began at a step is complete.
    Synced(usize),
    /// Responses to the client at a port begin to be written.
    Respond(u16, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Synced {
    File(&'static str),
    Folder,
}

/// Deliveries that a client sends, and the port from which it does.
struct Client {
    number: usize,
    port: u16,
}

fn event(client: usize, number: usize) -> String {
    format!("power-{client}-{number}")
}

/// Sends deliveries one after the other.
fn send(address: &str, number: usize) -> Tested<Client> {
    let mut stream = TcpStream::connect(address)?;
    let port = stream.local_addr()?.port();
    let mut reader = BufReader::new(stream.try_clone()?);
    for at in 0..EACH {
        let filler = "y".repeat(10 << (at % 4 * 4));
        let body = format!(r#"{{"id":"{}","type":"t","x":"{filler}"}}"#, event(number, at));
        let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[head, body].concat().into_bytes())?;
        assert_eq!(read_status(&mut reader)?, 200);
    }
    Ok(Client { number, port })
}

/// Runs a listener under load until it ends; returns its clients. Writes its system calls to a file.
fn recorded(folder: &Path, trace: &Path) -> Tested<Vec<Client>> {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-yy", "-xx", "-s", "1000000", "-e", CALLS, "-o"])
        .arg(trace)
        .arg(env!("CARGO_BIN_EXE_hookglass"))
        .current_dir(folder)
        .env("CRIBBLY_WEBHOOK_SECRET", SECRET);
    let mut listener = Listener::start(&mut command)?;
    let mut senders = Vec::new();
    for number in 0..CLIENTS {
        let address = listener.address.clone();
        senders
            .push(thread::spawn(move || send(&address, number).map_err(|error| error.to_string())));
    }
    let clients =
        senders.into_iter().map(|sender| sender.join().map_err(|_| "a client panicked")?);
    let clients = clients.collect::<Result<Vec<_>, String>>()?;
    // strace does not pass signals on. It ends with the listener.
    let lock = fs::read_to_string(folder.join(".hookglass/deliveries.db.lock"))?;
    let process = lock.split([' ', ',']).find_map(|word| word.parse().ok());
    signal(process.ok_or(lock)?, "TERM")?;
    listener.child.wait()?;
    Ok(clients)
}

/// Decodes `\x41\x42`.
fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.split("\\x").skip(1);
    digits.filter_map(|digits| u8::from_str_radix(digits.get(..2)?, 16).ok()).collect()
}

/// A call in the output of strace: its name, and its arguments and result.
struct Call<'t> {
    name: &'t str,
    rest: &'t str,
}

/// Expressions that read the output of strace.
struct Forms {
    line: Regex,
    descriptor: Regex,
    text: Regex,
    numbers: Regex,
    port: Regex,
}

impl Forms {
    fn new() -> Tested<Self> {
        Ok(Self {
            line: Regex::new(r"^(\d+) +(?:<\.\.\. \w+ resumed>|(\w+)\((.*))")?,
            descriptor: Regex::new(r"^\d+<(.*?)>(?:, |\)| <unfinished)")?,
            text: Regex::new(r#""((?:\\x[0-9a-f]{2})*)""#)?,
            numbers: Regex::new(r", (\d+)(?:, (\d+))?(?:\)| <unfinished)")?,
            port: Regex::new(r"->[^\]]*:(\d+)\]")?,
        })
    }

    /// Returns the text of the first argument in quotes.
    fn argument(&self, call: &Call<'_>) -> Vec<u8> {
        self.text.captures(call.rest).map(|found| bytes(&found[1])).unwrap_or_default()
    }

    /// Returns the last arguments, two numbers at most.
    fn number(&self, call: &Call<'_>, at: usize) -> Tested<usize> {
        let found = self.numbers.captures_iter(call.rest).last();
        let number = found.and_then(|found| found.get(at)?.as_str().parse().ok());
        number.ok_or_else(|| format!("no number {at}: {}({}", call.name, call.rest).into())
    }

    /// Returns the path or the socket of the descriptor that is the first argument.
    fn descriptor(&self, call: &Call<'_>) -> String {
        let found = self.descriptor.captures(call.rest).map(|found| found[1].to_owned());
        let found = found.unwrap_or_default();
        if found.starts_with("\\x") {
            return String::from_utf8_lossy(&bytes(&found)).into_owned();
        }
        found
    }

    /// Returns the step of a call; none if it has no part in this.
    fn step(&self, call: &Call<'_>) -> Tested<Option<Step>> {
        let at = self.descriptor(call);
        let failed = call.rest.contains(" = -1");
        Ok(match (call.name, file_named(&at)) {
            ("pwrite64", Some(file)) => {
                let change = Change::Write(self.number(call, 2)?, self.argument(call));
                Some(Step::Change(file, change))
            }
            ("ftruncate", Some(file)) => {
                Some(Step::Change(file, Change::Truncate(self.number(call, 1)?)))
            }
            ("fsync" | "fdatasync", Some(file)) => Some(Step::Sync(Synced::File(file))),
            ("fsync" | "fdatasync", None) => {
                at.ends_with(".hookglass").then_some(Step::Sync(Synced::Folder))
            }
            ("sendto" | "write" | "writev", None) => self.responses(call, &at),
            ("openat", _) if !failed && call.rest.contains("O_CREAT") => {
                self.of_path(call, Change::Create)
            }
            ("unlink" | "unlinkat", _) if !failed => self.of_path(call, Change::Remove),
            ("write" | "writev", Some(_)) => return Err("a write that is not simulated".into()),
            ("rename" | "renameat2", _) if self.of_path(call, Change::Create).is_some() => {
                return Err("a new name that is not simulated".into());
            }
            _ => None,
        })
    }

    fn responses(&self, call: &Call<'_>, socket: &str) -> Option<Step> {
        let port = self.port.captures(socket).filter(|_| socket.starts_with("TCP"))?;
        let written = self.argument(call);
        let count = written.windows(10).filter(|part| part == b"HTTP/1.1 2").count();
        Some(Step::Respond(port[1].parse().ok()?, count))
    }

    fn of_path(&self, call: &Call<'_>, change: Change) -> Option<Step> {
        let path = String::from_utf8_lossy(&self.argument(call)).into_owned();
        Some(Step::Change(file_named(&path)?, change))
    }
}

fn file_named(path: &str) -> Option<&'static str> {
    FILES.into_iter().find(|name| path.rsplit('/').next() == Some(name))
}

/// Reads the steps from the output of strace.
fn steps(trace: &str) -> Tested<Vec<Step>> {
    let forms = Forms::new()?;
    let mut steps = Vec::new();
    // Steps of threads that wait for the end of a synchronization.
    let mut unfinished: HashMap<&str, usize> = HashMap::new();
    for line in trace.lines() {
        let Some(parts) = forms.line.captures(line) else { continue };
        let thread = parts.get(1).map_or("", |thread| thread.as_str());
        let Some((name, rest)) = parts.get(2).zip(parts.get(3)) else {
            steps.extend(unfinished.remove(thread).map(Step::Synced));
            continue;
        };
        let call = Call { name: name.as_str(), rest: rest.as_str() };
        let Some(step) = forms.step(&call)? else { continue };
        let is_sync = matches!(step, Step::Sync(_));
        steps.push(step);
        let at = steps.len() - 1;
        match (is_sync, call.rest.contains("<unfinished")) {
            (true, true) => drop(unfinished.insert(thread, at)),
            (true, false) => steps.push(Step::Synced(at)),
            (false, _) => {}
        }
    }
    Ok(steps)
}

/// A file and its entry in the folder.
#[derive(Debug, Clone, Default)]
struct Durable {
    exists: bool,
    content: Vec<u8>,
}

impl Durable {
    fn apply(&mut self, change: &Change) {
        let content = &mut self.content;
        match change {
            Change::Create => self.exists = true,
            Change::Write(at, bytes) => {
                content.resize(content.len().max(at + bytes.len()), 0);
                if let Some(place) = content.get_mut(*at..at + bytes.len()) {
                    place.copy_from_slice(bytes);
                }
            }
            Change::Truncate(length) => content.resize(*length, 0),
            Change::Remove => *self = Self::default(),
        }
    }
}

/// A file: what is durable, and later changes with their steps.
#[derive(Debug, Default)]
struct Disk {
    durable: Durable,
    pending: Vec<(usize, Change)>,
}

impl Disk {
    /// Makes changes before a step durable: those of the content, or those of the folder.
    fn sync(&mut self, before: usize, is_folder: bool) {
        let is_of_folder = |change: &Change| matches!(change, Change::Create | Change::Remove);
        let (done, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|(step, change)| *step < before && is_of_folder(change) == is_folder);
        self.pending = left;
        for (_, change) in &done {
            self.durable.apply(change);
        }
    }

    /// Returns the content after a power loss; none if the file does not exist.
    fn after_power_loss(&self, random: &mut fastrand::Rng) -> Option<Vec<u8>> {
        let mut left = self.durable.clone();
        let mode = random.usize(..4);
        for (_, change) in &self.pending {
            let is_kept = match mode {
                0 => false,
                1 => true,
                _ => random.bool(),
            };
            match change {
                _ if !is_kept => {}
                // Sectors are written whole.
                Change::Write(at, bytes) if mode == 2 => {
                    let cut = random.usize(..=bytes.len() / 512) * 512;
                    let kept = bytes.get(..cut).unwrap_or_default();
                    left.apply(&Change::Write(*at, kept.to_vec()));
                }
                change => left.apply(change),
            }
        }
        left.exists.then_some(left.content)
    }
}

/// Checks that a store has the deliveries.
fn assert_has(
    folder: &Path,
    files: [Option<Vec<u8>>; 2],
    acknowledged: &BTreeSet<String>,
) -> Tested {
    let store = folder.join("deliveries.db");
    for (name, content) in FILES.into_iter().zip(files) {
        if let Some(content) = content {
            fs::write(folder.join(name), content)?;
        }
    }
    let listed = hookglass(folder).args(["list", "--json", "--store"]).arg(&store).output()?;
    let ids: BTreeSet<String> = json_lines(&listed.stdout)?
        .iter()
        .filter_map(|line| Some(line.pointer("/event/id")?.as_str()?.to_owned()))
        .collect();
    let lost: Vec<_> = acknowledged.difference(&ids).collect();
    assert!(lost.is_empty(), "{lost:?} of {} are lost: {}", acknowledged.len(), printed(&listed));
    if store.exists() && !acknowledged.is_empty() {
        let check = hookglass(folder).args(["store", "check", "--store"]).arg(&store).output()?;
        assert!(check.status.success(), "{}", printed(&check));
    }
    Ok(())
}

/// Returns whether system calls can be recorded.
fn can_record() -> bool {
    let run =
        Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let can = run.is_ok_and(|status| status.success());
    if !can {
        tools::skip("strace is not installed, or may not trace");
    }
    can
}

#[test]
fn no_acknowledged_delivery_is_lost_with_the_power() -> Tested {
    if !can_record() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let trace = folder.path().join("trace");
    let clients = recorded(folder.path(), &trace)?;
    let steps = steps(&fs::read_to_string(&trace)?)?;
    let responses: usize =
        steps.iter().map(|step| if let Step::Respond(_, count) = step { *count } else { 0 }).sum();
    assert_eq!(responses, CLIENTS * EACH, "the recording is not complete");
    let cuts = std::env::var("POWER_CUTS").ok().and_then(|number| number.parse().ok());
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let cuts: BTreeSet<usize> =
        (0..cuts.unwrap_or(CUTS)).map(|_| random.usize(..steps.len())).collect();
    let mut disks: HashMap<&str, Disk> = FILES.map(|name| (name, Disk::default())).into();
    let mut acknowledged: HashMap<u16, usize> = HashMap::new();
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Change(file, change) => {
                let disk = disks.get_mut(file).ok_or("no such file")?;
                disk.pending.push((at, change.clone()));
            }
            Step::Synced(begun) => match steps.get(*begun) {
                Some(Step::Sync(Synced::File(file))) => {
                    disks.get_mut(file).ok_or("no such file")?.sync(*begun, false);
                }
                _ => disks.values_mut().for_each(|disk| disk.sync(*begun, true)),
            },
            Step::Respond(port, count) => *acknowledged.entry(*port).or_default() += count,
            Step::Sync(_) => {}
        }
        if cuts.contains(&at) {
            let folder = tempfile::tempdir()?;
            let files = FILES.map(|file| disks[file].after_power_loss(&mut random));
            let events = clients.iter().flat_map(|client| {
                let count = acknowledged.get(&client.port).copied().unwrap_or_default();
                (0..count).map(|number| event(client.number, number))
            });
            assert_has(folder.path(), files, &events.collect())
                .map_err(|error| format!("seed {seed}, step {at}: {error}"))?;
        }
    }
    Ok(())
}
