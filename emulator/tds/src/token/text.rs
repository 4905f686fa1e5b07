//! Counted text. What is too long for its counter is cut at a character: names and messages are
//! ours, and a shortened one is better than a broken stream.

use bytes::{BufMut, BytesMut};

use crate::types::put_utf16;

/// B_VARCHAR: at most 255 code units.
pub(super) fn put_b_varchar(text: &str, out: &mut BytesMut) {
    let text = cut(text, u8::MAX.into());
    out.put_u8(units(text) as u8);
    put_utf16(text, out);
}

/// US_VARCHAR, cut at `max_units`.
pub(super) fn put_us_varchar(text: &str, max_units: usize, out: &mut BytesMut) {
    let text = cut(text, max_units.min(u16::MAX.into()));
    out.put_u16_le(units(text) as u16);
    put_utf16(text, out);
}

/// Appends a token whose two-byte length counts what `body` appends.
pub(super) fn put_counted(token: u8, out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    out.put_u8(token);
    let at = out.len();
    out.put_u16_le(0);
    body(out);
    let length = u16::try_from(out.len() - at - 2).expect("callers bound their text");
    out[at..at + 2].copy_from_slice(&length.to_le_bytes());
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The longest prefix of at most `max_units` code units.
fn cut(text: &str, max_units: usize) -> &str {
    if text.len() <= max_units {
        return text;
    }
    let mut used = 0;
    for (at, character) in text.char_indices() {
        used += character.len_utf16();
        if used > max_units {
            return &text[..at];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc");
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("ab😀", 3), "ab");
        assert_eq!(cut("ab😀", 4), "ab😀");
        let mut out = BytesMut::new();
        put_b_varchar(&"x".repeat(300), &mut out);
        assert_eq!((out[0], out.len()), (255, 511));
    }
}
