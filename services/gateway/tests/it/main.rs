//! The gateway over real gRPC services in this process, which note what reaches them and answer as a test wants.

#![allow(clippy::unwrap_used, reason = "what a test can't unwrap has failed it")]

mod calls;
mod edge;
mod files;
mod sessions;
mod streams;
mod support;
