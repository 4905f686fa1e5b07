//! The commands of PowerShell and CmdExec steps. None is run by a shell: what tests a TCP port is understood, in the forms in
//! which people write it, and anything else is named.

use std::net::Ipv4Addr;

use super::probe::{Probed, probe};
use crate::ids::InstanceId;
use crate::world::World;

/// A line of a script that tests a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Test {
    host: String,
    port: u16,
    shape: Shape,
}

/// How a test's result is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// `-InformationLevel Quiet`, `(…).TcpTestSucceeded`, `select -ExpandProperty`.
    Value(Field),
    List(Vec<Field>),
    Table(Vec<Field>),
}

/// What a result has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    ComputerName,
    RemoteAddress,
    RemotePort,
    TcpTestSucceeded,
}

/// How many lines a script has at most.
const LINES: usize = 100;
/// From so many properties on, PowerShell shows a list.
const LIST: usize = 5;

/// The tests of a PowerShell script.
///
/// # Errors
///
/// The first command that is none.
pub(super) fn powershell(command: &str) -> Result<Vec<Test>, String> {
    let mut tests = Vec::new();
    for line in split(command, &['\n', ';']) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if tests.len() >= LINES {
            return Err(format!("more than {LINES} commands"));
        }
        tests.push(test(line).ok_or_else(|| line.to_owned())?);
    }
    match tests.is_empty() {
        true => Err("an empty script".to_owned()),
        false => Ok(tests),
    }
}

/// The tests of a CmdExec command, which has PowerShell run them.
///
/// # Errors
///
/// The command, if it does anything else.
pub(super) fn cmd_exec(command: &str) -> Result<Vec<Test>, String> {
    let other = || command.trim().to_owned();
    let words = words(command);
    let mut words = words.iter();
    let program = words.next().ok_or_else(other)?.to_ascii_lowercase();
    let program = program.rsplit(['\\', '/']).next().unwrap_or_default();
    let program = program.strip_suffix(".exe").unwrap_or(program);
    if !["powershell", "pwsh"].contains(&program) {
        return Err(other());
    }
    while let Some(word) = words.next() {
        match word.to_ascii_lowercase().as_str() {
            "-noprofile" | "-nop" | "-noninteractive" | "-nologo" => {}
            "-executionpolicy" | "-ep" => drop(words.next()),
            "-command" | "-c" => {
                let rest: Vec<&str> = words.map(String::as_str).collect();
                return powershell(&rest.join(" ")).map_err(|_| other());
            }
            _ => return Err(other()),
        }
    }
    Err(other())
}

impl Test {
    /// What it prints when it is run on the machine of `from`.
    pub(super) fn run(&self, world: &World, from: InstanceId) -> String {
        let probed = probe(world, from, &self.host, self.port);
        let value = |field: &Field| self.value(*field, probed);
        match &self.shape {
            Shape::Value(field) => format!("{}\r\n", value(field)),
            Shape::List(fields) => {
                let width = fields.iter().map(|field| field.name().len()).max();
                let width = width.unwrap_or(0);
                let line = |field| format!("{:<width$} : {}\r\n", Field::name(field), value(field));
                let lines: String = fields.iter().map(line).collect();
                format!("\r\n\r\n{lines}\r\n\r\n\r\n")
            }
            Shape::Table(fields) => {
                let cells: Vec<(&str, String)> = fields
                    .iter()
                    .map(|field| (field.name(), value(field)))
                    .collect();
                let row = |text: fn(&(&str, String)) -> String| {
                    let cells = cells.iter().map(|cell| {
                        let width = cell.0.len().max(cell.1.len());
                        format!("{:<width$}", text(cell))
                    });
                    let cells: Vec<String> = cells.collect();
                    format!("{}\r\n", cells.join(" ").trim_end())
                };
                let names = row(|(name, _)| (*name).to_owned());
                let rule = row(|(name, _)| "-".repeat(name.len()));
                let values = row(|(_, value)| value.clone());
                format!("\r\n{names}{rule}{values}\r\n\r\n")
            }
        }
    }

    fn value(&self, field: Field, probed: Probed) -> String {
        match field {
            Field::ComputerName => self.host.clone(),
            Field::RemoteAddress => probed
                .address
                .as_ref()
                .map_or_else(String::new, Ipv4Addr::to_string),
            Field::RemotePort => self.port.to_string(),
            Field::TcpTestSucceeded => match probed.open {
                true => "True".to_owned(),
                false => "False".to_owned(),
            },
        }
    }
}

