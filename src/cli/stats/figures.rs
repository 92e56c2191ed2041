//! Statistics computed in one pass over the rows.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::delivery::{HubPlace, Summary};
use crate::store::AttemptTime;

/// Statistics of deliveries. [`Figures::sort`] sorts the rows, highest count first.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) total: u64,
    pub(super) duplicates: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) types: Vec<(String, u64)>,
    pub(super) verdicts: Vec<(String, u64)>,
    pub(super) causes: Vec<(String, u64)>,
    pub(super) answers: Vec<(String, u64)>,
    /// Streams of hubs, in the order of their first delivery.
    pub(super) hubs: Vec<HubFigures>,
    /// Slowest target first, by median.
    pub(super) targets: Vec<TargetTimes>,
    sizes: Vec<u64>,
    places: HashMap<(&'static str, String), usize>,
}

/// Deliveries of the stream of a hub.
#[derive(Debug, Default)]
pub(super) struct HubFigures {
    pub(super) stream: String,
    pub(super) acknowledged: u64,
    /// Deliveries that are not in the stream yet.
    pub(super) unpublished: u64,
    pub(super) last_sequence: Option<u64>,
    pub(super) listeners: Vec<(String, u64)>,
    places: HashMap<(&'static str, String), usize>,
}

impl HubFigures {
    fn count(&mut self, place: &HubPlace) {
        match place.sequence {
            Some(_) => self.acknowledged += 1,
            None => self.unpublished += 1,
        }
        self.last_sequence = self.last_sequence.max(place.sequence);
        add(&mut self.places, "listener", &mut self.listeners, &place.listener);
    }
}

#[derive(Debug, Default)]
pub(super) struct TargetTimes {
    pub(super) name: String,
    pub(super) took: Vec<Duration>,
    /// Attempts without a response or with a status of 400 and above.
    pub(super) failed: u64,
}

impl TargetTimes {
    /// Returns the response time at a percentile.
    pub(super) fn at(&self, rank: usize) -> Duration {
        at(&self.took, rank).unwrap_or_default()
    }
}

/// Returns the value at a percentile of sorted values.
fn at<T: Copy>(sorted: &[T], rank: usize) -> Option<T> {
    let index = (sorted.len() * rank).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied()
}

impl Figures {
    pub(super) fn count(&mut self, row: &Summary) {
        self.total += 1;
        self.duplicates += u64::from(row.duplicate_of.is_some());
        let at = row.request.received_at;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        self.sizes.push(row.request.body_size);
        let answer = row.response.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let places = &mut self.places;
        add(places, "type", &mut self.types, row.event.event_type.as_deref().unwrap_or("no type"));
        add(places, "verdict", &mut self.verdicts, row.signature.status.as_str());
        add(places, "answer", &mut self.answers, &answer);
        if let Some(cause) = &row.signature.cause {
            add(places, "cause", &mut self.causes, cause);
        }
        if let Some(place) = row.request.hub.as_deref() {
            if let Some(hub) = self.hubs.iter_mut().find(|hub| hub.stream == place.stream) {
                hub.count(place);
            } else {
                let mut hub = HubFigures { stream: place.stream.clone(), ..HubFigures::default() };
                hub.count(place);
                self.hubs.push(hub);
            }
        }
    }

    pub(super) fn time(&mut self, attempt: AttemptTime) {
        let known = self.targets.iter().position(|target| target.name == attempt.target);
        let index = known.unwrap_or_else(|| {
            self.targets.push(TargetTimes { name: attempt.target, ..TargetTimes::default() });
            self.targets.len() - 1
        });
        if let Some(target) = self.targets.get_mut(index) {
            target.took.push(attempt.took);
            target.failed += u64::from(attempt.status.is_none_or(|status| status >= 400));
        }
    }

    pub(super) fn sort(&mut self) {
        for rows in [&mut self.types, &mut self.verdicts, &mut self.causes, &mut self.answers] {
            rows.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        }
        for hub in &mut self.hubs {
            hub.listeners
                .sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        }
        self.sizes.sort_unstable();
        self.targets.iter_mut().for_each(|target| target.took.sort_unstable());
        self.targets.sort_by_key(|target| std::cmp::Reverse(target.at(50)));
    }

    pub(super) fn size_at(&self, rank: usize) -> u64 {
        at(&self.sizes, rank).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.sizes.iter().sum()
    }

    /// Returns deliveries per minute, from the first to the last.
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown with one decimal")]
    pub(super) fn per_minute(&self) -> f64 {
        let (Some(first), Some(last)) = (self.first, self.last) else { return 0.0 };
        let minutes = last.duration_since(first).as_secs_f64() / 60.0;
        self.total as f64 / minutes.max(1.0)
    }
}

fn add(
    places: &mut HashMap<(&'static str, String), usize>,
    table: &'static str,
    rows: &mut Vec<(String, u64)>,
    name: &str,
) {
    let index = *places.entry((table, name.to_owned())).or_insert_with(|| {
        rows.push((name.to_owned(), 0));
        rows.len() - 1
    });
    if let Some((_, count)) = rows.get_mut(index) {
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_come_from_the_sorted_values() {
        let sorted: Vec<u64> = (1..=20).collect();
        assert_eq!([50, 95, 100, 1].map(|rank| at(&sorted, rank).unwrap()), [10, 19, 20, 1]);
        assert_eq!(at(&[7], 50), Some(7));
        assert_eq!(at::<u64>(&[], 50), None);
    }
}
