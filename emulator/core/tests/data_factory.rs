//! A data factory reaches out for SQL: by a private link service and forwarding machines as the article has it, and by the
//! native managed private endpoint that replaces them.

mod town;

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use milink_core::azure::data_factory::{
    Authentication, DeleteFactory, DeleteLinkedService, DeleteManagedEndpoint, DeleteRuntime,
    InteractiveStatus, LinkedServiceKind, Precondition, SqlConnection, Subject, SwitchInteractive,
    TestConnection, TestedConnection, UpdateFactory, WriteFactory, WriteLinkedService,
    WriteManagedEndpoint, WriteManagedNetwork, WriteRuntime,
};
use milink_core::azure::fabric::{
    DeleteConnection, DeletePrivateLinkService, Power, PowerMachine, Review, ReviewConnection,
    Target,
};
use milink_core::azure::{DeleteManagedInstance, DeleteResourceGroup, StopManagedInstance, Tags};
use milink_core::command::CreateLogin;
use milink_core::names::Name;
use milink_core::path::{Reason, Vantage};
use milink_core::principal::LoginKind;
use milink_core::time::Span;
use milink_core::{Refusal, World};
use town::{F1, Town, forward, forwarding, instance, key, place};

const F2: &str = "mi2.46e7afd5bc81.database.windows.net";
const PASSWORD: &str = "Pa55word";

impl Town {
    /// A factory with a managed network, a runtime in it with interactive authoring on, and one outside.
    fn factory(&mut self) {
        self.apply(WriteFactory {
            place: place("adf"),
            public_network_access: true,
            identity: true,
            condition: Precondition::None,
        });
        self.apply(managed_network("default"));
        self.runtime("vnetIR", Some("default")).expect("accepted");
        self.runtime("publicIR", None).expect("accepted");
        self.switch("vnetIR", true);
        self.pass(Span::seconds(1));
        let logins: Vec<_> = self.world.instances.keys().copied().collect();
        for instance in logins {
            self.apply(CreateLogin {
                instance,
                name: Name::new("u"),
                kind: LoginKind::Sql {
                    password: PASSWORD.into(),
                },
                default_database: None,
                sid: None,
            });
        }
    }

    fn runtime(&mut self, name: &str, network: Option<&str>) -> Result<(), Refusal> {
        self.try_apply(WriteRuntime {
            factory: key("adf"),
            name: Name::new(name),
            description: None,
            managed: Some("{}".into()),
            network: network.map(Name::new),
            condition: Precondition::None,
        })
    }

    fn switch(&mut self, name: &str, on: bool) {
        self.apply(SwitchInteractive {
            factory: key("adf"),
            name: Name::new(name),
            on,
            minutes: None,
        });
    }

    fn pass(&mut self, span: Span) {
        let later = self.world.now() + span;
        self.world.advance_to(later);
    }

    fn managed(&mut self, name: &str, target: Target, fqdns: &[&str]) -> Result<(), Refusal> {
        let group_id = match target {
            Target::Instance(_) => "managedInstance",
            Target::Service(_) => "",
        };
        self.try_apply(WriteManagedEndpoint {
            fqdns: fqdns.iter().map(ToString::to_string).collect(),
            ..managed_endpoint(name, target, group_id)
        })
    }

    /// Takes a managed endpoint away; whether it was there.
    fn without(&mut self, name: &str) -> bool {
        self.apply(DeleteManagedEndpoint {
            factory: key("adf"),
            network: Name::new("default"),
            name: Name::new(name),
        })
    }

    fn restart(&mut self, machine: &str) {
        self.apply(PowerMachine {
            key: key(machine),
            power: Power::Running,
        });
    }

    fn judge(&mut self, name: &str, review: Review) {
        let connection = connection(&self.world, name).clone();
        self.apply(ReviewConnection {
            target: connection.target,
            name: connection.name,
            review,
            description: "said by the owner".to_owned(),
        });
    }

    fn try_test(&mut self, runtime: &str, text: &str) -> Result<TestedConnection, Refusal> {
        self.try_apply(TestConnection {
            factory: key("adf"),
            subject: Subject::Given {
                runtime: Some(Name::new(runtime)),
                connection: SqlConnection::parse(text),
                password_of: None,
            },
        })
    }

