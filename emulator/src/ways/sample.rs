//! A small world with a network, for tests: instance `mi1` in `mi-vnet`, and machine `vm-app` in `app-vnet` with a private
//! endpoint that waits for its approval.

use milink_core::World;
use milink_core::azure::fabric::{
    AddForwarding, MachineProfile, Peering, Place, PoolId, Records, Review, ReviewConnection, Rule,
    RuleProtocol, Site, Sku, Target, WantedFrontend, WriteGateway, WriteInterface,
    WriteLoadBalancer, WriteMachine, WritePeering, WritePrivateEndpoint, WriteRecordSet, WriteSite,
    WriteZone, WriteZoneLink,
};
use milink_core::azure::{
    AddressPrefix, ManagedInstanceProperties, ResourceKey, SubnetId, SubnetSettings, Tags,
    WriteResourceGroup, WriteVirtualNetwork,
};
use milink_core::certificate::CertificateFacts;
use milink_core::collation::Collation;
use milink_core::command::{CreateManagedInstance, Request};
use milink_core::names::Name;
use milink_core::time::Timestamp;
use milink_core::version::UpdatePolicy;
use uuid::Uuid;

/// The name of the instance.
pub(crate) const HOST: &str = "mi1.6d710bcf372b.database.windows.net";
/// The zone for private endpoints.
pub(crate) const PRIVATE_ZONE: &str = "privatelink.6d710bcf372b.database.windows.net";

/// The world.
pub(crate) fn town() -> World {
    let now = Timestamp::from_unix_seconds(1_770_000_000);
    let mut world = World::new(1, Uuid::from_u128(7), now);
    apply(
        &mut world,
        WriteResourceGroup {
            name: Name::new("rg"),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        },
    );
    network(
        &mut world,
        "mi-vnet",
        "10.1.0.0/16",
        &[("mi", "10.1.1.0/24")],
    );
    let mut properties = ManagedInstanceProperties::new(Name::new("rg"), "westeurope");
    properties.subnet = Some(subnet("mi-vnet", "mi"));
    let create = CreateManagedInstance {
        name: Name::new("mi1"),
        dns_zone: "6d710bcf372b".to_owned(),
        update_policy: UpdatePolicy::SqlServer2022,
        endpoint_certificate: facts(),
        collation: Collation::DEFAULT,
        administrator: Name::new("admin"),
        password: "x".into(),
        properties,
    };
    apply(&mut world, create);
    let subnets = [("app", "10.9.0.0/24"), ("pe", "10.9.1.0/24")];
    network(&mut world, "app-vnet", "10.9.0.0/16", &subnets);
    machine(&mut world, "vm-app", "app-vnet", "app");
    let endpoint = WritePrivateEndpoint {
        place: place("pe-mi1"),
        subnet: subnet("app-vnet", "pe"),
        configuration: None,
        interface: None,
        connection: Name::new("c1"),
        target: Target::Instance(Name::new("mi1")),
        by_alias: false,
        group_ids: vec!["managedInstance".to_owned()],
        manual: true,
        message: "please".to_owned(),
        may_approve: false,
    };
    apply(&mut world, endpoint);
    zone(&mut world, PRIVATE_ZONE, "app-vnet", "mi1", "10.9.1.4");
    world
}

/// Approves the private endpoint's connection.
pub(crate) fn approve(world: &mut World) {
    let endpoint = &world.azure.fabric.private_endpoints[&key("pe-mi1")];
    let review = ReviewConnection {
        target: endpoint.connection.target.clone(),
        name: endpoint.connection.name.clone(),
        review: Review::Approved,
        description: "fine".to_owned(),
    };
    apply(world, review);
}

/// A place outside that reaches `app-vnet`, and half a peering.
pub(crate) fn surround(world: &mut World) {
    let site = Site {
        name: Name::new("office"),
        prefixes: vec![AddressPrefix::parse("192.168.0.0/16").expect("a prefix")],
        forwarders: Default::default(),
    };
    apply(world, WriteSite { site });
    let gateway = WriteGateway {
        place: place("er"),
        network: key("app-vnet"),
        kind: "ExpressRoute".to_owned(),
        sites: vec![Name::new("office")],
    };
    apply(world, gateway);
    let peering = Peering {
        name: Name::new("to-mi-vnet"),
        remote: key("mi-vnet"),
        allow_access: true,
        allow_forwarded: false,
        allow_gateway_transit: false,
        use_remote_gateways: false,
        was_connected: false,
    };
    apply(
        world,
        WritePeering {
            network: key("app-vnet"),
            peering,
        },
    );
}