impl Field {
    const ALL: [Self; 4] = [
        Self::ComputerName,
        Self::RemoteAddress,
        Self::RemotePort,
        Self::TcpTestSucceeded,
    ];

    fn name(&self) -> &'static str {
        match self {
            Self::ComputerName => "ComputerName",
            Self::RemoteAddress => "RemoteAddress",
            Self::RemotePort => "RemotePort",
            Self::TcpTestSucceeded => "TcpTestSucceeded",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        let mut all = Self::ALL.into_iter();
        all.find(|field| field.name().eq_ignore_ascii_case(name))
    }
}

/// A command with what it is piped to.
fn test(line: &str) -> Option<Test> {
    let (line, member) = match line.strip_prefix('(') {
        Some(inner) => {
            let (inner, member) = inner.rsplit_once(").")?;
            (inner, Some(Field::parse(member)?))
        }
        None => (line, None),
    };
    let mut stages = split(line, &['|']).into_iter();
    let mut test = command(stages.next()?)?;
    for stage in stages {
        test.shape = shaped(&test.shape, stage)?;
    }
    if let Some(field) = member {
        test.shape = match test.shape {
            Shape::List(fields) | Shape::Table(fields) if fields.contains(&field) => {
                Shape::Value(field)
            }
            _ => return None,
        };
    }
    Some(test)
}

/// `Test-NetConnection` with its arguments.
fn command(text: &str) -> Option<Test> {
    let words = words(text);
    let mut words = words.iter();
    let name = words.next()?;
    if !["tnc", "Test-NetConnection"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    {
        return None;
    }
    let (mut host, mut port, mut quiet) = (None, None, false);
    while let Some(word) = words.next() {
        let Some(parameter) = word.strip_prefix('-') else {
            match host.is_none() {
                true => host = Some(word.clone()),
                false => return None,
            }
            continue;
        };
        let (parameter, value) = match parameter.split_once(':') {
            Some((parameter, value)) => (parameter, value.to_owned()),
            None => (parameter, words.next()?.clone()),
        };
        match parameter_named(parameter)? {
            "computername" if host.is_none() => host = Some(value),
            "port" if port.is_none() => port = Some(value.parse().ok().filter(|port| *port > 0)?),
            "informationlevel" => {
                quiet = match value.to_ascii_lowercase().as_str() {
                    "quiet" => true,
                    "detailed" => false,
                    _ => return None,
                }
            }
            // They decide about warnings, which no output has.
            "warningaction" | "erroraction" => {}
            _ => return None,
        }
    }
    Some(Test {
        host: host?,
        port: port?,
        shape: match quiet {
            true => Shape::Value(Field::TcpTestSucceeded),
            false => Shape::List(Field::ALL.to_vec()),
        },
    })
}

/// The parameter that a name means: as PowerShell does, any beginning that only one has.
fn parameter_named(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 5] = [
        "computername",
        "port",
        "informationlevel",
        "warningaction",
        "erroraction",
    ];
    const ALIASES: [(&str, &str); 4] = [
        ("cn", "computername"),
        ("remoteaddress", "computername"),
        ("remoteport", "port"),
        ("wa", "warningaction"),
    ];
    let name = name.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let mut meant = NAMES.iter().filter(|known| known.starts_with(&name));
    let first = meant.next().copied().filter(|_| !name.is_empty());
    alias
        .map(|(_, meant)| *meant)
        .or(first.filter(|_| meant.next().is_none()))
}

/// What a stage of a pipe makes of a result.
fn shaped(shape: &Shape, stage: &str) -> Option<Shape> {
    let known = match shape {
        Shape::List(fields) | Shape::Table(fields) => fields,
        Shape::Value(_) => return None,
    };
    let words = words(stage);
    let (name, arguments) = words.split_first()?;
    let mut expands = false;
    let mut names = String::new();
    for word in arguments {
        match word.to_ascii_lowercase().as_str() {
            "-property" => {}
            "-expandproperty" => expands = true,
            word if word.starts_with('-') => return None,
            _ => names.push_str(word),
        }
    }
    let fields: Option<Vec<Field>> = match names.is_empty() {
        true => Some(known.clone()),
        false => names.split(',').map(Field::parse).collect(),
    };
    let fields = fields.filter(|fields| fields.iter().all(|field| known.contains(field)))?;
    match name.to_ascii_lowercase().as_str() {
        "select" | "select-object" if expands => match fields[..] {
            [field] => Some(Shape::Value(field)),
            _ => None,
        },
        "select" | "select-object" if !names.is_empty() => Some(match fields.len() < LIST {
            true => Shape::Table(fields),
            false => Shape::List(fields),
        }),
        "format-list" | "fl" if !expands => Some(Shape::List(fields)),
        "format-table" | "ft" if !expands => Some(Shape::Table(fields)),
        _ => None,
    }
}

