//! Text in the units of its type: bytes of code page 1252 or UTF-8 for `varchar`, UTF-16 units for `nvarchar`.

use std::borrow::Cow;
use std::sync::Arc;

use data_encoding::HEXLOWER_PERMISSIVE;
use milink_core::collation::Collation;
use milink_core::sql_type::SqlType;

use super::expr_type::{ExprType, declared_length, is_national};
use crate::error::SqlError;

/// The most bytes one value may have; the documented limit is 2 GB, this is what milink keeps in memory.
pub const MAX_VALUE_BYTES: usize = 256 << 20;

/// What happens to text that is longer than its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// It is cut, as CAST and variables do.
    Cut,
    /// It is refused with 8152, unless only blanks are lost, as columns do.
    Refuse,
}

/// The units in which a character type counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Units {
    /// One byte a character: code page 1252.
    CodePage,
    /// UTF-8 bytes.
    Utf8,
    /// UTF-16 code units.
    Utf16,
}

impl Units {
    /// The units of a character type.
    pub fn of(ty: &ExprType) -> Self {
        if is_national(ty.sql) {
            Self::Utf16
        } else if ty.collation_or_default().is_utf8() {
            Self::Utf8
        } else {
            Self::CodePage
        }
    }

    /// How many units one character takes.
    pub fn of_char(self, c: char) -> usize {
        match self {
            Self::CodePage => 1,
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
        }
    }

    /// The length of a text.
    pub fn length(self, text: &str) -> usize {
        if text.is_ascii() || self == Self::Utf8 {
            return text.len();
        }
        text.chars().map(|c| self.of_char(c)).sum()
    }

    /// How many bytes a text of so many units has.
    pub fn bytes(self, units: usize) -> usize {
        if self == Self::Utf16 {
            units * 2
        } else {
            units
        }
    }

    /// The longest beginning of at most `units` units that splits no character.
    pub fn prefix(self, text: &str, units: usize) -> &str {
        if text.len() <= units {
            return text;
        }
        if text.is_ascii() {
            return &text[..units];
        }
        let mut used = 0;
        for (at, c) in text.char_indices() {
            used += self.of_char(c);
            if used > units {
                return &text[..at];
            }
        }
        text
    }
}

/// How many UTF-16 units a text has.
pub fn utf16_length(text: &str) -> usize {
    Units::Utf16.length(text)
}

/// How many bytes a text has as `varchar` of this collation, once [`to_code_page`] has been applied.
pub fn code_page_length(text: &str, collation: Collation) -> usize {
    if collation.is_utf8() {
        text.len()
    } else {
        Units::CodePage.length(text)
    }
}

/// The text as `varchar` can hold it: what code page 1252 lacks becomes `?` (two for a supplementary character).
pub fn to_code_page(text: &str, collation: Collation) -> Cow<'_, str> {
    if text.is_ascii() || collation.is_utf8() || text.chars().all(|c| code_page_byte(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if code_page_byte(c).is_some() {
            out.push(c);
        } else {
            out.push_str(if c.len_utf16() == 2 { "??" } else { "?" });
        }
    }
    Cow::Owned(out)
}

/// Brings text to the length of its type: cuts or refuses what is too long, pads `char` and `nchar` with blanks.
pub fn fit(text: &Arc<str>, to: &ExprType, overflow: Overflow) -> Result<Arc<str>, SqlError> {
    if text.len() > MAX_VALUE_BYTES {
        return Err(SqlError::value_too_large(MAX_VALUE_BYTES));
    }
    let units = Units::of(to);
    let stored = if units == Units::CodePage {
        to_code_page(text, to.collation_or_default())
    } else {
        Cow::Borrowed(&**text)
    };
    let Some(limit) = declared_length(to.sql) else {
        return Ok(match stored {
            Cow::Borrowed(_) => Arc::clone(text),
            Cow::Owned(changed) => changed.into(),
        });
    };
    // A unit is at least one third of a UTF-8 byte long and at most one byte of it.
    if stored.len() <= limit && !matches!(to.sql, SqlType::Char(_) | SqlType::NChar(_)) {
        return Ok(match stored {
            Cow::Borrowed(_) => Arc::clone(text),
            Cow::Owned(changed) => changed.into(),
        });
    }
    let kept = units.prefix(&stored, limit);
    if overflow == Overflow::Refuse && !stored[kept.len()..].trim_end_matches(' ').is_empty() {
        return Err(SqlError::truncated());
    }
    if matches!(to.sql, SqlType::Char(_) | SqlType::NChar(_)) {
        let missing = limit - units.length(kept);
        if missing > 0 {
            let mut padded = String::with_capacity(kept.len() + missing);
            padded.push_str(kept);
            padded.extend(std::iter::repeat_n(' ', missing));
            return Ok(padded.into());
        }
    }
    if kept.len() == text.len() && *kept == **text {
        return Ok(Arc::clone(text));
    }
    Ok(kept.into())
}

