//! Certificates of a link over time: rotation on either side, in every order; expiry; mistakes in the trust.
//!
//! The consequences follow `link-lifecycle.md` sections 4.5 and 6: a certificate matters at the next handshake.

mod lab;

use lab::*;
use milink_core::azure::{
    DeleteTrustCertificate, RotateEndpointCertificate, WriteTrustCertificate,
};
use milink_core::calendar::EXPIRY_NOTICE;
use milink_core::certificate::{CertificateFacts, PUBLIC_ROOTS, PrivateKey};
use milink_core::command::*;
use milink_core::durations::Profile;
use milink_core::endpoint::EndpointState;
use milink_core::event::EventKind;
use milink_core::ids::CertificateId;
use milink_core::invariants;
use milink_core::link::LinkStatus;
use milink_core::refusal::{EndpointRefusal, Refusal};
use milink_core::time::{Span, Timestamp};

const OWN: &str = "Cert_sqlserver1_endpoint";
const YEAR: Span = Span::minutes(60 * 24 * 365);

/// Something that a person, the service or the time does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// CREATE CERTIFICATE on SQL Server.
    Create,
    /// PUT of its public key.
    Upload,
    /// ALTER ENDPOINT … AUTHENTICATION = CERTIFICATE.
    Alter,
    /// DELETE of the old public key.
    DeleteOld,
    /// DROP CERTIFICATE of the old one.
    DropOld,
    /// The partners must shake hands again.
    Bounce,
    /// The service rotates the instance's certificate.
    RotateInstance,
    /// DROP of the imported certificate of the instance.
    DropImported,
    /// CREATE CERTIFICATE of the instance's present one, under its FQDN.
    Import,
    /// DROP of the root.
    DropRoot,
    /// CREATE CERTIFICATE of the root, and `sp_certificate_add_issuer`.
    ImportRoot,
    /// A year and a day pass.
    Wait,
    /// ALTER MASTER KEY DROP and ADD ENCRYPTION BY SERVICE MASTER KEY.
    CloseKey,
    OpenKey,
}

/// A certificate that is valid for a year from now.
fn fresh(lab: &Lab, mark: u8) -> CertificateFacts {
    let now = lab.world.now();
    CertificateFacts {
        not_before: now - Span::minutes(60),
        not_after: now + YEAR,
        ..facts(mark)
    }
}

fn create(
    lab: &mut Lab,
    name: &str,
    facts: CertificateFacts,
    private_key: PrivateKey,
) -> CertificateId {
    lab.apply(CreateCertificate {
        instance: lab.sql,
        database: MASTER,
        name: name.into(),
        owner: None,
        facts,
        private_key,
        active_for_begin_dialog: true,
    })
}

fn drop_certificate(lab: &mut Lab, name: &str) {
    lab.apply(DropCertificate {
        instance: lab.sql,
        database: MASTER,
        name: name.into(),
    });
}

fn authenticate_by(lab: &Lab, name: &str) -> AlterEndpoint {
    AlterEndpoint {
        instance: lab.sql,
        name: "database_mirroring_endpoint".into(),
        state: None,
        port: None,
        listener_ip: None,
        role: None,
        authentication: Some(AuthenticationSpec {
            windows: None,
            certificate: Some(name.into()),
            windows_first: false,
        }),
        encryption: None,
    }
}

