//! The binary as operators run it: started, signalled and killed as a process of its own.

#![allow(clippy::unwrap_used)]

mod backup;
mod bulk_change;
mod crash;
mod duplicates;
mod erasure;
mod first_run;
mod handover;
mod process;
mod restart;
mod seed;
mod settings;
