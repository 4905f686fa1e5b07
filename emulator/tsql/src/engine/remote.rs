//! Rows of linked servers in a query: what is wanted of them, and what has come.
//!
//! A binder has no way to another instance. Where a statement names rows that are not there yet, binding stops with an
//! error that only the session sees: it fetches them and runs the statement again.

use milink_core::value::Row;

use crate::ast;
use crate::error::SqlError;
use crate::session::event::ResultColumn;

/// Rows that another instance has to send.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    /// The linked server.
    pub(crate) server: String,
    pub(crate) what: What,
}

/// In the place of a linked server: the instance that a statement was sent from.
pub(crate) const HERE: &str = "";

/// Which rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A four-part name: all rows of a table or view.
    Table {
        database: Option<String>,
        schema: Option<String>,
        object: String,
        /// WITH (NOLOCK).
        dirty: bool,
    },
    /// OPENQUERY: what its text returns.
    Query(String),
}

/// Rows that have come.
#[derive(Debug, PartialEq)]
pub(crate) struct Rowset {
    pub(crate) columns: Vec<ResultColumn>,
    pub(crate) rows: Vec<Row>,
}

/// No message of the product has this number.
const NUMBER: i32 = -7_000;

impl Wanted {
    /// A table by its four-part name.
    pub(crate) fn table(server: &str, name: &ast::ObjectName, dirty: bool) -> Self {
        let part = |ident: &Option<ast::Ident>| {
            let value = ident.as_ref().map(|ident| ident.value.clone());
            value.filter(|value| !value.is_empty())
        };
        Self {
            server: server.to_owned(),
            what: What::Table {
                database: part(&name.database),
                schema: part(&name.schema),
                object: name.object.value.clone(),
                dirty,
            },
        }
    }

    /// The error that asks the session for it.
    pub(crate) fn error(&self) -> SqlError {
        let part = |part: &Option<String>| part.clone().unwrap_or_default();
        let text = match &self.what {
            What::Table {
                database,
                schema,
                object,
                dirty,
            } => [
                "t",
                if *dirty { "d" } else { "" },
                &part(database),
                &part(schema),
                object,
            ]
            .join("\0"),
            What::Query(text) => format!("q\0{text}"),
        };
        SqlError::new(NUMBER, 16, format!("{}\0{text}", self.server))
    }

    /// What an error asks for, if it is of this kind.
    pub(crate) fn of(error: &SqlError) -> Option<Self> {
        if error.number != NUMBER {
            return None;
        }
        let (server, rest) = error.message.split_once('\0')?;
        let part = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let what = match rest.split_once('\0')? {
            ("q", text) => What::Query(text.to_owned()),
            (_, rest) => {
                let mut parts = rest.splitn(4, '\0');
                let dirty = parts.next()? == "d";
                What::Table {
                    dirty,
                    database: part(parts.next()?),
                    schema: part(parts.next()?),
                    object: parts.next()?.to_owned(),
                }
            }
        };
        Some(Self {
            server: server.to_owned(),
            what,
        })
    }

    /// The statement that the other instance runs.
    pub(crate) fn text(&self) -> String {
        match &self.what {
            What::Query(text) => text.clone(),
            What::Table { dirty, .. } => {
                let hint = if *dirty { " WITH (NOLOCK)" } else { "" };
                format!("SELECT * FROM {}{hint}", self.name('[', ']'))
            }
        }
    }

    /// The table's name in quotes of some kind.
    pub(crate) fn name(&self, open: char, close: char) -> String {
        let What::Table {
            database,
            schema,
            object,
            ..
        } = &self.what
        else {
            return String::new();
        };
        let quoted = |part: &String| {
            if part.starts_with('@') {
                return part.clone();
            }
            let doubled = part.replace(close, &format!("{close}{close}"));
            format!("{open}{doubled}{close}")
        };
        let part = |part: &Option<String>| part.as_ref().map(quoted).unwrap_or_default();
        match (database, schema) {
            (None, None) => quoted(object),
            (None, Some(schema)) => format!("{}.{}", quoted(schema), quoted(object)),
            (Some(_), _) => format!("{}.{}.{}", part(database), part(schema), quoted(object)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_comes_back_out_of_its_error() {
        let table = |database: Option<&str>, schema: Option<&str>| Wanted {
            server: "srv".to_owned(),
            what: What::Table {
                database: database.map(str::to_owned),
                schema: schema.map(str::to_owned),
                object: "t]x".to_owned(),
                dirty: schema.is_none(),
            },
        };
        let query = Wanted {
            server: "srv".to_owned(),
            what: What::Query("SELECT '\0'".to_owned()),
        };
        for (wanted, text) in [
            (
                table(Some("db"), Some("dbo")),
                "SELECT * FROM [db].[dbo].[t]]x]",
            ),
            (
                table(Some("db"), None),
                "SELECT * FROM [db]..[t]]x] WITH (NOLOCK)",
            ),
            (table(None, None), "SELECT * FROM [t]]x] WITH (NOLOCK)"),
            (query, "SELECT '\0'"),
        ] {
            assert_eq!(Wanted::of(&wanted.error()), Some(wanted.clone()));
            assert_eq!(wanted.text(), text);
        }
        assert_eq!(Wanted::of(&SqlError::new(208, 16, "a\0b")), None);
    }
}
