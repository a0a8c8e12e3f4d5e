//! Stories through the gateway, each on a product of its own.

mod access_matrix;
mod authors;
mod avatars;
mod bad_input;
mod customers;
mod deployment;
mod explain;
mod flood;
mod foreign_ids;
mod hidden_fields;
mod machines;
mod masked;
mod mass_assignment;
mod merges;
mod operations;
mod pool;
mod reporting;
mod row_scope;
mod scim;
mod sessions;
mod smoke;
mod support;
mod trace;
