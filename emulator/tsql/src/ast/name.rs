//! Spans, identifiers, object names and data type names: the leaves every other node is made of.

use std::fmt;

/// A stretch of the batch's text: byte offsets `start..end`, and the 1-based line of its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just past the last byte.
    pub end: u32,
    /// Line of the first byte, counted from 1 inside the batch.
    pub line: u32,
}

impl Span {
    /// The text this span covers. `source` must be the text that was parsed.
    #[must_use]
    pub fn text(self, source: &str) -> &str {
        source
            .get(self.start as usize..self.end as usize)
            .unwrap_or("")
    }

    /// The span from the start of `self` to the end of `last`.
    #[must_use]
    pub fn to(self, last: Self) -> Self {
        Self {
            start: self.start,
            end: last.end.max(self.start),
            line: self.line,
        }
    }
}

/// How an identifier was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// `name`, and also `@name`, `@@name`, `#name`, `$action`.
    Bare,
    /// `[name]`.
    Bracket,
    /// `"name"` under QUOTED_IDENTIFIER ON.
    Double,
    /// `'name'`: a string in a place that takes a name (column alias).
    Single,
}

/// An identifier with its quotes removed and its doubled quotes undone. Variables keep their `@` or `@@`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ident {
    /// The name itself; compare it by the catalog's collation, never with `==`.
    pub value: String,
    /// How it was written.
    pub quote: Quote,
    /// Where.
    pub span: Span,
}

impl Ident {
    /// True if the name is `word`, whatever its ASCII case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        self.value.eq_ignore_ascii_case(word)
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

/// A name of up to four parts. `db..t` has a database and no schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// The linked server, if written.
    pub server: Option<Ident>,
    /// The database, if written.
    pub database: Option<Ident>,
    /// The schema, if written.
    pub schema: Option<Ident>,
    /// The object.
    pub object: Ident,
    /// The whole name.
    pub span: Span,
}

impl ObjectName {
    /// A one-part name.
    #[must_use]
    pub fn bare(object: Ident) -> Self {
        Self {
            server: None,
            database: None,
            schema: None,
            span: object.span,
            object,
        }
    }

    /// `[server, database, schema, object]`, outermost first.
    #[must_use]
    pub fn parts(&self) -> [Option<&Ident>; 4] {
        [
            self.server.as_ref(),
            self.database.as_ref(),
            self.schema.as_ref(),
            Some(&self.object),
        ]
    }

    /// True if only the object part is written.
    #[must_use]
    pub fn is_one_part(&self) -> bool {
        self.server.is_none() && self.database.is_none() && self.schema.is_none()
    }
}

impl fmt::Display for ObjectName {
    /// The parts joined by points, as error messages show a name (`db..t` keeps its empty schema).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open = false;
        for part in [&self.server, &self.database, &self.schema] {
            if let Some(ident) = part {
                f.write_str(&ident.value)?;
                open = true;
            }
            if open {
                f.write_str(".")?;
            }
        }
        f.write_str(&self.object.value)
    }
}

/// A string literal in a place that takes nothing else (passwords, URLs, paths).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The value, doubled quotes undone.
    pub value: String,
    /// True for `N'…'`.
    pub national: bool,
    /// Where.
    pub span: Span,
}

/// A data type as written: `nvarchar(max)`, `decimal(18, 2)`, `dbo.MyType`. Multi-word spellings (`double precision`,
/// `national character varying`) are folded to the one-word name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataType {
    /// The name; system types have one part (or schema `sys`).
    pub name: Box<ObjectName>,
    /// What stands between the parentheses.
    pub params: Vec<TypeParam>,
    /// The whole type.
    pub span: Span,
}

impl DataType {
    /// Whether it is `cursor`, which only variables and parameters can be.
    pub fn is_cursor(&self) -> bool {
        self.name.is_one_part() && self.name.object.value.eq_ignore_ascii_case("cursor")
    }
}

/// One parameter of a data type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeParam {
    /// A length, precision or scale.
    Number(u64),
    /// `max`.
    Max,
    /// A name: the schema collection of `xml(collection)`, with `CONTENT` and `DOCUMENT` dropped.
    Name(ObjectName),
}
