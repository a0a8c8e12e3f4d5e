//! Parameters of the installation. What there is stands in the platform; here are their values, and the defaults that the
//! configuration gives.

mod rpc;
mod rules;
mod store;

pub use rules::settings;
pub use store::parameters_changed_since;