/// Brings bytes to the length of their type: cuts or refuses what is too long, pads `binary` with zeros.
pub fn fit_bytes(
    bytes: &Arc<[u8]>,
    to: SqlType,
    overflow: Overflow,
) -> Result<Arc<[u8]>, SqlError> {
    if bytes.len() > MAX_VALUE_BYTES {
        return Err(SqlError::value_too_large(MAX_VALUE_BYTES));
    }
    let Some(limit) = declared_length(to) else {
        return Ok(Arc::clone(bytes));
    };
    if bytes.len() > limit {
        if overflow == Overflow::Refuse {
            return Err(SqlError::truncated());
        }
        return Ok(bytes[..limit].into());
    }
    if matches!(to, SqlType::Binary(_) | SqlType::RowVersion) && bytes.len() < limit {
        let mut padded = bytes.to_vec();
        padded.resize(limit, 0);
        return Ok(padded.into());
    }
    Ok(Arc::clone(bytes))
}

/// The bytes of a text as its type stores them.
pub fn encode(text: &str, ty: &ExprType) -> Vec<u8> {
    match Units::of(ty) {
        Units::Utf16 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Units::Utf8 => text.as_bytes().to_vec(),
        Units::CodePage => text
            .chars()
            .map(|c| code_page_byte(c).unwrap_or(b'?'))
            .collect(),
    }
}

/// The text that bytes are in a type; what is no text becomes the replacement character.
pub fn decode(bytes: &[u8], ty: &ExprType) -> String {
    match Units::of(ty) {
        Units::Utf16 => {
            let units = bytes
                .chunks(2)
                .map(|pair| u16::from(pair[0]) | u16::from(*pair.get(1).unwrap_or(&0)) << 8);
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        Units::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        Units::CodePage => bytes.iter().map(|byte| code_page_char(*byte)).collect(),
    }
}

const HIGH: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2C6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
];

/// The byte of a character in code page 1252.
pub fn code_page_byte(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0..=0x7F | 0xA0..=0xFF) => Some(code as u8),
        _ => HIGH
            .iter()
            .position(|known| *known == c)
            .map(|at| 0x80 + at as u8),
    }
}

/// The character of a byte in code page 1252.
pub fn code_page_char(byte: u8) -> char {
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Bytes of hexadecimal digits; an odd number of digits has a leading zero.
pub fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let even: Cow<'_, str> = match digits.len().is_multiple_of(2) {
        true => digits.into(),
        false => format!("0{digits}").into(),
    };
    HEXLOWER_PERMISSIVE.decode(even.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_padded_or_refused_in_its_own_units() {
        let utf8 = Collation::named("Latin1_General_100_CI_AS_SC_UTF8").unwrap();
        let varchar = |n| ExprType::new(SqlType::varchar(n));
        let cases = [
            ("abcd", varchar(3), "abc", false),
            ("abc  ", varchar(3), "abc", true),
            ("é€x", varchar(2), "é€", false),
            (
                "é€x",
                ExprType::variable(SqlType::varchar(4), utf8),
                "é",
                false,
            ),
            ("日", varchar(5), "?", true),
            ("a😀b", ExprType::new(SqlType::nvarchar(2)), "a", false),
            ("a😀b", ExprType::new(SqlType::nvarchar(3)), "a😀", false),
            ("ab", ExprType::new(SqlType::Char(4)), "ab  ", true),
            ("é", ExprType::variable(SqlType::Char(4), utf8), "é  ", true),
            ("ab", ExprType::new(SqlType::NChar(1)), "a", false),
        ];
        for (text, ty, expected, fits) in cases {
            let text: Arc<str> = text.into();
            assert_eq!(&*fit(&text, &ty, Overflow::Cut).unwrap(), expected);
            let refused = fit(&text, &ty, Overflow::Refuse).map_err(|e| e.number);
            assert_eq!(refused.is_ok(), fits, "{text} into {}", ty.sql);
        }
    }

    #[test]
    fn bytes_and_text_turn_into_each_other() {
        let national = ExprType::new(SqlType::nvarchar(5));
        let narrow = ExprType::new(SqlType::varchar(5));
        assert_eq!(encode("a€", &narrow), [0x61, 0x80]);
        assert_eq!(encode("a€", &national), [0x61, 0, 0xAC, 0x20]);
        assert_eq!(decode(&[0x61, 0x80], &narrow), "a€");
        assert_eq!(decode(&[0x61, 0, 0x41], &national), "aA");
        for byte in 0..=255 {
            assert_eq!(code_page_byte(code_page_char(byte)), Some(byte));
        }
        assert_eq!(from_hex("ABC"), Some(vec![0x0A, 0xBC]));
        assert_eq!(from_hex("xy"), None);
    }
}
