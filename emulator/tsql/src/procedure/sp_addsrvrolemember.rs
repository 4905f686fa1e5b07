//! `sp_addsrvrolemember` and `sp_dropsrvrolemember`: membership of sysadmin, the only server role that is kept.

use milink_core::command::AlterLogin;
use milink_core::names::Name;
use milink_core::sql_type::SqlType;

use super::{Body, Call, Parameter, Procedure, required};
use crate::error::SqlError;

pub(super) const ADD: Procedure = Procedure {
    name: "sp_addsrvrolemember",
    parameters: PARAMETERS,
    body: Body::Native(|call| change(call, true)),
};

pub(super) const DROP: Procedure = Procedure {
    name: "sp_dropsrvrolemember",
    parameters: PARAMETERS,
    body: Body::Native(|call| change(call, false)),
};

const PARAMETERS: &[Parameter] = &[
    required("@loginame", SqlType::SYSNAME),
    required("@rolename", SqlType::SYSNAME),
];

fn change(call: &mut Call<'_, '_>, member: bool) -> Result<i32, SqlError> {
    let role = call.text(1).unwrap_or_default();
    if !role.eq_ignore_ascii_case("sysadmin") {
        return Err(SqlError::unsupported("server roles other than sysadmin"));
    }
    let name = Name::new(call.text(0).unwrap_or_default());
    let instance = call.context.instance;
    call.context.apply(AlterLogin {
        instance,
        name,
        password: None,
        disabled: None,
        default_database: None,
        sysadmin: Some(member),
        rename: None,
    })?;
    Ok(0)
}
