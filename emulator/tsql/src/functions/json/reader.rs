//! A strict JSON reader that remembers how each value is written.

use crate::error::SqlError;

/// The deepest nesting that is read; it bounds the recursion.
const MAX_DEPTH: usize = 128;

/// A JSON value and its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<'a> {
    /// The value as it is written, without blanks around.
    pub raw: &'a str,
    /// The value.
    pub kind: JsonKind<'a>,
}

/// What kind of value it is.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the variants are the kinds of JSON")]
pub enum JsonKind<'a> {
    Null,
    Bool(bool),
    /// The digits as they are written.
    Number(&'a str),
    /// The text without its escapes.
    Text(String),
    Array(Vec<Json<'a>>),
    /// In the order in which the properties are written.
    Object(Vec<(String, Json<'a>)>),
}

/// Reads one JSON value that takes the whole text (13609 if it does not).
pub fn parse_json(text: &str) -> Result<Json<'_>, SqlError> {
    let mut reader = Reader { text, at: 0 };
    let json = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.unexpected());
    }
    Ok(json)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Json<'a>, SqlError> {
        self.blanks();
        let start = self.at;
        if depth > MAX_DEPTH {
            return Err(self.unexpected());
        }
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => JsonKind::Text(self.string()?),
            Some(b't') => self.word("true", JsonKind::Bool(true))?,
            Some(b'f') => self.word("false", JsonKind::Bool(false))?,
            Some(b'n') => self.word("null", JsonKind::Null)?,
            _ => JsonKind::Number(self.number()?),
        };
        Ok(Json {
            raw: &self.text[start..self.at],
            kind,
        })
    }

    fn object(&mut self, depth: usize) -> Result<JsonKind<'a>, SqlError> {
        self.at += 1;
        let mut properties = Vec::new();
        self.blanks();
        if self.take(b'}') {
            return Ok(JsonKind::Object(properties));
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let key = self.string()?;
            self.blanks();
            self.expect(b':')?;
            properties.push((key, self.value(depth + 1)?));
            self.blanks();
            if self.take(b'}') {
                return Ok(JsonKind::Object(properties));
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<JsonKind<'a>, SqlError> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.take(b']') {
            return Ok(JsonKind::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.blanks();
            if self.take(b']') {
                return Ok(JsonKind::Array(items));
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, SqlError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else {
                return Err(self.unexpected());
            };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                c if u32::from(c) < 0x20 => return Err(self.unexpected()),
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    /// The character of an escape, behind its backslash. Half a surrogate pair becomes the replacement character.
    fn escape(&mut self) -> Result<char, SqlError> {
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let high = self.code_unit()?;
                if (0xD800..0xDC00).contains(&high) && self.text[self.at..].starts_with("\\u") {
                    let before = self.at;
                    self.at += 1;
                    let low = self.code_unit()?;
                    if let Some(Ok(c)) = char::decode_utf16([high, low]).next() {
                        return Ok(c);
                    }
                    self.at = before;
                }
                return Ok(char::from_u32(high.into()).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(c)
    }

    /// Four hexadecimal digits behind a `u`.
    fn code_unit(&mut self) -> Result<u16, SqlError> {
        self.at += 1;
        let digits = self.text.get(self.at..self.at + 4);
        let unit = digits
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.unexpected())?;
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<&'a str, SqlError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), SqlError> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.unexpected())
        } else {
            Ok(())
        }
    }

    fn word(&mut self, word: &str, kind: JsonKind<'a>) -> Result<JsonKind<'a>, SqlError> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.unexpected());
        }
        self.at += word.len();
        Ok(kind)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    fn expect(&mut self, byte: u8) -> Result<(), SqlError> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn unexpected(&self) -> SqlError {
        let found = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
            .unwrap_or('.');
        SqlError::new(
            13609,
            16,
            format!(
                "JSON text is not properly formatted. Unexpected character '{found}' is found at position {}.",
                self.text.get(..self.at).map_or(self.at, |before| before.chars().count())
            ),
        )
        .with_state(4)
    }
}