fn does(lab: &mut Lab, deed: Deed) {
    let (sql, mi) = (lab.sql, lab.mi);
    match deed {
        Deed::Create => {
            let facts = fresh(lab, 21);
            create(lab, "new", facts, PrivateKey::MasterKey);
        }
        Deed::Upload => {
            let facts = lab.world.instance(sql).unwrap().master();
            let facts = facts.content.certificate("new").unwrap().facts.clone();
            lab.apply(WriteTrustCertificate {
                instance: mi,
                name: "new".into(),
                facts,
            });
        }
        Deed::Alter => {
            let alter = authenticate_by(lab, "new");
            lab.apply(alter);
        }
        Deed::DeleteOld => {
            lab.apply(DeleteTrustCertificate {
                instance: mi,
                name: OWN.into(),
            });
        }
        Deed::DropOld => drop_certificate(lab, OWN),
        Deed::Bounce => {
            lab.turn_endpoint(EndpointState::Stopped);
            lab.turn_endpoint(EndpointState::Started);
        }
        Deed::RotateInstance => {
            let facts = fresh(lab, 22);
            lab.apply(RotateEndpointCertificate {
                instance: mi,
                facts,
            });
        }
        Deed::DropImported => {
            let fqdn = lab.fqdn.clone();
            drop_certificate(lab, &fqdn);
        }
        Deed::Import => {
            let instance = lab.world.instance(mi).unwrap();
            let managed = instance.as_managed_instance().unwrap();
            let (facts, fqdn) = (managed.endpoint_certificate.clone(), lab.fqdn.clone());
            create(lab, &fqdn, facts, PrivateKey::None);
        }
        Deed::DropRoot => drop_certificate(lab, "MicrosoftPKI"),
        Deed::ImportRoot => {
            let facts = CertificateFacts {
                thumbprint: PUBLIC_ROOTS[1],
                ..fresh(lab, 23)
            };
            let certificate = create(lab, "MicrosoftPKI", facts, PrivateKey::None);
            lab.apply(AddCertificateIssuer {
                instance: sql,
                certificate,
                dns: "*.database.windows.net".into(),
            });
        }
        Deed::Wait => {
            let then = lab.world.now() + YEAR + Span::minutes(60 * 24);
            lab.world.advance_to(then);
        }
        Deed::CloseKey | Deed::OpenKey => lab.apply(AlterMasterKey {
            instance: sql,
            database: MASTER,
            session: milink_core::ids::SessionId(51),
            change: MasterKeyChange::ServerEncryption(matches!(deed, Deed::OpenKey)),
        }),
    }
    lab.settle();
    invariants::check(&lab.world).unwrap();
}

/// `connected`, or what keeps the partners apart.
fn standing(lab: &Lab) -> String {
    let link = lab.link();
    match LinkStatus::of(&lab.world, link).connected {
        true => "connected".to_owned(),
        false => link.last_error.as_ref().unwrap().to_string(),
    }
}

/// After each deed, where the link stands.
#[test]
fn a_certificate_matters_at_the_next_handshake() {
    use Deed::*;
    const NOT_UPLOADED: &str = "the certificate of SQL Server 'new' is not on the managed instance";
    const GONE: &str =
        "the certificate of SQL Server 'Cert_sqlserver1_endpoint' is not on the managed instance";
    const EXPIRED: &str =
        "the certificate 'Cert_sqlserver1_endpoint' of SQL Server is expired or not yet valid";
    const NOT_IMPORTED: &str = "SQL Server has no certificate named 'sqlmi1.0123456789ab.database.windows.net' with the managed instance's public key";
    const OURS_EXPIRED: &str =
        "the certificate of 'sqlmi1.0123456789ab.database.windows.net' is expired or not yet valid";
    const CLOSED: &str = "the private key of certificate 'Cert_sqlserver1_endpoint' of SQL Server cannot be opened: the service master key does not encrypt the master key";
    const UP: &str = "connected";
    let cases: &[&[(Deed, &str)]] = &[
        // The documented order.
        &[
            (Create, UP),
            (Upload, UP),
            (Alter, UP),
            (Bounce, UP),
            (DeleteOld, UP),
            (DropOld, UP),
            (Bounce, UP),
        ],
        // The endpoint is altered first: the connection stands until it breaks, and the upload mends it.
        &[
            (Create, UP),
            (Alter, UP),
            (Bounce, NOT_UPLOADED),
            (Upload, UP),
        ],
        // The old one is taken away before the endpoint is altered.
        &[
            (Create, UP),
            (DeleteOld, UP),
            (Bounce, GONE),
            (Upload, GONE),
            (Alter, UP),
            (DropOld, UP),
        ],
        // It expires: the connection stands until it breaks, and only a rotation mends it.
        &[
            (RotateInstance, UP),
            (Wait, UP),
            (RotateInstance, UP),
            (Bounce, EXPIRED),
            (DropRoot, EXPIRED),
        ],
        // The service rotates its certificate, and the roots vouch for it.
        &[(RotateInstance, UP), (Bounce, UP)],
        // Without the roots, the certificate is imported again.
        &[
            (DropRoot, UP),
            (Bounce, UP),
            (RotateInstance, UP),
            (Bounce, NOT_IMPORTED),
            (DropImported, NOT_IMPORTED),
            (Import, UP),
        ],
        // The repair recipe: all that was imported is dropped and imported again.
        &[
            (RotateInstance, UP),
            (DropImported, UP),
            (DropRoot, UP),
            (Bounce, NOT_IMPORTED),
            (Import, UP),
            (ImportRoot, UP),
            (Bounce, UP),
        ],
        &[(DropImported, UP), (Bounce, NOT_IMPORTED), (Import, UP)],
        // Nobody can open the private key any more.
        &[(CloseKey, UP), (Bounce, CLOSED), (OpenKey, UP)],
        // The instance's certificate expires where the service does not rotate it.
        &[(Create, UP), (Wait, UP), (Bounce, EXPIRED)],
    ];
    for case in cases {
        let mut lab = Lab::linked(Profile::Fast);
        for (at, (deed, expected)) in case.iter().enumerate() {
            // A closed key is opened by a session that knows the password.
            if matches!(deed, OpenKey) {
                open_key(&mut lab);
            }
            does(&mut lab, *deed);
            assert_eq!(
                standing(&lab),
                *expected,
                "{deed:?}, number {at} of {case:?}"
            );
        }
    }
    let mut lab = Lab::linked(Profile::Fast);
    does(&mut lab, Wait);
    for deed in [Create, Upload, Alter, Bounce] {
        does(&mut lab, deed);
    }
    assert_eq!(standing(&lab), OURS_EXPIRED);
    does(&mut lab, RotateInstance);
    // The root has expired too, so that the very certificate must be imported.
    assert_eq!(standing(&lab), NOT_IMPORTED);
    for deed in [DropImported, Import] {
        does(&mut lab, deed);
    }
    assert_eq!(standing(&lab), UP);
}

