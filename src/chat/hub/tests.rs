//! The hub's rules, one by one.
