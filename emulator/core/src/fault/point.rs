//! The registry of fault points: every place that asks the rules, and what it shows when one of them bites.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::matching::Field;
use super::verdict::{Verdict, VerdictKind};
use super::{
    FaultError, arm, certificate, crash, distributed, dns, endpoint, entra, failover, instance,
    log, login, network, operation, replication, seeding, tds,
};

/// A place where faults can bite.
#[derive(Debug)]
pub struct Point {
    /// `family.name`.
    pub name: &'static str,
    /// Whether it holds, or happens.
    pub kind: Kind,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// What a rule can match by.
    pub fields: &'static [Field],
    /// What a rule can do, besides to pass.
    pub verdicts: &'static [VerdictKind],
    /// What a rule does that does not say.
    pub verdict: Verdict,
    /// What is seen while it bites, by place.
    pub symptoms: &'static [(&'static str, &'static str)],
    /// How everything is well again.
    pub recovery: &'static str,
}

/// How a point asks its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Something is so for as long as the fault is there. The first time that it shows on something is a bite.
    Condition,
    /// Something is about to happen: each time is a match, and those that a rule takes are bites.
    Occasion,
}

/// A point, by its name.
#[derive(Clone, Copy)]
pub struct FaultPoint(&'static Point);

const FAMILIES: &[&[&Point]] = &[
    network::POINTS,
    dns::POINTS,
    endpoint::POINTS,
    certificate::POINTS,
    log::POINTS,
    seeding::POINTS,
    replication::POINTS,
    crash::POINTS,
    failover::POINTS,
    instance::POINTS,
    operation::POINTS,
    arm::POINTS,
    entra::POINTS,
    tds::POINTS,
    login::POINTS,
    distributed::POINTS,
];

/// Every point, family by family.
pub fn points() -> impl Iterator<Item = &'static Point> {
    FAMILIES.iter().flat_map(|family| family.iter().copied())
}

/// The names of all points, for people.
pub(super) fn names() -> String {
    let names: Vec<&str> = points().map(|point| point.name).collect();
    names.join(", ")
}

impl Point {
    /// The part of the name before the dot.
    pub fn family(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }
}

impl FaultPoint {
    /// The point of this name.
    ///
    /// # Errors
    ///
    /// There is none; says which there are.
    pub fn named(name: &str) -> Result<Self, FaultError> {
        let found = points().find(|point| point.name.eq_ignore_ascii_case(name));
        found.map(Self).ok_or_else(|| FaultError::UnknownPoint {
            name: name.to_owned(),
        })
    }

    /// What is known of it.
    pub const fn get(self) -> &'static Point {
        self.0
    }
}

impl From<&'static Point> for FaultPoint {
    fn from(point: &'static Point) -> Self {
        Self(point)
    }
}

impl PartialEq for FaultPoint {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for FaultPoint {}

impl fmt::Debug for FaultPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl fmt::Display for FaultPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl Serialize for FaultPoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for FaultPoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).map_err(serde::de::Error::custom)
    }
}
