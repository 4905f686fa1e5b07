//! The placeholders of RAISERROR and FORMATMESSAGE: `%d`, `%s`, `%x` and their kind.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::ScalarFunction;
use super::arguments::{Arguments, Call};
use crate::error::SqlError;
use crate::types::{ExprType, Family, family};

pub(super) const FUNCTIONS: &[ScalarFunction] =
    &[ScalarFunction::new("formatmessage", 1, 21, message_type, message).takes_null()];

/// The longest message; more is cut and ends in dots.
const MAX_MESSAGE: usize = 2047;
/// The widest field; it bounds what a placeholder can ask for.
const MAX_WIDTH: usize = 2048;

/// Fills the placeholders of a message: `%[flags][width][.precision][h|l|I64]type` with the types d i o s u x X.
///
/// A missing or NULL argument shows as `(null)`; an argument of another kind than its placeholder is refused (2786),
/// as is an unknown placeholder (2787).
pub fn format_message(format: &str, arguments: &[Value]) -> Result<String, SqlError> {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    let mut next = Numbered { arguments, used: 0 };
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (placeholder, length) = Placeholder::read(rest, &mut next)?;
        out.push_str(&placeholder.filled(&mut next)?);
        rest = &rest[length..];
        if out.len() > MAX_MESSAGE * 4 {
            break;
        }
    }
    out.push_str(rest);
    if out.chars().count() > MAX_MESSAGE {
        out = out.chars().take(MAX_MESSAGE - 3).collect();
        out.push_str("...");
    }
    Ok(out)
}

struct Numbered<'a> {
    arguments: &'a [Value],
    used: usize,
}

impl<'a> Numbered<'a> {
    fn take(&mut self) -> Option<&'a Value> {
        let value = self.arguments.get(self.used);
        self.used += 1;
        value.filter(|value| !value.is_null())
    }

    fn mismatch(&self) -> SqlError {
        SqlError::format_argument_mismatch(self.used)
    }
}

struct Placeholder {
    left: bool,
    plus: bool,
    zero: bool,
    hash: bool,
    blank: bool,
    width: usize,
    precision: Option<usize>,
    wide: bool,
    kind: char,
}

impl Placeholder {
    /// Reads a placeholder behind its percent sign, and says how long it is.
    fn read(text: &str, next: &mut Numbered<'_>) -> Result<(Self, usize), SqlError> {
        let mut placeholder = Self {
            left: false,
            plus: false,
            zero: false,
            hash: false,
            blank: false,
            width: 0,
            precision: None,
            wide: false,
            kind: 's',
        };
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(flag) = bytes.get(at) {
            match flag {
                b'-' => placeholder.left = true,
                b'+' => placeholder.plus = true,
                b'0' => placeholder.zero = true,
                b'#' => placeholder.hash = true,
                b' ' => placeholder.blank = true,
                _ => break,
            }
            at += 1;
        }
        placeholder.width = number(bytes, &mut at, next)?.unwrap_or(0);
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            placeholder.precision = Some(number(bytes, &mut at, next)?.unwrap_or(0));
        }
        if text[at..].starts_with("I64") {
            placeholder.wide = true;
            at += 3;
        } else if matches!(bytes.get(at), Some(b'h' | b'l')) {
            at += 1;
        }
        match bytes.get(at) {
            Some(kind @ (b'd' | b'i' | b'o' | b's' | b'u' | b'x' | b'X')) => {
                placeholder.kind = char::from(*kind);
                Ok((placeholder, at + 1))
            }
            _ => {
                let shown = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
                Err(SqlError::invalid_format(&format!("%{}", &text[..shown])))
            }
        }
    }

    fn filled(&self, next: &mut Numbered<'_>) -> Result<String, SqlError> {
        let text = match (next.take(), self.kind) {
            (None, _) => "(null)".to_owned(),
            (Some(Value::Str(text)), 's') => match self.precision {
                Some(most) => text.chars().take(most).collect(),
                None => text.to_string(),
            },
            (Some(Value::Int(number)), kind) if kind != 's' => self.number(*number),
            (Some(Value::Bit(bit)), kind) if kind != 's' => self.number(i64::from(*bit)),
            _ => return Err(next.mismatch()),
        };
        let missing = self.width.saturating_sub(text.chars().count());
        Ok(if self.left {
            format!("{text}{}", " ".repeat(missing))
        } else {
            format!("{}{text}", " ".repeat(missing))
        })
    }

    fn number(&self, number: i64) -> String {
        let unsigned = if self.wide {
            number as u64
        } else {
            u64::from(number as u32)
        };
        let (sign, digits) = match self.kind {
            'd' | 'i' => {
                let sign = match number {
                    ..0 => "-",
                    _ if self.plus => "+",
                    _ if self.blank => " ",
                    _ => "",
                };
                (sign, number.unsigned_abs().to_string())
            }
            'o' => (if self.hash { "0" } else { "" }, format!("{unsigned:o}")),
            'x' => (if self.hash { "0x" } else { "" }, format!("{unsigned:x}")),
            'X' => (if self.hash { "0X" } else { "" }, format!("{unsigned:X}")),
            _ => ("", unsigned.to_string()),
        };
        let zeros = match self.precision {
            Some(least) => least.saturating_sub(digits.len()),
            None if self.zero && !self.left => self.width.saturating_sub(digits.len() + sign.len()),
            None => 0,
        };
        format!("{sign}{}{digits}", "0".repeat(zeros))
    }
}

/// A number in the placeholder, or from the arguments for `*`.
fn number(
    bytes: &[u8],
    at: &mut usize,
    next: &mut Numbered<'_>,
) -> Result<Option<usize>, SqlError> {
    if bytes.get(*at) == Some(&b'*') {
        *at += 1;
        return match next.take() {
            Some(Value::Int(number)) => Ok(usize::try_from(*number).ok().map(|n| n.min(MAX_WIDTH))),
            _ => Err(next.mismatch()),
        };
    }
    let mut value = None;
    while let Some(digit @ b'0'..=b'9') = bytes.get(*at) {
        let so_far: usize = value.unwrap_or(0);
        value = Some((so_far * 10 + usize::from(digit - b'0')).min(MAX_WIDTH));
        *at += 1;
    }
    Ok(value)
}

fn message_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    for at in 1..a.types.len() {
        if !matches!(family(a.ty(at).sql), Family::Text | Family::Integer) {
            return Err(SqlError::new(
                2748,
                16,
                format!(
                    "Cannot specify {} data type (parameter {}) as a substitution parameter.",
                    a.ty(at).sql.name(),
                    at + 1
                ),
            ));
        }
    }
    Ok(ExprType::new(SqlType::nvarchar(2048)))
}

/// FORMATMESSAGE of a text. The numbers of `sys.messages` have no user texts here, so a number gives NULL.
fn message(call: &mut Call<'_>) -> Result<Value, SqlError> {
    match call.value(0) {
        Value::Str(format) => format_message(format, &call.values[1..]).map(Value::str),
        _ => Ok(Value::Null),
    }
}
