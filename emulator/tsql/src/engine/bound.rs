//! The bound form of expressions and queries: every name is a position, every expression has its type.
//!
//! Knows no names any more; the executor walks it as it is.

use std::sync::Arc;

use milink_core::ids::{DatabaseId, ObjectId, RowId};
use milink_core::value::Value;

use super::session_function::SessionFunction;
use crate::catalog::View;
use crate::catalog::functions::{MetadataFunction, TableFunction};
use crate::catalog::globals::Global;
use crate::functions::{Aggregate, ScalarFunction};
use crate::session::event::ResultColumn;
use crate::types::{BoundBinary, BoundComparison, BoundUnary, ExprType};

/// A typed expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) node: Node,
    pub(crate) ty: ExprType,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Constant(Value),
    /// A value of the current row, or of the row `depth` queries further out.
    Column {
        depth: u16,
        index: usize,
    },
    /// The result of window function number n of the current query block.
    Window(usize),
    Variable(usize),
    /// State of the session: `@@ROWCOUNT`, `SCOPE_IDENTITY()`.
    Session(SessionFunction, Vec<Expr>),
    Global(ByName<Global>),
    Metadata(ByName<MetadataFunction>, Vec<Expr>),
    Function(ByName<ScalarFunction>, Vec<Expr>),
    Binary(BoundBinary, Box<(Expr, Expr)>),
    Unary(BoundUnary, Box<Expr>),
    /// CAST, CONVERT and implicit conversions, to the type of the expression.
    Convert {
        operand: Box<Expr>,
        style: Option<Box<Expr>>,
        is_try: bool,
    },
    Case {
        branches: Vec<(Predicate, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Coalesce(Vec<Expr>),
    /// A scalar subquery.
    Subquery(Arc<Query>),
}

/// A search condition; it is true, false or unknown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Predicate {
    And(Vec<Self>),
    Or(Vec<Self>),
    Not(Box<Self>),
    Compare(BoundComparison, Box<(Expr, Expr)>),
    IsNull(Box<Expr>),
    /// Whether two values are the same or both NULL.
    Same(BoundComparison, Box<(Expr, Expr)>),
    InList(Box<Expr>, Vec<(BoundComparison, Expr)>),
    InQuery {
        operand: Box<Expr>,
        comparison: BoundComparison,
        query: Arc<Query>,
    },
    Quantified {
        operand: Box<Expr>,
        comparison: BoundComparison,
        all: bool,
        query: Arc<Query>,
    },
    Like {
        operand: Box<Expr>,
        pattern: Box<Expr>,
        escape: Option<Box<Expr>>,
    },
    Exists(Arc<Query>),
}

/// A reference to something in a registry, equal by its name.
pub(crate) struct ByName<T: Named + 'static>(pub(crate) &'static T);

/// Something that a registry knows by its name.
pub(crate) trait Named {
    fn name(&self) -> &'static str;
}

impl<T: Named> Clone for ByName<T> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<T: Named> PartialEq for ByName<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.name() == other.0.name()
    }
}

impl<T: Named> std::fmt::Debug for ByName<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.name())
    }
}

macro_rules! named {
    ($($ty:ty),*) => {
        $(impl Named for $ty {
            fn name(&self) -> &'static str {
                self.name
            }
        })*
    };
}

named!(
    Global,
    MetadataFunction,
    TableFunction,
    ScalarFunction,
    Aggregate,
    View
);

/// A query with everything that applies to its whole result.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    /// Tells the queries of a statement apart.
    pub(crate) id: usize,
    pub(crate) columns: Vec<ResultColumn>,
    pub(crate) body: Body,
    /// Sorting of a set operation; a single SELECT sorts itself.
    pub(crate) order: Vec<Sort>,
    pub(crate) limit: Limit,
    /// Whether it refers to rows of an outer query.
    pub(crate) correlated: bool,
    pub(crate) format: Option<Format>,
}

