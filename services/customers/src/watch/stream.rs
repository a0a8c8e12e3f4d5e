//! One stream: what its caller may see of the customers that the feed names. Nothing is sent that a list of this moment
//! would not show. A client that reads slowly holds a few batches of ids and no connection; it is told to load anew.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use contracts::customers::customer_update::Update;
use contracts::customers::{Customer, CustomerUpdate, WatchCustomersRequest};
use contracts::options::Permission;
use futures::stream::{BoxStream, StreamExt, unfold};
use platform::access::{Access, Call, Caller, RowPredicate};
use platform::contract::Look;
use platform::error::{Error, Result, reason};
use platform::locale;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use uuid::Uuid;

use super::rules::{Batch, KNOWN, Known, Seat, Seats};
use super::{Feed, store};
use crate::Shared;
use crate::customer::id;
use crate::customer::list::{Selection, built_in};
use crate::customer::row::Reader;

/// Between two times that a client is told to load anew, which costs more than a change.
const RESYNC_PAUSE: Duration = Duration::from_secs(5);

/// Connections that all streams may use at once. Other calls go first.
const READERS: usize = 2;

pub type Updates = BoxStream<'static, Result<CustomerUpdate, Status>>;

/// What all streams share.
pub struct Watches {
    shared: Arc<Shared>,
    access: Arc<Access>,
    feed: Arc<Feed>,
    seats: Seats,
    readers: Arc<Semaphore>,
    stop: CancellationToken,
}

/// What a caller may see. When it changes, nothing that was sent before counts.
#[derive(PartialEq)]
struct Sight {
    rows: RowPredicate,
    look: Look,
    /// By which custom fields are seen.
    role_ids: Vec<Uuid>,
}

struct Stream {
    shared: Arc<Shared>,
    access: Arc<Access>,
    readers: Arc<Semaphore>,
    stop: CancellationToken,
    call: Call,
    filter: String,
    batches: broadcast::Receiver<Batch>,
    policy: watch::Receiver<i64>,
    sight: Sight,
    known: Known,
    ready: VecDeque<Update>,
    resync_due: bool,
    resync_from: Instant,
    _seat: Seat,
}

impl Watches {
    pub fn new(shared: &Arc<Shared>, access: &Arc<Access>, feed: &Arc<Feed>, stop: &CancellationToken) -> Self {
        Self {
            shared: shared.clone(),
            access: access.clone(),
            feed: feed.clone(),
            seats: Seats::default(),
            readers: Arc::new(Semaphore::new(READERS)),
            stop: stop.clone(),
        }
    }

    pub async fn watch(&self, call: Call, request: WatchCustomersRequest) -> Result<Updates> {
        let seat = self.seats.take(call.caller.require_employee()?)?;
        let mut stream = Stream {
            shared: self.shared.clone(),
            access: self.access.clone(),
            readers: self.readers.clone(),
            stop: self.stop.clone(),
            filter: request.filter,
            batches: self.feed.join().await?,
            policy: self.access.policy().heard(),
            sight: Sight::of(&call.caller),
            known: Known::default(),
            ready: VecDeque::new(),
            resync_due: false,
            resync_from: Instant::now(),
            _seat: seat,
            call,
        };
        // A filter that does not hold is the call's answer, not the stream's.
        stream.start_over().await?;
        let locale = locale::current();
        let updates = unfold(Some(stream), move |stream| async move {
            let mut stream = stream?;
            let next = async { stream.next().await.map_err(Status::from) };
            Some(match locale::scope(locale, next).await {
                Ok(update) => (Ok(CustomerUpdate { update: Some(update) }), Some(stream)),
                Err(status) => (Err(status), None),
            })
        });
        Ok(updates.boxed())
    }
}

impl Sight {
    fn of(caller: &Caller) -> Self {
        Self {
            rows: caller.rows(Permission::CustomersRead),
            look: Look::new(&|kind| caller.visibility(kind)),
            role_ids: caller.role_ids().to_vec(),
        }
    }
}

impl Stream {
    async fn next(&mut self) -> Result<Update> {
        loop {
            if self.policy.has_changed().unwrap_or(true) {
                self.policy.mark_unchanged();
                self.present()?;
            }
            if let Some(update) = self.ready.pop_front() {
                return Ok(update);
            }
            if self.resync_due && self.resync_from <= Instant::now() {
                self.start_over().await?;
                continue;
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(Error::new(Code::Unavailable, &reason::UNAVAILABLE)),
                batch = self.batches.recv() => match batch {
                    // Who is to load anew sees them then.
                    Ok(Batch::Customers(_)) if self.resync_due => {}
                    Ok(Batch::Customers(ids)) => self.read(&ids).await?,
                    Ok(Batch::TooMany) | Err(RecvError::Lagged(_)) => self.resync_due = true,
                    Err(RecvError::Closed) => return Err(Error::new(Code::Unavailable, &reason::UNAVAILABLE)),
                },
                _ = self.policy.changed() => self.policy.mark_changed(),
                () = sleep_until(self.resync_from), if self.resync_due => {}
            }
        }
    }

    /// The caller as of now. One who has come to see other rows or other fields has to load anew.
    fn present(&mut self) -> Result<Caller> {
        let caller = self.access.again(&self.call)?;
        let sight = Sight::of(&caller);
        if sight != self.sight {
            self.sight = sight;
            self.ready.clear();
            self.resync_due = true;
        }
        Ok(caller)
    }

    async fn start_over(&mut self) -> Result<()> {
        // What the client loads from here on holds all that was told before.
        self.batches = self.batches.resubscribe();
        let caller = self.present()?;
        let selection = self.selection(&caller).await?;
        let _turn = self.readers.acquire().await.map_err(Error::internal)?;
        let pool = self.shared.db.pool();
        self.known = Known::of(store::customers_first(pool, &selection, &self.sight.rows, KNOWN).await?);
        self.resync_due = false;
        self.resync_from = Instant::now() + RESYNC_PAUSE;
        self.ready.push_back(Update::Resync(true));
        Ok(())
    }

    /// What became of customers that have changed: those that the caller sees, and those no more that were shown before.
    async fn read(&mut self, ids: &[Uuid]) -> Result<()> {
        let caller = self.present()?;
        if self.resync_due {
            return Ok(());
        }
        let customers = self.seen(&caller, ids).await?;
        let seen = customers.iter().map(|customer| id(&customer.id)).collect::<Result<HashSet<Uuid>>>()?;
        for gone in ids.iter().filter(|id| !seen.contains(id)) {
            if self.known.remove(*gone) {
                self.ready.push_back(Update::RemovedId(gone.to_string()));
            }
        }
        seen.into_iter().for_each(|id| self.known.add(id));
        self.ready.extend(customers.into_iter().map(Update::Customer));
        Ok(())
    }

    async fn seen(&self, caller: &Caller, ids: &[Uuid]) -> Result<Vec<Customer>> {
        let selection = self.selection(caller).await?;
        let fields = self.shared.fields.seen_by(caller).await?;
        let reader = Reader::of(caller, &fields);
        let _turn = self.readers.acquire().await.map_err(Error::internal)?;
        store::customers_among(self.shared.db.pool(), &reader, &selection, &self.sight.rows, ids).await
    }

    /// Anew each time: what a filter means depends on the day and on who asks.
    async fn selection(&self, caller: &Caller) -> Result<Selection> {
        let fields = self.shared.fields.seen_by(caller).await?;
        let reader = Reader::of(caller, &fields);
        let schema = fields.schema(built_in);
        Selection::new(&schema, caller, reader.masked(), self.shared.zone, &self.filter, "")
    }
}
