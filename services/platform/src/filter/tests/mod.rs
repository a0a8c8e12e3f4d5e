//! The language on its own (`grammar`, `faults`), and against a real Postgres (`agreement`, `paging`, `indexes`).

mod agreement;
mod faults;
mod grammar;
mod indexes;
mod meaning;
mod paging;
mod samples;
