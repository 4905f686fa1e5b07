//! The options of SET.

use super::{Entry, registry};
use crate::ast::{SetOptionStatement as O, SetSwitch as W};

/// What is said of a SET: one entry for each of its options.
pub fn set_option(statement: &O) -> impl Iterator<Item = &'static Entry> {
    let (switches, other): (&[W], _) = match statement {
        O::Switch { options, .. } => (options, None),
        other => (&[], Some(set_value(other))),
    };
    switches.iter().map(set_switch).chain(other)
}

registry! {
    /// The options that are ON or OFF.
    SET_SWITCHES;
    /// What is said of one.
    set_switch(W);

    "SET ANSI_DEFAULTS" Yes, W::AnsiDefaults, "SET ANSI_DEFAULTS ON", "";
    "SET ANSI_NULL_DFLT_OFF" Yes, W::AnsiNullDfltOff, "SET ANSI_NULL_DFLT_OFF ON", "";
    "SET ANSI_NULL_DFLT_ON" Yes, W::AnsiNullDfltOn, "SET ANSI_NULL_DFLT_ON ON", "";
    "SET ANSI_NULLS" Partly, W::AnsiNulls, "SET ANSI_NULLS ON", "OFF is refused";
    "SET ANSI_PADDING" Yes, W::AnsiPadding, "SET ANSI_PADDING ON", "";
    "SET ANSI_WARNINGS" Yes, W::AnsiWarnings, "SET ANSI_WARNINGS ON", "";
    "SET ARITHABORT" Yes, W::Arithabort, "SET ARITHABORT ON", "";
    "SET ARITHIGNORE" Yes, W::Arithignore, "SET ARITHIGNORE ON", "";
    "SET CONCAT_NULL_YIELDS_NULL" Partly, W::ConcatNullYieldsNull, "SET CONCAT_NULL_YIELDS_NULL ON", "OFF is refused";
    "SET CURSOR_CLOSE_ON_COMMIT" Yes, W::CursorCloseOnCommit, "SET CURSOR_CLOSE_ON_COMMIT ON", "";
    "SET FMTONLY" Yes, W::Fmtonly, "SET FMTONLY ON", "";
    "SET FORCEPLAN" Partly, W::Forceplan, "SET FORCEPLAN ON", "does nothing: there are no plans to choose";
    "SET IMPLICIT_TRANSACTIONS" Yes, W::ImplicitTransactions, "SET IMPLICIT_TRANSACTIONS ON", "";
    "SET NOCOUNT" Yes, W::Nocount, "SET NOCOUNT ON", "";
    "SET NOEXEC" Yes, W::Noexec, "SET NOEXEC ON", "";
    "SET NO_BROWSETABLE" Partly, W::NoBrowsetable, "SET NO_BROWSETABLE ON", "does nothing";
    "SET NUMERIC_ROUNDABORT" Partly, W::NumericRoundabort, "SET NUMERIC_ROUNDABORT OFF", "ON is refused";
    "SET PARSEONLY" Yes, W::Parseonly, "SET PARSEONLY ON", "";
    "SET QUOTED_IDENTIFIER" Yes, W::QuotedIdentifier, "SET QUOTED_IDENTIFIER ON", "";
    "SET REMOTE_PROC_TRANSACTIONS" Partly, W::RemoteProcTransactions, "SET REMOTE_PROC_TRANSACTIONS ON", "does nothing: it is about remote servers; linked ones have the option remote proc transaction promotion";
    "SET SHOWPLAN_ALL" No, W::ShowplanAll, "SET SHOWPLAN_ALL ON", "";
    "SET SHOWPLAN_TEXT" No, W::ShowplanText, "SET SHOWPLAN_TEXT ON", "";
    "SET SHOWPLAN_XML" No, W::ShowplanXml, "SET SHOWPLAN_XML ON", "";
    "SET XACT_ABORT" Yes, W::XactAbort, "SET XACT_ABORT ON", "";
}

registry! {
    /// The other options.
    SET_VALUES;
    /// What is said of one.
    set_value(O);

    "SET STATISTICS" Partly, O::Statistics { .. }, "SET STATISTICS IO, TIME ON", "IO and TIME are taken and measure nothing; XML and PROFILE are refused";
    "SET IDENTITY_INSERT" Yes, O::IdentityInsert { .. }, "SET IDENTITY_INSERT dbo.i ON", "";
    "SET TRANSACTION ISOLATION LEVEL" Yes, O::IsolationLevel(_), "SET TRANSACTION ISOLATION LEVEL SNAPSHOT", "";
    "SET LOCK_TIMEOUT" Yes, O::LockTimeout(_), "SET LOCK_TIMEOUT 100", "";
    "SET TEXTSIZE" Partly, O::Textsize(_), "SET TEXTSIZE 4096", "kept and shown; values are sent whole";
    "SET ROWCOUNT" Yes, O::Rowcount(_), "SET ROWCOUNT 1", "";
    "SET DATEFIRST" Yes, O::Datefirst(_), "SET DATEFIRST 1", "";
    "SET DATEFORMAT" Yes, O::Dateformat(_), "SET DATEFORMAT dmy", "";
    "SET LANGUAGE" Partly, O::Language(_), "SET LANGUAGE British", "us_english and British";
    "SET DEADLOCK_PRIORITY" Partly, O::DeadlockPriority(_), "SET DEADLOCK_PRIORITY LOW", "checked, and does nothing";
    "SET QUERY_GOVERNOR_COST_LIMIT" Partly, O::QueryGovernorCostLimit(_), "SET QUERY_GOVERNOR_COST_LIMIT 1", "does nothing";
    "SET CONTEXT_INFO" Yes, O::ContextInfo(_), "SET CONTEXT_INFO 0x01", "";
    "SET of switches" Yes, O::Switch { .. }, "SET NOCOUNT, XACT_ABORT ON", "several at once";
}
