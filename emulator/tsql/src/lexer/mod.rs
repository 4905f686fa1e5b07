//! Text to tokens. Knows the reserved words and nothing else of the grammar; a token is a kind and a span, and its
//! value is read from the text when somebody wants it.

mod decode;
mod go;
mod number;
mod reserved;
mod token;

pub use decode::{decode_binary, decode_identifier, decode_string};
pub use go::{ScriptBatch, split_batches};
pub use reserved::is_reserved;
pub use token::{LexError, LexErrorKind, Token, TokenKind};

use crate::ast::Span;

/// Longest identifier, in UTF-16 units.
const IDENTIFIER_MAX_UNITS: usize = 128;

/// Splits `text` into tokens, the last of which is [`TokenKind::Eof`]. White space and comments are dropped.
///
/// # Errors
/// An unclosed string or bracket (105), an unclosed comment (113), an identifier that is too long (103) or empty (1038).
pub fn tokenize(text: &str, quoted_identifier: bool) -> Result<Vec<Token>, LexError> {
    let mut lexer = Lexer::new(text, quoted_identifier);
    let mut tokens = Vec::with_capacity(text.len() / 5 + 4);
    loop {
        let token = lexer.next()?;
        tokens.push(token);
        if token.kind == TokenKind::Eof {
            return Ok(tokens);
        }
    }
}

