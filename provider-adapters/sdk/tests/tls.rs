//! The HTTP client over TLS: a real handshake with a server whose certificate is good, for another name, expired, or of nobody.

#![cfg(feature = "tls")]
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use usance_provider_sdk::net::Request;
use usance_provider_sdk::{Endpoint, HttpClient, LenderError, NetworkPolicy};

const AUTHORITY: &[u8] = include_bytes!("fixtures/tls/authority.pem");
/// A public development key, worth nothing.
const KEY: &[u8] = include_bytes!("fixtures/tls/development-key.der");
const GOOD: &[u8] = include_bytes!("fixtures/tls/good.der");
const WRONG_NAME: &[u8] = include_bytes!("fixtures/tls/wrong-name.der");
const EXPIRED: &[u8] = include_bytes!("fixtures/tls/expired.der");

/// A server with that certificate: its address, and how many requests it read.
async fn serve(certificate: &'static [u8]) -> (Endpoint, Arc<AtomicUsize>) {
    let key = PrivateKeyDer::try_from(KEY.to_vec()).unwrap();
    let chain = vec![CertificateDer::from(certificate)];
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(socket).await else {
                continue;
            };
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
                let _gone = stream.write_all(answer).await;
                let _gone = stream.shutdown().await;
            }
        }
    });
    let url = format!("https://localhost:{port}");
    (Endpoint::parse(&url, NetworkPolicy::AllowLoopback).unwrap(), heard)
}

async fn call(client: &HttpClient, endpoint: &Endpoint) -> Result<Vec<u8>, LenderError> {
    let request = Request::get(endpoint, "/v1", Duration::from_mins(1));
    let answer = client.call(request).await?;
    answer.json().map(<[u8]>::to_vec)
}

fn client() -> HttpClient {
    HttpClient::trusting(NetworkPolicy::AllowLoopback, AUTHORITY).unwrap()
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_for_the_name_is_good() {
    let (endpoint, heard) = serve(GOOD).await;
    assert_eq!(call(&client(), &endpoint).await, Ok(b"{}".to_vec()));
    assert_eq!(heard.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_expired_or_of_nobody_sends_nothing() {
    let nobody_trusts = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    for (what, certificate, client) in [
        ("another name", WRONG_NAME, client()),
        ("expired", EXPIRED, client()),
        ("an authority that is not trusted", GOOD, nobody_trusts),
    ] {
        let (endpoint, heard) = serve(certificate).await;
        let refused = call(&client, &endpoint).await;
        let unavailable = LenderError::Unavailable("no connection".into());
        assert_eq!(refused, Err(unavailable), "{what}");
        assert_eq!(heard.load(Ordering::SeqCst), 0, "{what}: a request was sent");
    }
}

#[test]
fn what_is_no_certificate_is_refused() {
    let refused = HttpClient::trusting(
        NetworkPolicy::Public,
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    assert!(refused.is_err());
}
