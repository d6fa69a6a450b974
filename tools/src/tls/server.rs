//! TLS for a server: its certificate, and for each control connection the sessions that its data connections may resume.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, StoresServerSessions};
use rustls::{Connection, Error, ServerConfig, ServerConnection};

/// FTP's name in ALPN (RFC 7301). A client that names another protocol may have been led here by an attacker (ALPACA, CVE-2021-3618); one that
/// names none is accepted.
const ALPN: &[u8] = b"ftp";

/// The certificate of a server.
#[derive(Clone)]
pub struct Certified(Arc<ServerConfig>);

/// What the TLS connections of one session have in common.
///
/// A data connection proves that it is the same client's by resuming the control connection's TLS session. So each control connection has a
/// store and a ticket key of its own: only sessions that began on it can be resumed, and `resumed` means this client and no other.
#[derive(Clone)]
pub struct SessionTls(Arc<ServerConfig>);

/// The sessions that can be resumed by ID, which only TLS 1.2 has, for clients without tickets. curl and lftp use those of the control
/// connection again and again; others use the one of the last data connection. So the first sessions stay, and the latest.
#[derive(Debug, Default)]
struct Store(Mutex<Vec<Kept>>);

type Kept = (Box<[u8]>, Box<[u8]>);

/// How many sessions of the control connection are kept, and of the data connections.
const FIRST: usize = 4;
const LATEST: usize = 8;

impl Certified {
    /// From PEM files: the certificate with its chain, and its key.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self> {
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(|| format!("{}", certificate.display()))?;
        ensure!(!chain.is_empty(), "{}: no certificate in it", certificate.display());
        let private =
            PrivateKeyDer::from_pem_file(key).with_context(|| format!("{}: no private key", key.display()))?;
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .with_context(|| format!("{}", certificate.display()))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(Self(Arc::new(config)))
    }

    /// For a control connection.
    pub fn session(&self) -> SessionTls {
        let mut config = ServerConfig::clone(&self.0);
        config.session_storage = Arc::new(Store::default());
        // Go's clients resume TLS 1.2 by tickets alone (RFC 5077). One ticket serves as often as the client likes for twelve hours. What
        // TLS 1.3 says against using one twice (RFC 8446 C.4: that two connections can be linked) is the purpose here.
        if let Ok(tickets) = ring::Ticketer::new() {
            config.ticketer = tickets;
        }
        SessionTls(Arc::new(config))
    }
}

impl SessionTls {
    pub fn config(&self) -> Arc<ServerConfig> {
        self.0.clone()
    }
}

/// A connection before its handshake.
pub fn connection(tls: Option<&SessionTls>) -> Result<Connection, Error> {
    let tls = tls.ok_or_else(|| Error::General("no TLS was set up".into()))?;
    Ok(ServerConnection::new(tls.config())?.into())
}

impl StoresServerSessions for Store {
    fn put(&self, name: Vec<u8>, session: Vec<u8>) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(other, _)| **other != *name);
        if kept.len() >= FIRST + LATEST {
            kept.remove(FIRST);
        }
        kept.push((name.into(), session.into()));
        true
    }

    fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(other, _)| **other == *name).map(|(_, session)| session.to_vec())
    }

    fn take(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.get(name)
    }

    fn can_cache(&self) -> bool {
        true
    }
}
