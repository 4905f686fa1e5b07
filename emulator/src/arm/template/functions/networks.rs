//! Ranges of addresses.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{Call, Function};
use crate::arm::template::error::{Stop, wrong};

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    ("parsecidr", |_, call| {
        call.count(1, 1)?;
        let range = Range::read(call)?;
        let mut shown = json!({
            "network": range.at(0).to_string(),
            "netmask": Ipv4Addr::from(range.mask()).to_string(),
            "broadcast": range.at(range.size() - 1).to_string(),
            "cidr": range.length,
        });
        // A range of two addresses or one has no others between its ends.
        let (first, last) = match range.size() {
            1 | 2 => (0, range.size() - 1),
            size => (1, size - 2),
        };
        shown["firstUsable"] = json!(range.at(first).to_string());
        shown["lastUsable"] = json!(range.at(last).to_string());
        Ok(shown)
    }),
    // The part of that length and number.
    ("cidrsubnet", |_, call| {
        call.count(3, 3)?;
        let range = Range::read(call)?;
        let (length, at) = (call.number(1)?, call.number(2)?);
        let fits = (i64::from(range.length)..=32).contains(&length);
        let parts = 1_u64.checked_shl((length - i64::from(range.length)).clamp(0, 32) as u32);
        match u64::try_from(at).ok().zip(parts) {
            Some((at, parts)) if fits && at < parts => {
                let start = range.at(at << (32 - length));
                Ok(Value::String(format!("{start}/{length}")))
            }
            _ => wrong(format!(
                "The template language function 'cidrSubnet' has no range of length '{length}' and number '{at}' in '{}'. Please see https://aka.ms/arm-functions for usage details.",
                call.text(0)?
            )),
        }
    }),
    // The usable address of that number, from 0.
    ("cidrhost", |_, call| {
        call.count(2, 2)?;
        let range = Range::read(call)?;
        let at = call.number(1)?;
        let skipped = if range.size() > 2 { 1 } else { 0 };
        let usable = range.size() - 2 * skipped;
        match u64::try_from(at) {
            Ok(at) if at < usable => Ok(Value::String(range.at(at + skipped).to_string())),
            _ => wrong(format!(
                "The template language function 'cidrHost' has no address of number '{at}' in '{}'. Please see https://aka.ms/arm-functions for usage details.",
                call.text(0)?
            )),
        }
    }),
];

struct Range {
    start: u32,
    length: u8,
}

impl Range {
    fn read(call: &Call<'_>) -> Result<Self, Stop> {
        let text = call.text(0)?;
        let parts = text.split_once('/').and_then(|(address, length)| {
            let length = length.parse::<u8>().ok().filter(|length| *length <= 32)?;
            let address: Ipv4Addr = address.parse().ok()?;
            Some((u32::from(address), length))
        });
        match parts {
            Some((address, length)) => {
                let mut range = Self { start: 0, length };
                range.start = address & range.mask();
                Ok(range)
            }
            None if text.contains(':') => Err(Stop::Unsupported(format!(
                "A range of IPv6 in the template function '{}'",
                call.name
            ))),
            None => wrong(format!(
                "The template language function '{}' expects a range of addresses, and not '{text}'. Please see https://aka.ms/arm-functions for usage details.",
                call.name
            )),
        }
    }

    fn mask(&self) -> u32 {
        u32::MAX
            .checked_shl(32 - u32::from(self.length))
            .unwrap_or(0)
    }

    fn size(&self) -> u64 {
        1 << (32 - self.length)
    }

    fn at(&self, number: u64) -> Ipv4Addr {
        Ipv4Addr::from(self.start.wrapping_add(number as u32))
    }
}
