//! Batches at a pace: the first goes at once, the next ones not sooner than an interval after it. So an event alone isn't
//! held up, and under load a transaction serves all that came meanwhile instead of a few.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

const INTERVAL: Duration = Duration::from_millis(25);

pub(super) struct Pace {
    next: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { next: Instant::now() }
    }

    /// Until the next batch may begin; behind a full one it need not gather.
    pub(super) async fn wait(&mut self, after_full: bool) {
        sleep_until(self.begin(Instant::now(), after_full)).await;
    }

    fn begin(&mut self, now: Instant, after_full: bool) -> Instant {
        let begin = if after_full { now } else { now.max(self.next) };
        self.next = begin + INTERVAL;
        begin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_goes_at_once_and_the_others_gather() {
        let mut pace = Pace::new();
        let now = Instant::now();
        assert_eq!(pace.begin(now, false), now);
        assert_eq!(pace.begin(now, false), now + INTERVAL);
        assert_eq!(pace.begin(now + INTERVAL, true), now + INTERVAL);
        assert_eq!(pace.begin(now + INTERVAL, false), now + 2 * INTERVAL);
        assert_eq!(pace.begin(now + 9 * INTERVAL, false), now + 9 * INTERVAL);
    }
}
