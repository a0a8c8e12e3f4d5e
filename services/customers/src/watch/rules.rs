//! What is kept in memory for streams, each with its bound.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use platform::error::{Error, Result};
use tonic::Code;
use uuid::Uuid;

use crate::error::reason;

/// More customers at once are not told one by one.
pub const MOST: usize = 200;

/// So many customers a stream remembers.
pub const KNOWN: usize = 1_000;

/// So many streams a caller may have in one process: some tabs and devices.
const SEATS: usize = 8;

/// Whose changes came within a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch {
    Customers(Arc<[Uuid]>),
    TooMany,
}

/// Changes on their way into a batch.
#[derive(Default)]
pub struct Gathered {
    ids: HashSet<Uuid>,
    too_many: bool,
}

impl Gathered {
    pub fn add(&mut self, id: Uuid) {
        if !self.too_many {
            self.ids.insert(id);
            self.too_many = self.ids.len() > MOST;
        }
    }

    pub fn take(&mut self) -> Option<Batch> {
        let Self { ids, too_many } = std::mem::take(self);
        match (too_many, ids.is_empty()) {
            (true, _) => Some(Batch::TooMany),
            (false, true) => None,
            (false, false) => Some(Batch::Customers(ids.into_iter().collect())),
        }
    }
}

/// The customers that a client was shown last.
#[derive(Default)]
pub struct Known {
    ids: HashSet<Uuid>,
    order: VecDeque<Uuid>,
}

impl Known {
    /// The last is forgotten last.
    pub fn of(ids: impl IntoIterator<Item = Uuid>) -> Self {
        let mut known = Self::default();
        for id in ids {
            known.add(id);
        }
        known
    }

    pub fn add(&mut self, id: Uuid) {
        if !self.ids.insert(id) {
            return;
        }
        self.order.push_back(id);
        if self.order.len() > KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    /// Whether it was known.
    pub fn remove(&mut self, id: Uuid) -> bool {
        let known = self.ids.remove(&id);
        if known {
            self.order.retain(|other| *other != id);
        }
        known
    }
}

/// How many streams each caller has.
#[derive(Clone, Default)]
pub struct Seats(Arc<Mutex<HashMap<Uuid, usize>>>);

/// One stream's; free again when it is dropped.
pub struct Seat {
    seats: Seats,
    employee_id: Uuid,
}

impl Seats {
    pub fn take(&self, employee_id: Uuid) -> Result<Seat> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(employee_id).or_default();
        if *count >= SEATS {
            return Err(Error::new(Code::ResourceExhausted, &reason::WATCHES_EXHAUSTED).arg("limit", SEATS));
        }
        *count += 1;
        Ok(Seat { seats: self.clone(), employee_id })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.employee_id) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.employee_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<Uuid> {
        (0..count).map(|_| Uuid::now_v7()).collect()
    }

    #[test]
    fn changes_of_one_customer_are_one_and_of_too_many_none() {
        let mut gathered = Gathered::default();
        assert_eq!(gathered.take(), None);
        let few = ids(2);
        for id in [few[0], few[1], few[0]] {
            gathered.add(id);
        }
        let Some(Batch::Customers(batch)) = gathered.take() else { panic!("no batch") };
        assert_eq!(batch.iter().collect::<HashSet<_>>(), few.iter().collect());
        for id in ids(100_000) {
            gathered.add(id);
        }
        assert!(gathered.ids.len() <= MOST + 1, "nothing is gathered beyond what is told");
        assert_eq!(gathered.take(), Some(Batch::TooMany));
        assert_eq!(gathered.take(), None);
    }

    #[test]
    fn the_oldest_are_forgotten_first() {
        let ids = ids(KNOWN + 2);
        let mut known = Known::of(ids[..KNOWN].iter().copied());
        assert!(known.remove(ids[5]) && !known.remove(ids[5]));
        for id in [ids[KNOWN], ids[KNOWN], ids[KNOWN + 1]] {
            known.add(id);
        }
        assert!(!known.remove(ids[0]) && known.remove(ids[1]) && known.remove(ids[KNOWN + 1]));
        assert_eq!(known.ids.len(), known.order.len());
    }

    #[test]
    fn a_caller_has_so_many_seats_and_gets_them_back() {
        let seats = Seats::default();
        let somebody = Uuid::now_v7();
        let mut taken: Vec<Seat> = (0..SEATS).map(|_| seats.take(somebody).unwrap()).collect();
        assert_eq!(seats.take(somebody).err().unwrap().code(), Code::ResourceExhausted);
        assert!(seats.take(Uuid::now_v7()).is_ok());
        taken.pop();
        taken.push(seats.take(somebody).unwrap());
        drop(taken);
        assert!(seats.0.lock().unwrap().is_empty());
    }
}
