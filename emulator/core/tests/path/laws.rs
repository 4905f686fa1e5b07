//! Laws of the network that hold whatever it looks like: drawn fabrics, and every question that can be asked of them.

use milink_core::path::{End, Hop, Reason};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::*;

/// The networks of drawn fabrics besides the instance's: with a machine, and a subnet for private endpoints.
const NETWORKS: [(&str, &str); 3] = [("n1", "10.9"), ("n2", "10.20"), ("n3", "10.30")];
const ALL: [&str; 4] = ["mi-vnet", "n1", "n2", "n3"];
const MACHINES: [(&str, &str); 4] = [
    ("vm-mi", "mi-vnet"),
    ("vm-n1", "n1"),
    ("vm-n2", "n2"),
    ("vm-n3", "n3"),
];
const PORTS: [u16; 4] = [22, 1433, 3342, 5022];

/// Who answers: the evaluator, or one that is wrong on purpose.
pub(crate) type Evaluator = fn(&World, &Ask<'_>) -> Verdict;

/// What comes of checking a law.
pub(crate) type Checked = Result<(), TestCaseError>;

/// Something that somebody does to the network.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Half(usize, usize),
    Unpeer(usize, usize),
    Endpoint {
        network: usize,
        second: bool,
        number: usize,
    },
    Review(usize, bool),
    Cut(usize),
    Delete(usize),
    Zone {
        kind: usize,
        network: usize,
        second: bool,
        endpoint: usize,
    },
    Power(usize, bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..4usize, 0..4usize).prop_map(|(a, b)| Act::Half(a, b)),
        1 => (0..4usize, 0..4usize).prop_map(|(a, b)| Act::Unpeer(a, b)),
        4 => (0..3usize, any::<bool>(), 0..4usize).prop_map(|(network, second, number)| {
            Act::Endpoint { network, second, number }
        }),
        5 => (0..4usize, prop::bool::weighted(0.8)).prop_map(|(n, good)| Act::Review(n, good)),
        1 => (0..4usize).prop_map(Act::Cut),
        1 => (0..4usize).prop_map(Act::Delete),
        5 => (0..3usize, 0..4usize, any::<bool>(), 0..4usize).prop_map(
            |(kind, network, second, endpoint)| Act::Zone { kind, network, second, endpoint }
        ),
        1 => (0..4usize, any::<bool>()).prop_map(|(n, on)| Act::Power(n, on)),
    ]
}

fn start() -> Town {
    let mut town = Town::new();
    for (name, prefix) in NETWORKS {
        town.network(
            name,
            &format!("{prefix}.0.0/16"),
            &[
                ("app", &format!("{prefix}.0.0/24")),
                ("pe", &format!("{prefix}.1.0/24")),
            ],
        );
        town.machine(&format!("vm-{name}"), name, "app");
    }
    town.instance("mi2", "mi-vnet", ZONE, "Default");
    town
}

fn endpoint(number: usize) -> String {
    format!("pe-{number}")
}

fn address_of(town: &Town, number: usize) -> Ipv4Addr {
    let found = town
        .world
        .azure
        .fabric
        .private_endpoints
        .get(&key(&endpoint(number)));
    found.map_or(Ipv4Addr::new(10, 9, 1, 77), |found| found.address)
}

