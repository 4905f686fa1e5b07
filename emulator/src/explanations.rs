//! What was refused lately and why, for whoever asks `/_milink/explain`: a bounded list for the whole process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use milink_core::explain::Explanation;
use milink_core::time::Timestamp;
use serde::Serialize;

/// How many refusals are remembered.
const MOST: usize = 1_000;
/// How many characters of an id are looked at.
const PREFIX: char = 'r';

/// Something that was refused, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// Its id: `r` and a number.
    pub id: String,
    /// The world's name, if it concerns one.
    pub world: Option<String>,
    /// The world's time.
    pub time: Option<String>,
    /// The same, to be compared.
    #[serde(skip)]
    pub at: Timestamp,
    /// Who was asked: `ARM`, or the name of the server.
    pub server: String,
    /// What was asked, without anything that could be secret.
    pub asked: String,
    /// ARM's code, or the number of SQL Server's message.
    pub code: String,
    /// What was answered.
    pub message: String,
    /// Why.
    #[serde(flatten)]
    pub explanation: Explanation,
}

/// What was refused lately.
#[derive(Debug, Default)]
pub struct Explanations {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    refused: VecDeque<Arc<Refused>>,
    count: u64,
}

impl Explanations {
    /// Remembers a refusal, and gives it an id.
    pub fn add(&self, refused: Refused) -> String {
        let mut inner = self.lock();
        inner.count += 1;
        let id = format!("{PREFIX}{}", inner.count);
        if inner.refused.len() >= MOST {
            inner.refused.pop_front();
        }
        inner.refused.push_back(Arc::new(Refused {
            id: id.clone(),
            ..refused
        }));
        id
    }

    /// The refusal of this id, unless it has been forgotten.
    pub fn find(&self, id: &str) -> Option<Arc<Refused>> {
        let inner = self.lock();
        let number: u64 = id.strip_prefix(PREFIX)?.parse().ok()?;
        let newer = usize::try_from(inner.count.checked_sub(number)?).ok()?;
        let at = inner.refused.len().checked_sub(newer + 1)?;
        inner.refused.get(at).cloned()
    }

    /// The newest refusals, the newest first; only of one world if it is named.
    pub fn latest(&self, world: Option<&str>, most: usize) -> Vec<Arc<Refused>> {
        let inner = self.lock();
        let newest = inner.refused.iter().rev();
        newest
            .filter(|refused| world.is_none_or(|world| refused.world.as_deref() == Some(world)))
            .take(most)
            .cloned()
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is one step; a panic elsewhere leaves the list whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Refused {
        Refused {
            id: String::new(),
            world: Some("w".to_owned()),
            time: None,
            at: Timestamp::default(),
            server: "ARM".to_owned(),
            asked: "GET /".to_owned(),
            code: "NotFound".to_owned(),
            message: message.to_owned(),
            explanation: Explanation::default(),
        }
    }

    #[test]
    fn the_newest_are_found_by_their_ids_and_the_oldest_forgotten() {
        let explanations = Explanations::default();
        let ids: Vec<String> = (0..MOST + 5)
            .map(|number| explanations.add(refused(&number.to_string())))
            .collect();
        assert_eq!(explanations.find(&ids[4]), None);
        for at in [5, MOST, MOST + 4] {
            let found = explanations.find(&ids[at]).unwrap();
            assert_eq!(
                (&found.id, found.message.as_str()),
                (&ids[at], at.to_string().as_str())
            );
        }
        for bad in ["", "r", "r0", "r9999999", "x1", "r-1"] {
            assert_eq!(explanations.find(bad), None, "{bad}");
        }
        assert_eq!(explanations.latest(None, 2).len(), 2);
        assert_eq!(explanations.latest(Some("other"), 2).len(), 0);
    }
}
