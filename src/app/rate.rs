//! Rate of deliveries, for the title line.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Length of the history in seconds.
const SECONDS: i64 = 60;

/// Counts of the last minute, by second.
#[derive(Debug, Clone, Default)]
pub struct Rate {
    /// Seconds with their counts, ascending; seconds without deliveries are left out.
    counts: VecDeque<(i64, u32)>,
}

impl Rate {
    pub fn count(&mut self, at: Timestamp) {
        let second = at.as_second();
        match self.counts.back_mut() {
            Some((last, count)) if *last >= second => *count += 1,
            _ => self.counts.push_back((second, 1)),
        }
    }

    pub fn forget(&mut self, now: Timestamp) {
        while self.counts.front().is_some_and(|(second, _)| *second <= now.as_second() - SECONDS) {
            self.counts.pop_front();
        }
    }

    /// Returns deliveries per second, as an exponential mean over the last complete seconds that
    /// halves the weight of each second before.
    pub fn per_second(&self, now: Timestamp) -> f64 {
        /// Beyond this, a second weighs less than a thousandth.
        const WINDOW: i64 = 10;
        let now = now.as_second();
        let weight = |second: i64| {
            let age = now - 1 - second;
            (0..WINDOW).contains(&age).then(|| i32::try_from(age).unwrap_or(i32::MAX))
        };
        let recent = self.counts.iter().filter_map(|(second, count)| {
            Some(f64::from(*count) * 0.5_f64.powi(weight(*second)? + 1))
        });
        // A sum of nothing is negative zero.
        recent.sum::<f64>() + 0.0
    }

    /// Returns the counts of `bars` equal parts of the last minute, oldest first.
    pub fn bars(&self, now: Timestamp, bars: usize) -> Vec<u32> {
        let mut sums = vec![0; bars];
        let start = now.as_second() - SECONDS;
        for (second, count) in &self.counts {
            let part = usize::try_from(second - start - 1).unwrap_or(0) * bars / 60;
            if let Some(sum) = sums.get_mut(part) {
                *sum += count;
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_last_minute() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut rate = Rate::default();
        for second in [1, 100, 100, 101, 159] {
            rate.count(at(second));
        }
        rate.forget(at(160));
        assert!((rate.per_second(at(160)) - 0.5).abs() < 1e-9);
        assert!((rate.per_second(at(161)) - 0.25).abs() < 1e-9);
        assert_eq!(rate.bars(at(160), 6), [1, 0, 0, 0, 0, 1]);
    }
}
