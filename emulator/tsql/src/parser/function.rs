//! Calls: plain functions, the ones with a grammar of their own, OVER, ODBC escapes.

use super::{CALL_COST, Parsed, Parser, SUBQUERY_COST};
use crate::ast::{
    Expr, ExprKind, Frame, FrameBound, FrameUnit, FunctionArgs, FunctionCall, Ident, NullTreatment,
    ObjectName, Over, Span, TrimSide,
};
use crate::lexer::TokenKind;

impl Parser<'_> {
    /// A call after its name, as an expression.
    pub(super) fn call_expression(
        &mut self,
        parts: Vec<Option<Ident>>,
        start: Span,
    ) -> Parsed<Expr> {
        let (distinct, args) = self.function_arguments()?;
        let name = self.name_of_parts(parts)?;
        let call = self.function_suffix(name, distinct, args)?;
        Ok(self.finish(ExprKind::Function(Box::new(call)), start))
    }

    /// `(args) [WITHIN GROUP …] [OVER …]` after a name.
    pub(super) fn function_call(&mut self, name: ObjectName) -> Parsed<FunctionCall> {
        let (distinct, args) = self.function_arguments()?;
        self.function_suffix(name, distinct, args)
    }

    /// `( [DISTINCT] args`, up to what closes the list.
    fn function_arguments(&mut self) -> Parsed<(bool, FunctionArgs)> {
        self.expect_kind(TokenKind::LeftParen)?;
        let distinct = self.eat("DISTINCT");
        if !distinct {
            self.eat("ALL");
        }
        if self.at_kind(TokenKind::Star) && self.kind_at(1) == TokenKind::RightParen {
            self.advance();
            return Ok((distinct, FunctionArgs::Star));
        }
        let mut args = Vec::new();
        if !distinct && self.at_kind(TokenKind::RightParen) {
            return Ok((distinct, FunctionArgs::List(args)));
        }
        self.deeper(CALL_COST)?;
        loop {
            args.push(self.expression_or_default()?);
            if !self.eat_kind(TokenKind::Comma) {
                break;
            }
        }
        self.depth -= CALL_COST;
        Ok((distinct, FunctionArgs::List(args)))
    }

    /// What closes a call, and what may follow it.
    fn function_suffix(
        &mut self,
        name: ObjectName,
        distinct: bool,
        args: FunctionArgs,
    ) -> Parsed<FunctionCall> {
        // JSON and window functions take the null treatment inside or after the parentheses.
        let inside = self.null_treatment();
        self.expect_kind(TokenKind::RightParen)?;
        let nulls = inside.or_else(|| self.null_treatment());
        let within_group = if self.eat_words(&["WITHIN", "GROUP"]) {
            self.parenthesized(Self::order_by)?
        } else {
            Vec::new()
        };
        let over = if self.at("OVER") {
            Some(self.over()?)
        } else {
            None
        };
        self.grow()?;
        Ok(FunctionCall {
            name,
            distinct,
            args,
            nulls,
            within_group,
            over,
        })
    }

    /// A value, or DEFAULT.
    pub(super) fn expression_or_default(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if self.eat("DEFAULT") {
            return Ok(self.finish(ExprKind::Default, start));
        }
        self.expression()
    }

    /// `(a, b)` of a method.
    pub(super) fn call_arguments(&mut self) -> Parsed<Vec<Expr>> {
        self.parenthesized(|p| {
            if p.at_kind(TokenKind::RightParen) {
                Ok(Vec::new())
            } else {
                p.nested(1, Self::expression_list)
            }
        })
    }

    fn null_treatment(&mut self) -> Option<NullTreatment> {
        if self.eat_words(&["IGNORE", "NULLS"]) {
            Some(NullTreatment::Ignore)
        } else if self.eat_words(&["RESPECT", "NULLS"]) {
            Some(NullTreatment::Respect)
        } else {
            None
        }
    }

    /// `OVER window`, `OVER (…)`.
    fn over(&mut self) -> Parsed<Over> {
        self.expect("OVER")?;
        if self.at_identifier() {
            return Ok(Over {
                window: Some(self.take_ident()),
                ..Over::default()
            });
        }
        self.window_specification()
    }

    /// `([window] [PARTITION BY …] [ORDER BY …] [ROWS …])`.
    pub(super) fn window_specification(&mut self) -> Parsed<Over> {
        self.parenthesized(|p| {
            p.nested(SUBQUERY_COST, |p| {
                let mut over = Over::default();
                if p.at_identifier() && !p.at_any(&["PARTITION", "ROWS", "RANGE"]) {
                    over.window = Some(p.take_ident());
                }
                if p.eat_words(&["PARTITION", "BY"]) {
                    over.partition_by = p.expression_list()?;
                }
                if p.at("ORDER") {
                    over.order_by = p.order_by()?;
                }
                if p.at_any(&["ROWS", "RANGE"]) {
                    over.frame = Some(p.frame()?);
                }
                Ok(over)
            })
        })
    }

    fn frame(&mut self) -> Parsed<Frame> {
        let unit = if self.eat("ROWS") {
            FrameUnit::Rows
        } else {
            self.expect("RANGE")?;
            FrameUnit::Range
        };
        if self.eat("BETWEEN") {
            let start = self.frame_bound()?;
            self.expect("AND")?;
            let end = self.frame_bound()?;
            return Ok(Frame { unit, start, end });
        }
        let start = self.frame_bound()?;
        Ok(Frame {
            unit,
            start,
            end: FrameBound::CurrentRow,
        })
    }

    fn frame_bound(&mut self) -> Parsed<FrameBound> {
        if self.eat_words(&["CURRENT", "ROW"]) {
            return Ok(FrameBound::CurrentRow);
        }
        if self.eat("UNBOUNDED") {
            if self.eat("PRECEDING") {
                return Ok(FrameBound::UnboundedPreceding);
            }
            self.expect("FOLLOWING")?;
            return Ok(FrameBound::UnboundedFollowing);
        }
        let count = Box::new(self.expression()?);
        if self.eat("PRECEDING") {
            return Ok(FrameBound::Preceding(count));
        }
        self.expect("FOLLOWING")?;
        Ok(FrameBound::Following(count))
    }

    /// The parser of a function with a grammar of its own; none if the word before the parenthesis is a plain name.
    pub(super) fn special_function(&self) -> Option<fn(&mut Self) -> Parsed<Expr>> {
        let parse = match self.upper().as_str() {
            "CAST" | "TRY_CAST" => Self::cast,
            "PARSE" | "TRY_PARSE" => Self::parse_function,
            "IIF" => Self::iif,
            "TRIM" => Self::trim,
            "JSON_OBJECT" => Self::json_object,
            "JSON_ARRAY" => Self::json_array,
            _ => return None,
        };
        Some(parse)
    }

    fn cast(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let is_try = self.at("TRY_CAST");
        self.advance();
        self.expect_kind(TokenKind::LeftParen)?;
        let operand = Box::new(self.expression()?);
        self.expect("AS")?;
        let data_type = self.data_type()?;
        self.close_call(
            start,
            ExprKind::Cast {
                operand,
                data_type,
                is_try,
            },
        )
    }

    pub(super) fn convert(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let is_try = self.at("TRY_CONVERT");
        self.advance();
        self.expect_kind(TokenKind::LeftParen)?;
        let data_type = self.data_type()?;
        self.expect_kind(TokenKind::Comma)?;
        let operand = Box::new(self.expression()?);
        let style = if self.eat_kind(TokenKind::Comma) {
            Some(Box::new(self.expression()?))
        } else {
            None
        };
        self.close_call(
            start,
            ExprKind::Convert {
                data_type,
                operand,
                style,
                is_try,
            },
        )
    }

    fn parse_function(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let is_try = self.at("TRY_PARSE");
        self.advance();
        self.expect_kind(TokenKind::LeftParen)?;
        let operand = Box::new(self.expression()?);
        self.expect("AS")?;
        let data_type = self.data_type()?;
        let culture = if self.eat("USING") {
            Some(Box::new(self.expression()?))
        } else {
            None
        };
        self.close_call(
            start,
            ExprKind::Parse {
                operand,
                data_type,
                culture,
                is_try,
            },
        )
    }

    fn iif(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.advance();
        self.expect_kind(TokenKind::LeftParen)?;
        let condition = Box::new(self.condition()?);
        self.expect_kind(TokenKind::Comma)?;
        let then = Box::new(self.expression()?);
        self.expect_kind(TokenKind::Comma)?;
        let otherwise = Box::new(self.expression()?);
        self.close_call(
            start,
            ExprKind::Iif {
                condition,
                then,
                otherwise,
            },
        )
    }

    /// `TRIM(x)` is a plain call; only the form with FROM has a node of its own.
    fn trim(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let name = ObjectName::bare(self.take_ident());
        self.expect_kind(TokenKind::LeftParen)?;
        let side = match self.upper().as_str() {
            "LEADING" => Some(TrimSide::Leading),
            "TRAILING" => Some(TrimSide::Trailing),
            "BOTH" => Some(TrimSide::Both),
            _ => None,
        };
        if side.is_some() {
            self.advance();
        }
        let characters = self.expression()?;
        if side.is_none() && !self.at("FROM") {
            let args = FunctionArgs::List(vec![characters]);
            let call = self.function_suffix(name, false, args)?;
            return Ok(self.finish(ExprKind::Function(Box::new(call)), start));
        }
        self.expect("FROM")?;
        let operand = Box::new(self.expression()?);
        let side = side.unwrap_or(TrimSide::Both);
        self.close_call(
            start,
            ExprKind::Trim {
                side,
                characters: Box::new(characters),
                operand,
            },
        )
    }

    fn json_object(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.pos += 2;
        let entries = if self.at_kind(TokenKind::RightParen) || self.at_any(&["NULL", "ABSENT"]) {
            Vec::new()
        } else {
            self.comma_separated(|p| {
                let key = p.expression()?;
                p.expect_kind(TokenKind::Colon)?;
                Ok((key, p.expression()?))
            })?
        };
        let absent_on_null = self.json_null_clause()?.unwrap_or(false);
        self.close_call(
            start,
            ExprKind::JsonObject {
                entries,
                absent_on_null,
            },
        )
    }

    fn json_array(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.pos += 2;
        let empty = self.at_kind(TokenKind::RightParen)
            || self.at_words(&["NULL", "ON", "NULL"])
            || self.at_words(&["ABSENT", "ON", "NULL"]);
        let elements = if empty {
            Vec::new()
        } else {
            self.expression_list()?
        };
        let absent_on_null = self.json_null_clause()?.unwrap_or(true);
        self.close_call(
            start,
            ExprKind::JsonArray {
                elements,
                absent_on_null,
            },
        )
    }

    fn json_null_clause(&mut self) -> Parsed<Option<bool>> {
        let absent = self.at("ABSENT");
        if !absent && !self.at("NULL") {
            return Ok(None);
        }
        self.advance();
        self.expect_words(&["ON", "NULL"])?;
        Ok(Some(absent))
    }

    /// `)` and the node.
    fn close_call(&mut self, start: Span, kind: ExprKind) -> Parsed<Expr> {
        self.expect_kind(TokenKind::RightParen)?;
        self.grow()?;
        Ok(self.finish(kind, start))
    }

    /// A call whose name is a reserved word (COALESCE, LEFT …).
    pub(super) fn reserved_call(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let name = ObjectName::bare(self.take_ident());
        let call = self.function_call(name)?;
        Ok(self.finish(ExprKind::Function(Box::new(call)), start))
    }

    /// `::fn_name(…)`, the old way to call a system function.
    pub(super) fn system_function(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.expect_kind(TokenKind::DoubleColon)?;
        let name = ObjectName::bare(self.identifier()?);
        let call = self.function_call(name)?;
        Ok(self.finish(ExprKind::Function(Box::new(call)), start))
    }

    /// `type::Method(…)`, `type::Property`.
    pub(super) fn static_method(&mut self, type_name: ObjectName, start: Span) -> Parsed<Expr> {
        self.expect_kind(TokenKind::DoubleColon)?;
        let method = self.identifier()?;
        let args = if self.at_kind(TokenKind::LeftParen) {
            Some(self.call_arguments()?)
        } else {
            None
        };
        self.grow()?;
        Ok(self.finish(
            ExprKind::StaticMethod {
                type_name: Box::new(type_name),
                method,
                args,
            },
            start,
        ))
    }

    pub(super) fn next_value_for(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.pos += 3;
        let sequence = Box::new(self.object_name()?);
        let over = if self.at("OVER") {
            Some(Box::new(self.over()?))
        } else {
            None
        };
        Ok(self.finish(ExprKind::NextValueFor { sequence, over }, start))
    }

    /// `{d '…'}`, `{t '…'}`, `{ts '…'}`, `{guid '…'}`, `{fn call}`.
    pub(super) fn odbc_escape(&mut self) -> Parsed<Expr> {
        let start = self.span();
        self.expect_kind(TokenKind::LeftBrace)?;
        if self.eat("FN") {
            let call = self.nested(1, Self::expression)?;
            self.expect_kind(TokenKind::RightBrace)?;
            return Ok(call);
        }
        if !self.at_any(&["D", "T", "TS", "GUID"]) {
            return self.unexpected();
        }
        let kind = self.take_ident().value.to_ascii_lowercase();
        let value = self.string()?.value;
        self.expect_kind(TokenKind::RightBrace)?;
        Ok(self.finish(ExprKind::OdbcLiteral { kind, value }, start))
    }
}
