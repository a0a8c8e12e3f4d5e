//! Why one customer of several could not be moved, which leaves the others moved.

use chrono::NaiveDate;
use contracts::customers::{Customer, CustomerOutcome};
use platform::error::{Error, Reason, reason as common};
use platform::locale;
use tonic::Code;
use uuid::Uuid;

use super::rules::Quota;
use crate::error::reason;

#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    NotFound,
    AlreadyClaimed,
    /// May claim it again from that day on.
    TooSoon(NaiveDate),
    Quota(Quota),
}

impl Refusal {
    fn parts(&self) -> (Code, &'static Reason, Vec<(&'static str, String)>) {
        match self {
            Self::NotFound => (Code::NotFound, &common::NOT_FOUND, Vec::new()),
            Self::AlreadyClaimed => (Code::FailedPrecondition, &reason::ALREADY_CLAIMED, Vec::new()),
            Self::TooSoon(date) => {
                (Code::FailedPrecondition, &reason::CLAIM_TOO_SOON, vec![("date", date.to_string())])
            }
            Self::Quota(Quota::Owned(limit)) => {
                (Code::ResourceExhausted, &reason::OWNED_QUOTA_EXCEEDED, vec![("limit", limit.to_string())])
            }
            Self::Quota(Quota::Claims(limit)) => {
                (Code::ResourceExhausted, &reason::CLAIM_QUOTA_EXCEEDED, vec![("limit", limit.to_string())])
            }
        }
    }

    /// As the answer to a call about one customer.
    pub fn error(&self) -> Error {
        let (code, reason, args) = self.parts();
        args.into_iter().fold(Error::new(code, reason), |error, (name, value)| error.arg(name, value))
    }
}

/// As one line of the answer to a call about several.
pub fn outcome(id: Uuid, moved: Result<Customer, Refusal>) -> CustomerOutcome {
    let customer_id = id.to_string();
    match moved {
        Ok(customer) => CustomerOutcome { customer_id, customer: Some(customer), ..CustomerOutcome::default() },
        Err(refusal) => {
            let (_, reason, args) = refusal.parts();
            let message = reason.text(locale::current(), &args);
            CustomerOutcome { customer_id, customer: None, reason: reason.id.to_owned(), message }
        }
    }
}
