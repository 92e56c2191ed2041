//! `hookglass wait`: until a listener has kept what a test expects.

use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;

use super::selection::{FilterArgs, Selection};
use super::tail::{StoreTail, now};
use super::{CliError, StoreArgs};
use crate::delivery::{Delivery, DeliveryId};
use crate::headless::{self, Format};
use crate::payload::escape;
use crate::store::{StoreError, StoreReader};
use crate::units;

#[derive(Debug, Args)]
pub(super) struct WaitArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// How many have to come
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["sequence", "none"])]
    count: usize,
    /// How long to wait, for instance 500ms, 30s or 5m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = units::parse_duration)]
    timeout: Duration,
    /// Count those as well that came since then, for instance 5m or 2026-11-24T10:00
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Filters that have to be met in this order; others may come between
    #[arg(long, value_name = "FILTER", conflicts_with = "none", allow_hyphen_values = true)]
    sequence: Vec<String>,
    /// Fail if one comes, and succeed when the time is over
    #[arg(long)]
    none: bool,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
}

/// How long to wait before looking again whether there is a store by now.
const PACE: Duration = Duration::from_millis(50);

pub(super) fn run(args: &WaitArgs) -> Result<(), CliError> {
    let end = now() + args.timeout;
    let since = args.since.as_deref().map(|since| Selection::read(&format!("since:{since}")));
    let mut goal = Goal {
        picking: args.filter.picking()?,
        since: since.transpose()?,
        steps: args.sequence.iter().map(|step| Selection::read(step)).collect::<Result<_, _>>()?,
        count: if args.none { usize::MAX } else { args.count },
        passed: Vec::new(),
        others: 0,
    };
    let mut waiting = match begin(&args.store.path(), args.since.is_some(), end)? {
        Some(following) => following,
        None if args.none => return Ok(()),
        None => return Err(no_store(args)),
    };
    let format = if args.json { Format::Jsonl } else { Format::Text };
    let mut out = io::stdout().lock();
    loop {
        let goes_on = waiting.wait(Some(end))?;
        loop {
            let mut come = waiting.settled()?;
            let is_all = waiting.is_at_the_end()?;
            // When the time is over, those count as well whose answer is still due.
            if is_all && !goes_on {
                come.extend(waiting.unsettled()?);
            }
            for delivery in come {
                if !goal.take(&delivery) {
                    continue;
                }
                headless::print(&mut out, &delivery, format)?;
                out.flush()?;
                if args.none {
                    let id = delivery.summary.id;
                    return Err(CliError::negative(format!(
                        "delivery {id} came, and none should have"
                    )));
                }
                if goal.is_reached() {
                    return Ok(());
                }
            }
            if is_all {
                break;
            }
        }
        if !goes_on {
            return if args.none { Ok(()) } else { Err(goal.missed(args)) };
        }
    }
}

/// Waits until there is a store; nothing if there is none at the end. One that is made while we
/// wait holds nothing that came before.
fn begin(path: &Path, from_the_start: bool, end: Instant) -> Result<Option<StoreTail>, CliError> {
    let mut was_absent = false;
    loop {
        match StoreReader::open(path) {
            Ok(reader) => {
                let all = was_absent || from_the_start;
                let last = if all { Ok(DeliveryId(0)) } else { reader.last_id() };
                return Ok(Some(StoreTail::new(reader, last.map_err(CliError::environment)?)));
            }
            Err(StoreError::Absent { .. }) if now() < end => {
                was_absent = true;
                std::thread::sleep(PACE);
            }
            Err(StoreError::Absent { .. }) => return Ok(None),
            Err(error) => return Err(CliError::environment(error)),
        }
    }
}

fn no_store(args: &WaitArgs) -> CliError {
    CliError::negative(format!(
        "nothing came within {}: there is no store at {}; start `hookglass --headless` in this \
         folder, or say with --store where its store is",
        units::format_duration(args.timeout),
        args.store.path().display()
    ))
}

/// What is waited for, and what has come.
struct Goal {
    picking: Selection,
    since: Option<Selection>,
    /// Empty if only the number counts.
    steps: Vec<Selection>,
    count: usize,
    /// Those that passed, and which steps each of them meets.
    passed: Vec<(DeliveryId, Vec<bool>)>,
    others: usize,
}

impl Goal {
    /// Whether a delivery is one of those that are waited for.
    fn take(&mut self, delivery: &Delivery) -> bool {
        if self.since.as_ref().is_some_and(|since| !since.matches(delivery)) {
            return false;
        }
        let meets: Vec<bool> = self.steps.iter().map(|step| step.matches(delivery)).collect();
        let counts = self.steps.is_empty() || meets.contains(&true);
        if !counts || !self.picking.matches(delivery) {
            self.others += 1;
            return false;
        }
        self.passed.push((delivery.summary.id, meets));
        // An answer may come late; what counts is the order of arrival.
        self.passed.sort_unstable_by_key(|(id, _)| *id);
        true
    }

    /// How many of the steps have been met in their order.
    fn steps_met(&self) -> usize {
        let mut met = 0;
        for (_, meets) in &self.passed {
            met += usize::from(meets.get(met) == Some(&true));
        }
        met
    }

    fn is_reached(&self) -> bool {
        if self.steps.is_empty() {
            self.passed.len() >= self.count
        } else {
            self.steps_met() == self.steps.len()
        }
    }

    /// What there is to say when the time is over.
    fn missed(&self, args: &WaitArgs) -> CliError {
        let came = match args.sequence.get(self.steps_met()) {
            Some(step) => format!(
                "step {} of {} did not come: {}",
                self.steps_met() + 1,
                self.steps.len(),
                escape(step)
            ),
            None => format!("{} of {} came", self.passed.len(), self.count),
        };
        let others = match self.others {
            0 => "nothing else came".to_owned(),
            1 => "1 other delivery did not pass".to_owned(),
            others => format!("{others} other deliveries did not pass"),
        };
        let earlier = match args.since {
            Some(_) => "",
            None => "; what came before this command counts with --since",
        };
        CliError::negative(format!(
            "not within {}: {came}, {others}{earlier}",
            units::format_duration(args.timeout)
        ))
    }
}
