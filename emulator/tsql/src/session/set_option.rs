//! SET options: each has its effect, or none that could be seen here.

use milink_core::sql_type::SqlType;
use milink_core::value::Value;

use super::event::{Environment, Event};
use super::host::Host;
use super::state::IdentityInsert;
use super::transaction::isolation_number;
use super::{Failure, Flow, Session};
use crate::ast::{self, SetOptionStatement, SetSwitch};
use crate::engine::bind::Binder;
use crate::engine::bound::Place;
use crate::error::SqlError;
use crate::types::{DateOrder, ExprType, convert_implicit, to_display};

impl Session {
    pub(super) fn set_option(
        &mut self,
        set: &SetOptionStatement,
        host: &mut dyn Host,
        out: &mut Vec<Event>,
    ) -> Result<Flow, Failure> {
        match set {
            SetOptionStatement::Switch { options, on } => {
                for option in options {
                    self.switch(*option, *on)?;
                }
            }
            // What would be measured is not: the statements run as they are.
            SetOptionStatement::Statistics { kinds, on } => {
                if *on
                    && kinds
                        .iter()
                        .any(|kind| matches!(kind.as_str(), "XML" | "PROFILE"))
                {
                    return Err(SqlError::unsupported("SET STATISTICS XML and PROFILE").into());
                }
            }
            SetOptionStatement::IdentityInsert { table, on } => {
                self.identity_insert(table, *on, host)?;
            }
            SetOptionStatement::IsolationLevel(level) => {
                self.state.settings.isolation = isolation_number(*level);
            }
            SetOptionStatement::LockTimeout(value) => {
                let timeout = self.number(value, host)?;
                if timeout < -1 {
                    return Err(invalid_value("LOCK_TIMEOUT").into());
                }
                self.state.settings.lock_timeout = i32::try_from(timeout).unwrap_or(i32::MAX);
            }
            SetOptionStatement::Textsize(value) => {
                let size = self.number(value, host)?;
                // 0 stands for 4096 (documentation of SET TEXTSIZE).
                let size = if size == 0 { 4096 } else { size };
                self.state.settings.text_size = i32::try_from(size).unwrap_or(i32::MAX);
            }
            SetOptionStatement::Rowcount(value) => {
                self.state.settings.row_count = self.number(value, host)?.max(0);
            }
            SetOptionStatement::Datefirst(value) => {
                let day = self.number(value, host)?;
                let day = u8::try_from(day).ok().filter(|day| (1..=7).contains(day));
                let Some(day) = day else {
                    return Err(SqlError::new(
                        2744,
                        16,
                        "The SET DATEFIRST statement failed because the specified value is not in the valid range of values from 1 to 7.",
                    )
                    .into());
                };
                self.state.settings.date_first = day;
                self.state.dates.first_day = day;
            }
            SetOptionStatement::Dateformat(value) => {
                let word = self.word(value, host)?;
                let Some(order) = DateOrder::named(&word) else {
                    return Err(SqlError::new(
                        2741,
                        16,
                        format!("SET DATEFORMAT date order '{word}' is invalid."),
                    )
                    .into());
                };
                self.state.dates.order = order;
                self.state.settings.date_format = order.word().into();
            }
            SetOptionStatement::Language(value) => {
                let word = self.word(value, host)?;
                self.language(&word, out)?;
            }
            SetOptionStatement::DeadlockPriority(value) => {
                let (value, ty) = self.evaluate(value, host)?;
                let word = to_display(&value, &ty).to_ascii_uppercase();
                let known = matches!(word.as_str(), "LOW" | "NORMAL" | "HIGH")
                    || word.parse().is_ok_and(|n: i32| (-10..=10).contains(&n));
                if !known {
                    return Err(SqlError::incorrect_syntax(&word).into());
                }
            }
            SetOptionStatement::QueryGovernorCostLimit(value) => {
                self.number(value, host)?;
            }
            SetOptionStatement::ContextInfo(value) => {
                let (value, ty) = self.evaluate(value, host)?;
                let to = ExprType::new(SqlType::Binary(128));
                let value = convert_implicit(&value, &ty, &to, &self.state.dates)?;
                self.state.settings.context_info = match value {
                    Value::Bytes(bytes) => Some(bytes),
                    _ => {
                        return Err(SqlError::new(
                            2711,
                            16,
                            "The definition of the option CONTEXT_INFO cannot be NULL.",
                        )
                        .into());
                    }
                };
            }
        }
        Ok(Flow::Next)
    }

