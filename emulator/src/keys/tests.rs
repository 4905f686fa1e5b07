use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::*;

#[test]
fn keys_are_kept_for_their_owner_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().join("deep/keys");
    let first = Keys::kept_in(&directory).unwrap();
    let second = Keys::kept_in(&directory).unwrap();
    assert_eq!(first.authority_pem(), second.authority_pem());
    assert_eq!(first.token_key(), second.token_key());
    for file in ["ca.key", "ca.pem", "token.key"] {
        let mode = std::fs::metadata(directory.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(first.authority_file(), Some(directory.join("ca.pem")));
    std::fs::write(directory.join("ca.key"), "nonsense").unwrap();
    assert!(Keys::kept_in(&directory).is_err());
}

#[test]
fn a_sql_certificate_is_what_was_asked_for() {
    let keys = Keys::in_memory().unwrap();
    let request = CertificateRequest {
        subject: "Certificate for Cert_sqlserver1_endpoint".to_owned(),
        not_before: Timestamp::from_unix_seconds(1_700_000_000),
        not_after: Timestamp::from_unix_seconds(2_600_000_000),
        key_bits: 2048,
        serial: 0x1234,
    };
    let facts = keys.make_certificate(&request);
    assert_eq!(facts.subject, request.subject);
    assert_eq!(facts.issuer, request.subject);
    assert_eq!(
        (facts.not_before, facts.not_after),
        (request.not_before, request.not_after)
    );
    assert_eq!(facts.key_bits, 2048);
    assert!(facts.serial.ends_with("12 34"), "{}", facts.serial);
    assert_eq!(keys.read_certificate(&facts.der), Ok(facts.clone()));
    assert_eq!(
        keys.make_certificate(&request),
        facts,
        "the same request gives the same one"
    );

    let named = CertificateRequest {
        subject: "C=US, O=Contoso, CN=sql one".to_owned(),
        ..request
    };
    assert_eq!(
        keys.make_certificate(&named).subject,
        "C=US, O=Contoso, CN=sql one"
    );
}

#[test]
fn an_endpoint_certificate_belongs_to_its_fqdn() {
    let keys = Keys::in_memory().unwrap();
    let one = keys.instance_certificate("a.b.database.windows.net");
    assert_eq!(one, keys.instance_certificate("a.b.database.windows.net"));
    assert_ne!(one, keys.instance_certificate("c.b.database.windows.net"));
    assert_eq!(one.subject, "a.b.database.windows.net");
    assert!(
        one.issuer.contains("O=Microsoft Corporation"),
        "{}",
        one.issuer
    );
    let later = one.not_after - Span::minutes(60);
    let next = keys.next_instance_certificate(&one.subject, &one.thumbprint, later);
    assert_eq!((&next.subject, &next.issuer), (&one.subject, &one.issuer));
    assert_ne!(
        (next.thumbprint, &next.serial),
        (one.thumbprint, &one.serial)
    );
    assert!(next.is_valid_at(later) && next.not_after > one.not_after);
}

#[test]
fn what_is_no_certificate_is_refused() {
    let keys = Keys::in_memory().unwrap();
    let mut whole = keys.authority_der().to_vec();
    for bytes in [
        &[][..],
        b"0x30",
        &[0x30, 0x82, 0xFF, 0xFF],
        &whole[..whole.len() - 1],
    ] {
        assert!(keys.read_certificate(bytes).is_err(), "{bytes:?}");
    }
    whole.push(0);
    assert!(keys.read_certificate(&whole).is_err());
}

#[test]
fn hostile_certificates_are_read_or_refused() {
    let mut parameters = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    parameters.not_before = rcgen::date_time_ymd(1, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(9999, 12, 31);
    let key = rcgen::KeyPair::generate().unwrap();
    let old = parameters.self_signed(&key).unwrap().der().to_vec();
    let known = vec![
        include_bytes!("roots/digicert-global-root-g2.der").to_vec(),
        include_bytes!("roots/microsoft-rsa-root-2017.der").to_vec(),
        old,
    ];
    milink_hostile::bytes(
        "x509",
        400,
        prop::sample::select(known),
        |der| match facts::read(der) {
            Ok(facts) => {
                assert_eq!(facts.der[..], *der);
                let texts = [&facts.subject, &facts.issuer, &facts.serial];
                assert!(texts.iter().all(|text| text.len() <= 8 * der.len() + 8));
                assert!(!format!("{} {}", facts.not_before, facts.not_after).is_empty());
            }
            Err(words) => assert!((1..300).contains(&words.len()), "{words}"),
        },
    );
}
