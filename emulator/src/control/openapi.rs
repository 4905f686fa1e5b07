//! The control API, described: for people who ask for `/_milink`, and as an OpenAPI document.

use axum::Json;
use serde_json::{Map, Value, json};

/// Method, path, what it does.
const ROUTES: &[(&str, &str, &str)] = &[
    (
        "get",
        "/health",
        "Whether it lives; 503 if a law of the world was found broken.",
    ),
    (
        "get",
        "/ready",
        "Where everything is; what the ready file says.",
    ),
    ("get", "/info", "Version, uptime, settings."),
    ("get", "/metrics", "Counts, in Prometheus' text form."),
    ("get", "/openapi.json", "This API."),
    (
        "get",
        "/ca.pem",
        "The certificate of the authority to trust.",
    ),
    ("get", "/worlds", "All worlds."),
    (
        "post",
        "/worlds",
        "Makes a world: name; from (and snapshot) | topology | empty; subscriptionId, clock, durations, seed, ports (own | shared).",
    ),
    ("get", "/worlds/{name}", "A world: where its servers are."),
    ("delete", "/worlds/{name}", "Drops a world."),
    (
        "get",
        "/worlds/{name}/calls",
        "What clients have asked of it, if that is recorded.",
    ),
    (
        "put",
        "/worlds/{name}/calls",
        "Records calls from now on, or no longer: record, strike.",
    ),
    (
        "get",
        "/worlds/{name}/state",
        "What a user can see of it, as lines: ?settle=true waits until it is quiet.",
    ),
    ("get", "/clock", "The clock of a world."),
    (
        "put",
        "/clock",
        "Sets its mode: manual, auto, real, scaled=K.",
    ),
    (
        "post",
        "/clock/advance",
        "Lets time pass: seconds | by | to | untilQuiet.",
    ),
    (
        "get",
        "/transitions",
        "How long things take, and what is on its way.",
    ),
    (
        "put",
        "/transitions",
        "Sets how long: profile, durations by transition (5min, instant, uniform(1s..5s), normal(30s~5s), exponential(10s), polls(3), stepped), seedingBytesPerSecond.",
    ),
    (
        "post",
        "/transitions/{name}/step",
        "Ends now what is on its way through a transition.",
    ),
    (
        "post",
        "/servers/{name}/rotate-certificate",
        "Gives a managed instance's mirroring endpoint another certificate, as the service does.",
    ),
    (
        "get",
        "/principals",
        "Service principals besides the one that owns everything.",
    ),
    (
        "put",
        "/principals/{name}",
        "Adds one, or gives it another secret: clientId, secret, role and scope; the answer tells the secret.",
    ),
    (
        "delete",
        "/principals/{name}",
        "Takes one away, with its roles.",
    ),
    ("get", "/journal", "What has happened: ?after=N&limit=N."),
    (
        "get",
        "/explain",
        "What was refused or failed lately, what ails links, and why, the newest first: ?world=NAME&limit=N.",
    ),
    (
        "get",
        "/explain/{id}",
        "Why something was refused (the id of x-milink-explain), what ails a link (its name), or what is known of an operation.",
    ),
    (
        "get",
        "/worlds/{name}/doctor",
        "What would stop a link, or ails one: ?server=S&instance=I&database=D.",
    ),
    (
        "get",
        "/worlds/{name}/log",
        "What was asked of a world, as text; without passwords.",
    ),
    (
        "get",
        "/servers",
        "The servers of a world, and whether they run.",
    ),
    (
        "put",
        "/servers/{name}",
        "Sets what a SQL Server's next start brings: hadr.",
    ),
    (
        "post",
        "/servers/{name}/{action}",
        "Stops, starts or restarts a SQL Server: stop, start, restart. Takes a managed instance away with its region, or gives it back: lose, recover.",
    ),
    ("get", "/snapshot", "The names of kept states."),
    (
        "post",
        "/snapshot/{snapshot}",
        "Keeps the state of a world under a name.",
    ),
    (
        "post",
        "/snapshot/{snapshot}/restore",
        "Goes back to it. SQL sessions end.",
    ),
    (
        "post",
        "/reset",
        "Goes back to how the world began. SQL sessions end.",
    ),
    (
        "get",
        "/faults",
        "The faults of a world, in the order that they are asked.",
    ),
    (
        "post",
        "/faults",
        "Installs a fault: point; match by field; when: nth, times, for, until, probability; verdict.",
    ),
    ("delete", "/faults", "Removes every fault of a world."),
    (
        "get",
        "/faults/{id}",
        "A fault, and how often it has bitten.",
    ),
    ("delete", "/faults/{id}", "Removes a fault."),
    (
        "get",
        "/faults/points",
        "Every fault point: what it does, what it matches by, its symptoms, its recovery.",
    ),
    ("get", "/faults/points/{point}", "One of them."),
    (
        "get",
        "/trust",
        "Which instances trust each other, and can have transactions together.",
    ),
    (
        "put",
        "/trust",
        "Whether trust outlives its group until a failover: lingering.",
    ),
    (
        "get",
        "/net/vantages",
        "From where one can look at the model's network.",
    ),
    (
        "post",
        "/net/evaluate",
        "Whether a client gets there: from, host, port; validates, follows, loginName, interactive, silentSeconds.",
    ),
    ("post", "/net/resolve", "What a name is: from, host."),
    (
        "get",
        "/net/drawing",
        "The network, drawn: ?format=mermaid|dot|svg&from=V&host=H&port=P.",
    ),
    (
        "get",
        "/net/hosts",
        "Every name of the world as a vantage hears it: ?from=V&addresses=loopback|model&keepAlive=SECONDS.",
    ),
    (
        "get",
        "/net/dns",
        "Where a DNS server answers as a vantage's resolver does: ?from=V&addresses=loopback|model&keepAlive=SECONDS.",
    ),
    (
        "get",
        "/net/doors",
        "Where a vantage is answered, by address and port: ?from=V; &after=MARK waits until it is something else.",
    ),
    (
        "post",
        "/net/dns-query",
        "Its answer to one DNS message, over HTTP (RFC 8484): ?from=V.",
    ),
    (
        "get",
        "/net/dial",
        "A port here that stands for a host and port of the model: ?from=&host=&port=&nameCheck=listener|strict&keepAlive=SECONDS&world=.",
    ),
    (
        "get",
        "/net/trace",
        "What became of the connections that were accepted last.",
    ),
    (
        "post",
        "/net/probe-clock/advance",
        "Lets time pass for the probes of load balancers: seconds.",
    ),
    (
        "get",
        "/net/vm/{name}",
        "A machine: whether it runs, what listens, what it passes on.",
    ),
    (
        "post",
        "/net/vm/{name}/reboot",
        "Reboots a machine; what was set by hand is lost.",
    ),
    (
        "post",
        "/net/vm/{name}/iptables",
        "Has a machine pass a port on, as the article's script does: port, host, toPort.",
    ),
    (
        "post",
        "/net/vm/{name}/relay",
        "Has a program on a machine pass a port on, as HAProxy does: port, host, toPort, acceptsProxyProtocol.",
    ),
    (
        "post",
        "/net/vm/{name}/web",
        "Has a web server on a machine answer probes: port, tls, path, status.",
    ),
    (
        "post",
        "/net/site/{name}/forward-names",
        "Has the DNS server of a place outside Azure ask a network's resolver for a domain: domain, network.",
    ),
    (
        "post",
        "/net/mi/{name}/change-ip",
        "Moves a managed instance's own endpoint to another address of its subnet.",
    ),
];

/// `GET /_milink`.
pub(super) async fn index() -> Json<Value> {
    let routes: Vec<String> = ROUTES
        .iter()
        .map(|(method, path, what)| format!("{} /_milink{path}: {what}", method.to_uppercase()))
        .collect();
    Json(json!({
        "routes": routes,
        "note": "What concerns one world takes ?world=NAME; without it, the first world is meant.",
    }))
}

/// `GET /_milink/openapi.json`.
pub(super) async fn document() -> Json<Value> {
    let mut paths = Map::new();
    for (method, path, what) in ROUTES {
        let parameters: Vec<Value> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        let operation = json!({
            "summary": what,
            "parameters": parameters,
            "responses": {"default": {"description": "JSON, or {\"error\":{\"code\",\"message\"}}"}},
        });
        let entry = paths
            .entry(format!("/_milink{path}"))
            .or_insert_with(|| json!({}));
        entry[method] = operation;
    }
    Json(json!({
        "openapi": "3.1.0",
        "info": {"title": "milink control API", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
    }))
}
