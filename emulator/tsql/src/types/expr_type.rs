//! The static type of an expression: SQL type, nullability, collation, and what literal it is.

use milink_core::collation::Collation;
use milink_core::sql_type::{Length, SqlType};

/// What the binder knows of an expression before any row is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExprType {
    /// The type with its length, precision and scale.
    pub sql: SqlType,
    /// Whether the value can be NULL.
    pub nullable: bool,
    /// The collation of a character type; `None` for the others.
    pub collation: Option<Collation>,
    /// How strongly the collation holds against another one.
    pub coercibility: Coercibility,
    /// Whether the expression is a literal that type rules treat in a way of its own.
    pub literal: Literal,
}

/// Collation precedence (documentation: "Collation Precedence"); the later variant wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coercibility {
    /// A variable, parameter, literal or function result: yields to everything.
    Default,
    /// A column.
    Implicit,
    /// A COLLATE clause.
    Explicit,
}

/// Literals that the type rules tell apart from other expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// No such literal.
    No,
    /// The constant NULL, which has no type yet and counts as int.
    Null,
    /// An integer constant: beside a decimal it counts with its own digits, not with those of int.
    Integer {
        /// How many digits it has, at least 1.
        digits: u8,
    },
}

impl ExprType {
    /// A nullable expression of a type, with the default collation if it is text.
    pub const fn new(sql: SqlType) -> Self {
        let collation = if has_collation(sql) {
            Some(Collation::DEFAULT)
        } else {
            None
        };
        Self {
            sql,
            nullable: true,
            collation,
            coercibility: Coercibility::Default,
            literal: Literal::No,
        }
    }

    /// The constant NULL.
    pub const NULL: Self = Self {
        literal: Literal::Null,
        ..Self::new(SqlType::Int)
    };

    /// A column, whose collation holds against variables and literals.
    pub const fn column(sql: SqlType, nullable: bool, collation: Collation) -> Self {
        let mut ty = Self::new(sql);
        ty.nullable = nullable;
        if ty.collation.is_some() {
            ty.collation = Some(collation);
            ty.coercibility = Coercibility::Implicit;
        }
        ty
    }

    /// A variable, parameter or function result in a database of this collation.
    pub const fn variable(sql: SqlType, collation: Collation) -> Self {
        let mut ty = Self::new(sql);
        if ty.collation.is_some() {
            ty.collation = Some(collation);
        }
        ty
    }

    /// The same, with `COLLATE` applied.
    #[must_use]
    pub const fn collate(mut self, collation: Collation) -> Self {
        if has_collation(self.sql) {
            self.collation = Some(collation);
            self.coercibility = Coercibility::Explicit;
        }
        self
    }

    /// The same, never NULL.
    #[must_use]
    pub const fn not_null(self) -> Self {
        self.with_nullable(false)
    }

    /// The same, nullable or not.
    #[must_use]
    pub const fn with_nullable(mut self, nullable: bool) -> Self {
        self.nullable = nullable;
        self
    }

    /// Another type with this one's nullability, and its collation if both are text.
    #[must_use]
    pub fn retyped(self, sql: SqlType) -> Self {
        let collated = has_collation(sql);
        let inherits = collated && has_collation(self.sql);
        Self {
            sql,
            nullable: self.nullable,
            collation: if inherits {
                self.collation
            } else if collated {
                Some(Collation::DEFAULT)
            } else {
                None
            },
            coercibility: if inherits {
                self.coercibility
            } else {
                Coercibility::Default
            },
            literal: Literal::No,
        }
    }

    /// Whether this is the constant NULL.
    pub fn is_null_literal(&self) -> bool {
        self.literal == Literal::Null
    }

    /// The collation to compare and measure text with.
    pub fn collation_or_default(&self) -> Collation {
        self.collation.unwrap_or(Collation::DEFAULT)
    }
}

/// Whether values of the type have a collation.
const fn has_collation(sql: SqlType) -> bool {
    sql.is_character()
}

/// Whether the type is a Unicode string type.
pub fn is_national(sql: SqlType) -> bool {
    matches!(
        sql,
        SqlType::NChar(_) | SqlType::NVarChar(_) | SqlType::NText | SqlType::Xml
    )
}

/// Whether the type is `(max)` or an old large object.
pub fn is_large(sql: SqlType) -> bool {
    matches!(
        sql,
        SqlType::VarChar(Length::Max)
            | SqlType::NVarChar(Length::Max)
            | SqlType::VarBinary(Length::Max)
            | SqlType::Text
            | SqlType::NText
            | SqlType::Image
            | SqlType::Xml
    )
}

/// The declared length of a string or binary type in its own units; `None` for large and other types.
pub fn declared_length(sql: SqlType) -> Option<usize> {
    match sql {
        SqlType::Char(n) | SqlType::NChar(n) | SqlType::Binary(n) => Some(usize::from(n)),
        SqlType::VarChar(Length::Limited(n))
        | SqlType::NVarChar(Length::Limited(n))
        | SqlType::VarBinary(Length::Limited(n)) => Some(usize::from(n)),
        SqlType::RowVersion => Some(8),
        _ => None,
    }
}
