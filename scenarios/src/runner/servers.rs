//! The servers that a ready file names: by which names scenarios call them, and how to log in.

use milink_client::{Error, Login, SqlAddress};
use milink_model::ReadyFile;

use super::Runner;
use crate::step::{MANAGED_INSTANCE, SQL_SERVER};
use crate::variables::Variables;

impl Runner {
    /// The name of a server as people know it.
    pub(crate) fn server_name(&self, on: &str) -> String {
        match on {
            SQL_SERVER => self
                .ready
                .sql_servers
                .first()
                .map_or_else(|| on.to_owned(), |server| server.name.clone()),
            MANAGED_INSTANCE => self
                .ready
                .managed_instances
                .first()
                .map_or_else(|| on.to_owned(), |mi| mi.name.clone()),
            other => self.variables.fill(other),
        }
    }

    /// How the administrator of an instance logs in to it through the model's network, and the authority to trust. A host
    /// that is no instance's gets the first one's login: it is what a client would try.
    pub(crate) fn instance_login(&self, name: &str) -> Result<(Login, String), Error> {
        let all = &self.ready.managed_instances;
        let named = all.iter().find(|mi| mi.name.eq_ignore_ascii_case(name));
        let instance = named.or(all.first());
        let instance =
            instance.ok_or_else(|| Error::Unexpected("there is no instance".to_owned()))?;
        let login = crate::step::login(&instance.user, &instance.password);
        Ok((login, self.ready.ca_file.clone()))
    }

    /// Where a server is, and how its administrator logs in.
    pub(super) fn server(&self, name: &str) -> Result<(SqlAddress, Login), Error> {
        let ca_file = Some(self.ready.ca_file.clone());
        let login = |user: &str, password: &str| Login::Password {
            user: user.to_owned(),
            password: password.to_owned(),
        };
        if let Some(server) = self
            .ready
            .sql_servers
            .iter()
            .find(|server| server.name == name)
        {
            let address = SqlAddress {
                host: server.host.clone(),
                port: server.port,
                server_name: "localhost".to_owned(),
                ca_file,
            };
            return Ok((address, login(&server.user, &server.password)));
        }
        if let Some(mi) = self
            .ready
            .managed_instances
            .iter()
            .find(|mi| mi.name == name)
        {
            let address = SqlAddress {
                host: mi.host.clone(),
                port: mi.port,
                server_name: mi.fqdn.clone(),
                ca_file,
            };
            return Ok((address, login(&mi.user, &mi.password)));
        }
        Err(Error::Unexpected(format!(
            "the ready file has no server '{name}'"
        )))
    }
}

/// What files can say of the servers: the first of each kind by the article's words, and each by its name.
pub(super) fn variables(ready: &ReadyFile) -> Variables {
    let mut variables = Variables::default();
    variables.set("subscription", &ready.subscription_id);
    variables.set("resourceGroup", &ready.resource_group);
    variables.set("location", &ready.location);
    if let Some(server) = ready.sql_servers.first() {
        variables.set("SQLServerName", &server.name);
        variables.set("SQLServerIP", &server.address);
    }
    if let Some(mi) = ready.managed_instances.first() {
        variables.set("ManagedInstanceName", &mi.name);
        variables.set("ManagedInstanceFQDN", &mi.fqdn);
        variables.set("managedInstance", &mi.resource_id);
    }
    for server in &ready.sql_servers {
        variables.set(&format!("{}.address", server.name), &server.address);
    }
    for mi in &ready.managed_instances {
        variables.set(&format!("{}.fqdn", mi.name), &mi.fqdn);
        variables.set(&format!("{}.id", mi.name), &mi.resource_id);
    }
    variables
}
