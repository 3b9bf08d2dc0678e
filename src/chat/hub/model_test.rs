//! The hub beside a slow, obvious model.