/// Walks over the text.
struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    line: u32,
    quoted_identifier: bool,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str, quoted_identifier: bool) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            line: 1,
            quoted_identifier,
        }
    }

    fn next(&mut self) -> Result<Token, LexError> {
        self.skip_blanks()?;
        let (start, line) = (self.pos, self.line);
        let kind = match self.bytes.get(self.pos) {
            None => TokenKind::Eof,
            Some(byte) => self.scan(*byte)?,
        };
        let span = Span {
            start: offset(start),
            end: offset(self.pos),
            line,
        };
        self.check_identifier(kind, span)?;
        Ok(Token { kind, span })
    }

    fn scan(&mut self, byte: u8) -> Result<TokenKind, LexError> {
        match byte {
            b'\'' => self.scan_quoted(b'\'').map(|()| TokenKind::String),
            b'"' if self.quoted_identifier => self.scan_quoted(b'"').map(|()| TokenKind::Quoted),
            b'"' => self.scan_quoted(b'"').map(|()| TokenKind::String),
            b'[' => self.scan_quoted(b']').map(|()| TokenKind::Bracket),
            b'N' | b'n' if self.peek(1) == Some(b'\'') => {
                self.pos += 1;
                self.scan_quoted(b'\'').map(|()| TokenKind::NationalString)
            }
            b'0'..=b'9' => Ok(self.scan_number()),
            b'.' if self.peek(1).is_some_and(|b| b.is_ascii_digit()) => Ok(self.scan_number()),
            b'$' => Ok(self.scan_dollar()),
            _ if byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@' | b'#') => {
                Ok(self.scan_word())
            }
            _ if byte.is_ascii() => Ok(self.scan_operator(byte)),
            _ => Ok(self.scan_non_ascii()),
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.pos + ahead).copied()
    }

    fn char_here(&self) -> Option<char> {
        self.text
            .get(self.pos..)
            .and_then(|rest| rest.chars().next())
    }

    fn skip_blanks(&mut self) -> Result<(), LexError> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.pos += 1;
                }
                _ if byte <= b' ' => self.pos += 1,
                b'-' if self.peek(1) == Some(b'-') => {
                    while self.peek(0).is_some_and(|b| b != b'\n') {
                        self.pos += 1;
                    }
                }
                b'/' if self.peek(1) == Some(b'*') => self.skip_comment()?,
                _ if byte.is_ascii() => return Ok(()),
                _ => match self.char_here() {
                    Some(c) if c.is_whitespace() => self.pos += c.len_utf8(),
                    _ => return Ok(()),
                },
            }
        }
        Ok(())
    }

    /// Comments nest.
    fn skip_comment(&mut self) -> Result<(), LexError> {
        let (start, line) = (self.pos, self.line);
        let mut depth = 0_usize;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => {
                    depth += 1;
                    self.pos += 2;
                }
                (b'*', Some(b'/')) => {
                    depth -= 1;
                    self.pos += 2;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                _ => {
                    self.line += u32::from(byte == b'\n');
                    self.pos += 1;
                }
            }
        }
        Err(self.error(LexErrorKind::UnclosedComment, start, line))
    }

    /// Scans from an opening quote to its `close`; a doubled `close` stands for itself.
    fn scan_quoted(&mut self, close: u8) -> Result<(), LexError> {
        let (start, line) = (self.pos, self.line);
        self.pos += 1;
        while let Some(byte) = self.peek(0) {
            self.pos += 1;
            if byte == b'\n' {
                self.line += 1;
            } else if byte == close {
                if self.peek(0) != Some(close) {
                    return Ok(());
                }
                self.pos += 1;
            }
        }
        Err(self.error(LexErrorKind::UnclosedQuote, start, line))
    }

    fn scan_word(&mut self) -> TokenKind {
        let start = self.pos;
        self.skip_identifier();
        let word = &self.bytes[start..self.pos];
        match word {
            [b'@', b'@', _, ..] => TokenKind::GlobalVariable,
            [b'@', ..] => TokenKind::Variable,
            _ if is_reserved(&self.text[start..self.pos]) => TokenKind::Reserved,
            _ => TokenKind::Word,
        }
    }

    fn skip_identifier(&mut self) {
        while let Some(byte) = self.peek(0) {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'#' | b'$') {
                self.pos += 1;
            } else if byte.is_ascii() {
                return;
            } else {
                match self.char_here() {
                    Some(c) if c.is_alphanumeric() => self.pos += c.len_utf8(),
                    _ => return,
                }
            }
        }
    }

    fn scan_non_ascii(&mut self) -> TokenKind {
        let Some(c) = self.char_here() else {
            self.pos = self.bytes.len();
            return TokenKind::Unknown;
        };
        if c.is_alphabetic() {
            return self.scan_word();
        }
        self.pos += c.len_utf8();
        if number::is_currency(c) {
            self.skip_money();
            return TokenKind::Money;
        }
        TokenKind::Unknown
    }

    fn scan_operator(&mut self, byte: u8) -> TokenKind {
        use TokenKind as T;
        let next = self.peek(1);
        let (kind, length) = match (byte, next) {
            (b'<', Some(b'>')) | (b'!', Some(b'=')) => (T::NotEqual, 2),
            (b'<', Some(b'=')) | (b'!', Some(b'>')) => (T::LessOrEqual, 2),
            (b'>', Some(b'=')) | (b'!', Some(b'<')) => (T::GreaterOrEqual, 2),
            (b'+', Some(b'=')) => (T::PlusEqual, 2),
            (b'-', Some(b'=')) => (T::MinusEqual, 2),
            (b'*', Some(b'=')) => (T::StarEqual, 2),
            (b'/', Some(b'=')) => (T::SlashEqual, 2),
            (b'%', Some(b'=')) => (T::PercentEqual, 2),
            (b'&', Some(b'=')) => (T::AmpersandEqual, 2),
            (b'|', Some(b'=')) => (T::PipeEqual, 2),
            (b'^', Some(b'=')) => (T::CaretEqual, 2),
            (b':', Some(b':')) => (T::DoubleColon, 2),
            (b'(', _) => (T::LeftParen, 1),
            (b')', _) => (T::RightParen, 1),
            (b'{', _) => (T::LeftBrace, 1),
            (b'}', _) => (T::RightBrace, 1),
            (b',', _) => (T::Comma, 1),
            (b'.', _) => (T::Dot, 1),
            (b';', _) => (T::Semicolon, 1),
            (b':', _) => (T::Colon, 1),
            (b'+', _) => (T::Plus, 1),
            (b'-', _) => (T::Minus, 1),
            (b'*', _) => (T::Star, 1),
            (b'/', _) => (T::Slash, 1),
            (b'%', _) => (T::Percent, 1),
            (b'&', _) => (T::Ampersand, 1),
            (b'|', _) => (T::Pipe, 1),
            (b'^', _) => (T::Caret, 1),
            (b'~', _) => (T::Tilde, 1),
            (b'=', _) => (T::Equal, 1),
            (b'<', _) => (T::Less, 1),
            (b'>', _) => (T::Greater, 1),
            _ => (T::Unknown, 1),
        };
        self.pos += length;
        kind
    }

    fn check_identifier(&self, kind: TokenKind, span: Span) -> Result<(), LexError> {
        let length = (span.end - span.start) as usize;
        match kind {
            TokenKind::Bracket | TokenKind::Quoted if length == 2 => {
                Err(LexError::new(LexErrorKind::EmptyIdentifier, span))
            }
            TokenKind::Word
            | TokenKind::Bracket
            | TokenKind::Quoted
            | TokenKind::Variable
            | TokenKind::GlobalVariable
                if length > IDENTIFIER_MAX_UNITS
                    && decode_identifier(kind, span.text(self.text))
                        .encode_utf16()
                        .count()
                        > IDENTIFIER_MAX_UNITS =>
            {
                Err(LexError::new(LexErrorKind::IdentifierTooLong, span))
            }
            _ => Ok(()),
        }
    }

    fn error(&self, kind: LexErrorKind, start: usize, line: u32) -> LexError {
        let span = Span {
            start: offset(start),
            end: offset(self.bytes.len()),
            line,
        };
        LexError::new(kind, span)
    }
}

/// Offsets fit: the parser refuses texts longer than `u32::MAX` before it gets here.
fn offset(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
