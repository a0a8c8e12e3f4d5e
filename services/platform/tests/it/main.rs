//! The platform's parts on real Postgres and NATS, at the addresses in `CHANGKE_TEST_DATABASE_URL` and
//! `CHANGKE_TEST_NATS_URL`.

#![allow(clippy::unwrap_used)]

mod audit;
mod consumer;
mod importer;
mod job;
mod pool;
mod relay;
mod stage;
mod telemetry;
