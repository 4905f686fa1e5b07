//! What a session has SET, as far as functions and global variables show it.

use std::sync::Arc;

/// The session state that `SESSIONPROPERTY`, `@@OPTIONS`, `@@DATEFIRST` and their like report.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are the options' names")]
pub struct Settings {
    pub ansi_nulls: bool,
    pub ansi_null_dflt_on: bool,
    pub ansi_null_dflt_off: bool,
    pub ansi_padding: bool,
    pub ansi_warnings: bool,
    pub arithabort: bool,
    pub arithignore: bool,
    pub concat_null_yields_null: bool,
    pub cursor_close_on_commit: bool,
    pub implicit_transactions: bool,
    pub nocount: bool,
    pub numeric_roundabort: bool,
    pub quoted_identifier: bool,
    pub xact_abort: bool,
    /// 1 is Monday, 7 is Sunday.
    pub date_first: u8,
    /// In milliseconds; -1 waits without end.
    pub lock_timeout: i32,
    /// READ UNCOMMITTED is 1, READ COMMITTED 2, REPEATABLE READ 3, SERIALIZABLE 4, SNAPSHOT 5.
    pub isolation: u8,
    pub text_size: i32,
    pub row_count: i64,
    pub language: Arc<str>,
    pub date_format: Arc<str>,
    /// How deep in procedures and triggers.
    pub nest_level: i32,
    /// `@@FETCH_STATUS` of the last fetch.
    pub fetch_status: i32,
    /// `@@CURSOR_ROWS` of the last cursor opened.
    pub cursor_rows: i32,
    /// `@@PROCID`: the running procedure.
    pub procedure_id: i32,
    /// What `sp_set_session_context` has stored is kept by the session; this is its `CONTEXT_INFO`.
    pub context_info: Option<Arc<[u8]>>,
}

impl Default for Settings {
    /// What a session has after a login over ODBC or OLE DB.
    fn default() -> Self {
        Self {
            ansi_nulls: true,
            ansi_null_dflt_on: true,
            ansi_null_dflt_off: false,
            ansi_padding: true,
            ansi_warnings: true,
            arithabort: false,
            arithignore: false,
            concat_null_yields_null: true,
            cursor_close_on_commit: false,
            implicit_transactions: false,
            nocount: false,
            numeric_roundabort: false,
            quoted_identifier: true,
            xact_abort: false,
            date_first: 7,
            lock_timeout: -1,
            isolation: 2,
            text_size: 4096,
            row_count: 0,
            language: "us_english".into(),
            date_format: "mdy".into(),
            nest_level: 0,
            fetch_status: 0,
            cursor_rows: 0,
            procedure_id: 0,
            context_info: None,
        }
    }
}

impl Settings {
    /// `@@OPTIONS` (documentation: "user options").
    pub fn options(&self) -> i64 {
        let bits = [
            (2, self.implicit_transactions),
            (4, self.cursor_close_on_commit),
            (8, self.ansi_warnings),
            (16, self.ansi_padding),
            (32, self.ansi_nulls),
            (64, self.arithabort),
            (128, self.arithignore),
            (256, self.quoted_identifier),
            (512, self.nocount),
            (1024, self.ansi_null_dflt_on),
            (2048, self.ansi_null_dflt_off),
            (4096, self.concat_null_yields_null),
            (8192, self.numeric_roundabort),
            (16384, self.xact_abort),
        ];
        bits.into_iter().filter(|bit| bit.1).map(|bit| bit.0).sum()
    }
}
