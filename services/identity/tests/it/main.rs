//! The identity service behind its guard, on real Postgres and NATS, at the addresses in `CHANGKE_TEST_DATABASE_URL` and
//! `CHANGKE_TEST_NATS_URL`.

// Clippy takes only functions marked as tests for tests, not those that they share.
#![allow(clippy::unwrap_used)]

mod attacks;
mod authenticator;
mod avatars;
mod confinement;
mod directory;
mod employees;
mod failures;
mod groups;
mod imports;
mod links;
mod mailbox;
mod moves;
mod passwords;
mod places;
mod policy;
mod portal;
mod proofs;
mod provisioning;
mod reach;
mod roles;
mod scale;
mod second_factors;
mod sessions;
mod sign_in;
mod sign_on;
mod stage;
mod told;
mod webhooks;