/// Does it, if it can be done.
fn perform(town: &mut Town, act: &Act) {
    match act {
        Act::Half(a, b) if a != b => {
            let peering = Peering {
                name: Name::new(&format!("to-{}", ALL[*b])),
                remote: key(ALL[*b]),
                allow_access: true,
                allow_forwarded: false,
                allow_gateway_transit: false,
                use_remote_gateways: false,
                was_connected: false,
            };
            let _ = town.try_apply(WritePeering {
                network: key(ALL[*a]),
                peering,
            });
        }
        Act::Half(..) => {}
        Act::Unpeer(a, b) => {
            let _ = town.try_apply(DeletePeering {
                network: key(ALL[*a]),
                name: Name::new(&format!("to-{}", ALL[*b])),
            });
        }
        Act::Endpoint {
            network,
            second,
            number,
        } => {
            let place = place(&endpoint(*number));
            if !town
                .world
                .azure
                .fabric
                .private_endpoints
                .contains_key(&place.key)
            {
                let target = Target::Instance(Name::new(if *second { "mi2" } else { "mi1" }));
                town.endpoint(&endpoint(*number), NETWORKS[*network].0, target);
            }
        }
        Act::Review(number, good) => {
            if let Some((target, name)) = connection(town, *number) {
                let review = if *good {
                    Review::Approved
                } else {
                    Review::Rejected
                };
                let _ = town.try_apply(ReviewConnection {
                    target,
                    name,
                    review,
                    description: "so it is".to_owned(),
                });
            }
        }
        Act::Cut(number) => {
            if let Some((target, name)) = connection(town, *number) {
                town.apply(DeleteConnection { target, name });
            }
        }
        Act::Delete(number) => {
            let key = key(&endpoint(*number));
            let _ = town.try_apply(DeletePrivateEndpoint { key });
        }
        Act::Zone {
            kind,
            network,
            second,
            endpoint,
        } => {
            let whole = format!("{ZONE}.database.windows.net");
            let zone = [PRIVATE_ZONE, "privatelink.site", &whole][*kind];
            let record = if *second { "mi2" } else { "mi1" };
            let address = address_of(town, *endpoint).to_string();
            town.zone(zone, &[ALL[*network]], &[(record, &address)]);
        }
        Act::Power(number, on) => {
            let power = if *on { Power::Running } else { Power::Stopped };
            town.apply(PowerMachine {
                key: key(MACHINES[*number].0),
                power,
            });
        }
    }
}

fn connection(town: &Town, number: usize) -> Option<(Target, Name)> {
    let found = town
        .world
        .azure
        .fabric
        .private_endpoints
        .get(&key(&endpoint(number)))?;
    let connection = &found.connection;
    connection
        .is_listed()
        .then(|| (connection.target.clone(), connection.name.clone()))
}

pub(crate) fn build(acts: &[Act]) -> Town {
    let mut town = start();
    for act in acts {
        perform(&mut town, act);
    }
    town
}

fn hosts(town: &Town) -> Vec<String> {
    let mut hosts: Vec<String> = ["mi1", "mi2"]
        .iter()
        .flat_map(|name| {
            [
                format!("{name}.{ZONE}.database.windows.net"),
                format!("{name}.privatelink.site"),
            ]
        })
        .collect();
    hosts.extend((0..4).map(|number| address_of(town, number).to_string()));
    hosts.extend([
        "10.1.1.254".to_owned(),
        "10.9.0.4".to_owned(),
        "10.20.0.4".to_owned(),
    ]);
    hosts
}

fn vantages() -> Vec<String> {
    let machines = MACHINES.iter().map(|(name, _)| format!("vm:{name}"));
    let others = ["mi:mi1", "internet"].map(str::to_owned);
    machines.chain(others).collect()
}

/// Every question and its answer, of clients that do not check certificates: those get furthest.
fn answers(town: &Town, from: &str, evaluate: Evaluator) -> Vec<(String, u16, Verdict)> {
    let vantage = Vantage::parse(&town.world, from).expect("a vantage");
    let mut answers = Vec::new();
    for host in hosts(town) {
        for port in PORTS {
            let verdict = evaluate(&town.world, &Ask::new(&vantage, &host, port).trusting());
            answers.push((host.clone(), port, verdict));
        }
    }
    answers
}

fn are_peered(town: &Town, one: &str, other: &str) -> bool {
    let has = |one: &str, other: &str| {
        let network = &town.world.azure.virtual_networks[&key(one)];
        network
            .peerings
            .values()
            .any(|peering| peering.remote == key(other))
    };
    has(one, other) && has(other, one)
}

fn hears_a_zone(town: &Town, network: &str) -> bool {
    let mut zones = town.world.azure.fabric.private_zones.values();
    zones.any(|zone| zone.links.values().any(|link| link.network == key(network)))
}