    fn switch(&mut self, option: SetSwitch, on: bool) -> Result<(), SqlError> {
        let settings = &mut self.state.settings;
        match option {
            SetSwitch::AnsiDefaults => {
                settings.ansi_nulls = on;
                settings.ansi_null_dflt_on = on;
                settings.ansi_padding = on;
                settings.ansi_warnings = on;
                settings.cursor_close_on_commit = on;
                settings.implicit_transactions = on;
                settings.quoted_identifier = on;
            }
            SetSwitch::AnsiNullDfltOff => settings.ansi_null_dflt_off = on,
            SetSwitch::AnsiNullDfltOn => settings.ansi_null_dflt_on = on,
            SetSwitch::AnsiNulls => {
                // New versions refuse to compare NULLs as equal; loud, since it would change results.
                if !on {
                    return Err(SqlError::unsupported("SET ANSI_NULLS OFF"));
                }
                settings.ansi_nulls = on;
            }
            SetSwitch::AnsiPadding => settings.ansi_padding = on,
            SetSwitch::AnsiWarnings => settings.ansi_warnings = on,
            SetSwitch::Arithabort => settings.arithabort = on,
            SetSwitch::Arithignore => settings.arithignore = on,
            SetSwitch::ConcatNullYieldsNull => {
                if !on {
                    return Err(SqlError::unsupported("SET CONCAT_NULL_YIELDS_NULL OFF"));
                }
                settings.concat_null_yields_null = on;
            }
            SetSwitch::CursorCloseOnCommit => settings.cursor_close_on_commit = on,
            SetSwitch::Fmtonly => self.state.dry.format_only = on,
            SetSwitch::ImplicitTransactions => settings.implicit_transactions = on,
            SetSwitch::Nocount => settings.nocount = on,
            SetSwitch::Noexec => self.state.dry.no_exec = on,
            SetSwitch::NumericRoundabort => {
                if on {
                    return Err(SqlError::unsupported("SET NUMERIC_ROUNDABORT ON"));
                }
            }
            SetSwitch::Parseonly => self.state.dry.parse_only = on,
            SetSwitch::QuotedIdentifier => settings.quoted_identifier = on,
            SetSwitch::XactAbort => settings.xact_abort = on,
            // They choose plans, browse columns or remote calls, of which there are none.
            SetSwitch::Forceplan | SetSwitch::NoBrowsetable | SetSwitch::RemoteProcTransactions => {
            }
            SetSwitch::ShowplanAll | SetSwitch::ShowplanText | SetSwitch::ShowplanXml => {
                if on {
                    return Err(SqlError::unsupported("SHOWPLAN"));
                }
            }
        }
        Ok(())
    }

    fn identity_insert(
        &mut self,
        table: &ast::ObjectName,
        on: bool,
        host: &mut dyn Host,
    ) -> Result<(), Failure> {
        let world = host.snapshot();
        let instance = world
            .instance(self.state.instance)
            .cloned()
            .ok_or_else(crate::session::instance_gone)?;
        let local = &self.frames.last().expect("a request runs in a frame").local;
        let found = Binder::new(&instance, &self.state, local)
            .user_table(table)
            .map_err(|error| match error.number {
                208 => SqlError::new(
                    1088,
                    16,
                    format!("Cannot find the object \"{table}\" because it does not exist or you do not have permissions."),
                ),
                _ => error,
            })?;
        let definition = found.definition();
        let shown = found.full_name();
        if !definition
            .columns
            .iter()
            .any(|column| column.identity.is_some())
        {
            return Err(SqlError::new(
                8106,
                16,
                format!("Table '{table}' does not have the identity property. Cannot perform SET operation."),
            )
            .into());
        }
        let wanted = IdentityInsert {
            database: match found.place {
                Place::Database(id) => Some(id),
                _ => None,
            },
            table: definition.object,
            shown,
        };
        match (&self.state.identity_insert, on) {
            (Some(other), true) if *other != wanted => Err(SqlError::new(
                8107,
                16,
                format!(
                    "IDENTITY_INSERT is already ON for table '{}'. Cannot perform SET operation for table '{table}'.",
                    other.shown
                ),
            )
            .into()),
            (_, true) => {
                self.state.identity_insert = Some(wanted);
                Ok(())
            }
            (Some(other), false) if *other == wanted => {
                self.state.identity_insert = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn language(&mut self, word: &str, out: &mut Vec<Event>) -> Result<(), SqlError> {
        // British differs in how dates are read; the others would need their own month names.
        let (name, order, first_day) = match word.to_lowercase().as_str() {
            "us_english" | "english" => ("us_english", DateOrder::Mdy, 7),
            "british" | "british english" => ("British", DateOrder::Dmy, 1),
            _ => return Err(SqlError::unsupported(format!("SET LANGUAGE {word}"))),
        };
        let old = std::mem::replace(&mut self.state.settings.language, name.into());
        self.state.dates.order = order;
        self.state.dates.first_day = first_day;
        self.state.settings.date_first = first_day;
        self.state.settings.date_format = order.word().into();
        out.push(Event::Environment(Environment::Language {
            new: name.into(),
            old,
        }));
        out.push(Event::Info(
            SqlError::new(5703, 10, format!("Changed language setting to {name}.")).at_line(1),
        ));
        Ok(())
    }

    fn number(&mut self, expr: &ast::Expr, host: &mut dyn Host) -> Result<i64, Failure> {
        let (value, ty) = self.evaluate(expr, host)?;
        let to = ExprType::new(SqlType::BigInt);
        let value = convert_implicit(&value, &ty, &to, &self.state.dates)?;
        Ok(value.as_int().unwrap_or(0))
    }

    fn word(&mut self, expr: &ast::Expr, host: &mut dyn Host) -> Result<String, Failure> {
        let (value, ty) = self.evaluate(expr, host)?;
        Ok(to_display(&value, &ty))
    }
}

fn invalid_value(option: &str) -> SqlError {
    SqlError::new(
        1029,
        15,
        format!("The value specified for option {option} is out of range."),
    )
}
