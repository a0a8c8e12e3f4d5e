//! Many employees at once: `upload` takes the file, `columns` finds what it holds, `rules` makes employees of its rows and
//! tells what is wrong with them, `rpc` writes all of them or none, `store` holds the SQL.

mod columns;
mod rpc;
mod rules;
mod store;
mod upload;
