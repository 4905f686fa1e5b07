//! Looking at tokens and taking them.

use super::{Parsed, Parser, SyntaxError};
use crate::ast::{Ident, Quote, Span, Text};
use crate::lexer::{Token, TokenKind, decode_identifier, decode_string};

impl Parser<'_> {
    pub(super) fn token_at(&self, ahead: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.pos + ahead).min(last)]
    }

    pub(super) fn token(&self) -> Token {
        self.token_at(0)
    }

    pub(super) fn kind(&self) -> TokenKind {
        self.token().kind
    }

    pub(super) fn kind_at(&self, ahead: usize) -> TokenKind {
        self.token_at(ahead).kind
    }

    pub(super) fn line(&self) -> u32 {
        self.token().span.line
    }

    pub(super) fn span(&self) -> Span {
        self.token().span
    }

    /// The last token taken.
    pub(super) fn previous(&self) -> Token {
        self.tokens[self.pos.saturating_sub(1)]
    }

    /// From `start` to the last token taken.
    pub(super) fn span_from(&self, start: Span) -> Span {
        start.to(self.previous().span)
    }

    pub(super) fn text_of(&self, token: Token) -> &str {
        token.span.text(self.text)
    }

    pub(super) fn advance(&mut self) -> Token {
        let token = self.token();
        if token.kind != TokenKind::Eof {
            self.pos += 1;
        }
        token
    }

    /// True if the token `ahead` is this bare word, reserved or not.
    pub(super) fn word_at(&self, ahead: usize, word: &str) -> bool {
        let token = self.token_at(ahead);
        matches!(token.kind, TokenKind::Word | TokenKind::Reserved)
            && (token.span.end - token.span.start) as usize == word.len()
            && self.text_of(token).eq_ignore_ascii_case(word)
    }

    pub(super) fn at(&self, word: &str) -> bool {
        self.word_at(0, word)
    }

    /// True if the next tokens are these bare words.
    pub(super) fn at_words(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.word_at(ahead, word))
    }

    pub(super) fn at_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.at(word))
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.at(word);
        if found {
            self.advance();
        }
        found
    }

    /// Takes all of `words` or none of them.
    pub(super) fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = self.at_words(words);
        if found {
            self.pos += words.len();
        }
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Parsed<()> {
        if self.eat(word) {
            Ok(())
        } else {
            self.unexpected()
        }
    }

    pub(super) fn expect_words(&mut self, words: &[&str]) -> Parsed<()> {
        words.iter().try_for_each(|word| self.expect(word))
    }

    pub(super) fn at_kind(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    pub(super) fn eat_kind(&mut self, kind: TokenKind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect_kind(&mut self, kind: TokenKind) -> Parsed<Token> {
        if self.kind() == kind {
            Ok(self.advance())
        } else {
            self.unexpected()
        }
    }

    pub(super) fn expect_end(&self) -> Parsed<()> {
        if self.at_kind(TokenKind::Eof) {
            Ok(())
        } else {
            self.unexpected()
        }
    }

    /// The current token in upper case, if it is a bare word.
    pub(super) fn upper(&self) -> String {
        let token = self.token();
        match token.kind {
            TokenKind::Word | TokenKind::Reserved => self.text_of(token).to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    /// `(` … `)`.
    pub(super) fn parenthesized<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        self.expect_kind(TokenKind::LeftParen)?;
        let inner = parse(self)?;
        self.expect_kind(TokenKind::RightParen)?;
        Ok(inner)
    }

    /// One or more, with commas between them.
    pub(super) fn comma_separated<T>(
        &mut self,
        mut parse: impl FnMut(&mut Self) -> Parsed<T>,
    ) -> Parsed<Vec<T>> {
        let mut items = vec![parse(self)?];
        while self.eat_kind(TokenKind::Comma) {
            items.push(parse(self)?);
        }
        Ok(items)
    }

    /// True if the current token can name something: a bare word that is not reserved, or a quoted one.
    pub(super) fn at_identifier(&self) -> bool {
        self.identifier_at(0)
    }

    pub(super) fn identifier_at(&self, ahead: usize) -> bool {
        matches!(
            self.kind_at(ahead),
            TokenKind::Word | TokenKind::Bracket | TokenKind::Quoted
        )
    }

    pub(super) fn identifier(&mut self) -> Parsed<Ident> {
        if self.at_identifier() {
            Ok(self.take_ident())
        } else {
            self.unexpected()
        }
    }

    pub(super) fn variable(&mut self) -> Parsed<Ident> {
        if self.at_kind(TokenKind::Variable) {
            Ok(self.take_ident())
        } else {
            self.unexpected()
        }
    }

    /// The current token as a name, whatever it is. For words the caller has looked at.
    pub(super) fn take_ident(&mut self) -> Ident {
        let token = self.advance();
        let text = self.text_of(token);
        let (value, quote) = match token.kind {
            TokenKind::Bracket => (decode_identifier(token.kind, text), Quote::Bracket),
            TokenKind::Quoted => (decode_identifier(token.kind, text), Quote::Double),
            TokenKind::String | TokenKind::NationalString => (decode_string(text), Quote::Single),
            _ => (text.to_owned(), Quote::Bare),
        };
        Ident {
            value,
            quote,
            span: token.span,
        }
    }

    pub(super) fn at_string(&self) -> bool {
        matches!(self.kind(), TokenKind::String | TokenKind::NationalString)
    }

    pub(super) fn string(&mut self) -> Parsed<Text> {
        if !self.at_string() {
            return self.unexpected();
        }
        let token = self.advance();
        Ok(Text {
            value: decode_string(self.text_of(token)),
            national: token.kind == TokenKind::NationalString,
            span: token.span,
        })
    }

    /// A whole number that fits 63 bits.
    pub(super) fn integer(&mut self) -> Parsed<i64> {
        let token = self.token();
        match self.text_of(token).parse() {
            Ok(number) if token.kind == TokenKind::Integer => {
                self.advance();
                Ok(number)
            }
            _ => self.unexpected(),
        }
    }

    /// The error at the current token.
    pub(super) fn unexpected<T>(&self) -> Parsed<T> {
        Err(self.error_at(self.pos))
    }

    pub(super) fn error_at(&self, position: usize) -> SyntaxError {
        let position = position.min(self.tokens.len() - 1);
        let token = self.tokens[position];
        match token.kind {
            // At the end the server points at the last thing it read.
            TokenKind::Eof => match position.checked_sub(1) {
                Some(last) => {
                    SyntaxError::near(&self.shown(self.tokens[last]), self.tokens[last].span.line)
                }
                None => SyntaxError::near("", token.span.line),
            },
            TokenKind::Reserved => SyntaxError::near_keyword(self.text_of(token), token.span.line),
            _ => SyntaxError::near(&self.shown(token), token.span.line),
        }
    }

    /// 155 at the current token: it is not an option of `what`.
    pub(super) fn not_recognized<T>(&self, what: &str) -> Parsed<T> {
        Err(SyntaxError::not_recognized(
            &self.shown(self.token()),
            what,
            self.line(),
        ))
    }

    pub(super) fn unsupported<T>(&self, feature: &str) -> Parsed<T> {
        Err(SyntaxError::unsupported(feature, self.line()))
    }

    /// A token as errors show it: without its quotes.
    fn shown(&self, token: Token) -> String {
        let text = self.text_of(token);
        match token.kind {
            TokenKind::String | TokenKind::NationalString => decode_string(text),
            kind => decode_identifier(kind, text),
        }
    }
}
