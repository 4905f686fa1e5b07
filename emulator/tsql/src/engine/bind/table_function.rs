//! Functions that yield rows, in FROM.

use super::Binder;
use super::scope::{Scope, ScopeSource};
use super::source::{Bound, computed, renamed};
use crate::ast::{self, FunctionArgs};
use crate::engine::bound::{ByName, Source};
use crate::engine::table_function;
use crate::error::{Abort, SqlError};
use crate::types::ExprType;

impl Binder<'_> {
    pub(super) fn table_function(
        &mut self,
        function: &ast::TableFunction,
        parent: Option<&Scope<'_>>,
    ) -> Result<Bound, SqlError> {
        let name = &function.call.name;
        let object = name.object.value.to_ascii_lowercase();
        let schema = name
            .schema
            .as_ref()
            .map_or("", |schema| schema.value.as_str());
        let FunctionArgs::List(args) = &function.call.args else {
            return Err(SqlError::incorrect_syntax("*"));
        };
        let scope = Scope::rows(&[], parent);
        let alias = function.alias.as_ref();
        let shown = alias.map_or(name.object.value.as_str(), |alias| &alias.name.value);
        if schema.is_empty()
            && let Some((built_in, columns)) = table_function::find(&object)
        {
            if !function.schema.is_empty() {
                return Err(SqlError::unsupported("OPENJSON … WITH"));
            }
            let args = self.exprs(args, &scope)?;
            let types: Vec<ExprType> = args.iter().map(|arg| arg.ty).collect();
            let columns = columns(&types, self.collation())?
                .into_iter()
                .map(|(name, ty)| computed(name, ty))
                .collect();
            return Ok(Bound {
                source: Source::BuiltIn {
                    function: built_in,
                    args,
                },
                names: vec![ScopeSource::aliased(shown, renamed(columns, alias)?)],
                correlated: scope.correlated.get(),
            });
        }
        let Some(found) = crate::catalog::functions::find_table(schema, &object) else {
            return Err(SqlError::invalid_object(&name.to_string()).at_line(function.span.line));
        };
        if args.len() < found.least {
            return Err(SqlError::new(
                313,
                16,
                format!("An insufficient number of arguments were supplied for the procedure or function {name}."),
            )
            .aborting(Abort::Batch));
        }
        if args.len() > found.most {
            return Err(SqlError::new(
                8144,
                16,
                format!("Procedure or function {name} has too many arguments specified."),
            )
            .aborting(Abort::Batch));
        }
        let args = args
            .iter()
            .map(|arg| match arg.kind {
                ast::ExprKind::Default => self.literal(&ast::Literal::Null),
                _ => self.expr(arg, &scope),
            })
            .collect::<Result<_, _>>()?;
        let database = self
            .database_named(name.database.as_ref())
            .ok_or_else(|| SqlError::invalid_object(&name.to_string()))?;
        let (id, collation) = (database.id, database.collation);
        let columns = found
            .columns
            .iter()
            .map(|column| {
                computed(
                    column.name,
                    ExprType::column(column.sql_type, column.nullable, collation),
                )
            })
            .collect();
        Ok(Bound {
            source: Source::Function {
                function: ByName(found),
                database: id,
                args,
            },
            names: vec![ScopeSource::aliased(shown, renamed(columns, alias)?)],
            correlated: scope.correlated.get(),
        })
    }
}
