//! The option readers that HA, security, backup and storage statements share. Every option is checked against what its
//! statement has: an unknown one is error 155, never skipped.

use super::{Parsed, Parser};
use crate::ast::{Ident, OptionEntry, OptionValue, Text};
use crate::lexer::{TokenKind, decode_binary};

/// What may follow a number in an option's value.
const UNITS: &[&str] = &[
    "KB", "MB", "GB", "TB", "SECONDS", "SECOND", "MINUTES", "HOURS", "DAYS", "DAY", "HOUR",
    "MINUTE", "ROWS",
];

impl Parser<'_> {
    /// `name [= value], …` where each name is in `known` (several words are joined by a blank).
    pub(super) fn option_entries(
        &mut self,
        known: &[&str],
        what: &str,
    ) -> Parsed<Vec<OptionEntry>> {
        self.comma_separated(|p| p.option_entry(known, what))
    }

    /// `( name [= value], … )`.
    pub(super) fn option_entries_in_parentheses(
        &mut self,
        known: &[&str],
        what: &str,
    ) -> Parsed<Vec<OptionEntry>> {
        self.parenthesized(|p| p.option_entries(known, what))
    }

    pub(super) fn option_entry(&mut self, known: &[&str], what: &str) -> Parsed<OptionEntry> {
        let start = self.span();
        let found = known
            .iter()
            .filter(|name| {
                name.split(' ')
                    .enumerate()
                    .all(|(ahead, word)| self.word_at(ahead, word))
            })
            .max_by_key(|name| name.len());
        let Some(name) = found else {
            return if self.kind() == TokenKind::Word {
                self.not_recognized(what)
            } else {
                self.unexpected()
            };
        };
        self.pos += name.split(' ').count();
        let value = self.optional_option_value()?;
        Ok(OptionEntry {
            name: (*name).to_owned(),
            value,
            span: self.span_from(start),
        })
    }

    /// `= value`, `(list)`, or nothing.
    fn optional_option_value(&mut self) -> Parsed<OptionValue> {
        if self.eat_kind(TokenKind::Equal) {
            self.option_value()
        } else if self.at_kind(TokenKind::LeftParen) {
            self.nested_options().map(OptionValue::List)
        } else {
            Ok(OptionValue::None)
        }
    }

    pub(super) fn option_value(&mut self) -> Parsed<OptionValue> {
        match self.kind() {
            TokenKind::String | TokenKind::NationalString => self.string().map(OptionValue::Text),
            TokenKind::Variable => Ok(OptionValue::Variable(self.take_ident())),
            TokenKind::Binary => {
                let token = self.advance();
                Ok(OptionValue::Binary(decode_binary(self.text_of(token))))
            }
            TokenKind::LeftParen => self.nested_options().map(OptionValue::List),
            TokenKind::Minus | TokenKind::Plus | TokenKind::Integer | TokenKind::Decimal => {
                self.signed_number_with_unit().map(OptionValue::Number)
            }
            TokenKind::Reserved
                if self.at_any(&["ON", "OFF"]) && self.kind_at(1) == TokenKind::LeftParen =>
            {
                let start = self.span();
                let first = OptionEntry {
                    name: self.upper(),
                    value: OptionValue::None,
                    span: start,
                };
                self.advance();
                let mut entries = vec![first];
                entries.extend(self.nested_options()?);
                Ok(OptionValue::List(entries))
            }
            TokenKind::Word | TokenKind::Reserved | TokenKind::Bracket | TokenKind::Quoted => {
                let mut words = vec![self.take_ident()];
                while self.at_kind(TokenKind::Dot) && self.identifier_at(1) {
                    self.advance();
                    words.push(self.take_ident());
                }
                Ok(OptionValue::Words(words))
            }
            _ => self.unexpected(),
        }
    }

    /// `( name [= value], … )` with any names: the outer option has been recognized.
    fn nested_options(&mut self) -> Parsed<Vec<OptionEntry>> {
        self.parenthesized(|p| {
            p.nested(1, |p| {
                p.comma_separated(|p| {
                    let start = p.span();
                    let name = match p.kind() {
                        TokenKind::Word | TokenKind::Reserved => p.option_words(),
                        TokenKind::Bracket | TokenKind::Quoted => p.take_ident().value,
                        _ => {
                            let value = p.option_value()?;
                            return Ok(OptionEntry {
                                name: String::new(),
                                value,
                                span: p.span_from(start),
                            });
                        }
                    };
                    let value = p.optional_option_value()?;
                    Ok(OptionEntry {
                        name,
                        value,
                        span: p.span_from(start),
                    })
                })
            })
        })
    }

    /// Bare words up to something else, in upper case with one blank between them.
    fn option_words(&mut self) -> String {
        let mut words = Vec::new();
        while matches!(self.kind(), TokenKind::Word | TokenKind::Reserved) {
            words.push(self.upper());
            self.advance();
        }
        words.join(" ")
    }

    /// `-5`, `8MB`, `10%`, `60 SECONDS`, as written.
    fn signed_number_with_unit(&mut self) -> Parsed<String> {
        let mut text = self.signed_number()?;
        if self.eat_kind(TokenKind::Percent) {
            text.push('%');
        } else if self.at_any(UNITS) {
            // A unit written right after the digits stays there.
            if self.previous().span.end != self.span().start {
                text.push(' ');
            }
            text.push_str(&self.upper());
            self.advance();
        }
        Ok(text)
    }

    /// A number with an optional sign, as written.
    pub(super) fn signed_number(&mut self) -> Parsed<String> {
        let mut text = String::new();
        if self.eat_kind(TokenKind::Minus) {
            text.push('-');
        } else {
            self.eat_kind(TokenKind::Plus);
        }
        if !matches!(self.kind(), TokenKind::Integer | TokenKind::Decimal) {
            return self.unexpected();
        }
        let token = self.advance();
        text.push_str(self.text_of(token));
        Ok(text)
    }

    /// Options read by `take`, which is given each name in upper case with the token after it current, and says whether
    /// it knows the name. An unknown name is 155, a name given twice is a syntax error.
    pub(super) fn typed_options(
        &mut self,
        what: &str,
        mut take: impl FnMut(&mut Self, &str) -> Parsed<bool>,
    ) -> Parsed<()> {
        let mut seen: Vec<String> = Vec::new();
        loop {
            let position = self.pos;
            let name = self.upper();
            if name.is_empty() || seen.contains(&name) {
                return self.unexpected();
            }
            self.advance();
            if !take(self, &name)? {
                self.pos = position;
                return self.not_recognized(what);
            }
            seen.push(name);
            if !self.eat_kind(TokenKind::Comma) {
                return Ok(());
            }
        }
    }

    /// `= word`, one of `choices`.
    pub(super) fn equals_choice<T: Copy>(&mut self, choices: &[(&str, T)]) -> Parsed<T> {
        self.expect_kind(TokenKind::Equal)?;
        self.choice(choices)
    }

    /// A word, one of `choices`.
    pub(super) fn choice<T: Copy>(&mut self, choices: &[(&str, T)]) -> Parsed<T> {
        match choices.iter().find(|(word, _)| self.at(word)) {
            Some((_, value)) => {
                self.advance();
                Ok(*value)
            }
            None => self.unexpected(),
        }
    }

    /// `= 'text'`.
    pub(super) fn equals_text(&mut self) -> Parsed<Text> {
        self.expect_kind(TokenKind::Equal)?;
        self.string()
    }

    /// `= n`, sign allowed.
    pub(super) fn equals_integer(&mut self) -> Parsed<i64> {
        self.expect_kind(TokenKind::Equal)?;
        let negative = self.eat_kind(TokenKind::Minus);
        let number = self.integer()?;
        Ok(if negative { -number } else { number })
    }

    /// `= name`.
    pub(super) fn equals_identifier(&mut self) -> Parsed<Ident> {
        self.expect_kind(TokenKind::Equal)?;
        self.identifier()
    }
}
