//! Tests across services live in `scenarios`.
