//! `milink health`: one request in plain HTTP, without a CA or a resolver, so that it works in an empty container.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::Duration;

use super::remote::Target;

const PATIENCE: Duration = Duration::from_secs(2);

/// Success if the emulator answers that it lives.
pub(super) fn health(target: &Target) -> ExitCode {
    let (text, code) = match ask(&target.address()) {
        Ok(()) => ("healthy".to_owned(), ExitCode::SUCCESS),
        Err(why) => (format!("{}: {why}", target.address()), ExitCode::FAILURE),
    };
    // Only the exit status matters to those who run this.
    let _ = writeln!(std::io::stdout(), "{text}");
    code
}

fn ask(address: &str) -> Result<(), String> {
    let words = |error: std::io::Error| error.to_string();
    let to = address
        .to_socket_addrs()
        .map_err(words)?
        .next()
        .ok_or("the name has no address")?;
    let mut stream = TcpStream::connect_timeout(&to, PATIENCE).map_err(words)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(words)?;
    stream
        .write_all(b"GET /_milink/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .map_err(words)?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).map_err(words)?;
    match &answer {
        b"HTTP/1.1 200" => Ok(()),
        other => Err(format!("answers {}", String::from_utf8_lossy(other))),
    }
}
