use proptest::prelude::*;

use super::*;

/// Builds a LOGIN7 as a driver would, from the layout table of `[MS-TDS]` 2.2.6.4.
struct Builder {
    version: u32,
    user: &'static str,
    password: &'static str,
    database: &'static str,
    features: Option<Vec<u8>>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            version: 0x7400_0004,
            user: "sa",
            password: "Pa55€",
            database: "db1",
            features: None,
        }
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn obfuscated(text: &str) -> Vec<u8> {
    let swap = |byte: u8| byte.rotate_left(4) ^ 0xA5;
    utf16(text).into_iter().map(swap).collect()
}

impl Builder {
    fn build(&self) -> Vec<u8> {
        let table_end = if self.version >> 24 == 0x71 { 86 } else { 94 };
        let mut fixed = Vec::new();
        for field in [self.version, 4096, 0x0700_0000, 4711, 0] {
            fixed.extend_from_slice(&field.to_le_bytes());
        }
        let extension = if self.features.is_some() { 0x10 } else { 0 };
        fixed.extend_from_slice(&[0xE0, 0x03, 0x20, extension]);
        fixed.extend_from_slice(&[0, 0, 0, 0]);
        fixed.extend_from_slice(&0x409_u32.to_le_bytes());
        let mut data: Vec<u8> = Vec::new();
        let mut slot = |bytes: &[u8], count: usize, data: &mut Vec<u8>| {
            fixed.extend_from_slice(&((table_end + data.len()) as u16).to_le_bytes());
            fixed.extend_from_slice(&(count as u16).to_le_bytes());
            data.extend_from_slice(bytes);
        };
        let units = |text: &str| text.encode_utf16().count();
        slot(&utf16("host"), 4, &mut data);
        slot(&utf16(self.user), units(self.user), &mut data);
        slot(&obfuscated(self.password), units(self.password), &mut data);
        slot(&utf16("app"), 3, &mut data);
        slot(&utf16("srv"), 3, &mut data);
        let pointer_at = data.len();
        if self.features.is_some() {
            slot(&[0; 4], 4, &mut data);
        } else {
            slot(&[], 0, &mut data);
        }
        slot(&utf16("lib"), 3, &mut data);
        slot(&[], 0, &mut data);
        slot(&utf16(self.database), units(self.database), &mut data);
        fixed.extend_from_slice(&[1, 2, 3, 4, 5, 6]);
        let slots_after_client_id = if table_end == 94 { 3 } else { 2 };
        for _ in 0..slots_after_client_id {
            fixed.extend_from_slice(&[0; 4]);
        }
        if table_end == 94 {
            fixed.extend_from_slice(&[0; 4]);
        }
        if let Some(features) = &self.features {
            let at = (table_end + data.len()) as u32;
            data[pointer_at..pointer_at + 4].copy_from_slice(&at.to_le_bytes());
            data.extend_from_slice(features);
        }
        let length = (4 + fixed.len() + data.len()) as u32;
        let mut login = length.to_le_bytes().to_vec();
        login.extend(fixed);
        assert_eq!(login.len(), table_end);
        login.extend(data);
        login
    }
}

fn fed_auth_block(token: &str) -> Vec<u8> {
    let token = utf16(token);
    let mut block = vec![0x02];
    block.extend_from_slice(&(5 + token.len() as u32).to_le_bytes());
    block.push(0x03);
    block.extend_from_slice(&(token.len() as u32).to_le_bytes());
    block.extend(token);
    block.extend_from_slice(&[0x0A, 1, 0, 0, 0, 1, 0xFF]);
    block
}

#[test]
fn a_sql_login_is_read_and_its_password_is_clear_but_not_printed() {
    let login = Login7::decode(&Builder::default().build()).unwrap();
    assert_eq!(login.version, TdsVersion::V7_4);
    assert_eq!(login.user_name, "sa");
    assert_eq!(login.password.reveal(), "Pa55€");
    assert_eq!(login.database, "db1");
    assert_eq!(
        (login.host_name.as_str(), login.app_name.as_str()),
        ("host", "app")
    );
    assert_eq!(
        (login.server_name.as_str(), login.library_name.as_str()),
        ("srv", "lib")
    );
    assert_eq!(login.client_id, [1, 2, 3, 4, 5, 6]);
    assert!(login.read_only_intent && login.wants_database_warning && login.wants_language_warning);
    assert!(!login.integrated_security);
    assert_eq!(login.features, None);
    assert!(!format!("{login:?}").contains("Pa55"));
}

