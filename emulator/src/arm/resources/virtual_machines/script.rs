//! Scripts for a machine's shell, read line by line: the article's script, `sysctl` and `iptables`. There is no shell: whatever
//! else a script says is named, and nothing of it is run.

use std::net::Ipv4Addr;

use milink_core::azure::fabric::{Forwarding, KernelCommand, Position, ShellCommand};

/// A command that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unknown(pub(super) String);

/// The article's script, by its name: it is on every machine.
const SCRIPT: &str = "ip_fwd.sh";
/// The one interface.
const INTERFACE: &str = "eth0";
/// `net.ipv4.ip_forward` as a file.
const PROC_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";
const SYSCTL_FORWARD: &str = "net.ipv4.ip_forward";

/// Reads a script.
pub(super) fn parse(lines: &[String]) -> Result<Vec<ShellCommand>, Unknown> {
    let text = lines.join("\n").replace("\\\n", " ");
    let mut commands = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let unknown = || Unknown(line.to_owned());
        let words = words(line).ok_or_else(unknown)?;
        for words in words.split(|word| word == ";" || word == "&&") {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            commands.extend(command(&words).ok_or_else(unknown)?);
        }
    }
    Ok(commands)
}

/// Words, without their quotes; none if something would have to be expanded.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(open), char) if open == char => quote = None,
            (None, '\'' | '"') => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            (Some('\''), char) => word.get_or_insert_default().push(char),
            (_, '$' | '`' | '\\') => return None,
            (Some(_), char) => word.get_or_insert_default().push(char),
            (None, '#') if word.is_none() => break,
            (None, ' ' | '\t') => words.extend(word.take()),
            (None, ';' | '|' | '>' | '<' | '&') => {
                words.extend(word.take());
                let mut operator = char.to_string();
                while chars.peek() == Some(&char) {
                    operator.extend(chars.next());
                }
                words.push(operator);
            }
            (None, char) => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// One command: nothing if it has no effect here.
fn command(words: &[&str]) -> Option<Option<ShellCommand>> {
    let kernel = |command| Some(Some(ShellCommand::Kernel(command)));
    let words = match words {
        ["sudo", rest @ ..] if !rest.is_empty() => rest,
        other => other,
    };
    let words = match words {
        ["bash" | "sh", rest @ ..] if !rest.is_empty() => rest,
        other => other,
    };
    match words {
        [] | ["set", "-e" | "-x" | "-ex" | "-eu" | "-u"] => Some(None),
        ["echo", value, ">", PROC_FORWARD]
        | ["echo", value, "|", "tee", PROC_FORWARD]
        | ["echo", value, "|", "sudo", "tee", PROC_FORWARD] => {
            kernel(KernelCommand::SetForwarding(switch(value)?))
        }
        ["cat", PROC_FORWARD] => kernel(KernelCommand::ShowForwarding),
        ["sysctl", rest @ ..] => kernel(sysctl(rest)?),
        ["iptables", rest @ ..] => iptables(rest).map(|command| command.map(ShellCommand::Kernel)),
        // It is there already.
        ["curl" | "wget", rest @ ..] if rest.iter().any(|word| is_script(word)) => Some(None),
        ["chmod", _, name] if is_script(name) => Some(None),
        [name, rest @ ..] if is_script(name) => forward_script(rest).map(Some),
        _ => None,
    }
}

