//! The ARM side of the world: lives of resources, and refusals that change nothing.

use std::sync::Arc;

use milink_core::World;
use milink_core::azure::{
    AddressPrefix, CancelOperation, DeleteManagedInstance, DeleteResourceGroup, DeleteSubnet,
    DeleteTrustCertificate, InstanceSettings, InstanceState, ResourceKey, SetEntraOnly, SubnetId,
    SubnetSettings, Tags, UpdateManagedInstance, WriteManagedDatabase, WriteManagedInstance,
    WriteResourceGroup, WriteSubnet, WriteTrustCertificate, WriteVirtualNetwork,
};
use milink_core::certificate::CertificateFacts;
use milink_core::command::Request;
use milink_core::ids::{InstanceId, OperationId};
use milink_core::invariants;
use milink_core::names::Name;
use milink_core::operation::OperationState;
use milink_core::refusal::{AzureRefusal, InstanceRefusal, Refusal};
use milink_core::time::{Span, Timestamp};
use uuid::Uuid;

const SUBSCRIPTION: Uuid = Uuid::from_u128(7);

struct Lab {
    world: World,
    now: Timestamp,
}

impl Lab {
    /// An empty world.
    fn new(seed: u64) -> Self {
        let now = Timestamp::from_unix_seconds(1_770_000_000);
        Self {
            world: World::new(seed, SUBSCRIPTION, now),
            now,
        }
    }

    /// Group `rg`, network `vnet` and subnet `mi`, delegated.
    fn with_network() -> Self {
        let mut lab = Self::new(1);
        lab.accept(WriteResourceGroup {
            name: Name::new("rg"),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
        });
        let prefix = AddressPrefix::parse("10.0.1.0/24").expect("a prefix");
        let subnet = SubnetSettings::new(prefix).delegated_to_managed_instances();
        lab.accept(WriteVirtualNetwork {
            key: network(),
            location: "westeurope".to_owned(),
            tags: Tags::new(),
            prefixes: vec!["10.0.0.0/16".to_owned()],
            dns_servers: Vec::new(),
            subnets: Some(vec![(Name::new("mi"), subnet)]),
        });
        lab.pass(Span::seconds(1));
        lab
    }

    fn with_instance() -> (Self, InstanceId) {
        let mut lab = Self::with_network();
        lab.accept(instance("mi"));
        lab.pass(Span::minutes(1));
        let id = lab.world.managed_instance("mi").expect("it is ready").id;
        (lab, id)
    }

    fn accept<R: Request + std::fmt::Debug>(&mut self, request: R) -> R::Reply {
        let reply = self.world.apply(self.now, request).expect("accepted");
        self.check();
        reply
    }

    /// A refused request leaves the world as it was.
    fn refuse<R: Request>(&mut self, request: R) -> Refusal {
        let before = self.world.clone();
        let refusal = self.world.apply(self.now, request).err().expect("refused");
        assert_eq!(self.world, before);
        refusal
    }

    fn pass(&mut self, span: Span) {
        self.now += span;
        self.world.advance_to(self.now);
        self.check();
    }

    fn check(&self) {
        assert_eq!(invariants::check(&self.world), Ok(()));
    }

    fn state(&self, operation: OperationId) -> OperationState {
        let operation = self.world.operation(operation).expect("remembered");
        operation.state.clone()
    }
}

fn network() -> ResourceKey {
    ResourceKey {
        group: Name::new("rg"),
        name: Name::new("vnet"),
    }
}

fn subnet() -> SubnetId {
    SubnetId {
        group: Name::new("rg"),
        network: Name::new("vnet"),
        subnet: Name::new("mi"),
    }
}

fn certificate(name: &str) -> CertificateFacts {
    CertificateFacts {
        der: name.as_bytes().into(),
        thumbprint: [name.len() as u8; 20],
        subject: name.to_owned(),
        issuer: "root".to_owned(),
        serial: "01".to_owned(),
        not_before: Timestamp::from_unix_seconds(0),
        not_after: Timestamp::from_unix_seconds(4_000_000_000),
        key_bits: 2048,
    }
}

fn instance(name: &str) -> WriteManagedInstance {
    WriteManagedInstance {
        group: Name::new("rg"),
        name: Name::new(name),
        settings: InstanceSettings {
            location: Some("westeurope".to_owned()),
            subnet_id: Some(subnet().to_arm_id(SUBSCRIPTION)),
            administrator_login: Some("dba".to_owned()),
            password: Some(Arc::from("Sup3rSecretPassw0rd!")),
            ..InstanceSettings::default()
        },
        endpoint_certificate: Some(certificate(name)),
    }
}

