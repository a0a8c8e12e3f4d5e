//! The gateway over real gRPC services in this process, which note what reaches them and answer as a test wants.

mod calls;
mod edge;
mod files;
mod sessions;
mod streams;
mod support;