fn open_key(lab: &mut Lab) {
    let (instance, session) = (lab.sql, open_session(lab));
    assert_eq!(session, milink_core::ids::SessionId(51));
    lab.apply(OpenMasterKey {
        instance,
        database: MASTER,
        session,
        password: "p".into(),
    });
}

fn open_session(lab: &mut Lab) -> milink_core::ids::SessionId {
    let now = lab.world.now();
    lab.apply(OpenSession {
        instance: lab.sql,
        session: milink_core::session::Session {
            id: milink_core::ids::SessionId(0),
            login: milink_core::ids::PrincipalId(1),
            login_name: "sa".into(),
            database: MASTER,
            host_name: String::new(),
            program_name: String::new(),
            client_interface: String::new(),
            client_address: None,
            local_port: 1433,
            encrypted: false,
            login_time: now,
            last_request: now,
            running: false,
            cut: false,
        },
    })
}

#[test]
fn the_journal_tells_of_an_expiry_before_and_when_it_comes() {
    let mut lab = Lab::linked(Profile::Fast);
    assert_eq!(lab.world.next_due(), None);
    let expires = START + YEAR;
    let told = |lab: &Lab| -> Vec<(Timestamp, String)> {
        lab.world
            .events_after(0)
            .filter_map(|event| match &event.kind {
                EventKind::CertificateExpiring {
                    certificate, place, ..
                } => Some((event.time, format!("{certificate} in {place} will expire"))),
                EventKind::CertificateExpired {
                    certificate, place, ..
                } => Some((event.time, format!("{certificate} in {place} has expired"))),
                _ => None,
            })
            .collect()
    };
    lab.world.advance_to(expires - EXPIRY_NOTICE - Span(1));
    assert_eq!(told(&lab), []);
    lab.world.advance_to(expires - EXPIRY_NOTICE);
    let names = [
        format!("{} in endpoint", lab.fqdn),
        format!("{OWN} in master"),
        format!("{} in master", lab.fqdn),
        "MicrosoftPKI in master".to_owned(),
    ];
    let soon: Vec<_> = names
        .iter()
        .map(|name| (expires - EXPIRY_NOTICE, format!("{name} will expire")))
        .collect();
    assert_eq!(told(&lab), soon);
    // What was dropped in time does not expire.
    drop_certificate(&mut lab, "MicrosoftPKI");
    lab.world.advance_to(expires);
    assert_eq!(told(&lab), soon);
    lab.world.advance_to(expires + YEAR);
    let over = names[..3]
        .iter()
        .map(|name| (expires + Span(1), format!("{name} has expired")));
    assert_eq!(told(&lab), soon.into_iter().chain(over).collect::<Vec<_>>());
    invariants::check(&lab.world).unwrap();
}

#[test]
fn an_expired_certificate_is_not_for_endpoints() {
    let mut lab = Lab::linked(Profile::Fast);
    does(&mut lab, Deed::Wait);
    let alter = authenticate_by(&lab, OWN);
    let now = lab.world.now();
    let refused = lab.world.apply(now, alter).unwrap_err();
    assert!(
        matches!(
            refused,
            Refusal::Endpoint(EndpointRefusal::CertificateUnusable { .. })
        ),
        "{refused}"
    );
    // What it has stays usable for everything but a handshake.
    does(&mut lab, Deed::Bounce);
    let link = lab.link();
    assert!(!LinkStatus::of(&lab.world, link).connected);
    let sql = lab.world.instance(lab.sql).unwrap();
    let last = &sql.error_log.last().unwrap().text;
    assert_eq!(
        last,
        "Database Mirroring login attempt failed with error: 'Connection handshake failed. The certificate used by the peer is invalid due to the following reason: Certificate expired. State 85.'."
    );
}

