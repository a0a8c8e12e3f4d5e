//! `WatchCustomers`: customers as they change. `feed` hears of changes, once per process, and passes on whose they are,
//! gathered for a moment; each `stream` reads those customers anew, as its caller may see them now. An event is a hint and
//! never data: what goes out comes from the database under the same predicate, filter and masks as any list.

mod feed;
mod rules;
mod store;
mod stream;

pub use feed::Feed;
pub use stream::{Updates, Watches};