    /// What a table of servers comes to, tested from the runtime in the managed network.
    fn tested(&mut self, servers: &[&str], expected: &Expect) {
        let mut text = String::new();
        for server in servers {
            let string = format!("Data Source={server};User ID=u;Password={PASSWORD}");
            told(&mut text, server, &self.try_test("vnetIR", &string));
        }
        expected.assert_eq(&text);
    }
}

fn connection<'w>(world: &'w World, name: &str) -> &'w milink_core::azure::fabric::Connection {
    let factory = world.data_factory(&key("adf")).expect("made");
    &factory.endpoints[&Name::new(name)].connection
}

/// One line: the reason, and the end of the message.
fn told(text: &mut String, what: &str, tested: &Result<TestedConnection, Refusal>) {
    let tested = match tested {
        Ok(tested) => tested,
        Err(refusal) => {
            let _ = writeln!(text, "{what}: refused: {refusal}");
            return;
        }
    };
    let reason = tested.verdict.as_ref().and_then(|verdict| verdict.reason);
    let reason = reason.map_or("ok", Reason::code);
    let end = tested.error.as_ref().map_or("", |error| {
        let message = &error.message;
        let end = message.rsplit_once("to access. ");
        let end = end.map_or(message.as_str(), |(_, end)| end);
        let end = end.rsplit_once("error: 0 - ").map_or(end, |(_, end)| end);
        end.split(" because ").next().unwrap_or(end)
    });
    let _ = writeln!(text, "{}", format!("{what}: {reason} {end}").trim_end());
}

/// The article's chain with two instances, each on its port.
fn article(policy: &str) -> Town {
    let mut town = forwarding(policy);
    // The article asks for Proxy; the town's first instance is on Redirect.
    let id = town.world.managed_instance("mi1").expect("made").id;
    set_policy(&mut town, id, policy);
    for machine in ["fwd1", "fwd2"] {
        forward(&mut town, machine, 1433, F1);
        forward(&mut town, machine, 1434, F2);
    }
    town.factory();
    town.managed("mpe-pls", Target::Service(key("pls")), &[F1, F2])
        .expect("accepted");
    town
}

/// A factory with an endpoint straight to the first instance, whose owner has said so much of it.
fn native(review: Review) -> Town {
    let mut town = Town::new();
    town.factory();
    town.managed("mpe", instance(), &[]).expect("accepted");
    town.judge("mpe", review);
    town
}

fn managed_network(name: &str) -> WriteManagedNetwork {
    WriteManagedNetwork {
        factory: key("adf"),
        name: Name::new(name),
        prevents_exfiltration: false,
        condition: Precondition::None,
    }
}

fn managed_endpoint(name: &str, target: Target, group_id: &str) -> WriteManagedEndpoint {
    WriteManagedEndpoint {
        factory: key("adf"),
        network: Name::new("default"),
        name: Name::new(name),
        target,
        group_id: group_id.to_owned(),
        fqdns: Vec::new(),
        condition: Precondition::None,
    }
}

fn set_policy(town: &mut Town, id: milink_core::ids::InstanceId, policy: &str) {
    use milink_core::azure::{InstanceSettings, UpdateManagedInstance};
    town.apply(UpdateManagedInstance {
        instance: id,
        settings: InstanceSettings {
            proxy_override: Some(policy.to_owned()),
            ..InstanceSettings::default()
        },
    });
    town.pass(Span::minutes(5));
}

