//! FOR JSON and FOR XML: a result as one text.

use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::bound::Format;
use super::session_function::NVARCHAR_MAX;
use crate::ast::{ForClause, XmlMode};
use crate::error::{Abort, SqlError};
use crate::session::event::ResultColumn;

use crate::types::{ExprType, Family, convert, family, to_display};

/// Binds a FOR clause over the columns of its query; gives the one column of the result.
pub(crate) fn bind(
    clause: &ForClause,
    columns: &[ResultColumn],
    one_source: bool,
) -> Result<(Format, Vec<ResultColumn>), SqlError> {
    let names: Vec<String> = columns
        .iter()
        .map(|column| column.name.to_string())
        .collect();
    let result = |name: &str, sql| {
        vec![ResultColumn {
            name: name.into(),
            ty: ExprType::new(sql),
            identity: false,
            updatable: false,
            computed: true,
        }]
    };
    match clause {
        ForClause::Browse => Err(SqlError::unsupported("FOR BROWSE")),
        ForClause::Json {
            auto,
            root,
            include_null_values,
            without_array_wrapper,
        } => {
            // Over one table there is nothing to nest.
            if *auto && !one_source {
                return Err(SqlError::unsupported("FOR JSON AUTO over several tables"));
            }
            if let Some(at) = names.iter().position(String::is_empty) {
                return Err(SqlError::new(
                    13605,
                    16,
                    format!("Column expressions and data sources without names or aliases cannot be formatted as JSON text using FOR JSON clause. Add alias to the unnamed column or table. (column {})", at + 1),
                )
                .aborting(Abort::Batch));
            }
            let format = Format::Json {
                root: root.as_ref().map(|name| {
                    name.as_ref()
                        .map_or("root".to_owned(), |name| name.value.clone())
                }),
                include_nulls: *include_null_values,
                array: !without_array_wrapper,
                names,
            };
            Ok((
                format,
                result("JSON_F52E2B61-18A1-11d1-B105-00805F49916B", NVARCHAR_MAX),
            ))
        }
        ForClause::Xml { mode, options } => {
            let row = match mode {
                XmlMode::Raw(name) => Some(name.as_ref().map_or("row", |name| &name.value)),
                XmlMode::Path(name) => Some(name.as_ref().map_or("row", |name| &name.value)),
                XmlMode::Auto => return Err(SqlError::unsupported("FOR XML AUTO")),
                XmlMode::Explicit => return Err(SqlError::unsupported("FOR XML EXPLICIT")),
            };
            let mut root = None;
            let mut typed = false;
            let mut elements = matches!(mode, XmlMode::Path(_));
            let mut elements_for_null = false;
            for option in options {
                match option.name.as_str() {
                    "TYPE" => typed = true,
                    "ROOT" => root = Some(option.text().unwrap_or("root").to_owned()),
                    "ELEMENTS" => {
                        elements = true;
                        elements_for_null = option.word().is_some_and(|word| word == "XSINIL");
                    }
                    other => return Err(SqlError::unsupported(format!("FOR XML … {other}"))),
                }
            }
            if elements_for_null {
                return Err(SqlError::unsupported("FOR XML … ELEMENTS XSINIL"));
            }
            let format = Format::Xml {
                row: row.filter(|row| !row.is_empty()).map(str::to_owned),
                root,
                attributes: !elements,
                typed,
                elements_for_null,
                names,
            };
            let sql = if typed { SqlType::Xml } else { NVARCHAR_MAX };
            let name = if typed {
                ""
            } else {
                "XML_F52E2B61-18A1-11d1-B105-00805F49916B"
            };
            Ok((format, result(name, sql)))
        }
    }
}

/// The result as one row of one text; no row at all if there were none.
pub(crate) fn render(format: &Format, rows: &[Row], types: &[ExprType]) -> Vec<Row> {
    let text = match format {
        Format::Json {
            root,
            include_nulls,
            array,
            names,
        } => {
            if rows.is_empty() && root.is_none() {
                return Vec::new();
            }
            let objects: Vec<String> = rows
                .iter()
                .map(|row| json_object(row, types, names, *include_nulls))
                .collect();
            let mut text = objects.join(",");
            if *array || root.is_some() {
                text = format!("[{text}]");
            }
            if let Some(root) = root {
                text = format!("{{{}:{text}}}", json_string(root));
            }
            text
        }
        Format::Xml {
            row: element,
            root,
            attributes,
            names,
            ..
        } => {
            if rows.is_empty() && root.is_none() {
                return vec![Row::from([Value::Null])];
            }
            let mut text = String::new();
            for row in rows {
                xml_row(
                    row,
                    types,
                    names,
                    element.as_deref(),
                    *attributes,
                    &mut text,
                );
            }
            if let Some(root) = root {
                text = format!("<{root}>{text}</{root}>");
            }
            text
        }
    };
    vec![Row::from([Value::str(text)])]
}

