//! `sp_addlinkedsrvlogin`, `sp_droplinkedsrvlogin` and `sp_helplinkedsrvlogin`.

use milink_core::linked_server::{LinkedLogin, MapLinkedLogin};
use milink_core::names::Name;
use milink_core::sql_type::SqlType;
use milink_core::time::Timestamp;
use milink_core::value::Value;

use super::sp_addlinkedserver::invalid;
use super::{Body, Call, Procedure, defaulting, optional, required, result_set};
use crate::catalog::column::{BIT, NAME, ViewColumn, col, req};
use crate::catalog::row;
use crate::error::SqlError;

pub(super) const ADD: Procedure = Procedure {
    name: "sp_addlinkedsrvlogin",
    parameters: &[
        required("@rmtsrvname", SqlType::SYSNAME),
        // NULL is as good as 'true' (documented: the default is true).
        defaulting("@useself", SqlType::varchar(8), Value::Null),
        optional("@locallogin", SqlType::SYSNAME),
        optional("@rmtuser", SqlType::SYSNAME),
        optional("@rmtpassword", SqlType::SYSNAME),
    ],
    body: Body::Native(add),
};

pub(super) const DROP: Procedure = Procedure {
    name: "sp_droplinkedsrvlogin",
    parameters: &[
        required("@rmtsrvname", SqlType::SYSNAME),
        required("@locallogin", SqlType::SYSNAME),
    ],
    body: Body::Native(drop_login),
};

pub(super) const HELP: Procedure = Procedure {
    name: "sp_helplinkedsrvlogin",
    parameters: &[
        optional("@rmtsrvname", SqlType::SYSNAME),
        optional("@locallogin", SqlType::SYSNAME),
    ],
    body: Body::Native(help),
};

fn add(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let itself = match call.text(1).map(str::to_ascii_lowercase).as_deref() {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(invalid("sys.sp_addlinkedsrvlogin")),
    };
    let text = |at: usize| call.text(at).map(str::to_owned);
    let (user, password) = (text(3), text(4).unwrap_or_default());
    let remote = match (itself, user) {
        (true, _) => None,
        (false, Some(user)) => Some((Name::new(&user), password.as_str().into())),
        // Without a name nobody gets there.
        (false, None) => Some((Name::new(""), "".into())),
    };
    let login = LinkedLogin {
        remote,
        modified: Timestamp::default(),
    };
    map(call, Some(login))
}

fn drop_login(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let local = call.text(1).map(Name::new);
    change(call, local, None)
}

fn map(call: &mut Call<'_, '_>, login: Option<LinkedLogin>) -> Result<i32, SqlError> {
    let local = call.text(2).map(Name::new);
    change(call, local, login)
}

fn change(
    call: &mut Call<'_, '_>,
    local: Option<Name>,
    login: Option<LinkedLogin>,
) -> Result<i32, SqlError> {
    let name = Name::new(call.text(0).unwrap_or_default());
    let instance = call.context.instance;
    call.context.apply(MapLinkedLogin {
        instance,
        name,
        local,
        login,
    })?;
    Ok(0)
}

fn help(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    const COLUMNS: &[ViewColumn] = &[
        req("Linked Server", NAME),
        col("Local Login", NAME),
        req("Is Self Mapping", BIT),
        col("Remote Login", NAME),
    ];
    let instance = call.context.instance()?;
    let mut rows = Vec::new();
    for server in instance.linked_servers.values() {
        if call.text(0).is_some_and(|only| !server.name.is(only)) {
            continue;
        }
        for (local, login) in &server.logins {
            let is_asked = call
                .text(1)
                .is_none_or(|only| local.as_ref().is_some_and(|local| local.is(only)));
            if is_asked {
                let text = |name: Option<&Name>| {
                    name.map_or(Value::Null, |name| Value::str(name.as_str()))
                };
                rows.push(row![
                    &server.name,
                    text(local.as_ref()),
                    login.remote.is_none(),
                    text(login.remote.as_ref().map(|(name, _)| name)),
                ]);
            }
        }
    }
    result_set::send(call.context, COLUMNS, rows);
    Ok(0)
}