#[test]
fn a_login_of_7_1_has_the_short_table() {
    let builder = Builder {
        version: 0x7100_0001,
        ..Builder::default()
    };
    let login = Login7::decode(&builder.build()).unwrap();
    assert_eq!(login.version, TdsVersion::V7_1);
    assert_eq!(login.database, "db1");
}

#[test]
fn the_token_is_found_behind_the_extension_pointer() {
    let builder = Builder {
        features: Some(fed_auth_block("ey.J.w")),
        ..Builder::default()
    };
    let login = Login7::decode(&builder.build()).unwrap();
    assert_eq!(
        login.fed_auth(),
        Some(&FedAuthRequest::SecurityToken {
            echo: true,
            token: "ey.J.w".to_owned().into(),
            nonce: None,
        })
    );
    assert!(login.requests(FeatureId::UTF8_SUPPORT));
    assert!(!login.requests(FeatureId::SESSION_RECOVERY));
    assert!(!format!("{login:?}").contains("ey.J.w"));
}

#[test]
fn packet_size_wishes_are_bounded() {
    let mut login = Login7::decode(&Builder::default().build()).unwrap();
    for (wish, size) in [(0, 4096), (8000, 8000), (1, 512), (1_000_000, 32767)] {
        login.packet_size = wish;
        assert_eq!(login.negotiated_packet_size(4096), size);
    }
}

#[test]
fn malformed_logins_are_refused() {
    let good = Builder::default().build();
    let patched = |at: usize, bytes: &[u8]| {
        let mut login = good.clone();
        login[at..at + bytes.len()].copy_from_slice(bytes);
        login
    };
    let with_features = |features: &[u8]| {
        Builder {
            features: Some(features.to_vec()),
            ..Builder::default()
        }
        .build()
    };
    for (bytes, words) in [
        (vec![], "LOGIN7 length: 4 bytes needed, 0 left"),
        (
            patched(0, &[0xFF; 4]),
            "LOGIN7 length: is more than the message holds",
        ),
        (
            patched(4, &[0, 0, 0, 0x70]),
            "TDS version 0x70000000 is not supported; 7.1 is the oldest that is",
        ),
        (
            good[..60].to_vec(),
            "LOGIN7 length: is more than the message holds",
        ),
        (
            patched(40, &[0xFF, 0xFF, 0xFF, 0xFF]),
            "LOGIN7 user name: its offset and length point outside the message",
        ),
        (
            patched(40, &[4, 0, 2, 0]),
            "LOGIN7 user name: its offset points into the fixed part",
        ),
        (
            patched(78, &[94, 0, 0xFF, 0xFF]),
            "LOGIN7 SSPI: its length is more than the message holds",
        ),
        (
            with_features(&[]),
            "LOGIN7 feature id: 1 bytes needed, 0 left",
        ),
        (
            with_features(&[1, 9, 0, 0, 0, 1]),
            "LOGIN7 feature data: 9 bytes needed, 1 left",
        ),
        (
            with_features(&[2, 1, 0, 0, 0, 0x20, 0xFF]),
            "FEDAUTH options: the library is neither security token nor Active Directory",
        ),
        (
            with_features(&[2, 5, 0, 0, 0, 3, 9, 0, 0, 0, 0xFF]),
            "FEDAUTH token: 9 bytes needed, 0 left",
        ),
    ] {
        assert_eq!(Login7::decode(&bytes).unwrap_err().to_string(), words);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Login7::decode(&bytes);
    }

    #[test]
    fn a_damaged_login_never_panics(
        at in 0_usize..150,
        with in any::<[u8; 4]>(),
    ) {
        let mut login = Builder {
            features: Some(fed_auth_block("token")),
            ..Builder::default()
        }
        .build();
        for (byte, new) in login.iter_mut().skip(at).zip(with) {
            *byte = new;
        }
        let _ = Login7::decode(&login);
    }
}
