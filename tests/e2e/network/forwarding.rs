//! The article "How to connect to SQL Managed Instance with a private link service and port forwarding", told on real sockets:
//! two instances behind two machines, and everything that it warns of.

use milink::topology::Topology;
use milink_client::{Met, Sql};
use serde_json::{Value, json};

use super::{How, NETWORK, Town, network, ways};

const APP: &str = "subnet:app-vnet/app";
const REGION: &str = "westeurope";
const COMPUTE: &str = "2024-07-01";
/// The private endpoint of the link service.
const ENDPOINT: &str = "10.9.1.4";

/// What of the chain is not as in the tutorial.
#[derive(Clone, Copy)]
struct Wish {
    minutes: u32,
    reset: bool,
    proxy_protocol: bool,
}

/// The tutorial's own values.
const TUTORIAL: Wish = Wish {
    minutes: 15,
    reset: false,
    proxy_protocol: false,
};

impl Town {
    /// Instances `sqlmi1` and `sqlmi2`, a load balancer with ports 1433 and 1434, a private link service, an approved private
    /// endpoint in `app-vnet` with names for both instances, and machines `fwd1` and `fwd2` without a rule yet.
    async fn chain(wish: Wish) -> Self {
        let mut topology = Topology::default();
        let mut second = topology.managed_instances[0].clone();
        second.name = "sqlmi2".to_owned();
        second.databases.clear();
        topology.managed_instances.push(second);
        let town = Self::start_with(topology).await;
        let subnets = [("app", "10.9.0.0/24"), ("pe", "10.9.1.0/24")];
        town.network("app-vnet", "10.9.0.0/16", &subnets).await;
        let subnets: Vec<Value> = [("fe", 1), ("be", 2), ("pls", 3)]
            .iter()
            .map(|(name, third)| {
                json!({"name": name, "properties": {"addressPrefix": format!("10.30.{third}.0/24"),
                    "privateLinkServiceNetworkPolicies": if *name == "pls" { "Disabled" } else { "Enabled" }}})
            })
            .collect();
        let body = json!({"location": REGION, "properties": {
            "addressSpace": {"addressPrefixes": ["10.30.0.0/16"]}, "subnets": subnets}});
        town.arm("PUT", &network("net-vnet"), NETWORK, Some(body))
            .await;
        town.peer("net-vnet", "milink-vnet").await;
        town.balance(wish).await;
        let body = json!({"location": REGION, "properties": {
            "loadBalancerFrontendIpConfigurations": [town.of_balancer("frontendIPConfigurations/fe")],
            "ipConfigurations": [{"name": "nat", "properties": {"subnet": town.subnet("pls")}}],
            "enableProxyProtocol": wish.proxy_protocol}});
        let service = "Microsoft.Network/privateLinkServices/pls";
        town.arm("PUT", service, NETWORK, Some(body)).await;
        for name in ["fwd1", "fwd2"] {
            town.machine(name).await;
        }
        let subnet = town.id(&format!("{}/subnets/pe", network("app-vnet")));
        let body = json!({"location": REGION, "properties": {"subnet": {"id": subnet},
            "privateLinkServiceConnections": [{"name": "c", "properties": {
                "privateLinkServiceId": town.id(service), "groupIds": []}}]}});
        town.arm("PUT", &super::endpoint("pe-pls"), NETWORK, Some(body))
            .await;
        // As the managed endpoint of the article has a name for each.
        let zone = town.zone();
        for instance in ["sqlmi1", "sqlmi2"] {
            town.record(&zone, instance, ENDPOINT).await;
        }
        town.link(&zone, "app-vnet").await;
        town
    }

    async fn balance(&self, wish: Wish) {
        let rule = |port: u16| {
            json!({"name": format!("r{port}"), "properties": {"protocol": "Tcp",
                "frontendPort": port, "backendPort": port,
                "frontendIPConfiguration": self.of_balancer("frontendIPConfigurations/fe"),
                "backendAddressPool": self.of_balancer("backendAddressPools/pool"),
                "probe": self.of_balancer("probes/ssh"),
                "idleTimeoutInMinutes": wish.minutes, "enableTcpReset": wish.reset}})
        };
        let body = json!({"location": REGION, "sku": {"name": "Standard"}, "properties": {
            "frontendIPConfigurations": [{"name": "fe", "properties": {"subnet": self.subnet("fe")}}],
            "backendAddressPools": [{"name": "pool"}],
            "probes": [{"name": "ssh", "properties": {"protocol": "Tcp", "port": 22,
                "intervalInSeconds": 15, "numberOfProbes": 2}}],
            "loadBalancingRules": [rule(1433), rule(1434)]}});
        let path = "Microsoft.Network/loadBalancers/lb";
        self.arm("PUT", path, NETWORK, Some(body)).await;
    }

