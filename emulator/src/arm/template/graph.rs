//! Which resource waits for which, and that none waits for itself.

use std::collections::BTreeMap;

use super::error::TemplateError;
use super::resources::{Unrolled, interleave, is_id};

/// The resources by everything they may be called.
pub(super) struct Names {
    known: BTreeMap<String, Vec<usize>>,
}

impl Names {
    pub(super) fn of(resources: &[Unrolled]) -> Self {
        let mut known: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, resource) in resources.iter().enumerate() {
            let mut add = |name: String| {
                let entry = known.entry(name.to_lowercase()).or_default();
                if !entry.contains(&at) {
                    entry.push(at);
                }
            };
            add(resource.id.clone());
            add(resource.name.clone());
            add(interleave(&resource.kind, &resource.name));
            if let Some((copy, _)) = &resource.copy {
                add(copy.name.clone());
            }
            if let Some(symbol) = &resource.symbol {
                add(symbol.clone());
                if let Some((_, turn)) = &resource.copy {
                    add(format!("{symbol}[{turn}]"));
                }
            }
        }
        Self { known }
    }

    pub(super) fn find(&self, name: &str) -> &[usize] {
        let found = self.known.get(&name.to_lowercase());
        found.map_or(&[], Vec::as_slice)
    }
}

/// What each resource waits for: what `dependsOn` says, and the turns before it in a loop of batches.
pub(super) fn explicit(
    resources: &[Unrolled],
    names: &Names,
) -> Result<Vec<Vec<usize>>, TemplateError> {
    let mut all = Vec::new();
    for (at, resource) in resources.iter().enumerate() {
        let mut after = Vec::new();
        for name in &resource.depends_on {
            let found = names.find(name);
            if found.is_empty() {
                return Err(TemplateError::validation(format!(
                    "The resource '{}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.",
                    named(name)
                )));
            }
            after.extend(found);
        }
        if let Some((copy, turn)) = &resource.copy
            && let Some(batch) = copy.batch
            && turn / batch > 0
        {
            let wave = turn / batch - 1;
            let before = names.find(&copy.name).iter().filter(|other| {
                let place = resources[**other].copy.as_ref();
                place.is_some_and(|(other, at)| other.name == copy.name && at / batch == wave)
            });
            after.extend(before);
        }
        after.retain(|other| *other != at || resource.copy.is_none());
        after.sort_unstable();
        after.dedup();
        all.push(after);
    }
    Ok(all)
}

/// The first resource that waits for itself, by whatever way.
pub(super) fn circle(after: &[Vec<usize>]) -> Option<usize> {
    // Takes away who waits for nobody, again and again; who is left is in a circle or waits for one.
    let mut waits: Vec<usize> = after.iter().map(Vec::len).collect();
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); after.len()];
    for (at, others) in after.iter().enumerate() {
        for other in others {
            behind[*other].push(at);
        }
    }
    let mut free: Vec<usize> = (0..after.len()).filter(|at| waits[*at] == 0).collect();
    while let Some(at) = free.pop() {
        for other in &behind[at] {
            waits[*other] -= 1;
            if waits[*other] == 0 {
                free.push(*other);
            }
        }
    }
    let mut at = waits.iter().position(|left| *left > 0)?;
    // From there back through what it waits for, one comes into the circle itself.
    for _ in 0..after.len() {
        at = *after[at].iter().find(|other| waits[**other] > 0)?;
    }
    Some(at)
}

fn named(name: &str) -> &str {
    match is_id(name) {
        true => name.split("/providers/").last().unwrap_or(name),
        false => name,
    }
}
