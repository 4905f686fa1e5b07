//! RPC: calls of procedures with typed parameters. `[MS-TDS]` 2.2.6.6.

mod procedure;

use crate::all_headers::AllHeaders;
use crate::limits::Meter;
use crate::reader::Reader;
use crate::types::{TypeInfo, WireValue, read_type_info, read_value};
use crate::{Error, Limits, Result, TdsVersion};

pub use procedure::{Procedure, WellKnownProcedure};

const NAME_IS_ID: u16 = 0xFFFF;
/// Separates calls; at 7.1 it was 0x80, and since then 0xFE separates without executing.
const SEPARATOR: u8 = 0xFF;
const SEPARATOR_NO_EXEC: u8 = 0xFE;
const SEPARATOR_7_1: u8 = 0x80;
const MAX_NAME_UNITS: u16 = 1046;

const OPTION_WITH_RECOMPILE: u16 = 1;
const OPTION_NO_METADATA: u16 = 2;

const STATUS_BY_REFERENCE: u8 = 0x01;
const STATUS_DEFAULT: u8 = 0x02;
const STATUS_ENCRYPTED: u8 = 0x08;

/// One or more calls, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcRequest {
    /// Its headers.
    pub headers: AllHeaders,
    /// The calls in order, at least one.
    pub calls: Vec<RpcCall>,
    /// How much memory they take.
    pub decoded_bytes: usize,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcCall {
    /// What is called.
    pub procedure: Procedure,
    /// Recompile the plan; without meaning here.
    pub with_recompile: bool,
    /// The client knows the columns already. The server may send them anyway, and does.
    pub no_metadata: bool,
    /// Its parameters in order. Names may be empty, and drivers disagree on the names of the first
    /// ones of system procedures (`@statement`, `stmt`, none): go by position there.
    pub parameters: Vec<RpcParameter>,
    /// The call is to be skipped (no-exec separator after it).
    pub no_exec: bool,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcParameter {
    /// Its name with the `@`, or empty.
    pub name: String,
    /// The client wants the value back as a RETURNVALUE.
    pub is_output: bool,
    /// The value is absent; the procedure's default applies.
    pub is_default: bool,
    /// Its type.
    pub type_info: TypeInfo,
    /// Its value.
    pub value: WireValue<'static>,
}

impl RpcRequest {
    /// Reads the payload of an RPC message.
    pub fn decode(payload: &[u8], version: TdsVersion, limits: &Limits) -> Result<Self> {
        let mut reader = Reader::new(payload);
        let headers = AllHeaders::decode(&mut reader, version)?;
        let mut calls = Vec::new();
        let mut meter = Meter::new(limits);
        loop {
            if calls.len() == limits.rpc_calls {
                return Err(Error::LimitExceeded {
                    field: "procedure calls in one request",
                    found: calls.len() as u64 + 1,
                    limit: limits.rpc_calls as u64,
                });
            }
            meter.take(size_of::<RpcCall>())?;
            calls.push(RpcCall::decode(&mut reader, version, limits, &mut meter)?);
            // Some clients end the last call with a separator, too.
            if reader.is_empty() {
                return Ok(Self {
                    headers,
                    calls,
                    decoded_bytes: meter.taken(),
                });
            }
        }
    }
}

impl RpcCall {
    fn decode(
        reader: &mut Reader<'_>,
        version: TdsVersion,
        limits: &Limits,
        meter: &mut Meter,
    ) -> Result<Self> {
        let procedure = match reader.u16("procedure name length")? {
            NAME_IS_ID => Procedure::from_id(reader.u16("procedure id")?)?,
            units if units > MAX_NAME_UNITS => {
                return Err(Error::Malformed {
                    field: "procedure name length",
                    why: "is more than 1046",
                });
            }
            units => Procedure::Name(reader.utf16("procedure name", units.into())?),
        };
        let options = reader.u16("procedure options")?;
        let mut call = Self {
            procedure,
            with_recompile: options & OPTION_WITH_RECOMPILE != 0,
            no_metadata: options & OPTION_NO_METADATA != 0,
            parameters: Vec::new(),
            no_exec: false,
        };
        while let Some(next) = reader.peek() {
            if is_separator(next, version) {
                reader.u8("call separator")?;
                call.no_exec = next == SEPARATOR_NO_EXEC && version.is_at_least_7_2();
                break;
            }
            if call.parameters.len() == limits.rpc_parameters {
                return Err(Error::LimitExceeded {
                    field: "parameters of one procedure call",
                    found: call.parameters.len() as u64 + 1,
                    limit: limits.rpc_parameters as u64,
                });
            }
            let parameter = RpcParameter::decode(reader, limits)?;
            let text = parameter.name.len() + parameter.value.heap_bytes();
            meter.take(size_of::<RpcParameter>() + text)?;
            call.parameters.push(parameter);
        }
        Ok(call)
    }
}

fn is_separator(byte: u8, version: TdsVersion) -> bool {
    match version.is_at_least_7_2() {
        true => byte == SEPARATOR || byte == SEPARATOR_NO_EXEC,
        false => byte == SEPARATOR_7_1 || byte == SEPARATOR,
    }
}

impl RpcParameter {
    fn decode(reader: &mut Reader<'_>, limits: &Limits) -> Result<Self> {
        let name = reader.b_varchar("parameter name")?;
        let status = reader.u8("parameter status")?;
        if status & STATUS_ENCRYPTED != 0 {
            return Err(Error::Unsupported("an Always Encrypted parameter"));
        }
        let type_info = read_type_info(reader)?;
        let value = read_value(type_info, reader, limits)?;
        Ok(Self {
            name,
            is_output: status & STATUS_BY_REFERENCE != 0,
            is_default: status & STATUS_DEFAULT != 0,
            type_info,
            value,
        })
    }
}

#[cfg(test)]
mod tests;
