//! Numbers, money and binary literals.

use super::{Lexer, TokenKind};

/// The currency signs that start a money literal, from the page "money and smallmoney (Transact-SQL)".
pub(super) fn is_currency(c: char) -> bool {
    matches!(
        c,
        '$' | '¢' | '£' | '¤' | '¥' | '৲' | '৳' | '฿' | '៛' | '₠'
            ..='₱' | '﷼' | '﹩' | '＄' | '￠' | '￡' | '￥' | '￦'
    )
}

impl Lexer<'_> {
    pub(super) fn scan_number(&mut self) -> TokenKind {
        if self.peek(0) == Some(b'0') && matches!(self.peek(1), Some(b'x' | b'X')) {
            self.pos += 2;
            self.skip_hex();
            return TokenKind::Binary;
        }
        self.skip_digits();
        let mut kind = TokenKind::Integer;
        if self.peek(0) == Some(b'.') {
            self.pos += 1;
            self.skip_digits();
            kind = TokenKind::Decimal;
        }
        if matches!(self.peek(0), Some(b'e' | b'E')) {
            self.pos += 1;
            if matches!(self.peek(0), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            self.skip_digits();
            kind = TokenKind::Float;
        }
        kind
    }

    /// `$1.50`, `$`, or a pseudo column such as `$action`.
    pub(super) fn scan_dollar(&mut self) -> TokenKind {
        if self.peek(1).is_some_and(|b| b.is_ascii_alphabetic()) {
            self.pos += 1;
            self.skip_identifier();
            return TokenKind::Word;
        }
        self.pos += 1;
        self.skip_money();
        TokenKind::Money
    }

    /// What follows a currency sign: an optional sign, digits, a point, digits.
    pub(super) fn skip_money(&mut self) {
        let sign = usize::from(matches!(self.peek(0), Some(b'+' | b'-')));
        let after = (self.peek(sign), self.peek(sign + 1));
        let starts = matches!(
            after,
            (Some(b'0'..=b'9'), _) | (Some(b'.'), Some(b'0'..=b'9'))
        );
        if !starts {
            return;
        }
        self.pos += sign;
        self.skip_digits();
        if self.peek(0) == Some(b'.') {
            self.pos += 1;
            self.skip_digits();
        }
    }

    fn skip_digits(&mut self) {
        while self.peek(0).is_some_and(|b| b.is_ascii_digit()) {
            self.pos += 1;
        }
    }

    /// Hex digits; a backslash at the end of a line continues the literal on the next one.
    fn skip_hex(&mut self) {
        loop {
            match (self.peek(0), self.peek(1), self.peek(2)) {
                (Some(byte), _, _) if byte.is_ascii_hexdigit() => self.pos += 1,
                (Some(b'\\'), Some(b'\n'), _) => {
                    self.pos += 2;
                    self.line += 1;
                }
                (Some(b'\\'), Some(b'\r'), Some(b'\n')) => {
                    self.pos += 3;
                    self.line += 1;
                }
                _ => return,
            }
        }
    }
}
