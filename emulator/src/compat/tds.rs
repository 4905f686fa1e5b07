//! TDS: what is agreed at the login, what can be sent, and which types travel.

use milink_tsql::compat::Support::{self, No, Partly, Yes};

use super::{Page, word};

const FEATURES: &[(&str, Support, &str)] = &[
    ("TDS 7.1, 7.2, 7.3, 7.4", Yes, ""),
    ("TDS 8.0, strict encryption", Yes, ""),
    (
        "encryption off, on, not supported, required",
        Yes,
        "off encrypts the login only",
    ),
    ("MARS", No, "answered with off"),
    ("login with a SQL password", Yes, ""),
    (
        "login with an Entra token: security token, Active Directory workflows",
        Yes,
        "managed instances",
    ),
    ("Windows authentication", No, "refused with 18452"),
    ("change of the password at the login", No, ""),
    ("feature: UTF-8 collations", Yes, ""),
    ("feature: session recovery", No, "not acknowledged"),
    ("feature: Always Encrypted", No, "not acknowledged"),
    ("feature: data classification", No, "not acknowledged"),
    ("feature: json and vector types", No, "not acknowledged"),
    (
        "routing to a read-only replica",
        Partly,
        "clients that say that they only read and come by a listener; to the first replica of the list that is connected and lets readers in",
    ),
    (
        "SQL batch, RPC, attention, transaction manager request",
        Yes,
        "",
    ),
    ("bulk load", Yes, "the rows that follow INSERT BULK"),
    (
        "cursors by RPC (sp_cursoropen and its kin)",
        Partly,
        "no LOCK and REFRESH of sp_cursor, no text pointers; SCROLL_LOCKS takes no locks",
    ),
    ("table-valued parameters", No, ""),
];

const TYPES: &[(&str, Support, &str)] = &[
    ("bit, tinyint, smallint, int, bigint", Yes, ""),
    ("decimal, numeric, money, smallmoney", Yes, ""),
    ("real, float", Yes, ""),
    (
        "date, time, datetime2, datetimeoffset, datetime, smalldatetime",
        Yes,
        "shown as text to clients before TDS 7.3",
    ),
    ("char, varchar, nchar, nvarchar, also (max)", Yes, ""),
    ("binary, varbinary, also (max)", Yes, ""),
    (
        "text, ntext, image",
        Partly,
        "sent and received; no text pointers",
    ),
    ("uniqueidentifier", Yes, ""),
    ("xml", Partly, "as text; no schema collections, no methods"),
    ("sql_variant", Yes, ""),
    ("timestamp, rowversion", Yes, ""),
    ("geometry, geography, hierarchyid, CLR types", No, ""),
    ("json, vector", No, ""),
];

pub(super) fn write(page: &mut Page) {
    page.heading("TDS");
    for (what, rows) in [("feature", FEATURES), ("type", TYPES)] {
        page.columns(&[what, "", "note"]);
        for (name, support, note) in rows {
            page.row(&[*name, word(*support), *note]);
        }
        page.text("\n");
    }
    // The next heading begins with a blank line of its own.
    page.0.pop();
}
