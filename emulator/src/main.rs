//! The `milink` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    milink::cli::run()
}
