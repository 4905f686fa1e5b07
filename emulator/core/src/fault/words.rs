//! Faults as people type them: a point and `key=value` words, such as `arm.throttled method=PUT times=2 retry-after=5`.

use super::{Failure, Fault, FaultError, Field, Verdict, VerdictKind, text};
use crate::time::Timestamp;

/// The words of a verdict, as they come.
#[derive(Default)]
struct Said {
    kind: Option<Verdict>,
    failure: Failure,
    fails: bool,
}

const WHEN: [&str; 5] = ["nth", "times", "for", "until", "probability"];
const VERDICT: [&str; 9] = [
    "verdict",
    "delay",
    "status",
    "code",
    "number",
    "message",
    "retry-after",
    "percent",
    "bytes",
];

impl Fault {
    /// A fault of a point's name and `key=value` words.
    ///
    /// # Errors
    ///
    /// Names the word that is wrong, and what there is instead.
    pub fn of_words<'a>(
        point: &str,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, FaultError> {
        let mut fault = Self::named(point)?;
        let mut said = Said::default();
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| {
                FaultError::BadValue(format!("'{word}' is no key=value; there are {}", keys()))
            })?;
            fault.say(&mut said, key.trim(), value.trim())?;
        }
        fault.verdict = said.verdict(fault.point.get().verdict.kind());
        fault.check()?;
        Ok(fault)
    }

    fn say(&mut self, said: &mut Said, key: &str, value: &str) -> Result<(), FaultError> {
        let key = key.to_ascii_lowercase();
        if let Some(field) = Field::ALL.iter().find(|field| field.to_string() == key) {
            self.matching.set(*field, value);
            return Ok(());
        }
        let when = &mut self.when;
        match key.as_str() {
            "nth" => when.nth = Some(number(&key, value)?),
            "times" => when.times = Some(number(&key, value)?),
            "probability" => when.probability = Some(number(&key, value)?),
            "for" => when.lasting = Some(text::parse(value).map_err(FaultError::BadValue)?),
            "until" => {
                let moment: jiff::Timestamp = number(&key, value)?;
                when.until = Some(Timestamp::from_jiff(moment));
            }
            _ => said.say(&key, value)?,
        }
        Ok(())
    }
}

impl Said {
    fn say(&mut self, key: &str, value: &str) -> Result<(), FaultError> {
        let failure = &mut self.failure;
        match key {
            "verdict" => {
                self.kind = Some(match value.to_ascii_lowercase().as_str() {
                    "pass" => Verdict::Pass,
                    "drop" => Verdict::Drop,
                    "fail" | "failas" | "fail-as" => Verdict::FAIL,
                    "committhenfail" | "commit-then-fail" => {
                        Verdict::CommitThenFail(Failure::PLAIN)
                    }
                    _ => {
                        return Err(FaultError::BadValue(format!(
                            "'{value}' is no verdict; say pass, drop, fail or commit-then-fail, or delay=, percent=, bytes=, to="
                        )));
                    }
                });
                return Ok(());
            }
            "delay" => {
                let span = text::parse(value).map_err(FaultError::BadValue)?;
                self.kind = Some(Verdict::Delay(span));
                return Ok(());
            }
            "percent" => {
                let percent = number(key, value)?;
                self.kind = Some(Verdict::Hold { percent });
                return Ok(());
            }
            "bytes" => {
                let bytes = number(key, value)?;
                self.kind = Some(Verdict::Cut { bytes });
                return Ok(());
            }
            "to" => {
                let to = value.to_owned();
                self.kind = Some(Verdict::Redirect { to });
                return Ok(());
            }
            "status" => failure.status = Some(number(key, value)?),
            "code" => failure.code = Some(value.to_owned()),
            "number" => failure.number = Some(number(key, value)?),
            "message" => failure.message = Some(value.to_owned()),
            "retry-after" | "retryafter" => failure.retry_after = Some(number(key, value)?),
            _ => {
                return Err(FaultError::BadValue(format!(
                    "there is no key '{key}'; there are {}",
                    keys()
                )));
            }
        }
        self.fails = true;
        Ok(())
    }

    /// The verdict that was said; words of a failure alone fail in the way that the point does.
    fn verdict(self, usual: VerdictKind) -> Option<Verdict> {
        match (self.kind, self.fails) {
            (Some(Verdict::FailAs(_)), _) => Some(Verdict::FailAs(self.failure)),
            (Some(Verdict::CommitThenFail(_)), _) => Some(Verdict::CommitThenFail(self.failure)),
            (Some(kind), _) => Some(kind),
            (None, true) if usual == VerdictKind::CommitThenFail => {
                Some(Verdict::CommitThenFail(self.failure))
            }
            (None, true) => Some(Verdict::FailAs(self.failure)),
            (None, false) => None,
        }
    }
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, FaultError> {
    value
        .parse()
        .map_err(|_| FaultError::BadValue(format!("'{value}' is no value of '{key}'")))
}

fn keys() -> String {
    let fields = Field::ALL.iter().map(ToString::to_string);
    let rest = WHEN.iter().chain(&VERDICT).map(ToString::to_string);
    let mut keys: Vec<String> = fields.chain(rest).collect();
    keys.push("to".to_owned());
    keys.join(", ")
}
