//! The ready file: where everything is, and how to get in.

use std::net::SocketAddr;

use milink_core::instance::Instance;
use milink_model::{ReadyFile, ReadyManagedInstance, ReadySqlServer};

use super::Shared;
use crate::hub::DEFAULT_WORLD;
use crate::sockets::WorldSockets;
use crate::topology::MANAGED_INSTANCE_ADMINISTRATOR;

impl Shared {
    /// Where everything is, and how to get in.
    pub(crate) fn ready(&self) -> ReadyFile {
        self.ready_of(DEFAULT_WORLD)
    }

    /// The same for any world.
    pub(crate) fn ready_of(&self, world: &str) -> ReadyFile {
        let url = self.url();
        let file = ReadyFile {
            entra_url: url.clone(),
            control_url: format!("{url}/_milink"),
            arm_url: url,
            ca_file: self.authority.path(),
            tenant_id: self.identity.tenant.to_string(),
            client_id: self.identity.client_id.to_string(),
            client_secret: self.identity.client_secret.clone(),
            resource_group: self.config.topology.resource_group.clone(),
            location: self.config.topology.location.clone(),
            world: world.to_owned(),
            socks_url: format!(
                "socks5h://{}",
                SocketAddr::new(self.told_ip(), self.socks.port())
            ),
            ..ReadyFile::default()
        };
        let Ok(cell) = self.hub.named(world) else {
            return file;
        };
        let host = self.sql_host();
        let all = self.lock_sockets();
        let own = all.get(world);
        let shared = all.get(DEFAULT_WORLD);
        let gateway = own.or(shared).map_or(0, WorldSockets::gateway_port);
        // At shared ports, the login names the world.
        let user = |user: &str, instance: &Instance| match own {
            Some(_) => user.to_owned(),
            None => format!("{user}@{}.{world}", instance.name),
        };
        let sql_port = |instance: &Instance| match own {
            Some(sockets) => sockets.sql_port(instance.id),
            None => Some(shared?.first_sql_port().unwrap_or(gateway)),
        };
        let snapshot = cell.snapshot();
        let sql_servers = snapshot.instances.values().filter_map(|instance| {
            let server = instance.as_sql_server()?;
            Some(ReadySqlServer {
                name: instance.name.to_string(),
                address: server.address.to_string(),
                host: host.clone(),
                port: sql_port(instance)?,
                user: user("sa", instance),
                password: self.sa_password.clone(),
                version: server.build.to_string(),
            })
        });
        let managed_instances = snapshot.instances.values().filter_map(|instance| {
            let mi = instance.as_managed_instance()?;
            Some(ReadyManagedInstance {
                name: instance.name.to_string(),
                fqdn: instance.server_name(),
                host: host.clone(),
                port: gateway,
                user: user(MANAGED_INSTANCE_ADMINISTRATOR, instance),
                password: self.administrator_password.clone(),
                resource_id: format!(
                    "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Sql/managedInstances/{}",
                    cell.subscription(),
                    mi.properties.resource_group,
                    instance.name
                ),
            })
        });
        ReadyFile {
            subscription_id: cell.subscription().to_string(),
            sql_servers: sql_servers.collect(),
            managed_instances: managed_instances.collect(),
            ..file
        }
    }

    fn url(&self) -> String {
        let port = self.http.port();
        match self.config.listen {
            ip if ip.is_loopback() || ip.is_unspecified() => format!("https://localhost:{port}"),
            ip => format!("https://{}", SocketAddr::new(ip, port)),
        }
    }
}
