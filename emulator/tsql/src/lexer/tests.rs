//! The lexer against tables of text.

use proptest::prelude::*;

use super::*;

fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
    tokenize(text, true)
        .expect("the text lexes")
        .into_iter()
        .filter(|token| token.kind != TokenKind::Eof)
        .map(|token| (token.kind, token.span.text(text)))
        .collect()
}

#[test]
fn each_kind_of_token() {
    use TokenKind as T;
    let cases: &[(&str, &[(TokenKind, &str)])] = &[
        (
            "a _b #t ##g é$1",
            &[
                (T::Word, "a"),
                (T::Word, "_b"),
                (T::Word, "#t"),
                (T::Word, "##g"),
                (T::Word, "é$1"),
            ],
        ),
        (
            "SELECT [a]]b] \"x\"\"y\"",
            &[
                (T::Reserved, "SELECT"),
                (T::Bracket, "[a]]b]"),
                (T::Quoted, "\"x\"\"y\""),
            ],
        ),
        (
            "@v @@rc @",
            &[
                (T::Variable, "@v"),
                (T::GlobalVariable, "@@rc"),
                (T::Variable, "@"),
            ],
        ),
        (
            "1 1.5 .5 5. 1e5 1E-3 1e",
            &[
                (T::Integer, "1"),
                (T::Decimal, "1.5"),
                (T::Decimal, ".5"),
                (T::Decimal, "5."),
                (T::Float, "1e5"),
                (T::Float, "1E-3"),
                (T::Float, "1e"),
            ],
        ),
        (
            "1a 0x 0xZ",
            &[
                (T::Integer, "1"),
                (T::Word, "a"),
                (T::Binary, "0x"),
                (T::Binary, "0x"),
                (T::Word, "Z"),
            ],
        ),
        ("0xA\\\nB\\\r\nc", &[(T::Binary, "0xA\\\nB\\\r\nc")]),
        (
            "$1.5 $ $-3 £2 $action $identity",
            &[
                (T::Money, "$1.5"),
                (T::Money, "$"),
                (T::Money, "$-3"),
                (T::Money, "£2"),
                (T::Word, "$action"),
                (T::Word, "$identity"),
            ],
        ),
        (
            "'it''s' N'x' n'y' Nx",
            &[
                (T::String, "'it''s'"),
                (T::NationalString, "N'x'"),
                (T::NationalString, "n'y'"),
                (T::Word, "Nx"),
            ],
        ),
        (
            "<> != <= !> >= !< < > =",
            &[
                (T::NotEqual, "<>"),
                (T::NotEqual, "!="),
                (T::LessOrEqual, "<="),
                (T::LessOrEqual, "!>"),
                (T::GreaterOrEqual, ">="),
                (T::GreaterOrEqual, "!<"),
                (T::Less, "<"),
                (T::Greater, ">"),
                (T::Equal, "="),
            ],
        ),
        (
            "+= -= *= /= %= &= |= ^=",
            &[
                (T::PlusEqual, "+="),
                (T::MinusEqual, "-="),
                (T::StarEqual, "*="),
                (T::SlashEqual, "/="),
                (T::PercentEqual, "%="),
                (T::AmpersandEqual, "&="),
                (T::PipeEqual, "|="),
                (T::CaretEqual, "^="),
            ],
        ),
        (
            ":: : . , ; ( ) { } ~ ^ & | + - * / %",
            &[
                (T::DoubleColon, "::"),
                (T::Colon, ":"),
                (T::Dot, "."),
                (T::Comma, ","),
                (T::Semicolon, ";"),
                (T::LeftParen, "("),
                (T::RightParen, ")"),
                (T::LeftBrace, "{"),
                (T::RightBrace, "}"),
                (T::Tilde, "~"),
                (T::Caret, "^"),
                (T::Ampersand, "&"),
                (T::Pipe, "|"),
                (T::Plus, "+"),
                (T::Minus, "-"),
                (T::Star, "*"),
                (T::Slash, "/"),
                (T::Percent, "%"),
            ],
        ),
        (
            "a--b\nc /* d /* e */ f */ g\u{a0}h",
            &[
                (T::Word, "a"),
                (T::Word, "c"),
                (T::Word, "g"),
                (T::Word, "h"),
            ],
        ),
        (
            "? € !",
            &[(T::Unknown, "?"), (T::Money, "€"), (T::Unknown, "!")],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(kinds(text), *expected, "{text}");
    }
}

#[test]
fn double_quotes_follow_the_session_setting() {
    let token = tokenize("\"a\"\"b\"", false).expect("lexes")[0];
    assert_eq!(token.kind, TokenKind::String);
    assert_eq!(decode_string("\"a\"\"b'\""), "a\"b'");
}

#[test]
fn values_are_decoded() {
    assert_eq!(decode_string("'it''s'"), "it's");
    assert_eq!(decode_string("N''''"), "'");
    assert_eq!(decode_string("'a\\\nb\\\r\nc'"), "abc");
    assert_eq!(decode_string("'a\\b'"), "a\\b");
    assert_eq!(decode_identifier(TokenKind::Bracket, "[a]]b[c]"), "a]b[c");
    assert_eq!(decode_identifier(TokenKind::Quoted, "\"a\"\"b\""), "a\"b");
    assert_eq!(decode_binary("0xA\\\nB"), "AB");
    assert_eq!(decode_binary("0x"), "");
}

#[test]
fn lines_are_counted_through_strings_and_comments() {
    let text = "a\n'b\nc' d /* \n */ e\r\nf";
    let lines: Vec<_> = tokenize(text, true)
        .expect("lexes")
        .iter()
        .map(|token| token.span.line)
        .collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 5]);
}

