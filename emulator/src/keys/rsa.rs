//! RSA keys for SQL's certificates: slow to make, so they are made once and ahead of the first request.

use std::sync::{Arc, OnceLock};

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use super::cache::Cache;

static KEY_2048: OnceLock<Arc<KeyPair>> = OnceLock::new();
static KEY_3072: OnceLock<Arc<KeyPair>> = OnceLock::new();

/// Begins to read or make the keys, in the background.
pub(super) fn prepare(cache: &Cache) {
    if KEY_2048.get().is_some() && KEY_3072.get().is_some() {
        return;
    }
    let cache = cache.clone();
    let made = std::thread::Builder::new()
        .name("rsa keys".to_owned())
        .spawn(move || {
            key(2048, &cache);
            key(3072, &cache);
        });
    if let Err(error) = made {
        // They are then made when they are first needed.
        tracing::warn!(%error, "cannot start a thread to make keys");
    }
}

/// The process's key of this size; waits if it is still being made.
pub(super) fn key(bits: u32, cache: &Cache) -> Arc<KeyPair> {
    let (slot, size, name) = match bits {
        ..3072 => (&KEY_2048, RsaKeySize::_2048, "rsa-2048.key"),
        _ => (&KEY_3072, RsaKeySize::_3072, "rsa-3072.key"),
    };
    Arc::clone(slot.get_or_init(|| Arc::new(load(size, name, cache))))
}

fn load(size: RsaKeySize, name: &str, cache: &Cache) -> KeyPair {
    let make = || Ok(generate(size).serialize_pem());
    let kept = cache
        .get_or_make(name, make)
        .and_then(|pem| Ok(KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256)?));
    kept.unwrap_or_else(|error| {
        tracing::warn!(%error, name, "cannot keep a key; using one that is gone with the process");
        generate(size)
    })
}

fn generate(size: RsaKeySize) -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size).expect("the host has a random source")
}
