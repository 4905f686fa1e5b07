//! Hashes, checksums and identifiers: HASHBYTES, CHECKSUM, NEWID.

use md5::Md5;
use milink_core::collation::Collation;
use milink_core::sql_type::{Length, SqlType};
use milink_core::value::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::ScalarFunction;
use super::arguments::{Arguments, Call, text_type};
use crate::error::SqlError;
use crate::types::text::encode;
use crate::types::{ExprType, Family, convert, family, is_national, key_bytes};

pub(super) const FUNCTIONS: &[ScalarFunction] = &[
    ScalarFunction::new("hashbytes", 2, 2, hashbytes_type, hashbytes),
    ScalarFunction::new("checksum", 1, usize::MAX, checksum_type, |call| {
        checksum(call, false)
    })
    .takes_null(),
    ScalarFunction::new("binary_checksum", 1, usize::MAX, checksum_type, |call| {
        checksum(call, true)
    })
    .takes_null(),
    ScalarFunction::new("newid", 0, 0, guid_type, newid).volatile(),
    ScalarFunction::new("newsequentialid", 0, 0, guid_type, newsequentialid).volatile(),
];

fn hashbytes_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    a.text(0)?;
    if !matches!(family(a.ty(1).sql), Family::Text | Family::Binary) && !a.ty(1).is_null_literal() {
        return Err(a.invalid(1));
    }
    Ok(ExprType::new(SqlType::VarBinary(Length::Limited(8000))))
}

/// The digest; NULL for an algorithm nobody knows.
fn hashbytes(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let algorithm = call.text(0)?;
    let bytes = match call.value(1) {
        Value::Bytes(bytes) => bytes.to_vec(),
        Value::Str(text) => encode(text, call.ty(1)),
        _ => return Ok(Value::Null),
    };
    let digest = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => Md5::digest(&bytes).to_vec(),
        "SHA" | "SHA1" => Sha1::digest(&bytes).to_vec(),
        "SHA2_256" => Sha256::digest(&bytes).to_vec(),
        "SHA2_512" => Sha512::digest(&bytes).to_vec(),
        "MD4" => return Err(SqlError::unsupported("HASHBYTES with MD4")),
        _ => return Ok(Value::Null),
    };
    Ok(Value::bytes(digest))
}

fn checksum_type(a: &Arguments<'_>) -> Result<ExprType, SqlError> {
    for at in 0..a.types.len() {
        if matches!(
            family(a.ty(at).sql),
            Family::LargeText | Family::Image | Family::Xml
        ) {
            return Err(a.invalid(at));
        }
    }
    Ok(ExprType::new(SqlType::Int).not_null())
}

/// A checksum over the arguments. An int is its own checksum, and several combine by rotation; what the server
/// makes of text under a collation is not documented, so other values have a checksum of our own that is equal
/// for equal values.
fn checksum(call: &mut Call<'_>, binary: bool) -> Result<Value, SqlError> {
    let mut sum = 0_u32;
    for at in 0..call.count() {
        sum = sum.rotate_left(4) ^ part_of_checksum(call, at, binary)?;
    }
    Ok(Value::Int(i64::from(sum as i32)))
}

fn part_of_checksum(call: &Call<'_>, at: usize, binary: bool) -> Result<u32, SqlError> {
    let value = call.value(at);
    let mut ty = *call.ty(at);
    Ok(match value {
        Value::Null => i32::MAX as u32,
        Value::Bit(bit) => u32::from(*bit),
        Value::Int(number) if ty.sql == SqlType::BigInt => {
            (*number as u32) ^ ((*number >> 32) as u32)
        }
        Value::Int(number) => *number as u32,
        // Units of UTF-16, or bytes with their sign (observed).
        Value::Str(text) if binary && is_national(ty.sql) => {
            folded(text.trim_end_matches(' ').encode_utf16().map(u32::from))
        }
        Value::Str(text) if binary => folded(
            encode(text.trim_end_matches(' '), &ty)
                .into_iter()
                .map(|byte| i32::from(byte as i8) as u32),
        ),
        Value::Bytes(bytes) => fold_bytes(bytes),
        Value::Str(_) => {
            ty.collation = Some(ty.collation.unwrap_or(Collation::DEFAULT));
            let mut key = Vec::new();
            key_bytes(value, &ty, &mut key);
            fold_bytes(&key)
        }
        other => {
            let text = text_type(&ty);
            match convert(other, &ty, &text, None, &call.context.dates)? {
                Value::Str(text) => fold_bytes(text.as_bytes()),
                _ => 0,
            }
        }
    })
}

fn fold_bytes(bytes: &[u8]) -> u32 {
    folded(bytes.iter().copied().map(u32::from))
}

fn folded(units: impl Iterator<Item = u32>) -> u32 {
    units.fold(0, |sum: u32, unit| sum.rotate_left(4) ^ unit)
}

fn guid_type(_: &Arguments<'_>) -> Result<ExprType, SqlError> {
    Ok(ExprType::new(SqlType::UniqueIdentifier))
}

fn newid(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(Value::Guid(call.context.random.next_guid()))
}

fn newsequentialid(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(Value::Guid(call.context.random.next_sequential_guid()))
}
