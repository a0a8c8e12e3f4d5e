//! What every service needs and nothing of any domain.
//!
//! A call comes in through `access::Guard`, which decides by `contract` and the watched policy; the service reads pages
//! (`page`) of rows that match a `filter` and a row predicate, or writes a `db::Tx` that carries events and audit along.
//! `events` moves them on, `audit` chains what was done, `jobs` does what outlives a call; `operations` shows and steers all
//! of that, by `parameters` that an administrator sets. `blob` keeps files.

pub mod access;
pub mod audit;
pub mod backoff;
pub mod blob;
pub mod config;
pub mod contract;
pub mod db;
pub mod deadline;
pub mod error;
pub mod events;
pub mod filter;
pub mod jobs;
pub mod locale;
pub mod operations;
pub mod page;
pub mod parameters;
pub mod service;
pub mod sheet;
pub mod subject;
pub mod telemetry;
pub mod tls;
pub mod update;
