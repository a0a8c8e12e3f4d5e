//! Who reaches attachments: whoever reaches the record that they hang on, with that record's own permissions.

use contracts::options::Permission;
use platform::access::{Caller, RowPredicate};
use platform::error::{Error, Result, reason};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use crate::error::reason as own;
use crate::parent::CUSTOMER_ROWS;

/// What an attachment hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    Customer(Uuid),
    Contact(Uuid),
    Interaction(Uuid),
}

impl Record {
    /// Of the three fields of a request, of which one must be given.
    pub fn of(customer_id: &str, contact_id: &str, interaction_id: &str) -> Result<Self> {
        let given = [("customer_id", customer_id), ("contact_id", contact_id), ("interaction_id", interaction_id)];
        let mut given = given.into_iter().filter(|(_, id)| !id.is_empty());
        let Some((field, id)) = given.next() else {
            return Err(Error::invalid("customer_id", &reason::VALUE_REQUIRED));
        };
        if let Some((second, _)) = given.next() {
            return Err(Error::invalid(second, &own::ATTACHMENT_ONE_RECORD));
        }
        let id = id.parse().map_err(|_| Error::invalid(field, &reason::VALUE_INVALID))?;
        Ok(match field {
            "customer_id" => Self::Customer(id),
            "contact_id" => Self::Contact(id),
            _ => Self::Interaction(id),
        })
    }

    pub fn id(self) -> Uuid {
        match self {
            Self::Customer(id) | Self::Contact(id) | Self::Interaction(id) => id,
        }
    }

    pub fn contact_id(self) -> Option<Uuid> {
        if let Self::Contact(id) = self { Some(id) } else { None }
    }

    pub fn interaction_id(self) -> Option<Uuid> {
        if let Self::Interaction(id) = self { Some(id) } else { None }
    }
}

/// The rows of each kind of record that a caller reaches.
pub struct Reach {
    pub customers: RowPredicate,
    pub contacts: RowPredicate,
    pub interactions: RowPredicate,
}

impl Reach {
    pub fn reading(caller: &Caller) -> Self {
        Self {
            customers: caller.rows(Permission::CustomersRead),
            contacts: caller.rows(Permission::ContactsRead),
            interactions: caller.rows(Permission::InteractionsRead),
        }
    }

    pub fn writing(caller: &Caller) -> Self {
        Self {
            customers: caller.rows(Permission::CustomersUpdate),
            contacts: caller.rows(Permission::ContactsWrite),
            interactions: caller.rows(Permission::InteractionsWrite),
        }
    }

    /// The customers whose record of this kind the caller reaches.
    pub fn of(&self, record: Record) -> &RowPredicate {
        match record {
            Record::Customer(_) => &self.customers,
            Record::Contact(_) => &self.contacts,
            Record::Interaction(_) => &self.interactions,
        }
    }

    /// Writes the predicate for an attachment `a` of the customer `c`.
    pub fn push_sql(&self, query: &mut QueryBuilder<Postgres>) {
        query.push("CASE WHEN a.contact_id IS NOT NULL THEN ");
        self.contacts.push_sql(query, CUSTOMER_ROWS);
        query.push(" WHEN a.interaction_id IS NOT NULL THEN ");
        self.interactions.push_sql(query, CUSTOMER_ROWS);
        query.push(" ELSE ");
        self.customers.push_sql(query, CUSTOMER_ROWS);
        query.push(" END");
    }
}