fn is_script(word: &str) -> bool {
    word.rsplit('/').next() == Some(SCRIPT)
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

fn sysctl(words: &[&str]) -> Option<KernelCommand> {
    let mut said = words.iter().filter(|word| !["-w", "-q"].contains(word));
    let (said, rest) = (said.next()?, said.next());
    if rest.is_some() {
        return None;
    }
    match said.split_once('=') {
        Some((SYSCTL_FORWARD, value)) => Some(KernelCommand::SetForwarding(switch(value)?)),
        None if *said == SYSCTL_FORWARD => Some(KernelCommand::ShowForwarding),
        _ => None,
    }
}

/// `-i eth0 -f 1433 -a HOST -b 1433`. The interval of `-s` is taken and does nothing: the published script polls with
/// variables that it passes by name.
fn forward_script(words: &[&str]) -> Option<ShellCommand> {
    let (mut port, mut host, mut to_port, mut interface) = (None, None, None, None);
    let mut words = words.chunks_exact(2);
    for pair in words.by_ref() {
        match pair {
            ["-i", name] => interface = Some(*name),
            ["-f", text] => port = Some(self::port(text)?),
            ["-a", text] => host = Some((*text).to_owned()),
            ["-b", text] => to_port = Some(self::port(text)?),
            ["-s", seconds] => drop(seconds.parse::<u32>().ok()?),
            _ => return None,
        }
    }
    if !words.remainder().is_empty() || interface != Some(INTERFACE) {
        return None;
    }
    Some(ShellCommand::ForwardScript {
        port: port?,
        host: host?,
        to_port: to_port?,
    })
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

/// What an `iptables` line says, option by option.
#[derive(Default)]
struct Line<'a> {
    nat: bool,
    verb: Option<char>,
    chain: Option<&'a str>,
    number: Option<usize>,
    policy: Option<&'a str>,
    target: Option<&'a str>,
    to: Option<&'a str>,
    dport: Option<u16>,
    inward: Option<&'a str>,
    outward: Option<&'a str>,
    tcp: bool,
}

fn iptables(words: &[&str]) -> Option<Option<KernelCommand>> {
    let line = Line::read(words)?;
    let interfaces = [line.inward, line.outward];
    if interfaces.iter().flatten().any(|name| *name != INTERFACE) {
        return None;
    }
    if !line.nat {
        // What is forwarded is accepted to begin with; saying so again changes nothing.
        let accepts = match line.verb? {
            'P' => line.policy? == "ACCEPT",
            'A' | 'I' => line.target? == "ACCEPT",
            _ => false,
        };
        return (line.chain? == "FORWARD" && accepts).then_some(None);
    }
    line.translation().map(Some)
}

impl<'a> Line<'a> {
    fn read(words: &[&'a str]) -> Option<Self> {
        let mut line = Self::default();
        let mut words = words.iter().copied().peekable();
        while let Some(word) = words.next() {
            match word {
                "-t" => line.nat = words.next()? == "nat",
                "-A" | "-I" | "-D" | "-P" => {
                    line.verb = word.chars().nth(1);
                    line.chain = Some(words.next()?);
                    match word {
                        "-P" => line.policy = Some(words.next()?),
                        "-A" => {}
                        _ => {
                            let number = words.peek().and_then(|word| word.parse().ok());
                            line.number = number;
                            if number.is_some() {
                                words.next();
                            }
                        }
                    }
                }
                "-p" => {
                    line.tcp = true;
                    (words.next()? == "tcp").then_some(())?;
                }
                "-m" => (words.next()? == "tcp").then_some(())?,
                "-i" => line.inward = Some(words.next()?),
                "-o" => line.outward = Some(words.next()?),
                "--dport" | "--destination-port" => line.dport = Some(port(words.next()?)?),
                "-j" => line.target = Some(words.next()?),
                "--to" | "--to-destination" => line.to = Some(words.next()?),
                "--line-number" | "--line-numbers" | "--numeric" | "--verbose" => {}
                flags if flags.starts_with('-') && !flags.starts_with("--") => {
                    for flag in flags.chars().skip(1) {
                        match flag {
                            'n' | 'v' | 'x' | 'w' => {}
                            'L' | 'F' => line.verb = Some(flag),
                            _ => return None,
                        }
                    }
                    let takes_chain = flags.contains(['L', 'F']);
                    line.chain = line.chain.or_else(|| {
                        let is_chain = |word: &&str| takes_chain && !word.starts_with('-');
                        words.next_if(is_chain)
                    });
                }
                _ => return None,
            }
        }
        Some(line)
    }

    /// A command for the table `nat`.
    fn translation(&self) -> Option<KernelCommand> {
        match (self.verb?, self.chain) {
            ('F', chain) => Some(KernelCommand::Flush {
                translations: is_in(chain, "PREROUTING")?,
                masquerading: is_in(chain, "POSTROUTING")?,
            }),
            ('L', None) => Some(KernelCommand::List { both: true }),
            ('L', Some("PREROUTING")) => Some(KernelCommand::List { both: false }),
            ('D', Some("PREROUTING")) if self.number.is_some() => {
                self.number.map(KernelCommand::UntranslateAt)
            }
            (verb, Some("PREROUTING")) => {
                let rule = self.rule()?;
                match (verb, self.number) {
                    ('A', None) => Some((Position::Last, rule)),
                    ('I', None | Some(1)) => Some((Position::First, rule)),
                    ('D', None) => return Some(KernelCommand::Untranslate(rule)),
                    _ => None,
                }
                .map(|(at, rule)| KernelCommand::Translate { at, rule })
            }
            (verb, Some("POSTROUTING")) => {
                let plain = self.target? == "MASQUERADE"
                    && self.dport.is_none()
                    && self.inward.is_none()
                    && self.number.is_none();
                let on = match verb {
                    'A' | 'I' => true,
                    'D' => false,
                    _ => return None,
                };
                plain.then_some(KernelCommand::Masquerade(on))
            }
            _ => None,
        }
    }

    /// `-p tcp --dport PORT -j DNAT --to-destination ADDRESS[:PORT]`.
    fn rule(&self) -> Option<Forwarding> {
        if self.target? != "DNAT" || !self.tcp || self.outward.is_some() {
            return None;
        }
        let (from, to) = (self.dport?, self.to?);
        let (address, to_port) = match to.split_once(':') {
            Some((address, text)) => (address, port(text)?),
            None => (to, from),
        };
        let address: Ipv4Addr = address.parse().ok()?;
        Some(Forwarding {
            port: from,
            host: address.to_string(),
            address,
            to_port,
        })
    }
}

/// Whether a chain, or all of them, is this one; none if it is one that nothing is known of.
fn is_in(chain: Option<&str>, wanted: &str) -> Option<bool> {
    match chain {
        None => Some(true),
        Some(chain @ ("PREROUTING" | "POSTROUTING")) => Some(chain == wanted),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn read(line: &str) -> String {
        match parse(&[line.to_owned()]) {
            Ok(commands) => format!("{commands:?}"),
            Err(Unknown(line)) => format!("unknown: {line}"),
        }
    }

    #[test]
    fn scripts_are_read() {
        let lines = [
            "#!/bin/bash",
            "sudo ./ip_fwd.sh -i eth0 -f 1433 -a mi1.zone.database.windows.net -b 1433  # the article",
            "curl -sO https://host/ip_fwd.sh && chmod +x ip_fwd.sh; ./ip_fwd.sh -i eth0 -f 1434 -a 10.1.1.4 -b 1433 -s 60",
            "sysctl -w net.ipv4.ip_forward=1",
            "sysctl net.ipv4.ip_forward",
            "echo '0' > /proc/sys/net/ipv4/ip_forward",
            "echo 1 | sudo tee /proc/sys/net/ipv4/ip_forward",
            "sudo iptables -t nat -A PREROUTING -p tcp -i eth0 --dport 1433 -j DNAT --to 10.1.1.4:1434",
            "iptables -t nat -I PREROUTING 1 -p tcp --dport 1433 -j DNAT --to-destination 10.1.1.4",
            "iptables -t nat -D PREROUTING 2",
            "iptables -t nat -D PREROUTING -p tcp --dport 1433 -j DNAT --to-destination 10.1.1.4:1433",
            "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE",
            "iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE",
            "iptables -t nat -F PREROUTING",
            "iptables -t nat -F",
            "sudo iptables -t nat -v -L PREROUTING -n --line-number",
            "iptables -t nat -nvL --line-numbers",
            "iptables -P FORWARD ACCEPT",
        ];
        let read: String = lines
            .iter()
            .map(|line| format!("{}\n", read(line)))
            .collect();
        expect![[r#"
            []
            [ForwardScript { port: 1433, host: "mi1.zone.database.windows.net", to_port: 1433 }]
            [ForwardScript { port: 1434, host: "10.1.1.4", to_port: 1433 }]
            [Kernel(SetForwarding(true))]
            [Kernel(ShowForwarding)]
            [Kernel(SetForwarding(false))]
            [Kernel(SetForwarding(true))]
            [Kernel(Translate { at: Last, rule: Forwarding { port: 1433, host: "10.1.1.4", address: 10.1.1.4, to_port: 1434 } })]
            [Kernel(Translate { at: First, rule: Forwarding { port: 1433, host: "10.1.1.4", address: 10.1.1.4, to_port: 1433 } })]
            [Kernel(UntranslateAt(2))]
            [Kernel(Untranslate(Forwarding { port: 1433, host: "10.1.1.4", address: 10.1.1.4, to_port: 1433 }))]
            [Kernel(Masquerade(true))]
            [Kernel(Masquerade(false))]
            [Kernel(Flush { translations: true, masquerading: false })]
            [Kernel(Flush { translations: true, masquerading: true })]
            [Kernel(List { both: false })]
            [Kernel(List { both: true })]
            []
        "#]].assert_eq(&read);
    }

    #[test]
    fn what_is_no_command_here_is_named() {
        for line in [
            "ls",
            "apt-get install -y socat",
            "./ip_fwd.sh -i eth0 -f 1433 -a host",
            "./ip_fwd.sh -i eth1 -f 1433 -a host -b 1433",
            "./ip_fwd.sh -i eth0 -f 0 -a host -b 1433",
            "./ip_fwd.sh -i eth0 -f 1433 -a host -b 1433 -r",
            "sysctl -p",
            "sysctl -w net.ipv4.ip_forward=2",
            "echo 1 > /etc/hosts",
            "echo $HOME",
            "echo 'open",
            "iptables-save",
            "iptables -A INPUT -j DROP",
            "iptables -t nat -A PREROUTING -p udp --dport 1433 -j DNAT --to 10.1.1.4:1433",
            "iptables -t nat -A PREROUTING -p tcp --dport 1433:1434 -j DNAT --to 10.1.1.4",
            "iptables -t nat -A PREROUTING -p tcp --dport 1433 -j DNAT --to mi1:1433",
            "iptables -t nat -A PREROUTING -p tcp --dport 1433 -j REDIRECT",
            "iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE",
            "iptables -t nat -F OUTPUT",
            "iptables -t mangle -F",
            "iptables",
            "sudo",
            "sysctl -w net.ipv4.ip_forward=1 || reboot",
        ] {
            assert_eq!(read(line), format!("unknown: {line}"));
        }
    }

    /// Whatever a script says, its lines are commands that are known, or the first that is not is named as it was written.
    #[test]
    fn hostile_scripts_are_read_or_refused() {
        let valid = proptest::sample::select(vec![
            "sudo ./ip_fwd.sh -i eth0 -f 1433 -a mi1.zone.database.windows.net -b 1433  # the article",
            "sysctl -w net.ipv4.ip_forward=1 && echo 1 | sudo tee /proc/sys/net/ipv4/ip_forward",
            "iptables -t nat -A PREROUTING -p tcp -i eth0 --dport 1433 -j DNAT --to-destination 10.0.0.4:1433",
            "iptables -t nat -A POSTROUTING -j MASQUERADE\niptables -t nat -D PREROUTING 1",
            "iptables -t nat -L PREROUTING -n --line-numbers; iptables -F",
        ]);
        let valid = proptest::strategy::Strategy::prop_map(valid, str::to_owned);
        let words = [
            "-t",
            "nat",
            "-A",
            "-I",
            "-D",
            "-F",
            "PREROUTING",
            "POSTROUTING",
            "--dport",
            "65536",
            "-1",
            "0",
            "99999999999999999999",
            "--to-destination",
            "10.0.0.4:",
            ":1433",
            "1.2.3.4:1-65535",
            "\\\n",
            "\"",
            "'",
            "$(x)",
            "`x`",
            "&&",
            "||",
            ">>",
            "|",
            "#",
            "sudo",
            "-w",
            "=",
            "!",
        ];
        milink_hostile::text("shell-script", 500, valid, &words, |text| {
            let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
            let read = parse(&lines);
            assert_eq!(parse(&[text.to_owned()]), read);
            match read {
                // Each takes a word at least.
                Ok(commands) => assert!(commands.len() <= text.len()),
                Err(Unknown(line)) => {
                    assert!(!line.is_empty() && line.len() <= text.len(), "{line}");
                }
            }
        });
    }
}
