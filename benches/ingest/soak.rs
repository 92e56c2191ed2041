//! Sends at a steady rate for a long time while keys are pressed in the dashboard, then checks what
//! is stored, what is on the screen, and what the process has kept.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at};

use super::Done;
use super::load::{Requests, Sent, event_id, read_response};
use super::process::{Running, Screen};

/// Deliveries a second.
const RATE: usize = 500;
const CONNECTIONS: usize = 10;

/// Part of the time after which caches and pools are full.
const WARM: u32 = 6;
/// Bytes that the process may keep for each delivery: its row in the list, with room to grow.
const KEPT: u64 = 250;
/// Bytes that caches may still grow by.
const CACHES: u64 = 16 << 20;

/// Keys pressed in turn, one group a second: scroll, open, search, change tabs, filter, sort.
const KEYS: [&str; 20] = [
    "g",
    "jjjj",
    "\r",
    "jj",
    "/tiger\r",
    "n",
    "3",
    "2",
    "4",
    "1",
    "\x1b\x1b",
    "/type:message size:>1k\r",
    "k",
    "0",
    "os",
    "ot",
    "G",
    "k",
    "?",
    "\x1b\x1b\x1bG",
];

/// A response of a connection.
struct Response {
    connection: usize,
    latency: Duration,
}

/// Sends one request after the other, each when it is due.
async fn send(
    address: SocketAddr,
    connection: usize,
    count: usize,
    responses: &mpsc::Sender<Response>,
) -> Done {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut requests = Requests::new(1 << 10)?;
    let mut buffer = Vec::with_capacity(4096);
    let period = Duration::from_secs(1) * u32::try_from(CONNECTIONS)? / u32::try_from(RATE)?;
    let offset = period * u32::try_from(connection)? / u32::try_from(CONNECTIONS)?;
    let mut due = interval_at(Instant::now() + offset, period);
    for number in 0..count {
        due.tick().await;
        let start = Instant::now();
        stream.write_all(requests.with_id(&event_id(0, connection, number))).await?;
        if !read_response(&mut stream, &mut buffer).await? {
            return Err(format!("request {number} of connection {connection} was refused").into());
        }
        responses.send(Response { connection, latency: start.elapsed() }).await?;
    }
    Ok(())
}

/// Resources of the process.
struct Usage {
    memory: u64,
    peak: u64,
    descriptors: usize,
    threads: usize,
    cpu: Duration,
}

impl Usage {
    fn of(running: &Running) -> Done<Self> {
        let count = |what: &str| -> Done<usize> {
            Ok(fs::read_dir(format!("/proc/{}/{what}", running.pid))?.count())
        };
        Ok(Self {
            memory: running.memory("VmRSS:"),
            peak: running.peak_memory(),
            descriptors: count("fd")?,
            threads: count("task")?,
            cpu: running.cpu_time(),
        })
    }
}

/// Acknowledged requests of each connection, and the usage of a minute.
struct Watch<'a> {
    running: &'a Running,
    screen: &'a mut Screen,
    acknowledged: Vec<usize>,
    /// Usage when caches are full; what comes later is growth.
    warm: Option<(usize, Usage)>,
}

impl Watch<'_> {
    fn total(&self) -> usize {
        self.acknowledged.iter().sum()
    }

    /// Counts responses, presses a key each second, and prints a line each minute.
    async fn run(&mut self, mut responses: mpsc::Receiver<Response>, time: Duration) -> Done {
        println!(
            "| second | acknowledged | p50 | p99 | max | memory | peak | files | threads | CPU |"
        );
        println!("|---|---|---|---|---|---|---|---|---|---|");
        let (begun, mut seconds, mut minute) = (Instant::now(), 0_u32, Sent::default());
        let mut before = Duration::ZERO;
        let mut second = interval_at(begun + Duration::from_secs(1), Duration::from_secs(1));
        loop {
            tokio::select! {
                response = responses.recv() => {
                    let Some(response) = response else { return Ok(()) };
                    minute.latencies.push(response.latency);
                    let count = self.acknowledged.get_mut(response.connection);
                    *count.ok_or("no such connection")? += 1;
                }
                _ = second.tick() => {
                    seconds += 1;
                    self.screen.read();
                    let keys = KEYS.iter().cycle().nth(seconds as usize % KEYS.len());
                    self.screen.press(keys.ok_or("no keys")?)?;
                    if seconds.is_multiple_of(60) {
                        before = self.print(seconds, &mut minute, before)?;
                    }
                    if self.warm.is_none() && begun.elapsed() >= time / WARM {
                        self.warm = Some((self.total(), Usage::of(self.running)?));
                    }
                }
            }
        }
    }

    fn print(&self, seconds: u32, minute: &mut Sent, before: Duration) -> Done<Duration> {
        minute.latencies.sort_unstable();
        let ms = |part| minute.percentile(part).as_secs_f64() * 1e3;
        let usage = Usage::of(self.running)?;
        println!(
            "| {seconds} | {} | {:.1} ms | {:.1} ms | {:.0} ms | {:.1} MB | {:.1} MB | {} | {} | {:.0} % |",
            self.total(),
            ms(0.5),
            ms(0.99),
            ms(1.0),
            usage.memory as f64 / 1e6,
            usage.peak as f64 / 1e6,
            usage.descriptors,
            usage.threads,
            usage.cpu.saturating_sub(before).as_secs_f64() / 60.0 * 100.0,
        );
        minute.latencies.clear();
        Ok(usage.cpu)
    }
}

