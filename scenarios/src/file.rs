//! The scenario file: TOML, read strictly; what is wrong is told with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::library;
use crate::step::{
    Act, AdvanceAct, ArmRequest, CheckAct, DialAct, Expectation, FaultAct, Look, NetAct, OneOrMany,
    PrincipalAct, ServerAct, SqlAct, TransitionAct, Until, WaitAct,
};
use crate::variables::{Scalar, Variables};

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// The prepared state it begins with, as the file names it.
    pub given: Option<String>,
    /// How the time passes, as `--clock` takes it.
    pub clock: Option<String>,
    /// How long things take, as `--durations` takes it.
    pub durations: Option<String>,
    /// The seed of ids.
    pub seed: Option<u64>,
    /// What there is to start with, as in a topology file.
    pub topology: Option<toml::Table>,
    /// Faults that are there from the first step on, as the control API takes them.
    pub faults: Vec<toml::Value>,
    /// Names for texts that steps refer to as `${name}`.
    pub variables: BTreeMap<String, String>,
    /// The cases that it is run for, each in a world of its own; none runs it once.
    pub cases: Vec<Case>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Where it was read.
    pub path: PathBuf,
}

/// A case of a scenario.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// Its variables: everything else that it says.
    #[serde(flatten)]
    pub variables: BTreeMap<String, Scalar>,
}

/// A step: one thing that is done, and what must come of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// What it is for.
    pub title: String,
    /// The chapter it opens, if it opens one.
    pub chapter: Option<String>,
    /// What is done.
    pub act: Act,
    /// What must come of it; without it, that it succeeds.
    pub expect: Expectation,
    /// Done again until what is expected comes.
    pub until: Option<Until>,
    /// Variables to fill: from a column of the first row, or from a pointer into the answer's body.
    pub capture: BTreeMap<String, String>,
    /// Columns, or pointers into the body, that are worth showing.
    pub show: Vec<String>,
    /// The cases it is done in; none said is all.
    pub cases: Vec<String>,
    /// How many times it is done; `${turn}` counts from 1.
    pub repeat: u32,
    /// Where it stands: file and line.
    pub at: String,
}

/// A scenario as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioText {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    given: Option<Spanned<String>>,
    #[serde(default)]
    clock: Option<String>,
    #[serde(default)]
    durations: Option<String>,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    topology: Option<toml::Table>,
    #[serde(default)]
    faults: Vec<toml::Value>,
    #[serde(default)]
    variables: BTreeMap<String, Scalar>,
    #[serde(default, rename = "case")]
    cases: Vec<Case>,
    #[serde(rename = "step")]
    steps: Vec<Spanned<StepText>>,
}

/// A step as it stands in the file: exactly one verb, and what goes with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepText {
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    chapter: Option<String>,
    #[serde(default)]
    sql: Option<String>,
    #[serde(default)]
    on: Option<OneOrMany>,
    #[serde(default)]
    database: Option<String>,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    later: bool,
    #[serde(default)]
    arm: Option<ArmRequest>,
    #[serde(default)]
    advance: Option<AdvanceAct>,
    #[serde(default)]
    wait: Option<WaitAct>,
    #[serde(default)]
    check: Option<Vec<Look>>,
    #[serde(default)]
    server: Option<ServerAct>,
    #[serde(default)]
    transition: Option<TransitionAct>,
    #[serde(default)]
    fault: Option<FaultAct>,
    #[serde(default)]
    dial: Option<DialAct>,
    #[serde(default)]
    net: Option<NetAct>,
    #[serde(default)]
    principal: Option<PrincipalAct>,
    #[serde(default)]
    include: Option<String>,
    #[serde(default)]
    with: BTreeMap<String, Scalar>,
    #[serde(default)]
    expect: Expectation,
    #[serde(default)]
    until: Option<Until>,
    #[serde(default)]
    capture: BTreeMap<String, String>,
    #[serde(default)]
    show: Vec<String>,
    #[serde(default, rename = "for")]
    cases: Vec<String>,
    #[serde(default = "once")]
    repeat: u32,
}

