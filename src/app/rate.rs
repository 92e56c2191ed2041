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

    /// Returns deliveries per second, averaged over the last three complete seconds.
    pub fn per_second(&self, now: Timestamp) -> f64 {
        const WINDOW: i64 = 3;
        let now = now.as_second();
        let recent = |second: i64| (now - WINDOW..now).contains(&second);
        let sum: u32 =
            self.counts.iter().filter(|(second, _)| recent(*second)).map(|(_, count)| count).sum();
        f64::from(sum) / 3.0
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
        assert!((rate.per_second(at(160)) - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(rate.bars(at(160), 6), [1, 0, 0, 0, 0, 1]);
    }
}