    async fn machine(&self, name: &str) {
        let nic = format!("Microsoft.Network/networkInterfaces/{name}-nic");
        let body = json!({"location": REGION, "properties": {"ipConfigurations": [{"name": "c",
            "properties": {"subnet": self.subnet("be"),
                "loadBalancerBackendAddressPools": [self.of_balancer("backendAddressPools/pool")]}}]}});
        self.arm("PUT", &nic, NETWORK, Some(body)).await;
        let path = format!("Microsoft.Compute/virtualMachines/{name}");
        let body = json!({"location": REGION, "properties": {
            "hardwareProfile": {"vmSize": "Standard_B1s"},
            "networkProfile": {"networkInterfaces": [{"id": self.id(&nic)}]}}});
        self.arm("PUT", &path, COMPUTE, Some(body)).await;
    }

    fn subnet(&self, name: &str) -> Value {
        json!({"id": self.id(&format!("{}/subnets/{name}", network("net-vnet")))})
    }

    fn of_balancer(&self, rest: &str) -> Value {
        json!({"id": self.id(&format!("Microsoft.Network/loadBalancers/lb/{rest}"))})
    }

    async fn by_hand(&self, verb: &str, body: Value) -> Value {
        let answer = self
            .stage
            .control()
            .post(&format!("net/{verb}"), &body)
            .await;
        answer.unwrap_or_else(|error| panic!("{verb}: {error}"))
    }

    /// What the article's script does on both machines.
    async fn forward(&self, port: u16, host: &str) {
        for name in ["fwd1", "fwd2"] {
            let rule = json!({"port": port, "host": host, "toPort": 1433});
            self.by_hand(&format!("vm/{name}/iptables"), rule).await;
        }
    }

    async fn pass(&self, seconds: u32) {
        let body = json!({"seconds": seconds});
        self.by_hand("probe-clock/advance", body).await;
    }

    /// How the connection that ended last did.
    async fn ends(&self) -> Vec<String> {
        let trace = self
            .stage
            .control()
            .get("net/trace")
            .await
            .expect("a trace");
        let entries = trace["connections"].as_array().expect("a list").iter();
        let ended = entries.filter_map(|entry| entry["ended"].as_str());
        ended.map(str::to_owned).collect()
    }

    fn second(&self) -> String {
        self.fqdn().replacen("sqlmi1", "sqlmi2", 1)
    }
}

/// The one value that a query answers.
async fn value(sql: &mut Sql, query: &str) -> String {
    let results = sql.batch(query).await.expect("an answer");
    results[0].rows[0][0].to_string()
}

#[tokio::test]
async fn two_instances_behind_two_machines() {
    let town = Town::chain(TUTORIAL).await;
    let (first, second) = (town.fqdn(), town.second());
    let to_first = How::new(APP, &first, 1433).named(&first);
    let to_second = How::new(APP, &second, 1434).named(&second);

    // Nothing listens on the machines yet, whatever the probe of their port 22 says.
    assert_eq!(town.meet(to_first).await, "fwd.no_rule: tcp_refused");
    town.forward(1433, &first).await;
    town.forward(1434, &second).await;
    for how in [to_first, to_second] {
        assert_eq!(town.meet(how).await, "ok: connected");
        let mut session = town.session(how).await;
        let name = value(&mut session, "SELECT @@SERVERNAME").await;
        assert_eq!(name, how.host);
    }

    // A redirect leads to a port that no rule carries: the second connection fails.
    town.patch_instance(json!({"proxyOverride": "Redirect"}))
        .await;
    let met = town.meet(How::new(APP, &first, 1433)).await;
    assert_eq!(met, "tds.redirect_unreachable: tcp_timeout");
    town.patch_instance(json!({"proxyOverride": "Proxy"})).await;
    assert_eq!(town.meet(to_first).await, "ok: connected");

    // A machine forgets its rules when it restarts, and the probe does not see it: every other connection is refused.
    let machine = town.by_hand("vm/fwd1/reboot", json!({})).await;
    assert_eq!(
        (&machine["rules"], &machine["forwards"]),
        (&json!([]), &json!(false))
    );
    town.pass(60).await;
    let mut met = Vec::new();
    for _ in 0..2 {
        met.push(town.meet(to_first).await);
    }
    met.sort();
    // A port that lets some in lets all in before it says which: the others are reset instead of refused.
    assert_eq!(met, ["fwd.no_rule: connected", "fwd.no_rule: tcp_reset"]);
    town.by_hand("vm/fwd2/reboot", json!({})).await;
    assert_eq!(town.meet(to_first).await, "fwd.no_rule: tcp_refused");
    town.forward(1433, &first).await;
    assert_eq!(town.meet(to_first).await, "ok: connected");
    assert_eq!(town.meet(to_second).await, "fwd.no_rule: tcp_refused");
    town.stage.check_laws();
}