#[test]
fn instances_of_a_subnet_share_a_zone() {
    let lab = Lab::new(1);
    let zone = lab.world.azure.dns_zone(&subnet());
    assert_eq!(zone.len(), 12);
    assert!(zone.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_eq!(lab.world.azure.dns_zone(&subnet()), zone);
    assert_ne!(Lab::new(2).world.azure.dns_zone(&subnet()), zone);
    let other = SubnetId {
        subnet: Name::new("other"),
        ..subnet()
    };
    assert_ne!(lab.world.azure.dns_zone(&other), zone);
}

#[test]
fn an_instance_has_an_engine_from_ready_on() {
    let mut lab = Lab::with_network();
    let operation = lab.accept(instance("mi"));
    let view = lab.world.managed_instance_view("MI").expect("it is there");
    assert_eq!(view.state, InstanceState::Creating);
    assert!(lab.world.managed_instance("mi").is_none());
    assert_eq!(
        lab.refuse(instance("mi")),
        AzureRefusal::InstanceBusy {
            name: "mi".to_owned()
        }
        .into()
    );
    lab.pass(Span::minutes(1));
    assert!(matches!(
        lab.state(operation),
        OperationState::Succeeded {
            has_result: true,
            ..
        }
    ));
    let engine = lab.world.managed_instance("mi").expect("it is ready");
    assert!(engine.login("dba").is_some());
    let id = engine.id;
    let changed = lab.accept(UpdateManagedInstance {
        instance: id,
        settings: InstanceSettings {
            v_cores: Some(8),
            ..InstanceSettings::default()
        },
    });
    let busy = AzureRefusal::InstanceBusy {
        name: "mi".to_owned(),
    };
    assert_eq!(
        lab.refuse(DeleteManagedInstance { instance: id }),
        busy.into()
    );
    lab.accept(CancelOperation { operation: changed });
    let deleted = lab.accept(DeleteManagedInstance { instance: id });
    assert_eq!(
        lab.refuse(CancelOperation { operation: deleted }),
        AzureRefusal::OperationNotCancellable {
            id: deleted.to_string()
        }
        .into()
    );
    lab.pass(Span::minutes(1));
    assert!(lab.world.instances.is_empty());
}

#[test]
fn canceling_a_creation_leaves_nothing() {
    let mut lab = Lab::with_network();
    let operation = lab.accept(instance("mi"));
    lab.accept(CancelOperation { operation });
    lab.pass(Span::minutes(1));
    assert!(matches!(
        lab.state(operation),
        OperationState::Canceled { .. }
    ));
    assert!(lab.world.managed_instance_views().is_empty());
    lab.accept(instance("mi"));
}

#[test]
fn what_goes_with_its_group_cancels_its_operations() {
    let (mut lab, id) = Lab::with_instance();
    let group = lab.accept(DeleteResourceGroup {
        name: Name::new("rg"),
    });
    lab.pass(Span::milliseconds(190));
    let database = lab.accept(WriteManagedDatabase {
        instance: id,
        name: Name::new("db"),
        location: None,
        collation: None,
        tags: None,
    });
    lab.pass(Span::minutes(1));
    assert!(matches!(
        lab.state(group),
        OperationState::Succeeded {
            has_result: false,
            ..
        }
    ));
    assert!(matches!(
        lab.state(database),
        OperationState::Canceled { .. }
    ));
    assert!(lab.world.instances.is_empty());
    assert!(lab.world.azure.virtual_networks.is_empty());
    assert_eq!(lab.world.next_due(), None);
}

#[test]
fn refusals_change_nothing() {
    let (mut lab, id) = Lab::with_instance();
    let small = SubnetSettings::new(AddressPrefix::parse("10.0.1.0/28").expect("a prefix"));
    let write = |settings| WriteSubnet {
        network: network(),
        name: Name::new("mi"),
        settings,
    };
    let used = AzureRefusal::InUse {
        resource: subnet().to_arm_id(SUBSCRIPTION),
        by: "mi".to_owned(),
    };
    assert_eq!(lab.refuse(write(small)), used.clone().into());
    let delete = DeleteSubnet {
        network: network(),
        name: Name::new("mi"),
    };
    assert_eq!(lab.refuse(delete), used.into());
    assert_eq!(
        lab.refuse(SetEntraOnly {
            instance: id,
            entra_only: true
        }),
        InstanceRefusal::NoEntraAdministrator.into()
    );
    lab.accept(WriteTrustCertificate {
        instance: id,
        name: Name::new("a"),
        facts: certificate("a"),
    });
    lab.pass(Span::seconds(1));
    let taken = AzureRefusal::CertificateExists {
        name: "a".to_owned(),
    };
    for (name, facts) in [("a", "other"), ("b", "a")] {
        let request = WriteTrustCertificate {
            instance: id,
            name: Name::new(name),
            facts: certificate(facts),
        };
        assert_eq!(lab.refuse(request), taken.clone().into(), "{name} {facts}");
    }
    let gone = lab.accept(DeleteTrustCertificate {
        instance: id,
        name: Name::new("A"),
    });
    lab.pass(Span::seconds(1));
    let gone = lab.state(gone.expect("there was one"));
    assert!(matches!(gone, OperationState::Succeeded { .. }));
}

#[test]
fn two_uploads_of_one_certificate_meet_at_the_end() {
    let (mut lab, id) = Lab::with_instance();
    let upload = |name: &str| WriteTrustCertificate {
        instance: id,
        name: Name::new(name),
        facts: certificate("same"),
    };
    let first = lab.accept(upload("a"));
    let second = lab.accept(upload("b"));
    lab.pass(Span::seconds(1));
    assert!(matches!(lab.state(first), OperationState::Succeeded { .. }));
    assert!(matches!(lab.state(second), OperationState::Failed { .. }));
}

#[test]
fn operations_that_run_are_not_forgotten() {
    let mut lab = Lab::with_network();
    lab.world.durations.overrides.insert(
        milink_core::durations::Transition::InstanceCreate,
        Span::minutes(60).into(),
    );
    let running = lab.accept(instance("mi"));
    let write = WriteVirtualNetwork {
        key: network(),
        location: "westeurope".to_owned(),
        tags: Tags::new(),
        prefixes: vec!["10.0.0.0/16".to_owned()],
        dns_servers: Vec::new(),
        subnets: None,
    };
    let (first, _) = lab.accept(write.clone());
    for _ in 0..10_100 {
        lab.world.apply(lab.now, write.clone()).expect("accepted");
        lab.world.advance_to(lab.now);
        lab.now += Span::milliseconds(15);
    }
    assert!(lab.world.operations.len() <= 10_000);
    assert!(lab.world.operation(first).is_none());
    assert!(lab.world.operation(running).is_some());
}
