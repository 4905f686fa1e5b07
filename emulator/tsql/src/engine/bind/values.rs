//! VALUES: rows that are written out.

use super::Binder;
use super::expr::coerce;
use super::scope::{Scope, ScopeSource};
use super::source::{Bound, column_count, computed};
use crate::ast;
use crate::engine::bound::Source;
use crate::error::{Abort, SqlError};
use crate::types::{ExprType, common_type};

impl Binder<'_> {
    pub(super) fn values(
        &mut self,
        values: &ast::ValuesTable,
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        let scope = Scope::rows(&[], parent);
        let (rows, types) = self.value_rows(&values.rows, &scope)?;
        if values.alias.columns.len() != types.len() {
            return Err(column_count(&values.alias, types.len()));
        }
        let columns = values
            .alias
            .columns
            .iter()
            .zip(&types)
            .map(|(name, ty)| computed(&name.value, *ty))
            .collect();
        Ok(Bound {
            // The rows are evaluated one block further in, as a derived table would be.
            source: Source::Values(rows),
            names: vec![ScopeSource::aliased(&values.alias.name.value, columns)],
            correlated: scope.correlated.get(),
        })
    }

    /// Rows of VALUES, each column of one type.
    pub(crate) fn value_rows(
        &mut self,
        rows: &[Vec<ast::Expr>],
        scope: &Scope<'_>,
    ) -> Result<(Vec<Vec<crate::engine::bound::Expr>>, Vec<ExprType>), SqlError> {
        let width = rows.first().map_or(0, Vec::len);
        let mut bound = Vec::with_capacity(rows.len());
        for row in rows {
            if row.len() != width {
                return Err(SqlError::new(
                    10709,
                    16,
                    "The number of columns for each row in a table value constructor must be the same.",
                )
                .aborting(Abort::Batch));
            }
            bound.push(self.exprs(row, scope)?);
        }
        let mut types = Vec::with_capacity(width);
        for at in 0..width {
            let column: Vec<ExprType> = bound.iter().map(|row| row[at].ty).collect();
            types.push(common_type(&column)?);
        }
        for row in &mut bound {
            for (expr, ty) in row.iter_mut().zip(&types) {
                *expr = coerce(expr.clone(), ty)?;
            }
        }
        Ok((bound, types))
    }
}
