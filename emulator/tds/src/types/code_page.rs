//! Windows code page 1252, the bytes of varchar in the Latin collations.

use bytes::{BufMut, BytesMut};

/// Characters of 0x80-0x9F. The five holes of the table map to the control characters of the same
/// number, as Windows does.
const HIGH_CONTROLS: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{0192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{02C6}', '\u{2030}', '\u{0160}', '\u{2039}', '\u{0152}', '\u{8D}', '\u{017D}', '\u{8F}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{02DC}', '\u{2122}', '\u{0161}', '\u{203A}', '\u{0153}', '\u{9D}', '\u{017E}', '\u{0178}',
];

/// The character of one byte.
pub fn decode_cp1252(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH_CONTROLS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The byte of one character, if the code page has it. Writers put `?` where it has not, as the
/// server does.
pub fn encode_cp1252(character: char) -> Option<u8> {
    match u32::from(character) {
        code @ (0..=0x7F | 0xA0..=0xFF) => Some(code as u8),
        _ => HIGH_CONTROLS
            .iter()
            .position(|&high| high == character)
            .map(|at| 0x80 + at as u8),
    }
}

/// Appends text as code page 1252.
pub(super) fn put_cp1252(text: &str, out: &mut BytesMut) {
    let ascii = text.bytes().take_while(u8::is_ascii).count();
    let (head, tail) = text.split_at(ascii);
    out.extend_from_slice(head.as_bytes());
    for character in tail.chars() {
        out.put_u8(encode_cp1252(character).unwrap_or(b'?'));
    }
}

/// Appends text as UTF-16LE.
pub(crate) fn put_utf16(text: &str, out: &mut BytesMut) {
    const CHUNK: usize = 64;
    let ascii = text.bytes().take_while(u8::is_ascii).count();
    let (head, tail) = text.split_at(ascii);
    out.reserve(head.len() * 2 + tail.len() * 2);
    for chunk in head.as_bytes().chunks(CHUNK) {
        let mut wide = [0; CHUNK * 2];
        for (pair, &byte) in wide.as_chunks_mut::<2>().0.iter_mut().zip(chunk) {
            pair[0] = byte;
        }
        out.extend_from_slice(&wide[..chunk.len() * 2]);
    }
    for unit in tail.encode_utf16() {
        out.put_u16_le(unit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_round_trip() {
        for byte in 0..=255 {
            assert_eq!(encode_cp1252(decode_cp1252(byte)), Some(byte));
        }
    }

    #[test]
    fn text_is_encoded_with_question_marks_for_strangers() {
        let mut out = BytesMut::new();
        put_cp1252("a€ü漢z", &mut out);
        assert_eq!(out[..], [b'a', 0x80, 0xFC, b'?', b'z']);
    }

    #[test]
    fn utf16_has_surrogates_and_long_ascii() {
        let mut out = BytesMut::new();
        let text = format!("{}é😀", "x".repeat(130));
        put_utf16(&text, &mut out);
        let expected: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(out[..], expected);
    }
}
