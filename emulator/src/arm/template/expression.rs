//! The expression language: `[concat(parameters('a'), 'b')]` read into a tree.

use super::error::{Stop, wrong};
use super::{DEEPEST, LONGEST_EXPRESSION};

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Text(String),
    Number(i64),
    Call(String, Vec<Self>),
    /// `of.name`, or `of['name']`, or `of[0]`.
    Member(Box<Self>, Box<Self>),
}

/// What a string in a template is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Written {
    Literal(String),
    Expression(Expression),
}

/// Reads a string of a template: an expression if it is in brackets, where `[[` stands for a bracket.
pub(super) fn read(text: &str) -> Result<Written, Stop> {
    if !text.starts_with('[') || !text.ends_with(']') {
        return Ok(Written::Literal(text.to_owned()));
    }
    if text.starts_with("[[") {
        return Ok(Written::Literal(text[1..].to_owned()));
    }
    if text.len() > LONGEST_EXPRESSION {
        return wrong(format!(
            "The language expression length limit exceeded. Limit: '{LONGEST_EXPRESSION}' and actual: '{}'.",
            text.len()
        ));
    }
    let inner = &text[1..text.len() - 1];
    let mut parser = Parser {
        whole: text,
        tokens: lex(inner, text)?,
        at: 0,
    };
    let expression = parser.expression(0)?;
    match parser.peek() {
        None => Ok(Written::Expression(expression)),
        Some(token) => parser.unexpected(token),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Sign(char),
}

fn lex(inner: &str, whole: &str) -> Result<Vec<Token>, Stop> {
    let bad = |reason: String| {
        wrong(format!(
            "The language expression '{whole}' is not valid: {reason}."
        ))
    };
    let mut tokens = Vec::new();
    let mut rest = inner.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => {}
            '(' | ')' | '[' | ']' | '.' | ',' => tokens.push(Token::Sign(c)),
            '\'' => {
                let mut text = String::new();
                loop {
                    match rest.next() {
                        None => {
                            return bad(format!(
                                "the string that begins at position '{start}' does not end"
                            ));
                        }
                        Some((_, '\'')) if rest.peek().is_some_and(|(_, next)| *next == '\'') => {
                            rest.next();
                            text.push('\'');
                        }
                        Some((_, '\'')) => break,
                        Some((_, other)) => text.push(other),
                    }
                }
                tokens.push(Token::Text(text));
            }
            '0'..='9' | '-' | '+' => {
                let mut end = start + 1;
                while let Some((at, digit)) = rest.peek().copied()
                    && digit.is_ascii_digit()
                {
                    end = at + 1;
                    rest.next();
                }
                let Ok(number) = inner[start..end].parse() else {
                    return bad(format!("'{}' is not a number", &inner[start..end]));
                };
                tokens.push(Token::Number(number));
            }
            c if c.is_ascii_alphabetic() || c == '_' || c == '$' => {
                let mut end = start + 1;
                while let Some((at, letter)) = rest.peek().copied()
                    && (letter.is_ascii_alphanumeric() || letter == '_' || letter == '$')
                {
                    end = at + 1;
                    rest.next();
                }
                tokens.push(Token::Word(inner[start..end].to_owned()));
            }
            other => {
                return bad(format!(
                    "the character '{other}' at position '{start}' is not expected"
                ));
            }
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    whole: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, sign: char) -> bool {
        let there = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(there);
        there
    }

    fn expects(&mut self, sign: char) -> Result<(), Stop> {
        if self.takes(sign) {
            return Ok(());
        }
        match self.peek() {
            Some(token) => self.unexpected(token),
            None => self.ended(),
        }
    }

    fn unexpected<T>(&self, token: &Token) -> Result<T, Stop> {
        let shown = match token {
            Token::Word(word) => word.clone(),
            Token::Text(text) => format!("'{text}'"),
            Token::Number(number) => number.to_string(),
            Token::Sign(sign) => sign.to_string(),
        };
        wrong(format!(
            "The language expression '{}' is not valid: {shown} is not expected there.",
            self.whole
        ))
    }

    fn ended<T>(&self) -> Result<T, Stop> {
        wrong(format!(
            "The language expression '{}' is not valid: it ends too early.",
            self.whole
        ))
    }

    fn expression(&mut self, depth: usize) -> Result<Expression, Stop> {
        if depth > DEEPEST {
            return wrong(format!(
                "The language expression is nested deeper than '{DEEPEST}'."
            ));
        }
        let mut tree = match self.next() {
            Some(Token::Text(text)) => Expression::Text(text),
            Some(Token::Number(number)) => Expression::Number(number),
            Some(Token::Word(name)) => self.call(name, depth)?,
            Some(token) => return self.unexpected(&token),
            None => return self.ended(),
        };
        let mut members = 0;
        loop {
            let member = if self.takes('.') {
                match self.next() {
                    Some(Token::Word(name)) => Expression::Text(name),
                    Some(token) => return self.unexpected(&token),
                    None => return self.ended(),
                }
            } else if self.takes('[') {
                let inner = self.expression(depth + 1)?;
                self.expects(']')?;
                inner
            } else {
                return Ok(tree);
            };
            // A chain of members is a tree that deep.
            members += 1;
            if members > DEEPEST {
                return wrong(format!(
                    "The language expression is nested deeper than '{DEEPEST}'."
                ));
            }
            tree = Expression::Member(Box::new(tree), Box::new(member));
        }
    }

    fn call(&mut self, mut name: String, depth: usize) -> Result<Expression, Stop> {
        // Functions of the template's own have a namespace.
        if self.takes('.') {
            match self.next() {
                Some(Token::Word(second)) => name = format!("{name}.{second}"),
                Some(token) => return self.unexpected(&token),
                None => return self.ended(),
            }
        }
        self.expects('(')?;
        let mut arguments = Vec::new();
        if self.takes(')') {
            return Ok(Expression::Call(name, arguments));
        }
        loop {
            arguments.push(self.expression(depth + 1)?);
            if self.takes(')') {
                return Ok(Expression::Call(name, arguments));
            }
            self.expects(',')?;
        }
    }
}