/// Every answer says one thing, and the same thing twice.
pub(crate) fn whole(town: &Town, evaluate: Evaluator) -> Checked {
    for from in vantages() {
        for (host, port, verdict) in answers(town, &from, evaluate) {
            let asked = format!("{from} -> {host}:{port}: {verdict:?}");
            prop_assert_eq!(verdict.reachable, verdict.reason.is_none(), "{}", asked);
            prop_assert_eq!(
                verdict.symptom,
                verdict.reason.map(Reason::symptom),
                "{}",
                asked
            );
            prop_assert_eq!(
                verdict.hint.is_some(),
                verdict.reason.is_some(),
                "{}",
                asked
            );
            prop_assert!(!verdict.reachable || verdict.end.is_some(), "{}", asked);
            let again = evaluate(
                &town.world,
                &Ask::new(
                    &Vantage::parse(&town.world, &from).expect("a vantage"),
                    &host,
                    port,
                )
                .trusting(),
            );
            prop_assert_eq!(&again, &verdict, "the same question has the same answer");
        }
    }
    Ok(())
}

/// Private endpoints lead to their one target, never redirect, and carry only while they are approved.
pub(crate) fn one_target(town: &Town, evaluate: Evaluator) -> Checked {
    for from in vantages() {
        for (host, port, verdict) in answers(town, &from, evaluate) {
            let asked = format!("{from} -> {host}:{port}: {verdict:?}");
            let Some(hop) = verdict.path.iter().find(|hop| hop.hop == "pe") else {
                continue;
            };
            let found = &town.world.azure.fabric.private_endpoints[&key(&hop.id)];
            if verdict.reachable {
                prop_assert_eq!(found.connection.status.text(), "Approved", "{}", asked);
                prop_assert_eq!(port, 1433, "{}", asked);
                let Some(End::PrivateEndpoint { instance, .. }) = &verdict.end else {
                    panic!("{asked}");
                };
                let target = Target::Instance(Name::new(instance));
                prop_assert_eq!(&found.connection.target, &target, "{}", asked);
                let first = host.split('.').next();
                prop_assert_eq!(first, Some(instance.as_str()), "{}", asked);
            }
            prop_assert_eq!(&verdict.redirect, &None, "{}", asked);
            let endpoints = &town.world.azure.fabric.private_endpoints;
            let guid = endpoints[&key(&hop.id)].connection.guid;
            prop_assert_eq!(&verdict.through, &vec![guid], "{}", asked);
        }
    }
    Ok(())
}

/// A way that works does not without one of its hops.
pub(crate) fn every_hop_counts(town: &Town, evaluate: Evaluator) -> Checked {
    for from in vantages() {
        for (host, port, verdict) in answers(town, &from, evaluate) {
            for hop in verdict.path.iter().filter(|_| verdict.reachable) {
                let mut without = Town {
                    world: town.world.clone(),
                };
                match hop.hop {
                    "pe" => {
                        let found = &town.world.azure.fabric.private_endpoints[&key(&hop.id)];
                        without.apply(DeleteConnection {
                            target: found.connection.target.clone(),
                            name: found.connection.name.clone(),
                        });
                    }
                    "vm" => {
                        let (key, power) = (key(&hop.id), Power::Stopped);
                        without.apply(PowerMachine { key, power });
                    }
                    "peering" => {
                        for network in ALL {
                            let name = Name::new(&hop.id);
                            let _ = without.try_apply(DeletePeering {
                                network: key(network),
                                name,
                            });
                        }
                    }
                    _ => continue,
                }
                let vantage = Vantage::parse(&without.world, &from).expect("a vantage");
                let later = evaluate(&without.world, &Ask::new(&vantage, &host, port).trusting());
                // Its state is another by now.
                let same = |one: &Hop| (one.hop, &one.id) == (hop.hop, &hop.id);
                let still = later.reachable && later.path.iter().any(same);
                prop_assert!(!still, "{from} -> {host}:{port} without {hop:?}: {later:?}");
            }
        }
    }
    Ok(())
}

