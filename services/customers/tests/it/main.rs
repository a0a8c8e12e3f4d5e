//! Stories of customers, told through the gateway on a database of their own.

#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod attachment_files;
mod attachment_scans;
mod attachments;
mod base;
mod bulk_changes;
mod consents;
mod contacts;
mod customers;
mod dictionaries;
mod duplicates;
mod exports;
mod field_rules;
mod fields;
mod grades;
mod handovers;
mod import_files;
mod import_runs;
mod import_undo;
mod imports;
mod interactions;
mod lending;
mod lifecycle;
mod merge_rights;
mod merges;
mod points;
mod pools;
mod privacy;
mod relations;
mod search;
mod story;
mod tags;
mod timeline;
mod views;
mod watch;
