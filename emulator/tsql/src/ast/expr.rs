//! Expressions and search conditions. The parser keeps the two apart: a condition never stands where T-SQL wants a
//! value and the other way round ([`Expr::is_condition`] tells which one a node is).

use super::{DataType, Ident, ObjectName, OrderByItem, Query, Span};

/// An expression or condition with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where, with the parentheses written around it: the text parses again to the same tree.
    pub span: Span,
}

/// A literal, text kept as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `NULL`.
    Null,
    /// Digits only; beyond int it is numeric(n, 0).
    Integer(String),
    /// Digits with a point: `2.50`, `.5`, `5.`.
    Decimal(String),
    /// With an exponent: `1e0`, `1e` (zero exponent).
    Float(String),
    /// `$1.50`, `$`, `£1`: the text after the currency sign, sign included if written right after it.
    Money(String),
    /// `0x…`: the hex digits after `0x`, line continuations removed; may be empty or of odd length.
    Binary(String),
    /// `'…'` or `N'…'`, doubled quotes undone.
    String {
        /// The characters.
        value: String,
        /// True for `N'…'`.
        national: bool,
    },
}

/// Arithmetic and bitwise operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`, also string concatenation.
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `&`
    BitAnd,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
}

/// Prefix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `~`
    BitNot,
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `=`
    Equal,
    /// `<>` or `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=` or `!>`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=` or `!<`
    GreaterOrEqual,
}

/// `ALL`, or `ANY` / `SOME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// `ALL`
    All,
    /// `ANY` or `SOME`
    Any,
}

/// The functions written without parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Niladic {
    /// `CURRENT_TIMESTAMP`
    CurrentTimestamp,
    /// `CURRENT_DATE`
    CurrentDate,
    /// `CURRENT_USER`
    CurrentUser,
    /// `SESSION_USER`
    SessionUser,
    /// `SYSTEM_USER`
    SystemUser,
    /// `USER`
    User,
}

