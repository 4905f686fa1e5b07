//! What is tried: a call, a moment, a fault.

use std::fmt;

use crate::calls::{Blow, Call, CallKind, Strike, When};

/// One way in which one call goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) call: Call,
    pub(super) when: When,
    pub(super) blow: Blow,
}

/// The error of a SQL Server that has no memory left: the request is refused, the session goes on (documentation:
/// "MSSQLSERVER_701").
const OUT_OF_MEMORY: i32 = 701;

/// What happens to a request that changes something in Azure.
const WRITE: &[(When, Blow)] = &[
    (When::Before, Blow::Drop),
    (When::Before, Blow::Status(429)),
    (When::Before, Blow::Status(500)),
    (When::Before, Blow::Status(503)),
    (When::After, Blow::Drop),
    (When::After, Blow::Status(500)),
    (When::After, Blow::Hold),
];
/// To one that changes nothing: nothing is done, so it is all the same before and after.
const READ: &[(When, Blow)] = &[
    (When::Before, Blow::Drop),
    (When::Before, Blow::Status(429)),
    (When::Before, Blow::Status(500)),
    (When::Before, Blow::Status(503)),
    (When::Before, Blow::Hold),
];
/// To a request of a SQL session.
const SQL: &[(When, Blow)] = &[
    (When::Before, Blow::Drop),
    (When::Before, Blow::Error(OUT_OF_MEMORY)),
    (When::After, Blow::Drop),
    (When::After, Blow::Hold),
];

impl Case {
    /// For the world that runs it.
    pub(super) fn strike(&self) -> Strike {
        Strike {
            call: self.call.id.clone(),
            when: self.when,
            blow: self.blow,
        }
    }

    /// What goes wrong.
    pub(super) fn fault(&self) -> String {
        let what = match self.blow {
            Blow::Drop => "connection lost".to_owned(),
            Blow::Hold => "program killed".to_owned(),
            Blow::Status(status) => format!("HTTP {status}"),
            Blow::Error(number) => format!("SQL error {number}"),
        };
        match self.when {
            When::Before => format!("{what} before it is handled"),
            When::After => format!("{what} after it is handled"),
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            number,
            server,
            text,
            ..
        } = &self.call;
        write!(f, "call {number} ({server}: {text}): {}", self.fault())
    }
}

/// Everything that can be tried with these calls, in their order. Of a poll that comes again and again, the first one is
/// as good as all.
pub(super) fn cases(calls: &[Call], reads: bool) -> Vec<Case> {
    let mut cases = Vec::new();
    for call in calls {
        let faults = match call.kind {
            CallKind::Write => WRITE,
            CallKind::Sql => SQL,
            CallKind::Poll if call.id.is_first() => READ,
            CallKind::Read if reads => READ,
            CallKind::Poll | CallKind::Read => &[],
        };
        cases.extend(faults.iter().map(|(when, blow)| Case {
            call: call.clone(),
            when: *when,
            blow: *blow,
        }));
    }
    cases
}

/// Those of them that are wanted; with a limit, spread evenly.
pub(super) fn chosen(cases: &[Case], only: &[String], limit: Option<usize>) -> Vec<Case> {
    let only: Vec<String> = only.iter().map(|text| text.to_lowercase()).collect();
    let wanted: Vec<&Case> = cases
        .iter()
        .filter(|case| {
            let title = case.to_string().to_lowercase();
            only.is_empty() || only.iter().any(|text| title.contains(text.as_str()))
        })
        .collect();
    let count = limit.map_or(wanted.len(), |limit| limit.min(wanted.len()));
    (0..count)
        .map(|at| wanted[at * wanted.len() / count].clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: u64, nth: u32, kind: CallKind) -> Call {
        Call {
            number,
            id: format!("0123456789ab/{nth}").parse().expect("an id"),
            server: "ARM".to_owned(),
            kind,
            text: "PUT /x".to_owned(),
            outcome: None,
        }
    }

    #[test]
    fn every_call_that_matters_is_tried_in_every_way() {
        let calls = [
            call(1, 1, CallKind::Read),
            call(2, 1, CallKind::Write),
            call(3, 1, CallKind::Poll),
            call(4, 2, CallKind::Poll),
            call(5, 1, CallKind::Sql),
        ];
        let all = cases(&calls, false);
        assert_eq!(all.len(), WRITE.len() + READ.len() + SQL.len());
        assert_eq!(cases(&calls, true).len(), all.len() + READ.len());
        assert_eq!(chosen(&all, &[], None).len(), all.len());
        let killed = chosen(&all, &["KILLED".to_owned()], None);
        assert_eq!(killed.len(), 3);
        let few = chosen(&all, &[], Some(3));
        let calls: Vec<u64> = few.iter().map(|case| case.call.number).collect();
        assert_eq!(calls, [2, 2, 3]);
        assert_eq!(chosen(&[], &[], Some(3)).len(), 0);
    }
}
