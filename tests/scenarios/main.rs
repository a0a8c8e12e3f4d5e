//! Stories through the gateway.
