//! Joins: of two sources, and of a source with one that reads its rows.

use super::Binder;
use super::scope::{Scope, ScopeSource, same_name};
use super::source::Bound;
use crate::ast::{self, JoinKind};
use crate::engine::bound::{Join, Source};
use crate::engine::pushdown;
use crate::error::{Abort, SqlError};

impl Binder<'_> {
    pub(super) fn join(
        &mut self,
        join: &ast::Join,
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        let left = self.source(&join.left, parent)?;
        let right = self.source(&join.right, parent)?;
        let (keep_left, keep_right) = match join.kind {
            JoinKind::Inner | JoinKind::Cross => (false, false),
            JoinKind::Left => (true, false),
            JoinKind::Right => (false, true),
            JoinKind::Full => (true, true),
        };
        let mut joined = cross(left, right);
        check_names(&joined.names)?;
        if let Source::Join(bound) = &mut joined.source {
            bound.keep_left = keep_left;
            bound.keep_right = keep_right;
        }
        if let Some(on) = &join.on {
            let scope = Scope::rows(&joined.names, parent);
            let on = self.predicate(on, &scope)?;
            let correlated = scope.correlated.get();
            joined.correlated |= correlated;
            if let Source::Join(bound) = &mut joined.source {
                pushdown::add_condition(bound, on);
            }
        }
        // After the condition is bound, so that it still sees the columns as they are.
        if let Source::Join(bound) = &joined.source {
            let mut at = 0;
            let (left_width, keep_left, keep_right) =
                (bound.left_width, bound.keep_left, bound.keep_right);
            for source in &mut joined.names {
                for column in &mut source.columns {
                    let nulls = if at < left_width {
                        keep_right
                    } else {
                        keep_left
                    };
                    column.ty.nullable |= nulls;
                    at += 1;
                }
            }
        }
        Ok(joined)
    }

    pub(super) fn apply(
        &mut self,
        apply: &ast::Apply,
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        let left = self.source(&apply.left, parent)?;
        let scope = Scope::rows(&left.names, parent);
        let mut right = self.source(&apply.right, Some(&scope))?;
        let correlated = left.correlated || scope.correlated.get();
        let right_width = right.width();
        if apply.outer {
            for column in right
                .names
                .iter_mut()
                .flat_map(|source| &mut source.columns)
            {
                column.ty.nullable = true;
            }
        }
        let mut names = left.names;
        names.extend(right.names);
        Ok(Bound {
            source: Source::Apply {
                left: Box::new(left.source),
                right: Box::new(right.source),
                outer: apply.outer,
                right_width,
            },
            names,
            correlated,
        })
    }
}

/// Two sources side by side.
pub(crate) fn cross(left: Bound, right: Bound) -> Bound {
    let (left_width, right_width) = (left.width(), right.width());
    let mut names = left.names;
    names.extend(right.names);
    Bound {
        source: Source::Join(Box::new(Join {
            left: left.source,
            right: right.source,
            left_width,
            right_width,
            keep_left: false,
            keep_right: false,
            keys: Vec::new(),
            residual: None,
        })),
        names,
        correlated: left.correlated || right.correlated,
    }
}

/// 1011, 1013: two sources under one name.
pub(super) fn check_names(names: &[ScopeSource]) -> Result<(), SqlError> {
    for (at, source) in names.iter().enumerate() {
        let twice = names[..at].iter().any(|other| {
            same_name(&other.name, &source.name) && other.qualifier == source.qualifier
        });
        if !twice || source.name.is_empty() {
            continue;
        }
        let name = &source.name;
        return Err(if source.qualifier == (None, None) {
            SqlError::new(
                1011,
                16,
                format!("The correlation name '{name}' is specified multiple times in a FROM clause."),
            )
        } else {
            SqlError::new(
                1013,
                16,
                format!("The objects \"{0}\" and \"{0}\" in the FROM clause have the same exposed names. Use correlation names to distinguish them.", source.shown),
            )
        }
        .aborting(Abort::Batch));
    }
    Ok(())
}