#[test]
fn what_cannot_be_lexed() {
    let long_word = "x".repeat(129);
    let long_bracket = format!("[{}]", "é".repeat(129));
    let cases = [
        ("SELECT 'abc", LexErrorKind::UnclosedQuote, 1),
        ("\n[abc", LexErrorKind::UnclosedQuote, 2),
        ("\n\n\"abc", LexErrorKind::UnclosedQuote, 3),
        ("/* /* */", LexErrorKind::UnclosedComment, 1),
        (long_word.as_str(), LexErrorKind::IdentifierTooLong, 1),
        (long_bracket.as_str(), LexErrorKind::IdentifierTooLong, 1),
        ("SELECT 1 AS []", LexErrorKind::EmptyIdentifier, 1),
    ];
    for (text, kind, line) in cases {
        let error = tokenize(text, true).expect_err(text);
        assert_eq!((error.kind, error.span.line), (kind, line), "{text}");
    }
    assert!(tokenize(&"x".repeat(128), true).is_ok());
    assert!(tokenize(&format!("[{}]", "é".repeat(128)), true).is_ok());
}

proptest! {
    /// Tokens lie in order, on character boundaries, and between them is only white space or comments.
    #[test]
    fn spans_cover_the_text(text in "[ -~\\n\\r\\té€'\\[\\]\"/*-]{0,80}", quoted in any::<bool>()) {
        let Ok(tokens) = tokenize(&text, quoted) else { return Ok(()) };
        let mut end = 0;
        for token in &tokens {
            let (start, stop) = (token.span.start as usize, token.span.end as usize);
            prop_assert!(start >= end && stop >= start);
            let gap = &text[end..start];
            let gap_is_blank = gap.trim().is_empty() || gap.contains("--") || gap.contains("/*");
            prop_assert!(gap_is_blank, "{gap:?}");
            prop_assert_eq!(token.span.line as usize, 1 + text[..start].matches('\n').count());
            prop_assert_eq!(stop == start, token.kind == TokenKind::Eof);
            end = stop;
        }
        prop_assert!(end == text.len());
    }

    #[test]
    fn any_text_is_lexed_or_refused(text in any::<String>(), quoted in any::<bool>()) {
        let _ = tokenize(&text, quoted);
    }
}
