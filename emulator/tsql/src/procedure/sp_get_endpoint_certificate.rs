//! `sp_get_endpoint_certificate`: the public key of an endpoint's certificate.

use std::sync::Arc;

use milink_core::instance::InstanceKind;
use milink_core::sql_type::SqlType;
use milink_core::value::{Row, Value};

use super::{Body, Call, Procedure, required, result_set};
use crate::catalog::column::{VARBINARY_MAX, ViewColumn, col};
use crate::error::SqlError;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_get_endpoint_certificate",
    parameters: &[required("@endpoint_type", SqlType::Int)],
    body: Body::Native(run),
};

const COLUMNS: &[ViewColumn] = &[col("EndpointCertificatePublicKey", VARBINARY_MAX)];
/// The type of database mirroring endpoints.
const DATABASE_MIRRORING: i64 = 4;

fn run(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let key = if call.number(0) == Some(DATABASE_MIRRORING) {
        Value::Bytes(public_key(call)?)
    } else {
        // Service Broker has no endpoint here; other types yield NULL.
        Value::Null
    };
    result_set::send(call.context, COLUMNS, vec![Row::from([key])]);
    Ok(0)
}

fn public_key(call: &mut Call<'_, '_>) -> Result<Arc<[u8]>, SqlError> {
    let instance = call.context.instance()?;
    if let InstanceKind::ManagedInstance(managed) = &instance.kind {
        return Ok(Arc::clone(&managed.endpoint_certificate.der));
    }
    let endpoint = instance
        .endpoint
        .as_ref()
        .ok_or_else(SqlError::no_such_endpoint)?;
    let certificate = endpoint
        .authentication
        .certificate()
        .and_then(|id| instance.master().content.certificates.get(&id));
    let certificate = certificate.ok_or_else(SqlError::endpoint_without_certificate)?;
    Ok(Arc::clone(&certificate.facts.der))
}

impl SqlError {
    fn no_such_endpoint() -> Self {
        Self::new(
            47505,
            16,
            "The endpoint of type database mirroring does not exist.",
        )
    }

    fn endpoint_without_certificate() -> Self {
        Self::new(
            47506,
            16,
            "The endpoint of type database mirroring has no certificate.",
        )
    }
}
