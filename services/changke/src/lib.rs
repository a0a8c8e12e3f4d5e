//! The product as a library: what the binary and the tests start.