const fn once() -> u32 {
    1
}

/// The keys of which a step has exactly one.
const VERBS: &str =
    "sql, arm, advance, wait, check, server, transition, fault, dial, net, principal or include";

/// A scenario file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}:{line}: {what}")]
pub struct ScenarioError {
    /// The file.
    pub place: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl Scenario {
    /// Reads a scenario file's text that refers to no other files.
    ///
    /// # Errors
    ///
    /// It is not TOML, or has a member that no scenario has.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        Self::read(text, Path::new("scenario"))
    }

    /// Reads the text of the file at `path`, and what it includes.
    ///
    /// # Errors
    ///
    /// It is not TOML, has a member that no scenario has, or refers to what is not there.
    pub fn read(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let source = Source {
            place: &path.display().to_string(),
            text,
            path,
        };
        let read: ScenarioText = source.parse()?;
        if let Some(given) = &read.given {
            library::find(given.get_ref(), Some(path))
                .map_err(|what| source.wrong(given.span().start, what))?;
        }
        let mut variables = plain(read.variables);
        let mut steps = Vec::new();
        source.add_steps(read.steps, &mut steps, &mut variables, 0)?;
        let known: Vec<&str> = read.cases.iter().map(|case| case.name.as_str()).collect();
        for step in &steps {
            if let Some(missing) = step
                .cases
                .iter()
                .find(|name| !known.contains(&name.as_str()))
            {
                return Err(source.wrong(
                    0,
                    format!(
                        "step '{}' is for case '{missing}', which is not there",
                        step.title
                    ),
                ));
            }
        }
        Ok(Self {
            name: read.name,
            description: read.description,
            given: read.given.map(Spanned::into_inner),
            clock: read.clock,
            durations: read.durations,
            seed: read.seed,
            topology: read.topology,
            faults: read.faults,
            variables,
            cases: read.cases,
            steps,
            path: path.to_owned(),
        })
    }

    /// Whether its faults break connections.
    pub(crate) fn breaks_connections(&self) -> bool {
        let at_the_start = self
            .faults
            .iter()
            .filter_map(|fault| fault.get("point")?.as_str());
        let on_the_way = self.steps.iter().filter_map(|step| match &step.act {
            Act::Fault(FaultAct::Install(fault)) => fault["point"].as_str(),
            _ => None,
        });
        at_the_start
            .chain(on_the_way)
            .any(|point| point.starts_with(CONNECTION_FAULTS))
    }
}

fn plain(variables: BTreeMap<String, Scalar>) -> BTreeMap<String, String> {
    variables
        .into_iter()
        .map(|(name, value)| (name, value.0))
        .collect()
}

/// Why a file cannot be included.
enum IncludeError {
    /// Something is wrong in it.
    There(ScenarioError),
    /// It is not for including.
    Here(String),
}

/// The family of faults that break connections of SQL clients.
const CONNECTION_FAULTS: &str = "tds.";

/// How deep files may include others.
const DEEPEST: usize = 8;

/// A file that is being read.
struct Source<'a> {
    place: &'a str,
    text: &'a str,
    path: &'a Path,
}