/// Every kind of expression and condition.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A literal.
    Literal(Literal),
    /// `DEFAULT`, only where the grammar allows it (VALUES, SET, INSERT of MERGE, function arguments).
    Default,
    /// A column, with its table if written. `$action`, `$identity` and `$rowguid` come here with their `$`.
    /// Dateparts (`DATEADD(day, …)`) also come here as a bare name.
    Column(Box<ColumnRef>),
    /// `@name`, the `@` kept.
    Variable(Ident),
    /// `@@name`, the `@@` kept.
    GlobalVariable(Ident),
    /// `+a`, `-a`, `~a`.
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `a + b` and so on.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `name(args)`: scalar functions, aggregates, window functions, methods of columns (`c.value('…', 'int')` has
    /// name parts `c`, `value`).
    Function(Box<FunctionCall>),
    /// A function without parentheses.
    Niladic(Niladic),
    /// `CAST(x AS t)`, `TRY_CAST(x AS t)`.
    Cast {
        /// The operand.
        operand: Box<Expr>,
        /// The target type.
        data_type: DataType,
        /// True for TRY_CAST.
        is_try: bool,
    },
    /// `CONVERT(t, x [, style])`, `TRY_CONVERT(…)`.
    Convert {
        /// The target type.
        data_type: DataType,
        /// The operand.
        operand: Box<Expr>,
        /// The style, if written.
        style: Option<Box<Expr>>,
        /// True for TRY_CONVERT.
        is_try: bool,
    },
    /// `PARSE(x AS t [USING culture])`, `TRY_PARSE(…)`.
    Parse {
        /// The operand.
        operand: Box<Expr>,
        /// The target type.
        data_type: DataType,
        /// The culture, if written.
        culture: Option<Box<Expr>>,
        /// True for TRY_PARSE.
        is_try: bool,
    },
    /// `CASE …`, both forms. With an operand the WHENs hold values, without one they hold conditions.
    Case {
        /// The operand of the simple form.
        operand: Option<Box<Expr>>,
        /// The branches.
        branches: Vec<WhenBranch>,
        /// The ELSE value.
        otherwise: Option<Box<Expr>>,
    },
    /// `IIF(condition, a, b)`.
    Iif {
        /// The condition.
        condition: Box<Expr>,
        /// Value if true.
        then: Box<Expr>,
        /// Value if false or unknown.
        otherwise: Box<Expr>,
    },
    /// `x COLLATE name`.
    Collate {
        /// The operand.
        operand: Box<Expr>,
        /// The collation's name.
        collation: Ident,
    },
    /// `x AT TIME ZONE zone`.
    AtTimeZone {
        /// The operand.
        operand: Box<Expr>,
        /// The zone's name.
        zone: Box<Expr>,
    },
    /// `TRIM([LEADING | TRAILING | BOTH] characters FROM x)`. Plain `TRIM(x)` is a [`FunctionCall`].
    Trim {
        /// Which end; BOTH when unsaid.
        side: TrimSide,
        /// The characters to drop.
        characters: Box<Expr>,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `NEXT VALUE FOR sequence [OVER (ORDER BY …)]`.
    NextValueFor {
        /// The sequence.
        sequence: Box<ObjectName>,
        /// The OVER clause.
        over: Option<Box<Over>>,
    },
    /// `JSON_OBJECT('k': v, … [NULL | ABSENT ON NULL])`.
    JsonObject {
        /// Keys and values.
        entries: Vec<(Expr, Expr)>,
        /// True for ABSENT ON NULL.
        absent_on_null: bool,
    },
    /// `JSON_ARRAY(v, … [NULL | ABSENT ON NULL])`; absent is the default there.
    JsonArray {
        /// The elements.
        elements: Vec<Expr>,
        /// True unless NULL ON NULL.
        absent_on_null: bool,
    },
    /// `target.method(args)` on something that is not a plain column (a variable, a subquery): xml methods.
    Method {
        /// What the method is called on.
        target: Box<Expr>,
        /// The method.
        method: Ident,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `type::Method(args)` and `type::Property`.
    StaticMethod {
        /// The type.
        type_name: Box<ObjectName>,
        /// The method or property.
        method: Ident,
        /// The arguments; none for a property.
        args: Option<Vec<Expr>>,
    },
    /// `{d '…'}`, `{t '…'}`, `{ts '…'}`, `{guid '…'}`.
    OdbcLiteral {
        /// `d`, `t`, `ts` or `guid`, lower case.
        kind: String,
        /// The text.
        value: String,
    },
    /// `(SELECT …)` as a value.
    Subquery(Box<Query>),

    /// Condition: `a = b` and so on.
    Compare {
        /// The operator.
        op: CompareOp,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// Condition: `a = ALL (SELECT …)` and so on.
    Quantified {
        /// The operator.
        op: CompareOp,
        /// ALL or ANY.
        quantifier: Quantifier,
        /// Left operand.
        left: Box<Expr>,
        /// The rows compared with.
        query: Box<Query>,
    },
    /// Condition: `a AND b`. Long chains are built balanced, so order is kept but depth stays logarithmic.
    And(Box<Expr>, Box<Expr>),
    /// Condition: `a OR b`; see [`ExprKind::And`].
    Or(Box<Expr>, Box<Expr>),
    /// Condition: `NOT a`.
    Not(Box<Expr>),
    /// Condition: `a IS [NOT] NULL`.
    IsNull {
        /// The operand.
        operand: Box<Expr>,
        /// True for IS NOT NULL.
        negated: bool,
    },
    /// Condition: `a IS [NOT] DISTINCT FROM b`.
    IsDistinctFrom {
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
        /// True for IS NOT DISTINCT FROM.
        negated: bool,
    },
    /// Condition: `a [NOT] BETWEEN low AND high`.
    Between {
        /// The operand.
        operand: Box<Expr>,
        /// Lower bound.
        low: Box<Expr>,
        /// Upper bound.
        high: Box<Expr>,
        /// True for NOT BETWEEN.
        negated: bool,
    },
    /// Condition: `a [NOT] IN (x, y)`.
    InList {
        /// The operand.
        operand: Box<Expr>,
        /// The list, never empty.
        list: Vec<Expr>,
        /// True for NOT IN.
        negated: bool,
    },
    /// Condition: `a [NOT] IN (SELECT …)`.
    InQuery {
        /// The operand.
        operand: Box<Expr>,
        /// The rows.
        query: Box<Query>,
        /// True for NOT IN.
        negated: bool,
    },
    /// Condition: `a [NOT] LIKE pattern [ESCAPE c]`.
    Like {
        /// The operand.
        operand: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// The escape character.
        escape: Option<Box<Expr>>,
        /// True for NOT LIKE.
        negated: bool,
    },
    /// Condition: `EXISTS (SELECT …)`.
    Exists(Box<Query>),
    /// Condition: `UPDATE(column)` in a trigger.
    UpdatedColumn(Ident),
}

impl Expr {
    /// True if this is a search condition, false if it is a value.
    #[must_use]
    pub fn is_condition(&self) -> bool {
        matches!(
            self.kind,
            ExprKind::Compare { .. }
                | ExprKind::Quantified { .. }
                | ExprKind::And(..)
                | ExprKind::Or(..)
                | ExprKind::Not(_)
                | ExprKind::IsNull { .. }
                | ExprKind::IsDistinctFrom { .. }
                | ExprKind::Between { .. }
                | ExprKind::InList { .. }
                | ExprKind::InQuery { .. }
                | ExprKind::Like { .. }
                | ExprKind::Exists(_)
                | ExprKind::UpdatedColumn(_)
        )
    }
}

/// A column name: `c`, `t.c`, `s.t.c`, `db.s.t.c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnRef {
    /// What stands before the last point: an alias or a table name.
    pub table: Option<ObjectName>,
    /// The column.
    pub name: Ident,
}

/// `WHEN when THEN then`.
#[derive(Debug, Clone, PartialEq)]
pub struct WhenBranch {
    /// A value (simple CASE) or a condition (searched CASE).
    pub when: Expr,
    /// The result.
    pub then: Expr,
}

/// Which end TRIM works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrimSide {
    /// Both ends.
    Both,
    /// The start.
    Leading,
    /// The end.
    Trailing,
}

/// A call of a function by name.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionCall {
    /// The name; built-in functions have one part.
    pub name: ObjectName,
    /// True for `f(DISTINCT x)`.
    pub distinct: bool,
    /// The arguments.
    pub args: FunctionArgs,
    /// `IGNORE NULLS` / `RESPECT NULLS`.
    pub nulls: Option<NullTreatment>,
    /// `WITHIN GROUP (ORDER BY …)`; empty when absent.
    pub within_group: Vec<OrderByItem>,
    /// The OVER clause.
    pub over: Option<Over>,
}