/// One row; names with points nest.
fn json_object(row: &Row, types: &[ExprType], names: &[String], include_nulls: bool) -> String {
    let members: Vec<(Vec<&str>, String)> = names
        .iter()
        .zip(row.iter().zip(types))
        .filter(|(_, (value, _))| include_nulls || !value.is_null())
        .map(|(name, (value, ty))| (name.split('.').collect(), json_value(value, ty)))
        .collect();
    json_members(&members, 0)
}

fn json_members(members: &[(Vec<&str>, String)], depth: usize) -> String {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < members.len() {
        let (path, value) = &members[at];
        let name = path[depth];
        if path.len() == depth + 1 {
            parts.push(format!("{}:{value}", json_string(name)));
            at += 1;
            continue;
        }
        let run = members[at..]
            .iter()
            .take_while(|(other, _)| other.len() > depth + 1 && other[depth] == name)
            .count();
        let inner = json_members(&members[at..at + run], depth + 1);
        parts.push(format!("{}:{inner}", json_string(name)));
        at += run;
    }
    format!("{{{}}}", parts.join(","))
}

fn json_value(value: &Value, ty: &ExprType) -> String {
    match (value, family(ty.sql)) {
        (Value::Null, _) => "null".to_owned(),
        (Value::Bit(bit), _) => bit.to_string(),
        (_, Family::Integer | Family::Decimal | Family::Money) => to_display(value, ty),
        (Value::Float(number), _) => format!("{number:e}"),
        (Value::Bytes(bytes), _) => json_string(&base64(bytes)),
        (_, Family::OldDateTime | Family::NewDateTime) => json_string(&iso(value, ty)),
        _ => json_string(&to_display(value, ty)),
    }
}

/// A date or time in style 126.
fn iso(value: &Value, ty: &ExprType) -> String {
    let to = ExprType::new(SqlType::nvarchar(40));
    match convert(
        value,
        ty,
        &to,
        Some(126),
        &crate::types::DateSettings::default(),
    ) {
        Ok(Value::Str(text)) => text.to_string(),
        _ => to_display(value, ty),
    }
}

fn json_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '/' => quoted.push_str("\\/"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0u32, |group, byte| group << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..4 {
            if at <= chunk.len() {
                text.push(ALPHABET[(group >> (18 - 6 * at) & 63) as usize] as char);
            } else {
                text.push('=');
            }
        }
    }
    text
}

fn xml_row(
    row: &Row,
    types: &[ExprType],
    names: &[String],
    element: Option<&str>,
    attributes: bool,
    text: &mut String,
) {
    let mut own_attributes = String::new();
    let mut content = String::new();
    for (name, (value, ty)) in names.iter().zip(row.iter().zip(types)) {
        if value.is_null() {
            continue;
        }
        let shown = match ty.sql {
            SqlType::Xml => to_display(value, ty),
            _ => xml_escaped(&xml_value(value, ty)),
        };
        let attribute = name
            .strip_prefix('@')
            .or(attributes.then_some(name.as_str()));
        match attribute {
            Some(attribute) => own_attributes.push_str(&format!(" {attribute}=\"{shown}\"")),
            None if matches!(name.as_str(), "" | "*" | "text()" | "data()") => {
                content.push_str(&shown);
            }
            None => {
                let path: Vec<&str> = name.split('/').collect();
                path.iter()
                    .for_each(|part| content.push_str(&format!("<{part}>")));
                content.push_str(&shown);
                path.iter()
                    .rev()
                    .for_each(|part| content.push_str(&format!("</{part}>")));
            }
        }
    }
    match element {
        None => text.push_str(&content),
        Some(element) if content.is_empty() => {
            text.push_str(&format!("<{element}{own_attributes}/>"));
        }
        Some(element) => {
            text.push_str(&format!("<{element}{own_attributes}>{content}</{element}>"));
        }
    }
}

fn xml_value(value: &Value, ty: &ExprType) -> String {
    match (value, family(ty.sql)) {
        (Value::Bit(bit), _) => u8::from(*bit).to_string(),
        (Value::Bytes(bytes), _) => base64(bytes),
        (Value::Float(number), _) => format!("{number:e}"),
        (_, Family::OldDateTime | Family::NewDateTime) => iso(value, ty),
        _ => to_display(value, ty),
    }
}

fn xml_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
