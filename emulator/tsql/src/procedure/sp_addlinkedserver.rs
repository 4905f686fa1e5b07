//! `sp_addlinkedserver` and `sp_dropserver`.

use milink_core::linked_server::{AddLinkedServer, DropLinkedServer, LinkedServer};
use milink_core::names::Name;
use milink_core::sql_type::SqlType;

use super::{Body, Call, Parameter, Procedure, optional, required};
use crate::error::SqlError;

pub(super) const ADD: Procedure = Procedure {
    name: "sp_addlinkedserver",
    parameters: &[
        required("@server", SqlType::SYSNAME),
        optional("@srvproduct", SqlType::SYSNAME),
        optional("@provider", SqlType::SYSNAME),
        optional("@datasrc", SqlType::nvarchar(4000)),
        optional("@location", SqlType::nvarchar(4000)),
        optional("@provstr", SqlType::nvarchar(4000)),
        optional("@catalog", SqlType::SYSNAME),
        optional("@linkedstyle", SqlType::Bit),
    ],
    body: Body::Native(add),
};

pub(super) const DROP: Procedure = Procedure {
    name: "sp_dropserver",
    parameters: DROP_PARAMETERS,
    body: Body::Native(drop_server),
};

const DROP_PARAMETERS: &[Parameter] = &[
    required("@server", SqlType::SYSNAME),
    optional("@droplogins", SqlType::nvarchar(10)),
];

/// Providers that lead to a SQL Server; others are another program's business.
const PROVIDERS: &[&str] = &[
    "SQLNCLI",
    "SQLNCLI10",
    "SQLNCLI11",
    "SQLOLEDB",
    "MSOLEDBSQL",
    "MSOLEDBSQL19",
];

fn add(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let text = |at: usize| call.text(at).map(str::to_owned);
    let name = text(0).unwrap_or_default();
    let (product, provider) = (text(1), text(2));
    let is_own_product = product
        .as_deref()
        .is_none_or(|product| product.eq_ignore_ascii_case("SQL Server"));
    let says_more = (2..=6).any(|at| call.text(at).is_some());
    if product.is_some() && is_own_product && says_more {
        return Err(SqlError::new(
            15428,
            16,
            "You cannot specify a provider or any properties for product 'SQL Server'.",
        ));
    }
    let provider = match (provider, is_own_product) {
        (Some(provider), _) => provider,
        (None, true) => "SQLNCLI".to_owned(),
        (None, false) => {
            let product = product.unwrap_or_default();
            return Err(SqlError::new(
                15427,
                16,
                format!("You must specify a provider name for unknown product '{product}'."),
            ));
        }
    };
    if !PROVIDERS
        .iter()
        .any(|known| provider.eq_ignore_ascii_case(known))
    {
        return Err(SqlError::unsupported(format!(
            "linked servers with the provider '{provider}'"
        )));
    }
    let provider_string = text(5);
    let data_source = text(3)
        .filter(|source| !source.is_empty())
        .or_else(|| provider_string.as_deref().and_then(server_of))
        .unwrap_or_else(|| name.clone());
    let server = LinkedServer {
        product: product.unwrap_or_else(|| "SQL Server".to_owned()),
        provider,
        location: text(4),
        catalog: text(6).filter(|catalog| !catalog.is_empty()),
        provider_string,
        ..LinkedServer::new(Name::new(&name), data_source)
    };
    let instance = call.context.instance;
    call.context.apply(AddLinkedServer { instance, server })?;
    Ok(0)
}

/// The server of a provider string: `Server=host;…`.
fn server_of(text: &str) -> Option<String> {
    let mut pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    let known = ["server", "data source", "address", "addr"];
    let found = pairs.find(|(key, _)| {
        let key = key.trim();
        known.iter().any(|known| key.eq_ignore_ascii_case(known))
    });
    found.map(|(_, host)| host.trim().to_owned())
}

fn drop_server(call: &mut Call<'_, '_>) -> Result<i32, SqlError> {
    let name = Name::new(call.text(0).unwrap_or_default());
    let logins = match call.text(1) {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("droplogins") => true,
        Some(_) => return Err(invalid("sys.sp_dropserver")),
    };
    let instance = call.context.instance;
    call.context.apply(DropLinkedServer {
        instance,
        name,
        logins,
    })?;
    Ok(0)
}

/// 15600.
pub(super) fn invalid(procedure: &str) -> SqlError {
    SqlError::new(
        15600,
        15,
        format!("An invalid parameter or option was specified for procedure '{procedure}'."),
    )
}
