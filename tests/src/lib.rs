//! Fixtures of the tests: an emulator of one's own on free ports, and clients of it.

use milink::clock::ClockMode;
use milink::hub::WorldCell;
use milink::{Builder, Emulator};
use milink_client::model::ReadyFile;
use milink_client::{Arm, Control, Credentials, Login, Sql, SqlAddress};
use std::sync::Arc;

/// The password of `sa` and of the managed instances' administrator.
pub const PASSWORD: &str = "Correct-Horse-7-Battery";

/// An emulator with clients. It ends when this is dropped.
pub struct Stage {
    emulator: Emulator,
    ready: ReadyFile,
}

impl Stage {
    /// The default topology under a clock that only moves when it is told.
    ///
    /// # Panics
    ///
    /// The emulator does not start.
    pub async fn start() -> Self {
        Self::start_with(Emulator::builder().clock(ClockMode::Manual)).await
    }

    /// The default topology under a clock that jumps when a client waits.
    ///
    /// # Panics
    ///
    /// The emulator does not start.
    pub async fn start_auto() -> Self {
        Self::start_with(Emulator::builder().clock(ClockMode::Auto)).await
    }

    /// Whatever the builder says, with the fixtures' password.
    ///
    /// # Panics
    ///
    /// The emulator does not start.
    pub async fn start_with(builder: Builder) -> Self {
        let emulator = builder
            .password(PASSWORD)
            .start()
            .await
            .expect("the emulator starts on free ports");
        let ready = emulator.ready();
        Self { emulator, ready }
    }

    /// The emulator.
    pub fn emulator(&self) -> &Emulator {
        &self.emulator
    }

    /// The world that was there from the start.
    pub fn world(&self) -> Arc<WorldCell> {
        self.emulator.world()
    }

    /// What the ready file would say.
    pub fn ready(&self) -> &ReadyFile {
        &self.ready
    }

    /// The ARM id of the first managed instance.
    pub fn instance_id(&self) -> &str {
        &self.ready.managed_instances[0].resource_id
    }

    /// ARM, logged in as the service principal.
    ///
    /// # Panics
    ///
    /// The authority's certificate cannot be used.
    pub fn arm(&self) -> Arm {
        let credentials = Credentials {
            authority: self.ready.entra_url.clone(),
            tenant: self.ready.tenant_id.clone(),
            client_id: self.ready.client_id.clone(),
            client_secret: self.ready.client_secret.clone(),
        };
        let ca = self.emulator.ca_pem().as_bytes();
        Arm::new(&self.ready.arm_url, Some(ca), credentials).expect("the authority is good")
    }

    /// The control API.
    ///
    /// # Panics
    ///
    /// The authority's certificate cannot be used.
    pub fn control(&self) -> Control {
        let ca = self.emulator.ca_pem().as_bytes();
        Control::new(&self.ready.control_url, Some(ca)).expect("the authority is good")
    }

    /// A session of `sa` on the first SQL Server.
    ///
    /// # Panics
    ///
    /// The login is refused.
    pub async fn sql_server(&self) -> Sql {
        let server = &self.ready.sql_servers[0];
        let address = self.address(&server.host, server.port, "localhost");
        connect(&address, &server.user).await
    }

    /// A session of `sa` on the first SQL Server of another world.
    ///
    /// # Panics
    ///
    /// The login is refused.
    pub async fn sql_server_of(&self, ready: &ReadyFile) -> Sql {
        let server = &ready.sql_servers[0];
        let address = self.address(&server.host, server.port, "localhost");
        connect(&address, &server.user).await
    }

    /// The first world is one that can be.
    ///
    /// # Panics
    ///
    /// It breaks a law of `milink_core::invariants`.
    pub fn check_laws(&self) {
        let world = self.world().snapshot();
        if let Err(broken) = milink_core::invariants::check(&world) {
            panic!("the world breaks a law: {broken:?}");
        }
    }

    /// The world of this name is one that can be; what is wrong if not.
    ///
    /// # Errors
    ///
    /// It is not there, or breaks a law of `milink_core::invariants`.
    pub fn check_laws_of(&self, world: &str) -> Result<(), String> {
        let cell = self.emulator.hub().named(world);
        let world = cell.map_err(|error| error.to_string())?.snapshot();
        milink_core::invariants::check(&world)
            .map_err(|broken| format!("the world breaks a law: {broken:?}"))
    }

    /// A session of the administrator on the first managed instance.
    ///
    /// # Panics
    ///
    /// The login is refused.
    pub async fn managed_instance(&self) -> Sql {
        let instance = &self.ready.managed_instances[0];
        let address = self.address(&instance.host, instance.port, &instance.fqdn);
        connect(&address, &instance.user).await
    }

    /// An address of this emulator, whose certificate is checked.
    pub fn address(&self, host: &str, port: u16, server_name: &str) -> SqlAddress {
        SqlAddress {
            host: host.to_owned(),
            port,
            server_name: server_name.to_owned(),
            ca_file: Some(self.ready.ca_file.clone()),
        }
    }
}

async fn connect(address: &SqlAddress, user: &str) -> Sql {
    let login = Login::Password {
        user: user.to_owned(),
        password: PASSWORD.to_owned(),
    };
    Sql::connect(address, login, None)
        .await
        .expect("the login is accepted")
}
