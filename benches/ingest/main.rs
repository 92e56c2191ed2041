//! Compares ingest with other servers: bare hyper, an append-only log, SQLite, Node, mitmdump.
//!
//! Run with `cargo bench --bench ingest`. All servers run in alternating rounds; each gets the
//! first core for itself, and the load comes from the second. Ratios of the same run are what
//! counts.
//!
//! Variables: `ROUNDS`, `SECONDS` of each round, `ONLY` (server names), `SCENARIOS` (`64x1k`, …),
//! `BASELINE` (another hookglass binary to compare with), `KILLS` (kill hookglass this often while
//! it receives, instead of measuring), `SOAK` (send 500 deliveries a second to the dashboard for this
//! many seconds, instead of measuring), `HOOKGLASS_WRITE_DOCS=1` (write `docs/performance.md`).

#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures, and prints what it measured"
)]

mod kills;
mod load;
mod process;
mod report;
mod servers;
mod soak;

use std::error::Error;
use std::process::Command;
use std::time::Duration;

use load::Scenario;
use process::{Running, Server};
use report::{Round, Table};

type Done<T = ()> = Result<T, Box<dyn Error>>;

/// Key of the signatures.
const SECRET: &str = "bench-key-not-real";

/// Set in the process that runs on the second core.
const PINNED: &str = "INGEST_PINNED";

const SCENARIOS: [Scenario; 4] = [
    Scenario { name: "64x1k", connections: 64, body: 1 << 10 },
    Scenario { name: "1x1k", connections: 1, body: 1 << 10 },
    Scenario { name: "64x64k", connections: 64, body: 64 << 10 },
    Scenario { name: "1x64k", connections: 1, body: 64 << 10 },
];

fn variable<T: std::str::FromStr>(name: &str, default: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn is_chosen(variable: &str, name: &str) -> bool {
    let chosen = std::env::var(variable).unwrap_or_default();
    chosen.is_empty() || chosen.split(',').any(|one| one == name)
}

/// Starts this program again on the second core; false if that is impossible.
fn run_pinned() -> Done<bool> {
    if std::env::var_os(PINNED).is_some() || !process::can_pin() {
        return Ok(false);
    }
    let mut again = Command::new("taskset");
    again.args(["-c", "1"]).arg(std::env::current_exe()?).args(std::env::args().skip(1));
    let status = again.env(PINNED, "1").status()?;
    std::process::exit(status.code().unwrap_or(1));
}

fn measure(server: Server, scenario: &Scenario, time: Duration) -> Done<Round> {
    let folder = tempfile::tempdir()?;
    let mut running = Running::start(server, folder.path())?;
    // Opens connections and files, and fills caches.
    let warm = load::run(running.address, scenario, 0, time / 8)?;
    let before = running.cpu_time();
    let sent = load::run(running.address, scenario, 1, time)?;
    let cpu = running.cpu_time().saturating_sub(before);
    let memory = running.peak_memory();
    running.kill();
    let acknowledged = warm.latencies.len() + sent.latencies.len();
    let stored = server.stored(folder.path())?;
    let lost = stored.map_or(0, |stored| acknowledged.saturating_sub(stored));
    let disk = process::size_of(folder.path());
    Ok(Round {
        rate: sent.latencies.len() as f64 / sent.took.as_secs_f64(),
        p50: sent.percentile(0.50),
        p99: sent.percentile(0.99),
        cpu: cpu.as_secs_f64() * 1e6 / sent.latencies.len().max(1) as f64,
        memory,
        lost,
        disk: stored.filter(|stored| *stored > 0).map(|stored| disk as f64 / stored as f64),
    })
}

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, role, name, address] = arguments.as_slice()
        && role == "serve"
    {
        return servers::serve(name, address.parse()?);
    }
    // `cargo test --benches` only checks that it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let soak = variable("SOAK", 0);
    if soak > 0 {
        return soak::run(Duration::from_secs(soak));
    }
    if run_pinned()? {
        return Ok(());
    }
    let kills = variable("KILLS", 0);
    if kills > 0 {
        return kills::run(kills);
    }
    let rounds = variable("ROUNDS", 5);
    let time = Duration::from_secs_f64(variable("SECONDS", 2.0));
    let servers: Vec<Server> =
        Server::all().filter(|server| is_chosen("ONLY", server.name())).collect();
    let mut tables = Vec::new();
    for scenario in SCENARIOS.iter().filter(|one| is_chosen("SCENARIOS", one.name)) {
        let mut table = Table::new(scenario, &servers);
        for round in 0..rounds {
            // Another one begins each round.
            for at in 0..servers.len() {
                let at = (at + round) % servers.len();
                if let Some(server) = servers.get(at) {
                    table.add(at, measure(*server, scenario, time)?);
                }
            }
        }
        println!("{table}");
        tables.push(table);
    }
    report::write_docs(&tables, rounds)
}