#[tokio::test]
async fn a_link_service_forgets_who_is_silent() {
    let town = Town::chain(TUTORIAL).await;
    let first = town.fqdn();
    town.forward(1433, &first).await;
    let how = How::new(APP, &first, 1433);
    let verdict = town.port(how).await["verdict"].clone();
    assert_eq!(
        verdict["idle"],
        json!({"seconds": 270, "reason": "pls.idle_timeout", "hop": "pls", "id": "pls"}),
        "sooner than the load balancer's 15 minutes"
    );
    let asked = json!({"from": APP, "host": first, "silentSeconds": 300});
    let verdict = town.by_hand("evaluate", asked).await;
    assert_eq!(
        (&verdict["reason"], &verdict["symptom"]),
        (&json!("pls.idle_timeout"), &json!("tcp_timeout"))
    );
    let hint = verdict["hint"].as_str().expect("a hint");
    assert!(hint.contains("keepalives"), "{hint}");

    // Whoever speaks in time is remembered, however long it goes on.
    let mut session = town.session(how).await;
    for _ in 0..3 {
        town.pass(269).await;
        session.batch("SELECT 1").await.expect("it is remembered");
    }
    // A client whose system sends keepalives needs not speak.
    let path = format!("net/dial?from={APP}&host={first}&keepAlive=30");
    let kept = town.stage.control().get(&path).await.expect("a port");
    assert_ne!(kept["port"], town.port(how).await["port"]);
    let Met::Session(keeper) = town.dial_at(how, &kept).await.met else {
        panic!("it connects");
    };
    // So does one at the proxy, or at an address of the loopback.
    let user = format!("{APP};keepAlive=30");
    let proxy = ways::socks(&town.stage, &user);
    let names = ways::loopback(&town.stage, &format!("{APP}&keepAlive=30")).await;
    let mut keepers = vec![keeper];
    for way in [Some(proxy), names].into_iter().flatten() {
        let Met::Session(keeper) = ways::dial(&town.stage, &way, &first, 1433).await.met else {
            panic!("it connects by {way:?}");
        };
        keepers.push(keeper);
    }
    town.pass(270).await;
    assert_eq!(town.ends().await, ["forgotten"]);
    for keeper in &mut keepers {
        keeper.batch("SELECT 1").await.expect("it is kept");
    }
    // Nobody has told the client: what it sends is lost, and nothing comes back.
    let waited = tokio::time::timeout(super::PATIENCE, session.batch("SELECT 1")).await;
    assert!(waited.is_err(), "there is no answer: {waited:?}");
    let mut again = town.session(how).await;
    again.batch("SELECT 1").await.expect("a new one works");
    // The server has let go of the one that was lost.
    let sessions = "SELECT COUNT(*) FROM sys.dm_exec_sessions WHERE is_user_process = 1";
    let left = (keepers.len() + 1).to_string();
    assert_eq!(value(&mut again, sessions).await, left);
    town.stage.check_laws();
}

