//! Flood control (to be written).
