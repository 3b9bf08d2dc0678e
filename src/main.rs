//! The `madang` program: parse, hand over, turn an error into an exit code.

fn main() {}