impl Source<'_> {
    fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, ScenarioError> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.wrong(at, error.message().to_owned())
        })
    }

    fn add_steps(
        &self,
        texts: Vec<Spanned<StepText>>,
        steps: &mut Vec<Step>,
        variables: &mut BTreeMap<String, String>,
        depth: usize,
    ) -> Result<(), ScenarioError> {
        for text in texts {
            let start = text.span().start;
            let text = text.into_inner();
            let wrong = |what: String| self.wrong(start, what);
            match &text.include {
                None if !text.with.is_empty() => {
                    return Err(wrong("with goes with include".to_owned()));
                }
                None => steps.push(
                    Step::of(text, format!("{}:{}", self.place, self.line(start)))
                        .map_err(wrong)?,
                ),
                Some(_) if depth >= DEEPEST => {
                    return Err(wrong(format!("files include each other {DEEPEST} deep")));
                }
                Some(name) => {
                    let named = library::find(name, Some(self.path)).map_err(wrong)?;
                    self.include(&named, &text.with, steps, variables, depth)
                        .map_err(|error| match error {
                            IncludeError::There(error) => error,
                            IncludeError::Here(what) => wrong(what),
                        })?;
                }
            }
        }
        Ok(())
    }

    /// Takes over the steps of another file; its variables hold where the including files set none.
    fn include(
        &self,
        named: &library::Named,
        with: &BTreeMap<String, Scalar>,
        steps: &mut Vec<Step>,
        variables: &mut BTreeMap<String, String>,
        depth: usize,
    ) -> Result<(), IncludeError> {
        let filled: Variables = plain(with.clone()).into_iter().collect();
        let source = Source {
            place: &named.place,
            text: &filled.fill(&named.text),
            path: self.path,
        };
        let included: ScenarioText = source.parse().map_err(IncludeError::There)?;
        let stands_alone = included.given.is_some()
            || included.topology.is_some()
            || included.clock.is_some()
            || included.durations.is_some()
            || included.seed.is_some()
            || !included.faults.is_empty()
            || !included.cases.is_empty();
        if stands_alone {
            return Err(IncludeError::Here(format!(
                "{} has more than steps and variables: say given instead of include",
                named.place
            )));
        }
        for (name, value) in plain(included.variables) {
            variables.entry(name).or_insert(value);
        }
        source
            .add_steps(included.steps, steps, variables, depth + 1)
            .map_err(IncludeError::There)
    }

    fn wrong(&self, at: usize, what: String) -> ScenarioError {
        ScenarioError {
            place: self.place.to_owned(),
            line: self.line(at),
            what,
        }
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }
}

