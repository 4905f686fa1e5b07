//! What the lexer hands out.

use crate::ast::Span;

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where.
    pub span: Span,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A bare word that is not reserved; also `#temp`, `$action`.
    Word,
    /// A reserved word.
    Reserved,
    /// `[name]`
    Bracket,
    /// `"name"` under QUOTED_IDENTIFIER ON.
    Quoted,
    /// `@name`
    Variable,
    /// `@@name`
    GlobalVariable,
    /// Digits.
    Integer,
    /// Digits with a point.
    Decimal,
    /// With an exponent.
    Float,
    /// `$1.50`
    Money,
    /// `0x…`
    Binary,
    /// `'…'`, and `"…"` under QUOTED_IDENTIFIER OFF.
    String,
    /// `N'…'`
    NationalString,
    /// `(`
    LeftParen,
    /// `)`
    RightParen,
    /// `{`
    LeftBrace,
    /// `}`
    RightBrace,
    /// `,`
    Comma,
    /// `.`
    Dot,
    /// `;`
    Semicolon,
    /// `:`
    Colon,
    /// `::`
    DoubleColon,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// `&`
    Ampersand,
    /// `|`
    Pipe,
    /// `^`
    Caret,
    /// `~`
    Tilde,
    /// `=`
    Equal,
    /// `<>`, `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`, `!>`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`, `!<`
    GreaterOrEqual,
    /// `+=`
    PlusEqual,
    /// `-=`
    MinusEqual,
    /// `*=`
    StarEqual,
    /// `/=`
    SlashEqual,
    /// `%=`
    PercentEqual,
    /// `&=`
    AmpersandEqual,
    /// `|=`
    PipeEqual,
    /// `^=`
    CaretEqual,
    /// A character T-SQL has no use for.
    Unknown,
    /// The end of the text.
    Eof,
}

/// Text that cannot be split into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LexError {
    /// What is wrong.
    pub kind: LexErrorKind,
    /// Where; to the end of the text for something unclosed.
    pub span: Span,
}

/// What is wrong with the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LexErrorKind {
    /// 105
    UnclosedQuote,
    /// 113
    UnclosedComment,
    /// 103
    IdentifierTooLong,
    /// 1038
    EmptyIdentifier,
}

impl LexError {
    pub(super) fn new(kind: LexErrorKind, span: Span) -> Self {
        Self { kind, span }
    }
}
