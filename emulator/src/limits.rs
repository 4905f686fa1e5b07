//! The operating system's bound on open files and sockets, which many worlds with sockets of their own come to.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many descriptors this process may have open; none is any number.
pub fn descriptors() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Raises that to what the process may ask for by itself. Shells hand down less, for old programs that use `select`.
pub fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Whoever may not has what it had.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// Whether an error says that there are no descriptors left, in the process (EMFILE) or on the machine (ENFILE).
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    let codes = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    codes
        .map(|code| Some(code.raw_os_error()))
        .contains(&error.raw_os_error())
}

/// What to do about it.
pub(crate) fn out_of_descriptors(purpose: &str) -> anyhow::Error {
    let limit = descriptors().map_or_else(String::new, |limit| format!(" of {limit}"));
    anyhow::anyhow!(
        "there is no file descriptor left{limit} for {purpose}: drop worlds, make them with shared ports (\"ports\": \"shared\"), or raise the limit (ulimit -n)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_that_says_so_is_known() {
        assert!(is_out_of_descriptors(&io::Error::from_raw_os_error(24)));
        assert!(!is_out_of_descriptors(&io::ErrorKind::AddrInUse.into()));
        assert!(out_of_descriptors("a port").to_string().contains("ulimit"));
    }
}