impl Step {
    fn of(text: StepText, at: String) -> Result<Self, String> {
        let title = text
            .title
            .ok_or_else(|| "a step needs a title".to_owned())?;
        let mut acts: Vec<Act> = Vec::new();
        let is_sql = text.sql.is_some();
        if let Some(sql) = text.sql {
            acts.push(Act::Sql(SqlAct {
                sql,
                on: text.on.clone().map_or_else(
                    || vec![crate::step::SQL_SERVER.to_owned()],
                    OneOrMany::into_vec,
                ),
                database: text.database.clone(),
                session: text.session.clone(),
                later: text.later,
            }));
        }
        acts.extend(text.arm.map(Act::Arm));
        acts.extend(text.advance.map(Act::Advance));
        acts.extend(text.wait.map(Act::Wait));
        acts.extend(text.server.map(Act::Server));
        acts.extend(text.transition.map(Act::Transition));
        acts.extend(text.fault.map(Act::Fault));
        acts.extend(text.dial.map(Act::Dial));
        acts.extend(text.net.map(Act::Net));
        acts.extend(text.principal.map(Act::Principal));
        acts.extend(text.check.map(|looks| Act::Check(CheckAct { looks })));
        let act = match acts.len() {
            1 => acts.remove(0),
            _ => return Err(format!("step '{title}' needs exactly one of {VERBS}")),
        };
        if !is_sql && (text.on.is_some() || text.database.is_some() || text.session.is_some()) {
            return Err(format!(
                "on, database and session of step '{title}' go with sql"
            ));
        }
        if text.later && (text.session.is_none() || !is_sql) {
            return Err(format!(
                "later, in step '{title}', goes with sql in a session with a name"
            ));
        }
        if text.repeat == 0 {
            return Err(format!("step '{title}' is repeated 0 times"));
        }
        Ok(Self {
            title,
            chapter: text.chapter,
            act,
            expect: text.expect,
            until: text.until,
            capture: text.capture,
            show: text.show,
            cases: text.cases,
            repeat: text.repeat,
            at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_of_the_article_is_a_scenario() {
        let scenario = Scenario::parse(crate::SQL_SERVER_PRIMARY).unwrap();
        assert!(scenario.steps.len() > 20);
    }

    #[test]
    fn what_no_scenario_has_is_refused_by_name_and_line() {
        let cases = [
            ("name = 'a'\n[[step]]\ntitle = 'b'\nsqk = 'c'", "sqk", 4),
            ("name = 'a'\n[[step]]\ntitle = 'b'", "exactly one of", 2),
            (
                "name = 'a'\n[[step]]\ntitle = 'b'\nsql = 'c'\nexpect.eror = '1'",
                "eror",
                5,
            ),
            (
                "name = 'a'\n[[step]]\ntitle = 'b'\nsql = 'c'\nadvance = '1s'",
                "exactly one of",
                2,
            ),
            ("name = 'a'\ngiven = 'linkd'\nstep = []", "linkd", 2),
            (
                "name = 'a'\n[[step]]\ntitle = 'b'\nadvance = '1s'\non = 'c'",
                "go with sql",
                2,
            ),
            (
                "name = 'a'\n[[step]]\ntitle = 'b'\nsql = 'c'\n\n[step.expect.values]\na = { abve = 1 }",
                "abve",
                7,
            ),
            ("name = 'a'\n[[step]]\nsql = 'c'", "title", 2),
            (
                "name = 'a'\n[[step]]\ntitle = 'b'\nsql = 'c'\nfor = ['z']",
                "'z'",
                1,
            ),
            ("name = 'a'\nwhen = 1\nstep = []", "when", 2),
            (
                "name = 'a'\n[[step]]\ntitle = 'b'\nsql = 'c'\nrepeat = 0",
                "0 times",
                2,
            ),
            ("name = 'a'\n[[step]]\nwith.a = 1", "with include", 2),
            (
                "name = 'a'\n[[step]]\ntitle = 'b'\nsql = 'c'\nlater = true",
                "session with a name",
                2,
            ),
        ];
        for (text, word, line) in cases {
            let error = Scenario::parse(text).unwrap_err();
            assert!(error.what.contains(word), "{error}");
            assert_eq!(error.line, line, "{error}");
        }
    }

    #[test]
    fn included_steps_stand_where_they_are_included() {
        let folder = tempfile::tempdir().unwrap();
        let included = "name = 'd'\n[[step]]\ntitle = 'Make ${name}'\nsql = 'CREATE DATABASE ${name}'\n[variables]\nsize = 1";
        std::fs::write(folder.path().join("make.toml"), included).unwrap();
        let text = "name = 'a'\n[[step]]\ninclude = 'make.toml'\nwith.name = 'x'\n[[step]]\ntitle = 'b'\nsql = '1'";
        let scenario = Scenario::read(text, &folder.path().join("a.toml")).unwrap();
        let titles: Vec<_> = scenario.steps.iter().map(|step| &step.title).collect();
        assert_eq!(titles, ["Make x", "b"]);
        assert_eq!(scenario.variables["size"], "1");
        assert!(scenario.steps[0].at.ends_with("make.toml:2"));
        assert!(scenario.steps[1].at.ends_with("a.toml:5"));

        let own = "name = 'd'\n[[step]]\ninclude = 'own.toml'";
        std::fs::write(folder.path().join("own.toml"), own).unwrap();
        let error = Scenario::read(
            "name = 'a'\n[[step]]\ninclude = 'own.toml'",
            &folder.path().join("a.toml"),
        );
        assert!(error.unwrap_err().what.contains("include each other"));
        let error = Scenario::parse("name = 'a'\n[[step]]\ninclude = 'linked'").unwrap_err();
        assert!(
            error.what.contains("given instead") && error.line == 2,
            "{error}"
        );
    }
}