/// SELECT or a set operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Select(Box<Select>),
    Set {
        op: SetOp,
        left: Box<Self>,
        right: Box<Self>,
        /// What both sides are converted to.
        types: Vec<ExprType>,
        left_types: Vec<ExprType>,
        right_types: Vec<ExprType>,
    },
}

/// Set operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetOp {
    UnionAll,
    Union,
    Except,
    Intersect,
}

/// One SELECT.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Select {
    pub(crate) source: Source,
    pub(crate) filter: Option<Predicate>,
    pub(crate) grouping: Option<Grouping>,
    pub(crate) having: Option<Predicate>,
    pub(crate) windows: Vec<WindowCall>,
    /// The visible items, then those that are only sorted by.
    pub(crate) items: Vec<Expr>,
    pub(crate) visible: usize,
    pub(crate) distinct: bool,
    pub(crate) order: Vec<Sort>,
    pub(crate) limit: Limit,
    /// `SELECT @v = …`: the variable of each item.
    pub(crate) assignments: Vec<usize>,
}

/// Sorting by one value of the output row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sort {
    pub(crate) index: usize,
    pub(crate) descending: bool,
    pub(crate) ty: ExprType,
}

/// TOP, OFFSET and FETCH.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Limit {
    pub(crate) top: Option<Expr>,
    pub(crate) percent: bool,
    pub(crate) ties: bool,
    pub(crate) offset: Option<Expr>,
    pub(crate) fetch: Option<Expr>,
}

/// GROUP BY. The grouped row is the keys and then the aggregates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grouping {
    pub(crate) keys: Vec<Expr>,
    /// The grouping sets, each saying which keys it has; one set with all keys is the usual GROUP BY.
    pub(crate) sets: Vec<Vec<bool>>,
    pub(crate) aggregates: Vec<AggregateCall>,
    /// Without GROUP BY there is one group even of no rows.
    pub(crate) scalar: bool,
}

/// One aggregate of a grouping or a window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AggregateCall {
    pub(crate) kind: AggregateKind,
    pub(crate) ty: ExprType,
}

/// What is aggregated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AggregateKind {
    /// An aggregate function; none for `COUNT(*)`.
    Function {
        aggregate: ByName<Aggregate>,
        args: Vec<Expr>,
        distinct: bool,
        /// WITHIN GROUP.
        order: Vec<(Expr, bool)>,
    },
    /// `GROUPING(key)` and `GROUPING_ID(…)`: which keys, the highest bit first.
    GroupingId(Vec<usize>),
}

/// A function with an OVER clause.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WindowCall {
    pub(crate) function: WindowFunction,
    pub(crate) args: Vec<Expr>,
    pub(crate) partition: Vec<Expr>,
    pub(crate) order: Vec<(Expr, bool)>,
    pub(crate) frame: Frame,
    pub(crate) ignore_nulls: bool,
    pub(crate) ty: ExprType,
}

/// Functions that need a window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WindowFunction {
    RowNumber,
    Rank,
    DenseRank,
    Ntile,
    Lag,
    Lead,
    FirstValue,
    LastValue,
    PercentRank,
    CumeDist,
    Aggregate(ByName<Aggregate>),
}

/// The rows of the partition that a function looks at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    /// RANGE: rows that sort the same belong together.
    pub(crate) range: bool,
    pub(crate) start: Bound,
    pub(crate) end: Bound,
}

/// One end of a frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Bound {
    UnboundedPreceding,
    Preceding(Expr),
    CurrentRow,
    Following(Expr),
    UnboundedFollowing,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// No FROM: one row without columns.
    One,
    Table(Box<TableScan>),
    View {
        view: ByName<View>,
        database: DatabaseId,
        filter: Option<Predicate>,
    },
    Derived(Arc<Query>),
    Values(Vec<Vec<Expr>>),
    Function {
        function: ByName<TableFunction>,
        database: DatabaseId,
        args: Vec<Expr>,
    },
    /// STRING_SPLIT, GENERATE_SERIES, OPENJSON.
    BuiltIn {
        function: super::table_function::BuiltIn,
        args: Vec<Expr>,
    },
    /// What a linked server has sent.
    Remote(Arc<super::remote::Rowset>),
    /// A recursive CTE where it is used.
    Recursive(Arc<Recursive>),
    /// A recursive CTE inside of itself: the rows of the last round.
    WorkTable(usize),
    Join(Box<Join>),
    Apply {
        left: Box<Self>,
        right: Box<Self>,
        outer: bool,
        right_width: usize,
    },
    Filter(Box<Self>, Predicate),
}

