//! Names of objects and data types.

use super::error::shortened;
use super::{Parsed, Parser, SyntaxError};
use crate::ast::{DataType, Ident, ObjectName, Quote, Span, TypeParam};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// `[[[server.]database.]schema.]object`.
    pub(super) fn object_name(&mut self) -> Parsed<ObjectName> {
        let parts = self.name_parts()?;
        self.name_of_parts(parts)
    }

    /// Parts with points between them; the parts between two points may be missing, the first and last may not.
    pub(super) fn name_parts(&mut self) -> Parsed<Vec<Option<Ident>>> {
        let mut parts = vec![Some(self.identifier()?)];
        while self.at_kind(TokenKind::Dot) {
            if self.kind_at(1) == TokenKind::Star {
                break;
            }
            self.advance();
            if self.at_kind(TokenKind::Dot) {
                parts.push(None);
            } else {
                parts.push(Some(self.identifier()?));
            }
        }
        Ok(parts)
    }

    /// 117 if there are too many parts.
    pub(super) fn name_of_parts(&self, mut parts: Vec<Option<Ident>>) -> Parsed<ObjectName> {
        let span = parts
            .first()
            .and_then(Option::as_ref)
            .map_or_else(Span::default, |first| self.span_from(first.span));
        if parts.len() > 4 {
            return Err(SyntaxError::new(
                117,
                format!(
                    "The object name '{}' contains more than the maximum number of prefixes. The maximum is 3.",
                    shortened(span.text(self.text))
                ),
                span.line,
            ));
        }
        let Some(Some(object)) = parts.pop() else {
            return self.unexpected();
        };
        let schema = parts.pop().flatten();
        let database = parts.pop().flatten();
        let server = parts.pop().flatten();
        Ok(ObjectName {
            server,
            database,
            schema,
            object,
            span,
        })
    }

    pub(super) fn identifier_list(&mut self) -> Parsed<Vec<Ident>> {
        self.comma_separated(Self::identifier)
    }

    /// `(a, b)`, or nothing.
    pub(super) fn optional_column_list(&mut self) -> Parsed<Vec<Ident>> {
        if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(Self::identifier_list)
        } else {
            Ok(Vec::new())
        }
    }

    /// True if a data type can start here: a name, or one of the reserved words that are type names.
    pub(super) fn at_data_type(&self) -> bool {
        self.at_identifier() || self.at_any(&["DOUBLE", "NATIONAL", "CURSOR"])
    }

    pub(super) fn data_type(&mut self) -> Parsed<DataType> {
        let start = self.span();
        let name = match self.upper().as_str() {
            "DOUBLE" => {
                self.advance();
                self.expect("PRECISION")?;
                self.folded_name("float", start)
            }
            "NATIONAL" => {
                self.advance();
                let text = self.eat("TEXT");
                if !text && !self.eat("CHARACTER") {
                    self.expect("CHAR")?;
                }
                let varying = !text && self.eat("VARYING");
                let name = match (text, varying) {
                    (true, _) => "ntext",
                    (false, true) => "nvarchar",
                    (false, false) => "nchar",
                };
                self.folded_name(name, start)
            }
            "CHAR" | "CHARACTER" | "BINARY" if self.word_at(1, "VARYING") => {
                let name = if self.at("BINARY") {
                    "varbinary"
                } else {
                    "varchar"
                };
                self.pos += 2;
                self.folded_name(name, start)
            }
            "CURSOR" => {
                self.advance();
                self.folded_name("cursor", start)
            }
            _ => self.object_name()?,
        };
        let params = if self.at_kind(TokenKind::LeftParen) {
            self.parenthesized(|p| p.comma_separated(Self::type_param))?
        } else {
            Vec::new()
        };
        Ok(DataType {
            name: Box::new(name),
            params,
            span: self.span_from(start),
        })
    }

    fn folded_name(&self, name: &str, start: Span) -> ObjectName {
        ObjectName::bare(Ident {
            value: name.to_owned(),
            quote: Quote::Bare,
            span: self.span_from(start),
        })
    }

    fn type_param(&mut self) -> Parsed<TypeParam> {
        if self.eat("MAX") {
            return Ok(TypeParam::Max);
        }
        if self.at_kind(TokenKind::Integer) {
            let number = self.integer()?;
            return Ok(TypeParam::Number(number.unsigned_abs()));
        }
        if self.identifier_at(1) && !self.eat("CONTENT") {
            self.eat("DOCUMENT");
        }
        self.object_name().map(TypeParam::Name)
    }
}
