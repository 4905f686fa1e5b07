//! What can be said to a machine's shell: forwarding, and the address translation rules of its kernel.

use std::fmt::Write as _;

use super::{Forwarding, MOST_RULES, Machine, machine, machine_mut, running};
use crate::azure::ResourceKey;
use crate::command::Request;
use crate::refusal::{FabricRefusal, Refusal};
use crate::world::World;

/// Commands for a machine, one after the other. Answers what they print.
#[derive(Clone, Debug)]
pub struct RunOnMachine {
    /// The machine.
    pub key: ResourceKey,
    /// What it is told.
    pub commands: Vec<ShellCommand>,
}

/// What commands print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    /// On the standard output.
    pub out: String,
    /// On the standard error.
    pub err: String,
}

/// A command that a machine understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellCommand {
    /// The article's script: forwarding on, a rule for a name that is resolved once, and the machine as the sender.
    ForwardScript {
        /// `-f`.
        port: u16,
        /// `-a`.
        host: String,
        /// `-b`.
        to_port: u16,
    },
    /// Something for the kernel.
    Kernel(KernelCommand),
}

/// What `sysctl` and `iptables` ask of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KernelCommand {
    /// `net.ipv4.ip_forward`.
    SetForwarding(bool),
    /// Says `net.ipv4.ip_forward`.
    ShowForwarding,
    /// A rule in the chain PREROUTING.
    Translate {
        /// Where it goes.
        at: Position,
        /// What it says.
        rule: Forwarding,
    },
    /// Takes a rule out of the chain PREROUTING.
    Untranslate(Forwarding),
    /// The same by its number, which counts from one.
    UntranslateAt(usize),
    /// Whether what leaves has the machine as its sender: a rule in the chain POSTROUTING.
    Masquerade(bool),
    /// Empties chains.
    Flush {
        /// PREROUTING.
        translations: bool,
        /// POSTROUTING.
        masquerading: bool,
    },
    /// Lists the chain PREROUTING, or both.
    List {
        /// Whether POSTROUTING is listed as well.
        both: bool,
    },
}

/// Where a rule goes in its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// `-A`.
    Last,
    /// `-I`.
    First,
}

impl Request for RunOnMachine {
    type Reply = Printed;

    fn apply(self, world: &mut World) -> Result<Printed, Refusal> {
        let now = world.now();
        let found = running(world, &self.key)?;
        let name = found.header.name.to_string();
        let mut printed = Printed::default();
        for command in self.commands {
            let steps = match command {
                ShellCommand::Kernel(command) => vec![command],
                ShellCommand::ForwardScript {
                    port,
                    host,
                    to_port,
                } => forward(world, &self.key, (port, host, to_port), &mut printed)?,
            };
            let changed = machine_mut(world, &self.key)?;
            for step in steps {
                if step.run(changed, &mut printed) {
                    changed.changed = now;
                }
            }
            if changed.rules.len() > MOST_RULES {
                return Err(FabricRefusal::TooManyRules { machine: name }.into());
            }
        }
        Ok(printed)
    }
}

/// What the script asks of the kernel: nothing if the name has no address where the machine asks for it.
fn forward(
    world: &World,
    key: &ResourceKey,
    (port, host, to_port): (u16, String, u16),
    printed: &mut Printed,
) -> Result<Vec<KernelCommand>, Refusal> {
    let from = crate::path::Vantage::Interface(machine(world, key)?.interface.clone());
    let Some(address) = crate::path::resolve_from(world, &from, &host).address() else {
        let _ = writeln!(printed.err, "Host {host} not found: 3(NXDOMAIN)");
        return Ok(Vec::new());
    };
    let _ = writeln!(printed.out, "Forwarding port {port} to {address}:{to_port}");
    let rule = Forwarding {
        port,
        host,
        address,
        to_port,
    };
    let at = Position::Last;
    Ok(vec![
        KernelCommand::SetForwarding(true),
        KernelCommand::Translate { at, rule },
        KernelCommand::Masquerade(true),
    ])
}

impl KernelCommand {
    /// Does it; says whether connections can fare differently now.
    fn run(self, machine: &mut Machine, printed: &mut Printed) -> bool {
        match self {
            Self::SetForwarding(on) => machine.forwards = on,
            Self::Translate { at, rule } => match at {
                Position::Last => machine.rules.push(rule),
                Position::First => machine.rules.insert(0, rule),
            },
            Self::Untranslate(wanted) => {
                let same = |rule: &Forwarding| {
                    (rule.port, rule.address, rule.to_port)
                        == (wanted.port, wanted.address, wanted.to_port)
                };
                let found = machine.rules.iter().position(same);
                return take(machine, found, NO_SUCH_RULE, printed);
            }
            Self::UntranslateAt(number) => {
                let found = number.checked_sub(1).filter(|at| *at < machine.rules.len());
                return take(machine, found, NO_SUCH_NUMBER, printed);
            }
            Self::Masquerade(true) => machine.masquerades = true,
            Self::Masquerade(false) => {
                if !std::mem::take(&mut machine.masquerades) {
                    printed.err.push_str(NO_SUCH_RULE);
                    return false;
                }
            }
            Self::Flush {
                translations,
                masquerading,
            } => {
                if translations {
                    machine.rules.clear();
                }
                machine.masquerades &= !masquerading;
            }
            Self::ShowForwarding => {
                let on = u8::from(machine.forwards);
                let _ = writeln!(printed.out, "net.ipv4.ip_forward = {on}");
                return false;
            }
            Self::List { both } => {
                list(machine, both, &mut printed.out);
                return false;
            }
        }
        true
    }
}

/// Takes a rule out, or says that there is none.
fn take(machine: &mut Machine, at: Option<usize>, otherwise: &str, printed: &mut Printed) -> bool {
    match at {
        Some(at) => drop(machine.rules.remove(at)),
        None => printed.err.push_str(otherwise),
    }
    at.is_some()
}

const NO_SUCH_RULE: &str = "iptables: Bad rule (does a matching rule exist in that chain?).\n";
const NO_SUCH_NUMBER: &str = "iptables: Index of deletion too big.\n";
const COLUMNS: &str = "num  target     prot opt source               destination\n";

/// As `iptables -t nat -L -n --line-numbers` prints it.
fn list(machine: &Machine, both: bool, out: &mut String) {
    let _ = write!(out, "Chain PREROUTING (policy ACCEPT)\n{COLUMNS}");
    for (at, rule) in machine.rules.iter().enumerate() {
        let _ = writeln!(
            out,
            "{:<4} DNAT       tcp  --  0.0.0.0/0            0.0.0.0/0            tcp dpt:{} to:{}:{}",
            at + 1,
            rule.port,
            rule.address,
            rule.to_port
        );
    }
    if both {
        let _ = write!(out, "\nChain POSTROUTING (policy ACCEPT)\n{COLUMNS}");
        if machine.masquerades {
            out.push_str("1    MASQUERADE  all  --  0.0.0.0/0            0.0.0.0/0\n");
        }
    }
}
