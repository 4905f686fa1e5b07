//! `sp_serveroption`, and `sp_testlinkedserver`, which tries the way and the login.

use milink_core::linked_server::{ChangeLinkedServer, ServerOptions};
use milink_core::names::Name;
use milink_core::sql_type::SqlType;

use super::sp_addlinkedserver::invalid;
use super::{Body, Call, Procedure, required};
use crate::error::SqlError;
use crate::session::linked::reach;

pub(super) const PROCEDURE: Procedure = Procedure {
    name: "sp_serveroption",
    parameters: &[
        required("@server", SqlType::SYSNAME),
        required("@optname", SqlType::varchar(35)),
        required("@optvalue", SqlType::nvarchar(128)),
    ],
    body: Body::Native(set),
};

pub(super) const TEST: Procedure = Procedure {
    name: "sp_testlinkedserver",
    parameters: &[required("@servername", SqlType::SYSNAME)],
    body: Body::Native(test),
};

fn set(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let name = Name::new(call.text(0).unwrap_or_default());
    let option = call.text(1).unwrap_or_default().to_ascii_lowercase();
    let value = call.text(2).unwrap_or_default().to_owned();
    let instance = call.context.instance()?;
    let found = instance.linked_servers.get(&name);
    let mut options = found
        .map(|server| server.options.clone())
        .unwrap_or_default();
    change(&mut options, &option, &value)?;
    let instance = call.context.instance;
    call.context.apply(ChangeLinkedServer {
        instance,
        name,
        options,
    })?;
    Ok(0)
}

fn change(options: &mut ServerOptions, option: &str, value: &str) -> Result<(), SqlError> {
    let bad = || invalid("sys.sp_serveroption");
    let on = || match value.trim().to_ascii_lowercase().as_str() {
        "true" | "on" | "1" => Ok(true),
        "false" | "off" | "0" => Ok(false),
        _ => Err(bad()),
    };
    let seconds = || {
        let seconds: Option<i64> = value.trim().parse().ok();
        seconds
            .filter(|seconds| (0..=i64::from(i32::MAX)).contains(seconds))
            .ok_or_else(bad)
    };
    match option {
        "rpc" => options.rpc = on()?,
        "rpc out" => options.rpc_out = on()?,
        "data access" => options.data_access = on()?,
        "collation compatible" => options.collation_compatible = on()?,
        "use remote collation" => options.use_remote_collation = on()?,
        "collation name" => {
            options.collation_name = Some(value.to_owned()).filter(|name| !name.is_empty());
        }
        "connect timeout" => options.connect_timeout = seconds()?,
        "query timeout" => options.query_timeout = seconds()?,
        "lazy schema validation" => options.lazy_schema_validation = on()?,
        "remote proc transaction promotion" => options.promotes_calls = on()?,
        "dist" => options.distributor = on()?,
        "pub" => options.publisher = on()?,
        "sub" => options.subscriber = on()?,
        _ => return Err(bad()),
    }
    Ok(())
}

fn test(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let name = call.text(0).unwrap_or_default().to_owned();
    let instance = call.context.instance()?;
    let server = reach::server(&instance, &name)?;
    let world = call.context.world();
    let login = call.context.login.clone();
    match reach::reach(&world, &instance, &login, &server) {
        Ok(_) => Ok(0),
        Err(missed) => {
            call.context.preceding.extend(missed.preceding);
            Err(missed.error)
        }
    }
}