/// The arguments of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum FunctionArgs {
    /// `f(*)`.
    Star,
    /// `f(a, b)`, possibly empty. An argument may be [`ExprKind::Default`].
    List(Vec<Expr>),
}

/// What a window function does with NULLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullTreatment {
    /// `IGNORE NULLS`
    Ignore,
    /// `RESPECT NULLS`
    Respect,
}

/// `OVER window` or `OVER (…)`; also one entry of a WINDOW clause.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Over {
    /// A window named in the WINDOW clause.
    pub window: Option<Ident>,
    /// PARTITION BY.
    pub partition_by: Vec<Expr>,
    /// ORDER BY.
    pub order_by: Vec<OrderByItem>,
    /// ROWS or RANGE.
    pub frame: Option<Frame>,
}

/// A window frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// ROWS or RANGE.
    pub unit: FrameUnit,
    /// First row.
    pub start: FrameBound,
    /// Last row; CURRENT ROW when unsaid.
    pub end: FrameBound,
}

/// Unit of a window frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameUnit {
    /// ROWS
    Rows,
    /// RANGE
    Range,
}

/// One end of a window frame.
#[derive(Debug, Clone, PartialEq)]
pub enum FrameBound {
    /// UNBOUNDED PRECEDING
    UnboundedPreceding,
    /// n PRECEDING
    Preceding(Box<Expr>),
    /// CURRENT ROW
    CurrentRow,
    /// n FOLLOWING
    Following(Box<Expr>),
    /// UNBOUNDED FOLLOWING
    UnboundedFollowing,
}
