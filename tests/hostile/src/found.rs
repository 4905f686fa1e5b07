//! What was found once: files with an input a line, printable bytes as they are, others as Rust writes them.

use std::path::Path;

/// The inputs of a parser, none if nothing was found yet. Lines that begin with `#` say what is below.
pub(crate) fn of(parser: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
    let file = folder.join(format!("{parser}.txt"));
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(read).collect()
}

/// An input as a line.
pub(crate) fn line(input: &[u8]) -> String {
    let written = input.escape_ascii().to_string();
    match written.strip_prefix('#') {
        Some(rest) => format!("\\x23{rest}"),
        None => written,
    }
}

/// A line as the input that it is.
pub(crate) fn read(line: &str) -> Vec<u8> {
    let mut input = Vec::new();
    let mut rest = line.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            input.push(byte);
            continue;
        }
        input.push(match rest.next() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'x') => {
                let mut digit = || {
                    let digit = rest.next().and_then(|byte| char::from(byte).to_digit(16));
                    digit.expect("two hexadecimal digits follow \\x")
                };
                let high = digit();
                u8::try_from(high * 16 + digit()).expect("two digits are a byte")
            }
            Some(other) => other,
            None => panic!("the line ends with a backslash: {line}"),
        });
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_written_and_read() {
        let all: Vec<u8> = (0..=255).rev().collect();
        assert_eq!(read(&line(&all)), all);
        assert_eq!(read(&line(b"# \n")), b"# \n");
        assert!(!line(b"# \n").starts_with('#'));
    }

    #[test]
    fn whatever_was_found_can_be_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
        for file in std::fs::read_dir(folder).expect("the folder is there") {
            let path = file.expect("it is read").path();
            let parser = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .expect("a name");
            assert!(!of(parser).is_empty(), "{parser}");
        }
    }
}