/// A scan of a table, or a seek in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableScan {
    pub(crate) place: Place,
    pub(crate) table: ObjectId,
    /// Conditions on this table's own columns.
    pub(crate) filter: Option<Predicate>,
    /// A key whose columns all have one value.
    pub(crate) seek: Option<(usize, Vec<Expr>)>,
    pub(crate) locking: Locking,
    /// Adds the row's number behind the columns, for UPDATE, DELETE and cursors.
    pub(crate) with_row_id: bool,
    /// The only rows that are read: those that a cursor is on.
    pub(crate) only: Option<Arc<[RowId]>>,
}

/// Where a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Database(DatabaseId),
    /// `#t`.
    Temporary,
    /// `@t`.
    Variable,
}

/// What a scan does about rows that somebody else has changed and not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locking {
    /// Waits for them.
    Wait,
    /// Fails at once (NOWAIT).
    Refuse,
    /// Reads them as they are (NOLOCK).
    Dirty,
    /// Leaves them out (READPAST).
    Skip,
    /// Reads what was committed before (RCSI, SNAPSHOT).
    Versioned,
}

/// A recursive CTE.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recursive {
    pub(crate) id: usize,
    pub(crate) anchor: Query,
    pub(crate) step: Query,
    pub(crate) max_rounds: u32,
}

/// A join of two sources.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Join {
    pub(crate) left: Source,
    pub(crate) right: Source,
    pub(crate) left_width: usize,
    pub(crate) right_width: usize,
    pub(crate) keep_left: bool,
    pub(crate) keep_right: bool,
    /// Equalities between the two sides: comparison, left expression, right expression over the right row alone.
    pub(crate) keys: Vec<(BoundComparison, Expr, Expr)>,
    /// What else has to hold, over the joined row.
    pub(crate) residual: Option<Predicate>,
}

/// FOR JSON and FOR XML.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Format {
    Json {
        root: Option<String>,
        include_nulls: bool,
        array: bool,
        names: Vec<String>,
    },
    Xml {
        row: Option<String>,
        root: Option<String>,
        attributes: bool,
        typed: bool,
        elements_for_null: bool,
        names: Vec<String>,
    },
}

impl Expr {
    pub(crate) fn constant(value: Value, ty: ExprType) -> Self {
        Self {
            node: Node::Constant(value),
            ty,
        }
    }

    pub(crate) fn column(index: usize, ty: ExprType) -> Self {
        Self {
            node: Node::Column { depth: 0, index },
            ty,
        }
    }

    /// Calls `visit` with every column of the current row that the expression reads. False if it may read rows in a
    /// way that cannot be listed: a subquery that is correlated, a window.
    pub(crate) fn columns(&self, visit: &mut dyn FnMut(usize)) -> bool {
        match &self.node {
            Node::Column { depth, index } => {
                if *depth == 0 {
                    visit(*index);
                }
                true
            }
            Node::Constant(_) | Node::Variable(_) | Node::Global(_) => true,
            Node::Session(_, args) | Node::Metadata(_, args) | Node::Function(_, args) => {
                args.iter().all(|arg| arg.columns(visit))
            }
            Node::Coalesce(args) => args.iter().all(|arg| arg.columns(visit)),
            Node::Binary(_, sides) => sides.0.columns(visit) && sides.1.columns(visit),
            Node::Unary(_, operand) => operand.columns(visit),
            Node::Convert { operand, style, .. } => {
                operand.columns(visit) && style.as_ref().is_none_or(|style| style.columns(visit))
            }
            Node::Case {
                branches,
                otherwise,
            } => {
                branches
                    .iter()
                    .all(|(when, then)| when.columns(visit) && then.columns(visit))
                    && otherwise.as_ref().is_none_or(|other| other.columns(visit))
            }
            Node::Subquery(query) => !query.correlated,
            Node::Window(_) => false,
        }
    }

