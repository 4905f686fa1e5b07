//! What the partners know each other by: certificates, and the endpoints that show them.

use milink_core::azure::WriteTrustCertificate;
use milink_core::certificate::{
    CertificateFacts, MANAGED_INSTANCE_DNS_PATTERN, PUBLIC_ROOTS, PrivateKey,
};
use milink_core::command::{
    AddCertificateIssuer, AlterEndpoint, AuthenticationSpec, CreateCertificate, CreateEndpoint,
    CreateMasterKey, DropCertificate,
};
use milink_core::endpoint::{EncryptionAlgorithm, EndpointEncryption, EndpointRole, EndpointState};
use milink_core::ids::{DatabaseId, PrincipalId};

use super::super::observe::uploaded_name;
use super::super::{Lab, Refused, facts};
use super::ENDPOINT;
use crate::action::{Certificate, Pair};

const MASTER: DatabaseId = DatabaseId(1);
const ROOT: &str = "MicrosoftPKI";

impl Lab {
    pub(super) fn create_certificate(&mut self, n: u8, which: Certificate) -> Result<(), Refused> {
        let (instance, database) = (self.server(n), MASTER);
        let found = self.world.instance(instance).expect("it is in the plan");
        if found.master().content.master_key.is_none() {
            self.apply(CreateMasterKey {
                instance,
                database,
                password: "Str0ng!Passw0rd".into(),
            })?;
        }
        let made = self.made[usize::from(n)] + 1;
        self.apply(CreateCertificate {
            instance,
            database,
            name: which.name().into(),
            owner: None,
            facts: facts(n, made),
            private_key: PrivateKey::MasterKey,
            active_for_begin_dialog: true,
        })?;
        self.made[usize::from(n)] = made;
        self.own[usize::from(n)][which as usize] = made;
        Ok(())
    }

    pub(super) fn drop_certificate(&mut self, n: u8, name: &str) -> Result<(), Refused> {
        let instance = self.server(n);
        self.apply(DropCertificate {
            instance,
            database: MASTER,
            name: name.into(),
        })?;
        Ok(())
    }

    pub(super) fn import(
        &mut self,
        n: u8,
        name: String,
        facts: CertificateFacts,
    ) -> Result<(), Refused> {
        let instance = self.server(n);
        self.apply(CreateCertificate {
            instance,
            database: MASTER,
            name: name.into(),
            owner: None,
            facts,
            private_key: PrivateKey::None,
            active_for_begin_dialog: true,
        })?;
        Ok(())
    }

    pub(super) fn trust_root(&mut self, n: u8) -> Result<(), Refused> {
        let root = CertificateFacts {
            thumbprint: PUBLIC_ROOTS[0],
            ..facts(200, 0)
        };
        self.import(n, ROOT.to_owned(), root)?;
        let instance = self.server(n);
        let found = self.world.instance(instance).expect("it is in the plan");
        let root = found.master().content.certificate(ROOT);
        let certificate = root.expect("imported a moment ago").id;
        self.apply(AddCertificateIssuer {
            instance,
            certificate,
            dns: MANAGED_INSTANCE_DNS_PATTERN.into(),
        })?;
        Ok(())
    }

    pub(super) fn upload(&mut self, pair: Pair, which: Certificate) -> Result<(), Refused> {
        let server = self.world.instance(self.server(pair.server()));
        let own = server.and_then(|server| server.master().content.certificate(which.name()));
        let own = own.ok_or(Refused::Nothing("there is no certificate to upload"))?;
        let facts = own.facts.clone();
        let number = self.own[usize::from(pair.server())][which as usize];
        let request = WriteTrustCertificate {
            instance: self.existing(pair.instance)?,
            name: uploaded_name(pair.server(), number).into(),
            facts,
        };
        self.apply(request)?;
        Ok(())
    }

    pub(super) fn create_endpoint(&mut self, n: u8) -> Result<(), Refused> {
        let instance = self.server(n);
        self.apply(CreateEndpoint {
            instance,
            name: ENDPOINT.into(),
            owner: PrincipalId(1),
            state: EndpointState::Started,
            port: 5022,
            listener_ip: None,
            role: EndpointRole::All,
            authentication: authentication(Certificate::First),
            encryption: EndpointEncryption::Required(EncryptionAlgorithm::Aes),
        })?;
        Ok(())
    }

    pub(super) fn alter_endpoint(
        &mut self,
        n: u8,
        state: Option<EndpointState>,
        authentication: Option<AuthenticationSpec>,
    ) -> Result<(), Refused> {
        let instance = self.server(n);
        self.apply(AlterEndpoint {
            instance,
            name: ENDPOINT.into(),
            state,
            port: None,
            listener_ip: None,
            role: None,
            authentication,
            encryption: None,
        })?;
        Ok(())
    }
}

pub(super) fn authentication(which: Certificate) -> AuthenticationSpec {
    AuthenticationSpec {
        windows: None,
        certificate: Some(which.name().into()),
        windows_first: false,
    }
}
