//! CREATE USER.

use milink_core::command::CreateUser;
use milink_core::names::Name;

use super::context::StatementContext;
use crate::ast::{CreateUserStatement, UserSource};
use crate::error::SqlError;

pub(super) fn create(
    statement: &CreateUserStatement,
    context: &mut StatementContext<'_>,
) -> Result<(), SqlError> {
    let login = match &statement.source {
        UserSource::SameName => Some(Name::new(&statement.name.value)),
        UserSource::Login(login) => Some(Name::new(&login.value)),
        UserSource::WithoutLogin => None,
        UserSource::Password(_) => return Err(SqlError::unsupported("users with passwords")),
        UserSource::Certificate(_) | UserSource::AsymmetricKey(_) => {
            return Err(SqlError::unsupported(
                "users from certificates and asymmetric keys",
            ));
        }
        UserSource::ExternalProvider => {
            return Err(SqlError::unsupported("users from the external provider"));
        }
    };
    let name = Name::new(&statement.name.value);
    let login_name = login.clone();
    let request = CreateUser {
        instance: context.instance,
        database: context.database,
        name,
        login,
    };
    match context.apply(request) {
        Ok(_) => Ok(()),
        Err(error) if error.number == 15151 => {
            let login = login_name.map_or_else(String::new, |login| login.to_string());
            Err(SqlError::new(
                15007,
                16,
                format!("'{login}' is not a valid login or you do not have permission."),
            ))
        }
        Err(error) => Err(error),
    }
}