/// The parts of a text between separators that are not in quotes.
fn split<'t>(text: &'t str, separators: &[char]) -> Vec<&'t str> {
    let (mut parts, mut from, mut quote) = (Vec::new(), 0, None);
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None if separators.contains(&c) => {
                parts.push(&text[from..at]);
                from = at + c.len_utf8();
            }
            None => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// The words of a command; quotes hold together what they enclose.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut began) = (Vec::new(), String::new(), None, false);
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            None if c == '\'' || c == '"' => (quote, began) = (Some(c), true),
            None if c.is_whitespace() => {
                if began {
                    words.push(std::mem::take(&mut word));
                }
                began = false;
            }
            None => {
                word.push(c);
                began = true;
            }
        }
    }
    if began {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(parsed: Result<Vec<Test>, String>) -> String {
        match parsed {
            Ok(tests) => tests
                .iter()
                .map(|test| format!("{}:{} {:?}", test.host, test.port, test.shape))
                .collect::<Vec<_>>()
                .join(", "),
            Err(other) => format!("not {other}"),
        }
    }

    #[test]
    fn powershell_tests_ports_in_the_forms_that_people_write() {
        let all = "[ComputerName, RemoteAddress, RemotePort, TcpTestSucceeded]";
        for (script, expected) in [
            (
                "tnc 10.1.0.4 -port 5022 -InformationLevel Quiet",
                "10.1.0.4:5022 Value(TcpTestSucceeded)".to_owned(),
            ),
            ("tnc h -port 5022", format!("h:5022 List({all})")),
            (
                "test-netconnection -ComputerName 'h' -p:1433",
                format!("h:1433 List({all})"),
            ),
            (
                "tnc h -port 5022 | select ComputerName, RemoteAddress, TcpTestSucceeded | Format-List",
                "h:5022 List([ComputerName, RemoteAddress, TcpTestSucceeded])".to_owned(),
            ),
            (
                "tnc h -port 1 | Select-Object -Property RemotePort,TcpTestSucceeded",
                "h:1 Table([RemotePort, TcpTestSucceeded])".to_owned(),
            ),
            (
                "# both\n(tnc h -port 1).TcpTestSucceeded; tnc i -port 2 | select -ExpandProperty TcpTestSucceeded",
                "h:1 Value(TcpTestSucceeded), i:2 Value(TcpTestSucceeded)".to_owned(),
            ),
            ("tnc h", "not tnc h".to_owned()),
            ("tnc -port 5022", "not tnc -port 5022".to_owned()),
            ("tnc h -port 0", "not tnc h -port 0".to_owned()),
            ("tnc h -port 5022 -x", "not tnc h -port 5022 -x".to_owned()),
            (
                "tnc h -port 1 | Out-File x",
                "not tnc h -port 1 | Out-File x".to_owned(),
            ),
            (
                "tnc h -port 1 | select PingSucceeded",
                "not tnc h -port 1 | select PingSucceeded".to_owned(),
            ),
            ("tnc h -port 1; Get-Process", "not Get-Process".to_owned()),
            ("", "not an empty script".to_owned()),
        ] {
            assert_eq!(shown(powershell(script)), expected, "{script}");
        }
    }

    #[test]
    fn a_command_shell_has_powershell_test() {
        for (command, expected) in [
            (
                "powershell.exe -NoProfile -ExecutionPolicy Bypass -Command \"tnc h -port 5022 -InformationLevel Quiet\"",
                "h:5022 Value(TcpTestSucceeded)",
            ),
            ("ping h", "not ping h"),
            ("powershell -File x.ps1", "not powershell -File x.ps1"),
            ("powershell", "not powershell"),
        ] {
            assert_eq!(shown(cmd_exec(command)), expected, "{command}");
        }
    }
}