/// Returns the newest event ids after a check that each acknowledged one is stored once, and those
/// of a connection in the order they were sent.
fn check_store(folder: &Path, acknowledged: &[usize]) -> Done<Vec<String>> {
    let connection = rusqlite::Connection::open(folder.join("deliveries.db"))?;
    let mut statement = connection.prepare("SELECT event_id FROM deliveries ORDER BY id")?;
    let mut rows = statement.query([])?;
    let (mut next, mut newest) = (vec![0; acknowledged.len()], Vec::new());
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let sender = usize::from_str_radix(id.get(2..4).ok_or("a short event id")?, 16)?;
        let number = next.get_mut(sender).ok_or("an unknown connection")?;
        let expected = event_id(0, sender, *number);
        if id != expected {
            return Err(format!("{id} is stored where {expected} was sent").into());
        }
        *number += 1;
        newest.push(id);
        if newest.len() > 1000 {
            newest.drain(..900);
        }
    }
    if next != acknowledged {
        return Err(format!("acknowledged {acknowledged:?}, stored {next:?}").into());
    }
    Ok(newest)
}

pub(crate) fn run(time: Duration) -> Done {
    let folder = tempfile::tempdir()?;
    let (mut running, mut screen) = Running::start_dashboard(folder.path())?;
    let result = soak(&running, &mut screen, folder.path(), time);
    running.kill();
    result
}

fn soak(running: &Running, screen: &mut Screen, folder: &Path, time: Duration) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let count = usize::try_from(time.as_secs())? * RATE / CONNECTIONS;
    let acknowledged = vec![0; CONNECTIONS];
    let mut watch = Watch { running, screen, acknowledged, warm: None };
    runtime.block_on(async {
        let (sender, responses) = mpsc::channel(1024);
        let sending = async {
            let sends =
                (0..CONNECTIONS).map(|number| send(running.address, number, count, &sender));
            let sent = futures_util::future::try_join_all(sends).await;
            drop(sender);
            sent.map(drop)
        };
        let (sent, watched) = tokio::join!(sending, watch.run(responses, time));
        sent.and(watched)
    })?;
    let total = watch.total();
    let Watch { acknowledged, warm, screen, .. } = watch;
    let newest = check_store(folder, &acknowledged)?;
    println!("{total} acknowledged, each stored once and in the order of its connection");

    screen.press("\x1b")?;
    screen.press("\x1b")?;
    screen.press("0")?;
    screen.press("G")?;
    screen.wait_for(&newest, total)?;
    println!("the screen shows the count, and the newest deliveries in their order");

    let after = Usage::of(running)?;
    let (at, warm) = warm.ok_or("too short to see growth")?;
    let (grown, more) =
        (after.memory.saturating_sub(warm.memory), u64::try_from(total.saturating_sub(at))?.max(1));
    println!(
        "memory {:.1} MB after {at} deliveries, {:.1} MB after {total}: {} bytes each; \
         files {} and {}, threads {} and {}",
        warm.memory as f64 / 1e6,
        after.memory as f64 / 1e6,
        grown / more,
        warm.descriptors,
        after.descriptors,
        warm.threads,
        after.threads,
    );
    // The connections of the load are closed by now.
    if after.descriptors > warm.descriptors || after.threads > warm.threads + 4 {
        return Err("files or threads were left over".into());
    }
    let allowed = KEPT * more + CACHES;
    if grown > allowed { Err("memory grew by more than the list".into()) } else { Ok(()) }
}
