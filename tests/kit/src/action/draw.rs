//! Strategies: how a case begins, and what anybody may do in it.

use proptest::prelude::*;

use super::steps::preparation_of_replica;
use super::{
    Above, Action, BackupKind, Certificate, DATABASES, Local, Pair, Place, Side, Trouble,
    preparation, preparation_of_several,
};
use crate::topology::Plan;

/// A pair of a plan.
pub fn pair(plan: &Plan) -> impl Strategy<Value = Pair> + Clone + use<> {
    let servers = u8::try_from(plan.owners()).unwrap_or(u8::MAX);
    let instances = u8::try_from(plan.instances.len()).unwrap_or(u8::MAX);
    (0..servers, 0..plan.databases, 0..instances).prop_map(|(server, database, instance)| Pair {
        database: server * DATABASES + database,
        instance,
    })
}

/// What leads to links of several databases: what one of them has of its server and instance, the next one finds there.
fn preparations(pairs: &[(Pair, bool)]) -> Vec<Action> {
    let mut steps: Vec<Action> = Vec::new();
    for (pair, from_instance) in pairs {
        let done = |step: &Action| {
            let same = |other: &Action| match (other, step) {
                (Action::ImportCertificate(one), Action::ImportCertificate(other))
                | (Action::UploadCertificate(one, _), Action::UploadCertificate(other, _)) => {
                    (one.server(), one.instance) == (other.server(), other.instance)
                }
                (one, other) => one == other,
            };
            steps.iter().any(same)
        };
        let mut more = preparation(*pair, *from_instance);
        more.retain(|step| !done(step));
        steps.extend(more);
    }
    steps
}

/// Time: often short, sometimes longer than anything takes.
pub fn time() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => 0..20_u32,
        3 => 0..200_u32,
        1 => 200..900_u32,
    ]
    .prop_map(Action::Advance)
}

/// How a case begins: with nothing, with a preparation that may lack a step, or with a link that is in step.
pub fn beginning(plan: &Plan) -> BoxedStrategy<Vec<Action>> {
    let of = plan.clone();
    let prepared = move |pair, from| {
        let mut steps = match of.several {
            true => preparation_of_several(&of, pair, from),
            false => preparation(pair, from),
        };
        let replica = preparation_of_replica(&of, pair);
        // The listener is there before the distributed group names it.
        let above = steps.pop();
        steps.extend(replica);
        steps.extend(above);
        steps
    };
    let whole = prepared.clone();
    let lacking = (pair(plan), any::<bool>(), 0..30_usize).prop_map(move |(pair, from, at)| {
        let mut steps = prepared(pair, from);
        if at < steps.len() {
            steps.remove(at);
        }
        steps
    });
    let some = proptest::collection::vec((pair(plan), any::<bool>()), 1..=plan.links());
    let linked = some.prop_map(|mut pairs| {
        // A link for each database, whichever comes first.
        let mut taken = Vec::new();
        pairs.retain(|(pair, _)| {
            let free = !taken.contains(&pair.database);
            taken.push(pair.database);
            free
        });
        let mut steps = preparations(&pairs);
        let links = pairs.iter();
        steps.extend(links.map(|(pair, from)| Action::CreateLink(*pair, *from)));
        steps.extend([Action::Advance(400), Action::Advance(400)]);
        steps
    });
    if plan.is_loose() {
        let linked = (pair(plan), any::<bool>(), any::<bool>());
        let linked = linked.prop_map(move |(pair, from, linked)| {
            let mut steps = whole(pair, from);
            if linked {
                steps.push(Action::CreateLink(pair, from));
            }
            steps.extend([Action::Advance(400); 3]);
            steps
        });
        return prop_oneof![2 => lacking, 5 => linked].boxed();
    }
    prop_oneof![1 => Just(Vec::new()), 2 => lacking, 5 => linked].boxed()
}

/// Anything that anybody can do, what a link is about most often.
pub fn action(plan: &Plan) -> BoxedStrategy<Action> {
    let mates = plan.replicas.is_some();
    let place = (pair(plan), any::<bool>(), any::<bool>());
    let place = place.prop_map(move |(pair, server, mate)| {
        let side = if server { Side::Server } else { Side::Instance };
        match pair.at(side) {
            (Place::Server(_), n) if mates && mate => (Place::Server(1), n),
            at => at,
        }
    });
    let all = prop_oneof![
        20 => time(),
        12 => place.clone().prop_map(|(place, n)| Action::Insert(place, n)),
        2 => place.clone().prop_map(|(place, n)| Action::CreateDatabase(place, n)),
        2 => place.prop_map(|(place, n)| Action::DropDatabase(place, n)),
        18 => setup(plan),
        30 => link_command(plan),
        7 => fault(plan),
        3 => power(plan),
    ];
    match mates {
        true => prop_oneof![3 => all, 1 => local(plan)].boxed(),
        false => all.boxed(),
    }
}

