//! The `madang` program: parse, hand over, turn an error into an exit code.

use std::process::ExitCode;

/// Memory that a burst took goes back to the system when the burst is over (docs/PITFALLS.md, "Freed memory stays in
/// the process").
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match madang::cli::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}
