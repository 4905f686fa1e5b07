//! The values of literals and identifiers: quotes removed, doubled quotes and continued lines undone.

use super::TokenKind;

/// The value of a string token, given its text.
#[must_use]
pub fn decode_string(text: &str) -> String {
    let text = text.strip_prefix(['N', 'n']).unwrap_or(text);
    let quote = text.chars().next().unwrap_or('\'');
    let body = inside(text);
    let undoubled = undouble(body, quote);
    if undoubled.contains("\\\n") || undoubled.contains("\\\r\n") {
        // "\ (Line Continuation)": a backslash at the end of a line joins the two lines.
        undoubled.replace("\\\r\n", "").replace("\\\n", "")
    } else {
        undoubled
    }
}

/// The name in an identifier token, given its text.
#[must_use]
pub fn decode_identifier(kind: TokenKind, text: &str) -> String {
    match kind {
        TokenKind::Bracket => undouble(inside(text), ']'),
        TokenKind::Quoted => undouble(inside(text), '"'),
        _ => text.to_owned(),
    }
}

/// The hex digits of a binary token, given its text.
#[must_use]
pub fn decode_binary(text: &str) -> String {
    let digits = text.get(2..).unwrap_or("");
    if digits.contains('\\') {
        digits.chars().filter(char::is_ascii_hexdigit).collect()
    } else {
        digits.to_owned()
    }
}

fn inside(text: &str) -> &str {
    let end = text.len().saturating_sub(1);
    text.get(1..end).unwrap_or("")
}

fn undouble(body: &str, quote: char) -> String {
    if !body.contains(quote) {
        return body.to_owned();
    }
    let mut value = String::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        value.push(c);
        if c == quote {
            chars.next();
        }
    }
    value
}
