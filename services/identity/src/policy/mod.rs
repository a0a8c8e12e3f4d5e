//! What all services decide by, and how they hear of its changes: writers raise the revision (`store`), the `feed` tells
//! the streams of this process, and each stream (`rpc`) reads what is new.

pub mod feed;
mod rpc;
pub mod store;
