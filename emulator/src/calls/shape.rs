//! The shape of a text: what stays the same when a program runs again in a copy of the world.

/// As many hexadecimal digits in a row are a key, a thumbprint or a certificate.
const KEY_DIGITS: usize = 32;

/// The text with single spaces, and marks in the place of GUIDs, long hexadecimal numbers and moments.
pub(crate) fn shape(text: &str) -> String {
    let mut shaped = String::with_capacity(text.len().min(1 << 16));
    let mut word = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '_') {
            word.push(c);
            continue;
        }
        end_word(&mut word, &mut shaped);
        if !c.is_whitespace() {
            shaped.push(c);
        } else if !shaped.is_empty() && !shaped.ends_with(' ') {
            shaped.push(' ');
        }
    }
    end_word(&mut word, &mut shaped);
    shaped.truncate(shaped.trim_end().len());
    shaped
}

fn end_word(word: &mut String, shaped: &mut String) {
    shaped.push_str(mark(word).unwrap_or(word));
    word.clear();
}

fn mark(word: &str) -> Option<&'static str> {
    let digits = word
        .strip_prefix("0x")
        .or_else(|| word.strip_prefix("0X"))
        .unwrap_or(word);
    if digits.len() >= KEY_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some("{key}");
    }
    if is_guid(word) {
        return Some("{id}");
    }
    is_moment(word).then_some("{time}")
}

fn is_guid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `2026-01-31` and whatever of a time follows it.
fn is_moment(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            0..10 => byte.is_ascii_digit(),
            _ => byte.is_ascii_digit() || matches!(byte, b'T' | b'Z' | b':' | b'.' | b'-'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_left_out() {
        let key = "ab".repeat(20);
        for (text, shaped) in [
            ("SELECT  1\r\n\tFROM t ", "SELECT 1 FROM t"),
            ("'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "'{id}'"),
            ("a/6f9619ff-8b86-d011-b42d-00c04fc964ff/b", "a/{id}/b"),
            (&format!("FROM BINARY = 0x{key}"), "FROM BINARY = {key}"),
            ("0x1f = 31", "0x1f = 31"),
            ("since 2026-11-21T12:49:22.123Z on", "since {time} on"),
            ("db-2026-11-21 t1.c", "db-2026-11-21 t1.c"),
            ("äöü  漢字", "äöü 漢字"),
            ("", ""),
        ] {
            assert_eq!(shape(text), shaped);
        }
    }
}
