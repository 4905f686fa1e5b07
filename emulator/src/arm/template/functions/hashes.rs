//! Hashes, GUIDs and base64.

use serde_json::Value;
use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid};

use super::{Call, Function};
use crate::arm::template::error::{Stop, wrong};

/// The namespace of `guid()`: guess, as tools that redo it have it.
const GUIDS: Uuid = Uuid::from_u128(0x11fb_06fb_712d_4ddd_98c7_e71b_bd58_8830);
/// How many characters `uniqueString()` has (documented).
const UNIQUE: usize = 13;

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("uniquestring", |_, call| {
        // Guess: the service's hash is not published. This one is as good at being the same again.
        let digest = Sha1::digest(joined(call)?.as_bytes());
        const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let digits = digest[..UNIQUE].iter();
        let text = digits.map(|byte| char::from(DIGITS[usize::from(byte & 31)]));
        Ok(Value::String(text.collect()))
    }),
    ("guid", |_, call| Ok(named(&joined(call)?))),
    ("newguid", |scope, call| {
        call.count(0, 0)?;
        if !scope.defaults {
            return wrong(
                "The template function 'newGuid' is not expected at this location. It can only be used in the default value of a parameter. Please see https://aka.ms/arm-functions for usage details.",
            );
        }
        let at = scope.spent.get();
        Ok(named(&format!("{}-{at}", scope.facts.seed)))
    }),
    ("base64", |_, call| {
        call.count(1, 1)?;
        Ok(Value::String(encoded(call.text(0)?.as_bytes())))
    }),
    ("base64tojson", |_, call| {
        call.count(1, 1)?;
        let text = decoded_text(call)?;
        serde_json::from_str(&text).map_err(|error| {
            Stop::Wrong(format!(
                "The template language function 'base64ToJson' cannot convert its parameter to JSON: {error}. Please see https://aka.ms/arm-functions for usage details."
            ))
        })
    }),
    ("datauri", |_, call| {
        call.count(1, 1)?;
        let encoded = encoded(call.text(0)?.as_bytes());
        Ok(Value::String(format!(
            "data:text/plain;charset=utf8;base64,{encoded}"
        )))
    }),
    ("datauritostring", |_, call| {
        call.count(1, 1)?;
        let (head, rest) = call.text(0)?.split_once(',').unwrap_or_default();
        let plain = match head.starts_with("data:") {
            false => None,
            true if head.ends_with(";base64") => {
                let bytes = decoded(rest);
                bytes.and_then(|bytes| String::from_utf8(bytes).ok())
            }
            true => Some(rest.to_owned()),
        };
        plain.map(Value::String).ok_or_else(|| {
            Stop::Wrong("The template language function 'dataUriToString' expects a data URI. Please see https://aka.ms/arm-functions for usage details.".to_owned())
        })
    }),
    ("base64tostring", |_, call| {
        call.count(1, 1)?;
        decoded_text(call).map(Value::String)
    }),
];

/// The text that is written in base64.
fn decoded_text(call: &Call<'_>) -> Result<String, Stop> {
    let bytes = decoded(call.text(0)?);
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| {
        Stop::Wrong(format!(
            "The template language function '{}' parameter is not valid base64. Please see https://aka.ms/arm-functions for usage details.",
            call.name
        ))
    })
}

fn joined(call: &Call<'_>) -> Result<String, Stop> {
    call.count(1, usize::MAX)?;
    let texts: Vec<&str> = (0..call.arguments.len())
        .map(|at| call.text(at))
        .collect::<Result<_, _>>()?;
    Ok(texts.join("-"))
}

/// A GUID of version 5: the SHA-1 of a namespace and a name (RFC 9562).
fn named(name: &str) -> Value {
    let mut hash = Sha1::new();
    hash.update(GUIDS.as_bytes());
    hash.update(name.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    Value::String(Builder::from_sha1_bytes(bytes).into_uuid().to_string())
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            match digit <= chunk.len() {
                true => text.push(char::from(DIGITS[(word >> (18 - 6 * digit) & 63) as usize])),
                false => text.push('='),
            }
        }
    }
    text
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').bytes();
    let (mut word, mut bits, mut bytes) = (0_u32, 0, Vec::new());
    for digit in digits {
        let six = DIGITS.iter().position(|known| *known == digit)?;
        word = (word << 6 | six as u32) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((word >> bits) as u8);
        }
    }
    Some(bytes)
}
