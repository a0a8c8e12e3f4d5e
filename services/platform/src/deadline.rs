//! The time that a call has left, so that calls made to answer it end no later.

use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static CURRENT: Option<Instant>;
}

/// What is left of `most` to the call that this task answers; all of it outside of calls.
pub fn left(most: Duration) -> Duration {
    let deadline = CURRENT.try_with(|deadline| *deadline).ok().flatten();
    deadline.map_or(most, |deadline| most.min(deadline.saturating_duration_since(Instant::now())))
}

pub async fn scope<F: Future>(deadline: Option<Instant>, call: F) -> F::Output {
    CURRENT.scope(deadline, call).await
}

/// A `grpc-timeout`: at most eight digits and a unit. Others are none.
pub fn read(timeout: &str) -> Option<Duration> {
    let (digits, unit) = timeout.split_at_checked(timeout.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_made_for_another_ends_no_later() {
        let most = Duration::from_secs(5);
        let now = Instant::now();
        assert_eq!(left(most), most);
        scope(None, async { assert_eq!(left(most), most) }).await;
        scope(Some(now + most * 100), async { assert_eq!(left(most), most) }).await;
        scope(Some(now + most / 2), async { assert!(left(most) <= most / 2) }).await;
        scope(Some(now), async { assert_eq!(left(most), Duration::ZERO) }).await;
    }

    #[test]
    fn only_a_timeout_as_grpc_writes_it_is_one() {
        let hour = Some(Duration::from_secs(3600));
        assert_eq!(["1H", "60M", "3600S", "3600000m"].map(read), [hour; 4]);
        assert_eq!(["20u", "20000n"].map(read), [Some(Duration::from_micros(20)); 2]);
        for wrong in ["", "S", "1", "1s", "-1S", "+1S", "1.5S", "123456789S", "秒", "1秒"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
