//! Tests of connections on a simulated network, where time is data.

mod lines;
mod web;
