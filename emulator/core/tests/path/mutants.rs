//! Each law of `laws` fails for an evaluator that breaks it: what is never violated by anything says nothing.

use milink_core::path::{End, Reason};

use super::laws::{
    Act, Checked, Evaluator, build, every_hop_counts, one_target, peered, private, whole,
};
use super::*;

/// An approved endpoint `pe-0` to `mi1` in `n1`, of which its own network hears a zone; `n2` and the instance's network are peered,
/// `n1` and `n2` too, and `n3` is asked by one side only.
fn acts() -> Vec<Act> {
    vec![
        Act::Endpoint {
            network: 0,
            second: false,
            number: 0,
        },
        Act::Review(0, true),
        Act::Zone {
            kind: 0,
            network: 1,
            second: false,
            endpoint: 0,
        },
        Act::Half(0, 2),
        Act::Half(2, 0),
        Act::Half(1, 2),
        Act::Half(2, 1),
        Act::Half(0, 3),
    ]
}

/// The same and `pe-1` in `n3`, of which the instance's owner has heard nothing yet.
fn waiting() -> Vec<Act> {
    let mut acts = acts();
    acts.push(Act::Endpoint {
        network: 2,
        second: true,
        number: 1,
    });
    acts
}

/// What the evaluator says, except that `reason` stops nobody.
fn without(world: &World, ask: &Ask<'_>, reason: Reason) -> Verdict {
    let verdict = evaluate(world, ask);
    if verdict.reason != Some(reason) {
        return verdict;
    }
    let endpoint = verdict.path.iter().find(|hop| hop.hop == "pe");
    let endpoint = endpoint.map_or_else(String::new, |hop| hop.id.clone());
    let instance = ask.host.split('.').next().unwrap_or_default().to_owned();
    Verdict {
        reachable: true,
        reason: None,
        symptom: None,
        hint: None,
        end: Some(End::PrivateEndpoint { instance, endpoint }),
        ..verdict
    }
}

/// The same in a world that somebody has changed without a word.
fn in_another(world: &World, ask: &Ask<'_>, change: impl FnOnce(&mut Town)) -> Verdict {
    let mut town = Town {
        world: world.clone(),
    };
    change(&mut town);
    evaluate(&town.world, ask)
}

fn all_run(town: &mut Town) {
    for name in ["vm-mi", "vm-n1", "vm-n2", "vm-n3"] {
        let power = Power::Running;
        town.apply(PowerMachine {
            key: key(name),
            power,
        });
    }
}

fn all_hear(town: &mut Town) {
    let zones: Vec<_> = town
        .world
        .azure
        .fabric
        .private_zones
        .keys()
        .cloned()
        .collect();
    for zone in zones {
        for network in ["mi-vnet", "n1", "n2", "n3"] {
            let _ = town.try_apply(WriteZoneLink {
                zone: zone.clone(),
                name: Name::new(&format!("all-{network}")),
                network: key(network),
                registers: false,
                redirects: false,
                tags: Tags::new(),
            });
        }
    }
}

/// Whom a law is to catch.
fn catches(law: &str, mutant: &str, check: impl Fn(Evaluator) -> Checked, wrong: Evaluator) {
    check(evaluate).unwrap_or_else(|error| panic!("{law} holds for the evaluator: {error}"));
    assert!(check(wrong).is_err(), "{law} does not notice that {mutant}");
}

#[test]
fn every_law_notices_what_breaks_it() {
    let (ready, pending) = (build(&acts()), build(&waiting()));

    let law = |evaluate| whole(&ready, evaluate);
    catches("whole", "nothing is advised", law, |world, ask| Verdict {
        hint: None,
        ..evaluate(world, ask)
    });
    catches("whole", "a client notices nothing", law, |world, ask| {
        Verdict {
            symptom: None,
            ..evaluate(world, ask)
        }
    });
    catches("whole", "what is stopped gets there", law, |world, ask| {
        Verdict {
            reachable: true,
            ..evaluate(world, ask)
        }
    });
    catches("whole", "nobody answers", law, |world, ask| Verdict {
        end: None,
        ..evaluate(world, ask)
    });

    let law = |evaluate| one_target(&pending, evaluate);
    catches(
        "one_target",
        "a pending endpoint carries",
        law,
        |world, ask| without(world, ask, Reason::EndpointPending),
    );
    catches(
        "one_target",
        "an endpoint carries every port",
        law,
        |world, ask| without(world, ask, Reason::PortNotCarried),
    );
    catches(
        "one_target",
        "an endpoint serves by address",
        law,
        |world, ask| without(world, ask, Reason::HostRequired),
    );
    catches("one_target", "an endpoint redirects", law, |world, ask| {
        let verdict = evaluate(world, ask);
        let redirect = milink_core::path::Redirect {
            host: ask.host.to_owned(),
            port: 11_000,
        };
        Verdict {
            redirect: verdict.end.is_some().then_some(redirect),
            ..verdict
        }
    });
    catches(
        "one_target",
        "nobody knows what leads through it",
        law,
        |world, ask| Verdict {
            through: Vec::new(),
            ..evaluate(world, ask)
        },
    );

    let law = |evaluate| every_hop_counts(&ready, evaluate);
    catches(
        "every_hop_counts",
        "a removed connection carries",
        law,
        |world, ask| without(world, ask, Reason::EndpointDisconnected),
    );
    catches(
        "every_hop_counts",
        "a machine that is off answers",
        law,
        |world, ask| in_another(world, ask, all_run),
    );

    let law = |evaluate| peered(&ready, evaluate);
    catches("peered", "half a peering is enough", law, |world, ask| {
        without(world, ask, Reason::PeeringNotConnected)
    });
    catches("peered", "peerings lead further", law, |world, ask| {
        without(world, ask, Reason::NonTransitive)
    });

    let next = Act::Zone {
        kind: 2,
        network: 1,
        second: true,
        endpoint: 0,
    };
    let law = |evaluate| private(&acts(), &next, evaluate);
    catches(
        "private",
        "everybody hears every zone",
        law,
        |world, ask| in_another(world, ask, all_hear),
    );
}
