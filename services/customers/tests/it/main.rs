//! Stories of customers, told through the gateway on a database of their own.

mod contacts;
mod dictionaries;
mod fields;
mod interactions;
mod relations;
mod story;
mod timeline;
