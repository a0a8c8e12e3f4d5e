//! Finding customers by any part of a name, number, phone or contact, pinyin included. `text` brings both sides to one
//! form, `pinyin` reads names, `document` is what a record is found by, `query` what a caller looks for; `store` brings
//! them together in rank order, and `renew` follows when documents take another form.

pub mod document;
pub mod pinyin;
pub mod query;
pub mod renew;
pub mod rpc;
pub mod store;
pub mod text;
