//! Stories through the gateway, each on a product of its own.

mod smoke;