/// Each mistake in the trust, and the message of the error log that it leads to.
#[test]
fn the_error_log_says_why_a_handshake_failed() {
    let owned = |lab: &mut Lab, granted: bool| {
        let (instance, fqdn) = (lab.sql, lab.fqdn.clone());
        does(lab, Deed::DropImported);
        lab.apply(CreateLogin {
            instance,
            name: "partner".into(),
            kind: milink_core::principal::LoginKind::Sql {
                password: "p".into(),
            },
            default_database: None,
            sid: None,
        });
        lab.apply(CreateUser {
            instance,
            database: MASTER,
            name: "partner".into(),
            login: Some("partner".into()),
        });
        lab.apply(CreateCertificate {
            instance,
            database: MASTER,
            name: fqdn.as_str().into(),
            owner: Some("partner".into()),
            facts: facts(2),
            private_key: PrivateKey::None,
            active_for_begin_dialog: true,
        });
        if granted {
            let endpoint = lab.world.instance(instance).unwrap().endpoint.as_ref();
            let securable = milink_core::principal::Securable::Endpoint(endpoint.unwrap().id);
            lab.apply(SetServerPermission {
                instance,
                securable,
                permission: "CONNECT".into(),
                grantee: "partner".into(),
                grantor: milink_core::ids::PrincipalId(1),
                state: Some(milink_core::principal::PermissionState::Grant),
            });
        }
    };
    let by_windows = |lab: &mut Lab| {
        let mut alter = authenticate_by(lab, OWN);
        alter.authentication = Some(AuthenticationSpec {
            windows: Some(milink_core::endpoint::WindowsProtocol::Negotiate),
            certificate: None,
            windows_first: true,
        });
        lab.apply(alter);
    };
    let in_clear = |lab: &mut Lab| {
        let mut alter = authenticate_by(lab, OWN);
        alter.encryption = Some(milink_core::endpoint::EndpointEncryption::Disabled);
        lab.apply(alter);
    };
    let twin = |lab: &mut Lab| {
        does(lab, Deed::DropImported);
        let (fqdn, facts) = (lab.fqdn.clone(), facts(2));
        let twin = CertificateFacts {
            thumbprint: [99; 20],
            ..facts
        };
        create(lab, &fqdn, twin, PrivateKey::None);
    };
    type Mistake<'a> = &'a dyn Fn(&mut Lab);
    let cases: [(Mistake<'_>, Option<&str>); 7] = [
        (
            &by_windows,
            Some("There is no compatible authentication protocol. State 21."),
        ),
        (
            &in_clear,
            Some("There is no compatible encryption algorithm. State 22."),
        ),
        (
            &|lab| does(lab, Deed::CloseKey),
            Some(
                "The certificate used by this endpoint was not found: the private key cannot be opened. Use DBCC CHECKDB in master database to verify the metadata integrity of the endpoints. State 84.",
            ),
        ),
        (
            &|lab| does(lab, Deed::DropImported),
            Some(
                "The certificate used by the peer is invalid due to the following reason: Certificate not found. State 89.",
            ),
        ),
        (
            &twin,
            Some(
                "The certificate used by the peer does not match the one in MASTER database with same issuer name and serial number. State 88.",
            ),
        ),
        (
            &|lab| owned(lab, false),
            Some("The login 'partner' does not have CONNECT permission on the endpoint. State 84."),
        ),
        (&|lab| owned(lab, true), None),
    ];
    for (mistake, expected) in cases {
        let mut lab = Lab::linked(Profile::Fast);
        mistake(&mut lab);
        does(&mut lab, Deed::Bounce);
        let sql = lab.world.instance(lab.sql).unwrap();
        let failed = sql
            .error_log
            .iter()
            .filter(|line| line.text.contains("handshake failed"))
            .map(|line| line.text.as_str())
            .collect::<Vec<_>>();
        match expected {
            None => assert_eq!((failed.len(), standing(&lab).as_str()), (0, "connected")),
            Some(expected) => {
                assert_eq!(failed.len(), 1, "{failed:?}");
                assert!(failed[0].contains(expected), "{failed:?}");
            }
        }
    }
}
