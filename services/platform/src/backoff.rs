//! Pauses between tries that grow and don't fall together.

use std::time::Duration;

/// Doubles from `first` with each failed try (the first is 1) up to `most`; a random part keeps those who failed together
/// from coming back together.
pub fn pause(tries: u32, first: Duration, most: Duration) -> Duration {
    let grown = first.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(most);
    grown.mul_f64(0.75 + rand::random::<f64>() / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_most() {
        let (first, most) = (Duration::from_millis(100), Duration::from_secs(5));
        for (tries, bound) in [(1, 100), (2, 200), (5, 1_600), (7, 5_000), (400, 5_000)] {
            let pause = pause(tries, first, most);
            let bound = Duration::from_millis(bound);
            assert!(pause <= bound && pause >= bound.mul_f64(0.75), "try {tries}: {pause:?}");
        }
    }
}
