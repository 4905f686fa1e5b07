//! Why a gateway opens no server for a login (40532).

use super::Explanation;
use crate::path::{End, Reason, admit, login_name};
use crate::world::World;

/// How many instances are listed.
const MOST_NAMES: usize = 10;

/// Why a gateway does not take a login with this server name. `end` is the way by which the client has come through the model's
/// network, if it has.
pub fn server_name(world: &World, asked: &str, end: Option<&End>) -> Explanation {
    let name = login_name(asked);
    let is_address = name
        .trim_matches(['[', ']'])
        .parse::<std::net::IpAddr>()
        .is_ok();
    let reason = match end.map(|end| admit(world, end, asked)) {
        Some(Err(Reason::HostRequired)) => is_no_name(asked),
        _ if is_address || name.is_empty() || name == "localhost" => is_no_name(asked),
        _ => format!(
            "no instance behind this gateway has the name '{}', the first label of '{asked}'",
            name.split('.').next().unwrap_or_default()
        ),
    };
    let instances = world.instances.values();
    let managed: Vec<String> = instances
        .filter(|instance| instance.is_managed_instance())
        .map(|instance| instance.server_name())
        .collect();
    let mut told = Explanation::of(reason).fact(
        "a gateway serves several instances at one address and goes by the server name in the login: its first label must be the instance's name",
    );
    told = match managed.as_slice() {
        [] => told.fact("there is no managed instance in this world"),
        some => told.fact(format!(
            "the managed instances are: {}",
            some[..some.len().min(MOST_NAMES)].join(", ")
        )),
    };
    if let Some(own) = end.and_then(End::instance) {
        told = told.fact(format!("this way leads to the instance '{own}'"));
    }
    if name.split('.').nth(1) == Some("secondary") {
        told = told.fact("the name is that of a failover group's listener for readers, and leads to the group's secondary");
    }
    let Some(example) = managed.first() else {
        return told.remedy("create a managed instance");
    };
    told.remedy(format!(
        "give the server by its whole name, such as {example}, and let that name lead to this address: by a line in the hosts file (`milink net hosts`), or by a setting of the driver for the server name in the login"
    ))
    .remedy(format!(
        "or use a port that stands for one instance: `milink net dial --from VANTAGE {example}` opens one, and 127.0.0.1 is taken for that instance there"
    ))
}

fn is_no_name(asked: &str) -> String {
    format!("'{asked}' is no name of an instance, and the gateway knows no addresses")
}
