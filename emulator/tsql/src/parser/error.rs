//! Syntax errors: the numbers and texts of severity 15.

use std::fmt;

use crate::error::SqlError;
use crate::lexer::{LexError, LexErrorKind, TokenKind, decode_identifier};

/// Number of [`SyntaxError::unsupported`]: ours, outside the server's range.
const UNSUPPORTED: i32 = 50990;
/// Longest stretch of the user's text an error repeats, in characters (a guess; messages end at 2047).
const NEAR_MAX_CHARS: usize = 200;

/// Why a batch was refused. Nothing of it has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The number in `sys.messages`.
    pub number: i32,
    /// Severity, 15 but for a few.
    pub severity: u8,
    /// State, 1 when unknown.
    pub state: u8,
    /// The text.
    pub message: String,
    /// Line in the batch, counted from 1.
    pub line: u32,
    /// The error the server sends right after this one (105 is followed by 102).
    pub next: Option<Box<Self>>,
}

impl SyntaxError {
    pub(super) fn new(number: i32, message: impl Into<String>, line: u32) -> Self {
        Self {
            number,
            severity: 15,
            state: 1,
            message: message.into(),
            line,
            next: None,
        }
    }

    /// 102.
    pub(super) fn near(text: &str, line: u32) -> Self {
        Self::new(
            102,
            format!("Incorrect syntax near '{}'.", shortened(text)),
            line,
        )
    }

    /// 156, or 319 for WITH.
    pub(super) fn near_keyword(keyword: &str, line: u32) -> Self {
        if keyword.eq_ignore_ascii_case("WITH") {
            return Self::new(
                319,
                format!(
                    "Incorrect syntax near the keyword '{keyword}'. If this statement is a common table expression, an \
                     xmlnamespaces clause or a change tracking context clause, the previous statement must be \
                     terminated with a semicolon."
                ),
                line,
            );
        }
        Self::new(
            156,
            format!("Incorrect syntax near the keyword '{keyword}'."),
            line,
        )
    }

    /// 155.
    pub(super) fn not_recognized(text: &str, what: &str, line: u32) -> Self {
        Self::new(
            155,
            format!("'{}' is not a recognized {what} option.", shortened(text)),
            line,
        )
    }

    /// 191.
    pub(super) fn too_deep(line: u32) -> Self {
        Self::new(
            191,
            "Some part of your SQL statement is nested too deeply. Rewrite the query or break it up into smaller queries.",
            line,
        )
    }

    /// Syntax that the server has and we do not: loud, and naming it.
    pub(super) fn unsupported(feature: &str, line: u32) -> Self {
        let mut error = Self::new(
            UNSUPPORTED,
            format!("milink does not support {feature}."),
            line,
        );
        error.severity = 16;
        error
    }

    pub(super) fn from_lexer(error: LexError, text: &str) -> Self {
        let line = error.span.line;
        let source = error.span.text(text);
        match error.kind {
            LexErrorKind::UnclosedQuote => {
                let rest = shortened(source.get(1..).unwrap_or(""));
                let mut first = Self::new(
                    105,
                    format!("Unclosed quotation mark after the character string '{rest}'."),
                    line,
                );
                first.next = Some(Box::new(Self::near(&rest, line)));
                first
            }
            LexErrorKind::UnclosedComment => Self::new(113, "Missing end comment mark '*/'.", line),
            LexErrorKind::IdentifierTooLong => {
                let kind = match source.as_bytes().first() {
                    Some(b'[') => TokenKind::Bracket,
                    Some(b'"') => TokenKind::Quoted,
                    _ => TokenKind::Word,
                };
                let name: String = decode_identifier(kind, source).chars().take(128).collect();
                Self::new(
                    103,
                    format!(
                        "The identifier that starts with '{name}' is too long. Maximum length is 128."
                    ),
                    line,
                )
            }
            LexErrorKind::EmptyIdentifier => Self::new(
                1038,
                "An object or column name is missing or empty. For SELECT INTO statements, verify each column has a \
                 name. For other statements, look for empty alias names. Aliases defined as \"\" or [] are not allowed. \
                 Change the alias to a valid name.",
                line,
            ),
        }
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(NEAR_MAX_CHARS).collect()
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}

impl From<SyntaxError> for SqlError {
    /// The first error; whoever reports to a client also sends [`SyntaxError::next`].
    fn from(error: SyntaxError) -> Self {
        Self::new(error.number, error.severity, error.message)
            .with_state(error.state)
            .at_line(error.line)
    }
}