#[test]
fn the_article_with_two_instances() {
    let mut town = article("Proxy");
    let two = format!("{F2},1434");
    let servers = [F1, two.as_str(), F2];
    town.tested(
        &servers,
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: pe.pending A connection attempt failed
        mi2.46e7afd5bc81.database.windows.net,1434: pe.pending A connection attempt failed
        mi2.46e7afd5bc81.database.windows.net: pe.pending A connection attempt failed
    "#]],
    );
    town.judge("mpe-pls", Review::Approved);
    town.tested(&servers, &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: ok
        mi2.46e7afd5bc81.database.windows.net,1434: ok
        mi2.46e7afd5bc81.database.windows.net: tds.host_mismatch Cannot open server "mi2" requested by the login.  The login failed.,SqlErrorNumber=40532,Class=11,State=1,
    "#]]);
    // Another password, another database, another user; the server answers, so its number is there.
    let mut text = String::new();
    for rest in [
        "User ID=u;Password=wrong",
        "User ID=nobody;Password=x",
        "User ID=u;Password=Pa55word;Initial Catalog=nothing",
        "User ID=u;Password=Pa55word;Encrypt=True",
        "User ID=u;Password=Pa55word;Colour=red",
        "Integrated Security=True",
    ] {
        let string = format!("Data Source={F1};{rest}");
        told(&mut text, rest, &town.try_test("vnetIR", &string));
    }
    expect![[r#"
        User ID=u;Password=wrong: ok Login failed for user 'u'.,SqlErrorNumber=18456,Class=14,State=1,
        User ID=nobody;Password=x: ok Login failed for user 'nobody'.,SqlErrorNumber=18456,Class=14,State=1,
        User ID=u;Password=Pa55word;Initial Catalog=nothing: ok Cannot open database "nothing" requested by the login. The login failed.,SqlErrorNumber=4060,Class=11,State=1,
        User ID=u;Password=Pa55word;Encrypt=True: ok
        User ID=u;Password=Pa55word;Colour=red: ok Keyword not supported: 'Colour'.
        Integrated Security=True: refused: Testing a connection with Windows authentication is not supported by the emulator
    "#]].assert_eq(&text);
    let whole = town
        .try_test("vnetIR", &format!("Server={F1};Database=db1;UID=u;PWD=x"))
        .expect("tried")
        .error
        .expect("failed");
    expect!["22300 Cannot connect to SQL Database. Please contact SQL server team for further support. Server: 'mi1.6d710bcf372b.database.windows.net', Database: 'db1', User: 'u'. Check the linked service configuration is correct, and make sure the SQL Database firewall allows the integration runtime to access. Login failed for user 'u'.,SqlErrorNumber=18456,Class=14,State=1,"].assert_eq(&format!("{} {}", whole.code, whole.message));
}

#[test]
fn a_client_that_is_sent_on_does_not_arrive() {
    let mut town = article("Redirect");
    town.judge("mpe-pls", Review::Approved);
    town.tested(
        &[F1],
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: tds.redirect_unreachable A connection attempt failed
    "#]],
    );
    // The first login is judged all the same.
    let wrong = town.try_test("vnetIR", &format!("Server={F1};UID=u;PWD=wrong"));
    let mut text = String::new();
    told(&mut text, "wrong password", &wrong);
    expect![[r#"
        wrong password: tds.redirect_unreachable Login failed for user 'u'.,SqlErrorNumber=18456,Class=14,State=1,
    "#]].assert_eq(&text);
    // Natively nobody is sent on.
    town.managed("mpe-mi", instance(), &["native.test"])
        .expect("accepted");
    town.judge("mpe-mi", Review::Approved);
    town.without("mpe-pls");
    town.managed("mpe-mi", instance(), &[]).expect("accepted");
    town.tested(
        &[F1],
        &expect![[r#"
            mi1.6d710bcf372b.database.windows.net: ok
        "#]],
    );
}

#[test]
fn machines_that_forget_and_probes_that_lie() {
    let mut town = article("Proxy");
    town.judge("mpe-pls", Review::Approved);
    town.restart("fwd1");
    town.tested(
        &[F1],
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: fwd.no_rule No connection could be made
    "#]],
    );
    town.restart("fwd2");
    town.tested(
        &[F1],
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: fwd.no_rule No connection could be made
    "#]],
    );
    for machine in ["fwd1", "fwd2"] {
        forward(&mut town, machine, 1433, F1);
    }
    let (two, three) = (format!("{F2},1434"), format!("{F1},1435"));
    town.tested(
        &[F1, &two, &three],
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: ok
        mi2.46e7afd5bc81.database.windows.net,1434: fwd.no_rule No connection could be made
        mi1.6d710bcf372b.database.windows.net,1435: lb.no_rule A connection attempt failed
    "#]],
    );
}

#[test]
fn the_native_endpoint() {
    let mut town = Town::new();
    town.factory();
    let from = |town: &Town, runtime: &str| {
        Vantage::parse(&town.world, &format!("adf:adf/{runtime}")).expect("a vantage")
    };
    town.tested(
        &[F1, "nowhere.test"],
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: adf.mpe_missing A connection attempt failed
        nowhere.test: dns.nxdomain No such host is known.)
    "#]],
    );
    town.managed("mpe", instance(), &[]).expect("accepted");
    town.tested(
        &[F1],
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: pe.pending A connection attempt failed
    "#]],
    );
    town.judge("mpe", Review::Approved);
    let port = format!("{F1},3342");
    // The endpoint's own address leads there; its gateway wants a name.
    town.tested(
        &[
            F1,
            &port,
            "10.252.0.4",
            "mi9.6d710bcf372b.database.windows.net",
        ],
        &expect![[r#"
            mi1.6d710bcf372b.database.windows.net: ok
            mi1.6d710bcf372b.database.windows.net,3342: pe.port_not_carried A connection attempt failed
            10.252.0.4: tds.host_required Cannot open server "10.252.0.4" requested by the login.  The login failed.,SqlErrorNumber=40532,Class=11,State=1,
            mi9.6d710bcf372b.database.windows.net: dns.nxdomain No such host is known.)
        "#]],
    );
    let mut text = String::new();
    for runtime in ["publicIR", "AutoResolveIntegrationRuntime", "noIR"] {
        let string = format!("Server={F1};UID=u;PWD={PASSWORD}");
        told(&mut text, runtime, &town.try_test(runtime, &string));
    }
    expect![[r#"
        publicIR: adf.ir_not_in_managed_vnet A connection attempt failed
        AutoResolveIntegrationRuntime: adf.ir_not_in_managed_vnet A connection attempt failed
        noIR: refused: there is no 'noIR' in the factory that could be referred to
    "#]]
    .assert_eq(&text);
    assert_eq!(from(&town, "VNETIR").to_string(), "adf:adf/vnetIR");
    town.check(
        &[
            ("adf:adf/vnetIR", F1, 1433),
            ("adf:adf/vnetIR", "10.1.1.254", 1433),
        ],
        &expect![[r#"
            adf:adf/vnetIR -> mi1.Z:1433: ok [pe adf.mpe Approved > mi mi1]
            adf:adf/vnetIR -> 10.1.1.254:1433: adf.mpe_missing TcpTimeout
        "#]],
    );
    let target = instance();
    let name = connection(&town.world, "mpe").name.clone();
    assert!(name.as_str().starts_with("adf.mpe-"), "{name}");
    assert!(town.apply(DeleteConnection { target, name }));
    town.tested(
        &[F1],
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: pe.disconnected A connection attempt failed
    "#]],
    );
}

#[test]
fn what_a_provider_says() {
    let mut town = native(Review::Rejected);
    town.tested(
        &[F1],
        &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: pe.rejected A connection attempt failed
    "#]],
    );
    let listed = |town: &Town| town.world.connections_to(&instance()).count();
    assert_eq!(listed(&town), 1);
    assert!(town.without("mpe"));
    assert_eq!(listed(&town), 0);
    // An instance that goes leaves its endpoints disconnected.
    town.managed("mpe", instance(), &[]).expect("accepted");
    let id = town.world.managed_instance("mi1").expect("made").id;
    town.apply(DeleteManagedInstance { instance: id });
    town.pass(Span::minutes(60));
    assert_eq!(connection(&town.world, "mpe").status.text(), "Disconnected");
    town.apply(DeleteFactory { key: key("adf") });
    assert_eq!(town.world.consumers().count(), 0);
}

#[test]
fn interactive_authoring_ends_when_it_is_not_used() {
    let mut town = native(Review::Approved);
    let status = |town: &Town| {
        let factory = town.world.data_factory(&key("adf")).expect("made");
        let runtime = &factory.runtimes[&Name::new("vnetIR")];
        runtime
            .interactive()
            .expect("in the network")
            .status(&town.world)
    };
    assert_eq!(status(&town), InteractiveStatus::Enabled);
    town.pass(Span::minutes(50));
    town.tested(
        &[F1],
        &expect![[r#"
            mi1.6d710bcf372b.database.windows.net: ok
        "#]],
    );
    town.pass(Span::minutes(50));
    assert_eq!(status(&town), InteractiveStatus::Enabled);
    town.pass(Span::minutes(10));
    assert_eq!(status(&town), InteractiveStatus::Disabled);
    town.tested(&[F1], &expect![[r#"
        mi1.6d710bcf372b.database.windows.net: refused: interactive authoring is not enabled on integration runtime 'vnetIR'
    "#]]);
    town.switch("vnetIR", true);
    assert_eq!(status(&town), InteractiveStatus::Enabling);
    town.pass(Span::seconds(1));
    assert_eq!(status(&town), InteractiveStatus::Enabled);
    town.switch("vnetIR", false);
    assert_eq!(status(&town), InteractiveStatus::Disabling);
    town.pass(Span::seconds(1));
    assert_eq!(status(&town), InteractiveStatus::Disabled);
    // Pipelines do not need it.
    town.check(
        &[("adf:adf/vnetIR", F1, 1433)],
        &expect![[r#"
        adf:adf/vnetIR -> mi1.Z:1433: ok [pe adf.mpe Approved > mi mi1]
    "#]],
    );
}

#[test]
fn an_instance_that_does_not_run_says_so() {
    let mut town = native(Review::Approved);
    let id = town.world.managed_instance("mi1").expect("made").id;
    town.apply(StopManagedInstance { instance: id });
    town.pass(Span::minutes(10));
    town.tested(
        &[F1],
        &expect![[r#"
            mi1.6d710bcf372b.database.windows.net: mi.stopped A connection attempt failed
        "#]],
    );
}

#[test]
fn linked_services_keep_their_passwords() {
    let mut town = native(Review::Approved);
    let write = |town: &mut Town, text: &str, credential, condition| {
        town.try_apply(WriteLinkedService {
            factory: key("adf"),
            name: Name::new("MI1"),
            kind: LinkedServiceKind::AzureSqlMI,
            runtime: Some(Name::new("vnetIR")),
            shown: "{}".into(),
            connection: SqlConnection::parse(text),
            credential,
            condition,
        })
    };
    let named = |town: &mut Town| {
        let tested = town.try_apply(TestConnection {
            factory: key("adf"),
            subject: Subject::Named(Name::new("mi1")),
        });
        tested.map(|tested| tested.error.is_none())
    };
    let service = |town: &Town| {
        let factory = town.world.data_factory(&key("adf")).expect("made");
        factory.linked_services[&Name::new("MI1")].clone()
    };
    let missing = named(&mut town).expect_err("not there").to_string();
    assert!(missing.contains("linkedservices"), "{missing}");
    let text = format!("Server={F1};UID=u;PWD={PASSWORD}");
    write(&mut town, &text, None, Precondition::None).expect("accepted");
    assert_eq!(named(&mut town), Ok(true));
    let read = service(&town);
    let without = format!("Server={F1};UID=u");
    let same = Precondition::Etag(read.etag.to_string());
    write(&mut town, &without, Some(read.credential), same.clone()).expect("accepted");
    assert_eq!(named(&mut town), Ok(true));
    let changed = write(&mut town, &without, None, same).expect_err("changed");
    assert!(changed.to_string().contains("not as it was"), "{changed}");
    write(&mut town, &without, None, Precondition::There).expect("accepted");
    assert_eq!(named(&mut town), Ok(false));
    let delete = DeleteRuntime {
        factory: key("adf"),
        name: Name::new("vnetIR"),
    };
    let used = town.try_apply(delete.clone()).expect_err("in use");
    assert!(used.to_string().contains("MI1"), "{used}");
    assert!(town.apply(DeleteLinkedService {
        factory: key("adf"),
        name: Name::new("MI1"),
    }));
    assert!(town.apply(delete));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut town = forwarding("Proxy");
    let factory = |name: &str, location: &str| WriteFactory {
        place: milink_core::azure::fabric::Place {
            location: location.to_owned(),
            ..place(name)
        },
        public_network_access: true,
        identity: false,
        condition: Precondition::None,
    };
    let mut told = String::new();
    let mut tell = |what: &str, result: Result<(), Refusal>| {
        let refusal = result.expect_err(what);
        let _ = writeln!(told, "{what}: {refusal}");
    };
    tell("short name", town.try_apply(factory("a", "westeurope")));
    tell(
        "If-Match on nothing",
        town.try_apply(WriteFactory {
            condition: Precondition::There,
            ..factory("adf", "westeurope")
        }),
    );
    town.apply(factory("adf", "westeurope"));
    tell("another region", town.try_apply(factory("adf", "eastus")));
    tell("no network yet", town.managed("mpe", instance(), &[]));
    tell("a runtime in it", town.runtime("vnetIR", Some("default")));
    tell("another network", town.try_apply(managed_network("other")));
    town.factory();
    let nobody = Target::Instance(Name::new("nobody"));
    tell("no instance", town.managed("mpe", nobody, &[]));
    tell("a bad name", town.managed("-mpe", instance(), &[]));
    tell("an empty name", town.managed("mpe", instance(), &[""]));
    tell(
        "a group of an instance for a service",
        town.try_apply(managed_endpoint(
            "mpe",
            Target::Service(key("pls")),
            "managedInstance",
        )),
    );
    town.managed("mpe", Target::Service(key("pls")), &[])
        .expect("accepted");
    tell("another target", town.managed("mpe", instance(), &[]));
    tell("out of the network", town.runtime("vnetIR", None));
    for (what, name) in [("no runtime", "none"), ("a public one", "publicIR")] {
        let switched = town.try_apply(SwitchInteractive {
            factory: key("adf"),
            name: Name::new(name),
            on: true,
            minutes: None,
        });
        tell(what, switched.map(|_| ()));
    }
    let deleted = town.try_apply(DeletePrivateLinkService { key: key("pls") });
    tell("a service in use", deleted.map(|_| ()));
    tell(
        "a factory that is not there",
        town.try_apply(UpdateFactory {
            key: key("none"),
            tags: Some(Tags::new()),
            public_network_access: None,
            identity: None,
        }),
    );
    expect![[r#"
        short name: 'a' is not a name for Microsoft.DataFactory/factories
        If-Match on nothing: 'adf' is not as it was when it was read
        another region: 'adf' already exists in location 'westeurope'
        no network yet: factory 'adf' has no managed virtual network 'default'
        a runtime in it: there is no 'default' in the factory that could be referred to
        another network: a managed virtual network is called 'default', not 'other'
        no instance: 'Microsoft.DataFactory/factories/managedVirtualNetworks/managedPrivateEndpoints/mpe' names 'Microsoft.Sql/managedInstances/nobody', which does not exist
        a bad name: '-mpe' is not a name for Microsoft.DataFactory/factories/managedVirtualNetworks/managedPrivateEndpoints
        an empty name: the value '1' of fqdns is not valid
        a group of an instance for a service: private endpoint 'mpe' names the groups 'managedInstance', which 'Microsoft.Network/privateLinkServices/pls' does not have
        another target: what managed private endpoint 'mpe' leads to cannot be changed
        out of the network: integration runtime 'vnetIR' cannot change what it is, nor its network
        no runtime: there is no 'none' among the integrationRuntimes of the factory
        a public one: integration runtime 'publicIR' is not in a managed virtual network
        a service in use: private link service 'pls' is connected to 'pe-pls'
        a factory that is not there: there is no Microsoft.DataFactory/factories 'none' in resource group 'rg'
    "#]].assert_eq(&told);
    assert_eq!(
        Authentication::parse("ServicePrincipal"),
        Authentication::Other("ServicePrincipal".to_owned())
    );
    // A group takes its factories along, and with them their connections.
    town.apply(DeleteResourceGroup {
        name: Name::new("rg"),
    });
    town.pass(Span::minutes(60));
    assert!(town.world.data_factory(&key("adf")).is_none());
}
