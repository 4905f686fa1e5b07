//! The sockets with a service of canned answers, judged by tiberius and by raw packets.

mod canned;
mod raw;
mod tiberius;

use std::net::SocketAddr;
use std::sync::Arc;

use milink_tds::prelogin::EncryptionPolicy;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{ListenerConfig, TlsConfigs, run};
use canned::CannedService;

/// A server on a port of its own, gone when dropped.
struct Server {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Server {
    async fn start(encryption: EncryptionPolicy) -> Self {
        Self::start_with(encryption, ListenerConfig::default()).await
    }

    async fn start_with(encryption: EncryptionPolicy, config: ListenerConfig) -> Self {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let config = ListenerConfig {
            tls: (encryption != EncryptionPolicy::PlainOnly).then(tls),
            ..config
        };
        let service = Arc::new(CannedService { encryption });
        tokio::spawn(run(socket, service, config, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            _stop: stop,
        }
    }
}

fn tls() -> TlsConfigs {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let generated = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivatePkcs8KeyDer::from(generated.signing_key.serialize_der());
    let chain = vec![generated.cert.der().clone()];
    let certified = CertifiedKey::from_der(chain, PrivateKeyDer::Pkcs8(key), &provider).unwrap();
    let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(certified));
    TlsConfigs::new(&provider, &resolver).unwrap()
}
