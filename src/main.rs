//! The `madang` program: parse, hand over, turn an error into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match madang::cli::run(std::env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit_code()
        }
    }
}
