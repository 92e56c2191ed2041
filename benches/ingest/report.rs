//! Tables of the measured figures.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::Done;
use super::load::Scenario;
use super::process::Server;

/// Figures of one server in one round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Round {
    /// Requests a second.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Microseconds of CPU for each request.
    pub(crate) cpu: f64,
    /// Peak, in bytes.
    pub(crate) memory: u64,
    pub(crate) lost: usize,
    /// Bytes on disk for each delivery.
    pub(crate) disk: Option<f64>,
}

/// The rounds of one scenario.
pub(crate) struct Table {
    scenario: Scenario,
    servers: Vec<(Server, Vec<Round>)>,
}

impl Table {
    pub(crate) fn new(scenario: &Scenario, servers: &[Server]) -> Self {
        let servers = servers.iter().map(|server| (*server, Vec::new())).collect();
        Self { scenario: *scenario, servers }
    }

    pub(crate) fn add(&mut self, at: usize, round: Round) {
        if let Some((_, rounds)) = self.servers.get_mut(at) {
            rounds.push(round);
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scenario { connections, body, .. } = self.scenario;
        let plural = if connections == 1 { "" } else { "s" };
        writeln!(f, "{connections} connection{plural}, {} KB bodies:\n", body >> 10)?;
        writeln!(
            f,
            "| server | of bare | range | requests/s | p50 | p99 | CPU each | peak memory | \
             on disk each | lost |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|---|")?;
        let bare = self.servers.first().map(|(_, rounds)| rounds.as_slice()).unwrap_or_default();
        for (server, rounds) in &self.servers {
            let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure).collect());
            // Each round is compared with the bare server of the same round.
            let mut ratios: Vec<f64> =
                rounds.iter().zip(bare).map(|(round, bare)| round.rate / bare.rate).collect();
            ratios.sort_unstable_by(f64::total_cmp);
            let [least, most] =
                [ratios.first(), ratios.last()].map(|it| it.copied().unwrap_or(0.0));
            let disk = rounds.iter().filter_map(|round| round.disk).collect::<Vec<_>>();
            let disk =
                if disk.is_empty() { "–".to_owned() } else { format!("{:.0} B", median(disk)) };
            let keeps = rounds.iter().any(|round| round.disk.is_some());
            let lost: usize = rounds.iter().map(|round| round.lost).sum();
            writeln!(
                f,
                "| {} | {:.3} | {least:.3}–{most:.3} | {:.0} | {:.2} ms | {:.2} ms | {:.1} µs | \
                 {:.1} MB | {disk} | {} |",
                server.description(),
                median(ratios.clone()),
                of(|round| round.rate),
                of(|round| round.p50.as_secs_f64() * 1e3),
                of(|round| round.p99.as_secs_f64() * 1e3),
                of(|round| round.cpu),
                of(|round| round.memory as f64 / 1e6),
                if keeps { lost.to_string() } else { "–".to_owned() },
            )?;
        }
        Ok(())
    }
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = if std::env::var_os(super::PINNED).is_some() {
        "server on one core, load on another"
    } else {
        "server and load on the same cores"
    };
    format!("{}, Linux {}, {cores}", model.unwrap_or("unknown CPU"), kernel.trim())
}

/// Replaces the measured part of `docs/performance.md`.
pub(crate) fn write_docs(tables: &[Table], rounds: usize) -> Done {
    const BEGIN: &str = "<!-- ingest -->\n";
    const END: &str = "<!-- /ingest -->";
    if std::env::var_os("HOOKGLASS_WRITE_DOCS").is_none() {
        return Ok(());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let before = fs::read_to_string(&path)?;
    let (head, rest) = before.split_once(BEGIN).ok_or("no place for the tables")?;
    let (_, tail) = rest.split_once(END).ok_or("no end of the tables")?;
    let tables: Vec<String> = tables.iter().map(ToString::to_string).collect();
    let about = format!("Medians of {rounds} alternating rounds in one run. {}.", machine());
    fs::write(&path, format!("{head}{BEGIN}{about}\n\n{}\n{END}{tail}", tables.join("\n")))?;
    Ok(())
}