    /// Moves every column of the current row by `by` to the left.
    pub(crate) fn shift(&mut self, by: usize) {
        match &mut self.node {
            Node::Column { depth: 0, index } => *index -= by,
            Node::Column { .. }
            | Node::Constant(_)
            | Node::Variable(_)
            | Node::Global(_)
            | Node::Subquery(_)
            | Node::Window(_) => {}
            Node::Session(_, args) | Node::Metadata(_, args) | Node::Function(_, args) => {
                args.iter_mut().for_each(|arg| arg.shift(by));
            }
            Node::Coalesce(args) => args.iter_mut().for_each(|arg| arg.shift(by)),
            Node::Binary(_, sides) => {
                sides.0.shift(by);
                sides.1.shift(by);
            }
            Node::Unary(_, operand) => operand.shift(by),
            Node::Convert { operand, style, .. } => {
                operand.shift(by);
                if let Some(style) = style {
                    style.shift(by);
                }
            }
            Node::Case {
                branches,
                otherwise,
            } => {
                for (when, then) in branches {
                    when.shift(by);
                    then.shift(by);
                }
                if let Some(otherwise) = otherwise {
                    otherwise.shift(by);
                }
            }
        }
    }
}

impl Predicate {
    /// As [`Expr::columns`].
    pub(crate) fn columns(&self, visit: &mut dyn FnMut(usize)) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().all(|part| part.columns(visit)),
            Self::Not(inner) => inner.columns(visit),
            Self::Compare(_, sides) | Self::Same(_, sides) => {
                sides.0.columns(visit) && sides.1.columns(visit)
            }
            Self::IsNull(operand) => operand.columns(visit),
            Self::InList(operand, list) => {
                operand.columns(visit) && list.iter().all(|(_, item)| item.columns(visit))
            }
            Self::InQuery { operand, query, .. } | Self::Quantified { operand, query, .. } => {
                !query.correlated && operand.columns(visit)
            }
            Self::Like {
                operand,
                pattern,
                escape,
            } => {
                operand.columns(visit)
                    && pattern.columns(visit)
                    && escape.as_ref().is_none_or(|escape| escape.columns(visit))
            }
            Self::Exists(query) => !query.correlated,
        }
    }

    /// As [`Expr::shift`].
    pub(crate) fn shift(&mut self, by: usize) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter_mut().for_each(|part| part.shift(by)),
            Self::Not(inner) => inner.shift(by),
            Self::Compare(_, sides) | Self::Same(_, sides) => {
                sides.0.shift(by);
                sides.1.shift(by);
            }
            Self::IsNull(operand) => operand.shift(by),
            Self::InList(operand, list) => {
                operand.shift(by);
                list.iter_mut().for_each(|(_, item)| item.shift(by));
            }
            Self::InQuery { operand, .. } | Self::Quantified { operand, .. } => operand.shift(by),
            Self::Like {
                operand,
                pattern,
                escape,
            } => {
                operand.shift(by);
                pattern.shift(by);
                if let Some(escape) = escape {
                    escape.shift(by);
                }
            }
            Self::Exists(_) => {}
        }
    }

    /// The conditions that all have to hold.
    pub(crate) fn conjuncts(self) -> Vec<Self> {
        match self {
            Self::And(parts) => parts.into_iter().flat_map(Self::conjuncts).collect(),
            other => vec![other],
        }
    }

    /// All of these; none if there are none.
    pub(crate) fn all(mut parts: Vec<Self>) -> Option<Self> {
        match parts.len() {
            0 => None,
            1 => parts.pop(),
            _ => Some(Self::And(parts)),
        }
    }
}