/// Machines reach each other just when their networks are peered directly, or one.
pub(crate) fn peered(town: &Town, evaluate: Evaluator) -> Checked {
    for (from, near) in MACHINES {
        let vantage = Vantage::parse(&town.world, &format!("vm:{from}")).expect("a vantage");
        for (to, far) in MACHINES {
            let machine = &town.world.azure.fabric.machines[&key(to)];
            let address = town.world.azure.fabric.interfaces[&machine.interface].address;
            let runs = machine.power == Power::Running;
            let verdict = evaluate(&town.world, &Ask::new(&vantage, &address.to_string(), 22));
            let expected = runs && (near == far || are_peered(town, near, far));
            prop_assert_eq!(
                verdict.reachable,
                expected,
                "{} to {}: {:?}",
                from,
                to,
                verdict
            );
        }
    }
    Ok(())
}

/// What is done in one network changes nothing for those that neither are peered with it nor hear a zone.
pub(crate) fn private(acts: &[Act], next: &Act, evaluate: Evaluator) -> Checked {
    let mut town = build(acts);
    let touched = match next {
        Act::Endpoint { network, .. } => NETWORKS[*network].0.to_owned(),
        Act::Review(number, _) | Act::Cut(number) | Act::Delete(number) => {
            let found = town
                .world
                .azure
                .fabric
                .private_endpoints
                .get(&key(&endpoint(*number)));
            found.map_or(String::new(), |found| found.subnet.network.to_string())
        }
        // A zone's records are heard wherever it is linked.
        Act::Zone { network, .. } => ALL[*network].to_owned(),
        _ => return Ok(()),
    };
    let strangers: Vec<(String, &str)> = MACHINES
        .iter()
        .filter(|(_, network)| {
            *network != touched
                && (touched.is_empty() || !are_peered(&town, network, &touched))
                && !hears_a_zone(&town, network)
        })
        .map(|(machine, network)| (format!("vm:{machine}"), *network))
        .collect();
    let kept = |town: &Town, from: &str, hosts: &[String]| {
        let vantage = Vantage::parse(&town.world, from).expect("a vantage");
        let ask = |host: &String| {
            PORTS.map(|port| {
                let verdict = evaluate(&town.world, &Ask::new(&vantage, host, port).trusting());
                (verdict.reachable, verdict.reason, verdict.end)
            })
        };
        hosts.iter().map(ask).collect::<Vec<_>>()
    };
    let hosts = hosts(&town);
    let before: Vec<_> = strangers
        .iter()
        .map(|(from, _)| kept(&town, from, &hosts))
        .collect();
    let instance = kept(
        &town,
        "mi:mi1",
        &["10.9.0.4".to_owned(), "10.20.0.4".to_owned()],
    );
    perform(&mut town, next);
    for ((from, _), before) in strangers.iter().zip(before) {
        prop_assert_eq!(
            kept(&town, from, &hosts),
            before,
            "{} after {:?}",
            from,
            next
        );
    }
    // Private endpoints lead inward only.
    let after = kept(
        &town,
        "mi:mi1",
        &["10.9.0.4".to_owned(), "10.20.0.4".to_owned()],
    );
    prop_assert_eq!(after, instance);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_answer_is_whole(acts in prop::collection::vec(act(), 0..14)) {
        whole(&build(&acts), evaluate)?;
    }

    #[test]
    fn private_endpoints_lead_to_their_one_target_and_only_while_approved(acts in prop::collection::vec(act(), 0..14)) {
        one_target(&build(&acts), evaluate)?;
    }

    #[test]
    fn no_way_leads_over_a_hop_that_is_gone(acts in prop::collection::vec(act(), 0..14)) {
        every_hop_counts(&build(&acts), evaluate)?;
    }

    #[test]
    fn machines_reach_each_other_just_when_their_networks_are_peered(acts in prop::collection::vec(act(), 0..14)) {
        peered(&build(&acts), evaluate)?;
    }

    #[test]
    fn what_is_private_to_a_network_is_nobody_elses(acts in prop::collection::vec(act(), 0..12), next in act()) {
        private(&acts, &next, evaluate)?;
    }
}
