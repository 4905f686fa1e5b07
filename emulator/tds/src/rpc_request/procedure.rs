//! Which procedure a call means: by number, or by a name spelled in many ways.

use crate::{Error, Result};

/// The procedure of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Procedure {
    /// By number.
    Known(WellKnownProcedure),
    /// By name, as the client wrote it: `sp_executesql`, `[sys].sp_datatype_info_100`.
    Name(String),
}

macro_rules! well_known {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $name:literal;)*) => {
        /// The procedures that have a number. `[MS-TDS]` 2.2.6.6, ProcID.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum WellKnownProcedure {
            $($(#[$doc])* $variant,)*
        }

        impl WellKnownProcedure {
            const ALL: &[(u16, &'static str, Self)] = &[$(($id, $name, Self::$variant),)*];

            /// Its name without schema.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

well_known! {
    /// `sp_cursor`.
    Cursor = 1, "sp_cursor";
    /// `sp_cursoropen`.
    CursorOpen = 2, "sp_cursoropen";
    /// `sp_cursorprepare`.
    CursorPrepare = 3, "sp_cursorprepare";
    /// `sp_cursorexecute`.
    CursorExecute = 4, "sp_cursorexecute";
    /// `sp_cursorprepexec`.
    CursorPrepExec = 5, "sp_cursorprepexec";
    /// `sp_cursorunprepare`.
    CursorUnprepare = 6, "sp_cursorunprepare";
    /// `sp_cursorfetch`.
    CursorFetch = 7, "sp_cursorfetch";
    /// `sp_cursoroption`.
    CursorOption = 8, "sp_cursoroption";
    /// `sp_cursorclose`.
    CursorClose = 9, "sp_cursorclose";
    /// `sp_executesql`.
    ExecuteSql = 10, "sp_executesql";
    /// `sp_prepare`.
    Prepare = 11, "sp_prepare";
    /// `sp_execute`.
    Execute = 12, "sp_execute";
    /// `sp_prepexec`.
    PrepExec = 13, "sp_prepexec";
    /// `sp_prepexecrpc`.
    PrepExecRpc = 14, "sp_prepexecrpc";
    /// `sp_unprepare`.
    Unprepare = 15, "sp_unprepare";
}

impl Procedure {
    pub(super) fn from_id(id: u16) -> Result<Self> {
        WellKnownProcedure::ALL
            .iter()
            .find(|(number, ..)| *number == id)
            .map(|(.., procedure)| Self::Known(*procedure))
            .ok_or(Error::Malformed {
                field: "procedure id",
                why: "is not known",
            })
    }

    /// The procedure that has a number, also when it is called by a name: brackets, quotes, case,
    /// a `sys` or `dbo` schema and a database in front make no difference.
    pub fn well_known(&self) -> Option<WellKnownProcedure> {
        let name = match self {
            Self::Known(procedure) => return Some(*procedure),
            Self::Name(name) => name,
        };
        let mut parts = name.rsplit('.').map(unquote);
        let object = parts.next()?;
        let has_system_schema = parts.next().is_none_or(|schema| {
            schema.is_empty()
                || schema.eq_ignore_ascii_case("sys")
                || schema.eq_ignore_ascii_case("dbo")
        });
        WellKnownProcedure::ALL
            .iter()
            .find(|(_, known, _)| has_system_schema && known.eq_ignore_ascii_case(object))
            .map(|(.., procedure)| *procedure)
    }

    /// The name as the client wrote it, or the name that belongs to the number.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(procedure) => procedure.name(),
            Self::Name(name) => name,
        }
    }
}

fn unquote(part: &str) -> &str {
    let part = part.trim();
    part.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .or_else(|| {
            part.strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
        })
        .unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_recognised_however_they_are_spelled() {
        for (name, expected) in [
            ("sp_executesql", Some(WellKnownProcedure::ExecuteSql)),
            ("SP_EXECUTESQL", Some(WellKnownProcedure::ExecuteSql)),
            ("[sys].[sp_prepexec]", Some(WellKnownProcedure::PrepExec)),
            ("master..sp_unprepare", Some(WellKnownProcedure::Unprepare)),
            ("sys.\"sp_execute\"", Some(WellKnownProcedure::Execute)),
            ("mine.sp_executesql", None),
            ("sp_who", None),
            ("", None),
        ] {
            assert_eq!(
                Procedure::Name(name.into()).well_known(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn numbers_outside_the_table_are_refused() {
        assert_eq!(
            Procedure::from_id(13).unwrap().name(),
            WellKnownProcedure::PrepExec.name()
        );
        assert!(Procedure::from_id(0).is_err());
        assert!(Procedure::from_id(16).is_err());
    }
}