#[tokio::test]
async fn a_load_balancer_may_say_that_it_has_forgotten() {
    for (reset, symptom) in [(true, "tcp_reset"), (false, "tcp_timeout")] {
        let wish = Wish {
            minutes: 4,
            reset,
            ..TUTORIAL
        };
        let town = Town::chain(wish).await;
        let first = town.fqdn();
        town.forward(1433, &first).await;
        let how = How::new(APP, &first, 1433);
        let asked = json!({"from": APP, "host": first, "silentSeconds": 240});
        let verdict = town.by_hand("evaluate", asked).await;
        assert_eq!(verdict["symptom"], symptom);
        let mut session = town.session(how).await;
        town.pass(239).await;
        session.batch("SELECT 1").await.expect("it is remembered");
        town.pass(240).await;
        let waited = tokio::time::timeout(super::PATIENCE, session.batch("SELECT 1")).await;
        match reset {
            true => {
                waited.expect("an answer").expect_err("it is reset");
                assert_eq!(town.ends().await, ["idleReset"]);
            }
            false => {
                assert!(waited.is_err(), "there is no answer: {waited:?}");
                assert_eq!(town.ends().await, ["forgotten"]);
            }
        }
    }
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_lost_with_its_answer() {
    let town = Town::chain(TUTORIAL).await;
    let first = town.fqdn();
    town.forward(1433, &first).await;
    let mut session = town.session(How::new(APP, &first, 1433)).await;
    let mode = json!({"mode": "auto"});
    town.stage
        .control()
        .put("clock", &mode)
        .await
        .expect("it jumps");
    session
        .batch("WAITFOR DELAY '00:04:00'")
        .await
        .expect("short enough");
    let long = session.batch("WAITFOR DELAY '00:05:00'");
    let waited = tokio::time::timeout(super::PATIENCE, long).await;
    assert!(waited.is_err(), "there is no answer: {waited:?}");
    assert_eq!(town.ends().await, ["forgotten"]);
}

#[tokio::test]
async fn a_proxy_header_breaks_what_cannot_read_it() {
    let wish = Wish {
        proxy_protocol: true,
        ..TUTORIAL
    };
    let town = Town::chain(wish).await;
    let first = town.fqdn();
    town.forward(1433, &first).await;
    let how = How::new(APP, &first, 1433);
    // It comes to the instance, which takes the header for a broken packet.
    let met = town.meet(how).await;
    assert_eq!(met, "pls.proxy_protocol_mismatch: tcp_reset");
    let traced = town.last_traced().await;
    assert_eq!(
        (&traced["act"], &traced["ended"]),
        (&json!("serve"), &json!("reset"))
    );
    let header = &town.port(how).await["verdict"]["proxyHeader"];
    let connection = town
        .arm(
            "GET",
            "Microsoft.Network/privateLinkServices/pls",
            NETWORK,
            None,
        )
        .await;
    let connection = &connection["properties"]["privateEndpointConnections"][0]["properties"];
    assert_eq!(
        (&header["source"], &header["destination"]),
        (&json!("10.9.0.4"), &json!(ENDPOINT))
    );
    assert_eq!(
        header["linkIdentifier"].to_string(),
        connection["linkIdentifier"].as_str().expect("a number")
    );
    // A program on a machine gets it too, and may know what it is.
    let asked = json!({"from": APP, "host": ENDPOINT, "port": 22});
    let verdict = town.by_hand("evaluate", asked).await;
    assert_eq!(verdict["reason"], "lb.no_rule");
}

#[tokio::test]
async fn a_program_that_reads_the_proxy_header_passes_sql_on() {
    let wish = Wish {
        proxy_protocol: true,
        ..TUTORIAL
    };
    let town = Town::chain(wish).await;
    let first = town.fqdn();
    let how = How::new(APP, &first, 1433);
    for (accepts, met) in [
        (true, "sql"),
        (false, "pls.proxy_protocol_mismatch: tcp_reset"),
    ] {
        for name in ["fwd1", "fwd2"] {
            let relay = json!({"port": 1433, "host": first, "toPort": 1433, "acceptsProxyProtocol": accepts});
            self::relay(&town, name, relay).await;
        }
        match met {
            "sql" => drop(town.session(how).await),
            met => assert_eq!(town.meet(how).await, met),
        }
    }
}

#[tokio::test]
async fn a_program_that_waits_for_a_proxy_header_hangs_up() {
    let town = Town::chain(TUTORIAL).await;
    let first = town.fqdn();
    for name in ["fwd1", "fwd2"] {
        let body =
            json!({"port": 1433, "host": first, "toPort": 1433, "acceptsProxyProtocol": true});
        relay(&town, name, body).await;
    }
    let how = How::new(APP, &first, 1433);
    let met = town.meet(how).await;
    assert_eq!(met, "pls.proxy_protocol_mismatch: tcp_reset");
    let verdict = town.port(how).await["verdict"].clone();
    let hint = verdict["hint"].as_str().expect("a hint");
    assert!(hint.contains("waits for the header"), "{hint}");
}

async fn relay(town: &Town, machine: &str, body: Value) {
    let shown = town
        .by_hand(&format!("vm/{machine}/relay"), body.clone())
        .await;
    assert_eq!(shown["relays"], json!([body]));
}

#[tokio::test]
async fn names_in_two_groups_are_told_apart() {
    let town = Town::chain(TUTORIAL).await;
    let vantages = town.stage.control().get("net/vantages").await;
    let vantages = vantages.expect("vantages")["vantages"].clone();
    let told: Vec<&str> = vantages
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| name.contains("fwd"))
        .collect();
    assert_eq!(told, ["vm:fwd1", "vm:fwd2"]);
    let group = town.stage.ready().resource_group.clone();
    let asked = json!({"from": format!("vm:{group}/fwd1"), "host": town.fqdn()});
    let verdict = town.by_hand("evaluate", asked).await;
    assert_eq!(verdict["reachable"], true);
}