/// A load balancer in front of two machines, of which only the first passes on to the instance.
pub(crate) fn balance(world: &mut World) {
    let rule = Rule {
        protocol: RuleProtocol::Tcp,
        frontend: Name::new("fe"),
        frontend_port: 1433,
        pool: Some(Name::new("pool")),
        backend_port: 1433,
        probe: None,
        idle_timeout_minutes: 4,
        tcp_reset: true,
        distribution: "Default".to_owned(),
        no_outbound: false,
    };
    let frontend = WantedFrontend::inside(subnet("app-vnet", "app"), None);
    apply(
        world,
        WriteLoadBalancer {
            place: place("lb"),
            sku: Some(Sku::Standard),
            frontends: vec![(Name::new("fe"), frontend)],
            pools: vec![Name::new("pool")],
            probes: Vec::new(),
            rules: vec![(Name::new("r1433"), rule)],
            nat_rules: Vec::new(),
        },
    );
    let pool = PoolId {
        balancer: key("lb"),
        name: Name::new("pool"),
    };
    for name in ["fwd1", "fwd2"] {
        machine_in(world, name, "app-vnet", "app", vec![pool.clone()]);
    }
    apply(
        world,
        AddForwarding {
            key: key("fwd1"),
            port: 1433,
            host: "10.9.1.4".to_owned(),
            to_port: 1433,
        },
    );
}

/// A record in a zone that a network hears.
pub(crate) fn zone(world: &mut World, name: &str, network: &str, record: &str, address: &str) {
    let place = Place {
        location: "global".to_owned(),
        ..place(name)
    };
    apply(world, WriteZone { place });
    apply(
        world,
        WriteZoneLink {
            zone: key(name),
            name: Name::new("link"),
            network: key(network),
            registers: false,
            redirects: false,
            tags: Tags::new(),
        },
    );
    let address = address.parse().expect("an address");
    record_set(world, name, record, Records::A(vec![address]));
}

/// Records of a zone.
pub(crate) fn record_set(world: &mut World, zone: &str, name: &str, records: Records) {
    apply(
        world,
        WriteRecordSet {
            zone: key(zone),
            name: Name::new(name),
            ttl_seconds: 300,
            metadata: Default::default(),
            records,
        },
    );
}

/// What has to be accepted.
pub(crate) fn apply<R: Request>(world: &mut World, request: R) -> R::Reply {
    let now = world.now();
    let applied = world.apply(now, request);
    applied.unwrap_or_else(|refusal| panic!("refused: {refusal}"))
}

fn network(world: &mut World, name: &str, prefix: &str, subnets: &[(&str, &str)]) {
    let subnets = subnets.iter().map(|(name, prefix)| {
        let prefix = AddressPrefix::parse(prefix).expect("a prefix");
        let settings = SubnetSettings::new(prefix);
        let settings = match *name {
            "mi" => settings.delegated_to_managed_instances(),
            _ => settings,
        };
        (Name::new(name), settings)
    });
    let network = WriteVirtualNetwork {
        key: key(name),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
        prefixes: vec![prefix.to_owned()],
        dns_servers: Vec::new(),
        subnets: Some(subnets.collect()),
    };
    apply(world, network);
}

fn machine(world: &mut World, name: &str, network: &str, inside: &str) {
    machine_in(world, name, network, inside, Vec::new());
}

fn machine_in(world: &mut World, name: &str, network: &str, inside: &str, pools: Vec<PoolId>) {
    let nic = format!("{name}-nic");
    let interface = WriteInterface {
        place: place(&nic),
        configuration: Name::new("ipconfig1"),
        subnet: subnet(network, inside),
        address: None,
        forwards: false,
        network_security_group: None,
        pools,
        public: None,
        nat_rules: Vec::new(),
    };
    apply(world, interface);
    let machine = WriteMachine {
        place: place(name),
        interface: key(&nic),
        size: "Standard_B1s".to_owned(),
        profile: MachineProfile::default(),
    };
    apply(world, machine);
}

fn key(name: &str) -> ResourceKey {
    ResourceKey {
        group: Name::new("rg"),
        name: Name::new(name),
    }
}

fn place(name: &str) -> Place {
    Place {
        key: key(name),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
    }
}

fn subnet(network: &str, name: &str) -> SubnetId {
    SubnetId {
        group: Name::new("rg"),
        network: Name::new(network),
        subnet: Name::new(name),
    }
}

fn facts() -> CertificateFacts {
    CertificateFacts {
        der: vec![1].into(),
        thumbprint: [1; 20],
        subject: "CN=mi".to_owned(),
        issuer: "CN=mi".to_owned(),
        serial: "01".to_owned(),
        not_before: Timestamp::from_unix_seconds(0),
        not_after: Timestamp::from_unix_seconds(4_000_000_000),
        key_bits: 2048,
    }
}
