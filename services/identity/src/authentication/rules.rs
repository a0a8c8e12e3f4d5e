//! What becomes of a session whose refresh token is presented.

use chrono::{DateTime, TimeDelta, Utc};

use super::refresh_token::{RefreshToken, TokenDigest};

/// What is kept of a session.
pub struct SessionState {
    pub family_digest: TokenDigest,
    pub token_digest: TokenDigest,
    /// Of the token before the newest, and when it was exchanged.
    pub previous: Option<(TokenDigest, DateTime<Utc>)>,
    pub expire_time: DateTime<Utc>,
    pub revoked: bool,
    pub employee_active: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Refresh {
    /// The newest token of a live session.
    Rotate,
    /// The token before the newest, exchanged so short ago that its answer may have got lost on the way.
    Repeat,
    /// A token of the family that was used before: a thief or the rightful holder has the newer one, so both lose it.
    Reused,
    Invalid,
}

/// How long an exchange can be repeated.
pub const GRACE: TimeDelta = TimeDelta::seconds(10);

pub fn refresh(session: &SessionState, token: &RefreshToken, now: DateTime<Utc>) -> Refresh {
    let live = !session.revoked && session.employee_active && session.expire_time > now;
    if !live || session.family_digest != token.family_digest() {
        Refresh::Invalid
    } else if session.token_digest == token.digest() {
        Refresh::Rotate
    } else if session.previous.is_some_and(|(digest, time)| digest == token.digest() && now - time <= GRACE) {
        Refresh::Repeat
    } else {
        Refresh::Reused
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn only_the_newest_token_of_a_live_family_is_exchanged() {
        let now = Utc::now();
        let used = RefreshToken::first(Uuid::now_v7());
        let before = used.successor(b"key");
        let newest = before.successor(b"key");
        let session = || SessionState {
            family_digest: newest.family_digest(),
            token_digest: newest.digest(),
            previous: Some((before.digest(), now)),
            expire_time: now + TimeDelta::hours(1),
            revoked: false,
            employee_active: true,
        };
        assert_eq!(refresh(&session(), &newest, now), Refresh::Rotate);
        assert_eq!(refresh(&session(), &used, now), Refresh::Reused);
        assert_eq!(refresh(&session(), &before, now + GRACE), Refresh::Repeat);
        assert_eq!(refresh(&session(), &before, now + GRACE + TimeDelta::milliseconds(1)), Refresh::Reused);
        let made_up = RefreshToken::first(used.session_id);
        assert_eq!(refresh(&session(), &made_up, now), Refresh::Invalid);
        let over = [
            SessionState { expire_time: now, ..session() },
            SessionState { revoked: true, ..session() },
            SessionState { employee_active: false, ..session() },
        ];
        for session in over {
            assert_eq!(refresh(&session, &newest, now), Refresh::Invalid);
            assert_eq!(refresh(&session, &used, now), Refresh::Invalid);
        }
    }
}
