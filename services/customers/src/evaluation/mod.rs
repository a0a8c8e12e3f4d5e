//! Rules that decide about customers by themselves: `rule` compiles them, `metric` is what they can ask beyond fields, `judge`
//! brings some customers to them. `drain` does so when something about a customer changes or runs out, `sweep` for all
//! customers, when the rules change and once a day, since time alone changes what holds.

mod drain;
mod judge;
pub mod metric;
pub mod rule;
mod store;
mod sweep;

pub use drain::Drain;
pub use judge::{Cause, judge, tell_tagged};
pub use rule::{Rules, SchemeRules, check_filter, context, schema};
pub use store::{Tagged, cause_set, change_note, push_current};
pub use sweep::{Payload, Sweep, run};
