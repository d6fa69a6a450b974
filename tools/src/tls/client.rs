//! TLS for a client: which certificates it trusts, and the sessions that its data connections resume.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};

/// Which certificates to trust.
pub enum Trust<'a> {
    /// Those that the system trusts.
    Platform,
    /// Only those of this PEM file.
    File(&'a Path),
    /// Any.
    Everybody,
}

/// What the TLS connections of one session have in common.
///
/// Servers such as vsftpd refuse a data connection that doesn't resume the control connection's TLS session, since only that proves that both
/// have the same client. rustls keeps sessions in the configuration's store, by the server's name; so both kinds of connection are made from one
/// configuration, with one name. With TLS 1.2 one session serves all connections; with TLS 1.3 each ticket serves once, and a server sends new
/// ones on each data connection.
///
/// Each control connection has a store of its own: with a common one, several at once ([`another`](Self::another)) would take each other's
/// tickets, which the servers refuse.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// For the server with this name or address.
    pub fn new(trust: &Trust<'_>, host: &str) -> Result<Self> {
        Self::with_versions(trust, host, rustls::DEFAULT_VERSIONS)
    }

    /// The same, with only these versions of TLS.
    pub fn with_versions(
        trust: &Trust<'_>,
        host: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_protocol_versions(versions)?;
        let config = match trust {
            Trust::Everybody => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unchecked(provider)))
                .with_no_client_auth(),
            Trust::Platform => {
                let mut roots = RootCertStore::empty();
                let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                ensure!(added > 0, "the platform has no certificates to trust: name a file by --ca");
                builder.with_root_certificates(roots).with_no_client_auth()
            }
            Trust::File(file) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_file_iter(file)? {
                    roots.add(certificate?)?;
                }
                ensure!(!roots.is_empty(), "no certificate in it");
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        let name = ServerName::try_from(host.to_owned()).with_context(|| format!("{host}: no name for TLS"))?;
        Ok(Self { config: Arc::new(config), name })
    }

    /// The same for another control connection to the same server.
    pub fn another(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.resumption = Resumption::in_memory_sessions(64);
        Self { config: Arc::new(config), name: self.name.clone() }
    }

    /// The same, whose connections never resume a session.
    pub fn without_resumption(&self) -> Self {
        let mut config = ClientConfig::clone(&self.config);
        config.resumption = Resumption::disabled();
        Self { config: Arc::new(config), name: self.name.clone() }
    }

    pub fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    pub fn name(&self) -> ServerName<'static> {
        self.name.clone()
    }
}

/// A connection before its handshake.
pub fn connection(tls: Option<&Tls>) -> Result<Connection, Error> {
    let tls = tls.ok_or_else(|| Error::General("no TLS was set up".into()))?;
    Ok(ClientConnection::new(tls.config(), tls.name())?.into())
}

/// Trusts every certificate. That the server has the certificate's key is still checked.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