/// What is done to a group with replicas, and to the distributed group above it, on either server.
pub fn local(plan: &Plan) -> BoxedStrategy<Action> {
    let server = || prop_oneof![Just(0_u8), Just(1_u8)];
    let flag = any::<bool>();
    (pair(plan), server(), flag, 0..34_u8)
        .prop_map(|(pair, server, flag, which)| {
            let n = pair.database;
            let local = |what| Action::Replica(server, n, what);
            let above = |what| Action::Distributed(server, pair, what);
            match which {
                0..=3 => local(Local::Failover),
                4..=6 => local(Local::Force),
                7..=9 => local(Local::StepDown),
                10 => local(Local::Offline),
                11..=15 => local(Local::Suspend(flag && which < 13)),
                16 => local(Local::HadrOff),
                17 => local(Local::Mode(flag)),
                18 => local(Local::Add),
                19 => local(Local::Remove),
                20 | 21 => local(Local::Join),
                22 => local(Local::Leave),
                23 => local(Local::Trust),
                24 => local(Local::Listen),
                25 => above(Above::Failover),
                26 => above(Above::Force),
                27 => above(Above::GiveUp),
                28 => above(Above::Tell),
                29 => above(Above::Drop),
                30 | 31 => Action::TurnEndpoint(server, flag),
                _ => Action::Restart(server),
            }
        })
        .boxed()
}

/// What is done to managed instances as a whole. What ends one for good is rare: little happens afterwards.
pub fn power(plan: &Plan) -> BoxedStrategy<Action> {
    (pair(plan), 0..40_u8)
        .prop_map(|(pair, which)| match which {
            0..=11 => Action::StopInstance(pair.instance),
            12..=35 => Action::StartInstance(pair.instance),
            36..=38 => Action::DeleteInstance(pair.instance),
            _ => Action::DeleteResourceGroup,
        })
        .boxed()
}

/// Statements and requests that prepare a link or take its ground away.
pub fn setup(plan: &Plan) -> BoxedStrategy<Action> {
    let pair = pair(plan);
    let flag = any::<bool>();
    let kind = prop_oneof![
        Just(BackupKind::Full),
        Just(BackupKind::CopyOnly),
        Just(BackupKind::Log)
    ];
    (pair, flag, kind, 0..22_u8)
        .prop_map(|(pair, flag, kind, which)| {
            let (n, server) = (pair.database, pair.server());
            let certificate = match flag {
                true => Certificate::Second,
                false => Certificate::First,
            };
            match which {
                0 | 1 => Action::Backup(n, kind),
                2 => Action::Recovery(n, flag),
                3 => Action::CreateCertificate(server, certificate),
                4 => Action::DropCertificate(server, certificate),
                5 => Action::CreateEndpoint(server),
                6 => Action::DropEndpoint(server),
                7 => Action::ImportCertificate(pair),
                8 => Action::TrustRoot(server),
                9 | 10 => Action::UploadCertificate(pair, certificate),
                11 => Action::CreateGroup(n, flag),
                12 => Action::DropGroup(n),
                13 => Action::GrantCreate(n),
                14 => Action::AddDatabase(n),
                15 => Action::RemoveDatabase(n),
                16 => Action::CreateDistributed(pair, flag),
                17 => Action::DropDistributed(pair),
                18 => Action::HadrOff(n),
                19 => Action::AuthenticateBy(server, certificate),
                20 => Action::RevokeCertificate(pair, certificate),
                _ => Action::DropImported(pair),
            }
        })
        .boxed()
}

/// Statements and requests about a link, its modes and its roles.
pub fn link_command(plan: &Plan) -> BoxedStrategy<Action> {
    let (flag, several) = (any::<bool>(), plan.several);
    let most = if several { 22_u8 } else { 20 };
    (pair(plan), flag, any::<bool>(), 0..most, 0..8_u8)
        .prop_map(move |(pair, flag, other, which, bits)| match which {
            20.. if several => Action::LinkDatabases(pair, bits),
            0..=3 => Action::CreateLink(pair, flag && other),
            4 => Action::UpdateLink(pair, flag),
            5 => Action::DeleteLink(pair),
            6 | 7 => Action::Failover(pair),
            8 | 9 => Action::ForceFailover(pair),
            10 | 11 => Action::GiveUp(pair),
            12..=14 => Action::LinkFailover(pair, flag),
            15 | 16 => Action::SetRole(pair, other, flag),
            17 => Action::CommitMode(pair, flag),
            _ => Action::Suspend(pair.database, flag),
        })
        .boxed()
}

/// What keeps partners apart, and brings them together again.
pub fn fault(plan: &Plan) -> BoxedStrategy<Action> {
    let trouble = proptest::sample::select(Trouble::ALL.to_vec());
    (pair(plan), any::<bool>(), trouble, 0..8_u8)
        .prop_map(|(pair, started, trouble, which)| match which {
            0 | 1 => Action::TurnEndpoint(pair.server(), started),
            2 => Action::Restart(pair.server()),
            3 | 4 => Action::Fault(pair.instance, trouble),
            _ => Action::Heal,
        })
        .boxed()
}
