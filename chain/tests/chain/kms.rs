//! A key service as `chain::remote` documents it, with the faults that such services have.

use std::sync::{Arc, Mutex};

use alloy_primitives::{B256, Signature, U256};
use chain::keys::KeySigner;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the service does with a request.
#[derive(Clone, Copy, Debug)]
pub enum Behavior {
    Good,
    /// Signs as services do that know nothing of Ethereum: any `s`, recovery byte 0 or 1.
    HighS,
    /// Refuses the second key.
    SecondDown,
    /// Signs with the first key for the second.
    SecondLies,
    Down,
    /// Closes without an answer.
    Hangs,
    Garbage,
    Huge,
}

struct Service {
    keys: Vec<KeySigner>,
    token: String,
    behavior: Mutex<Behavior>,
    seen: Mutex<Vec<Value>>,
}

pub struct Kms {
    address: String,
    service: Arc<Service>,
    task: JoinHandle<()>,
}

impl Kms {
    pub async fn start(keys: Vec<KeySigner>, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let service = Arc::new(Service {
            keys,
            token: token.to_owned(),
            behavior: Mutex::new(Behavior::Good),
            seen: Mutex::default(),
        });
        let serving = Arc::clone(&service);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let service = Arc::clone(&serving);
                tokio::spawn(async move { service.serve(client).await });
            }
        });
        Self { address, service, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/sign", self.address)
    }

    pub fn behave(&self, behavior: Behavior) {
        *self.service.behavior.lock().unwrap() = behavior;
    }

    /// Bodies of the requests so far.
    pub fn seen(&self) -> Vec<Value> {
        self.service.seen.lock().unwrap().clone()
    }
}

impl Drop for Kms {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Service {
    async fn serve(&self, mut client: TcpStream) -> Option<()> {
        let (head, body) = read_request(&mut client).await?;
        let request: Value = serde_json::from_slice(&body).ok()?;
        let (status, answer) = self.answer(&head, &request)?;
        self.seen.lock().unwrap().push(request);
        let text = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        client.write_all(text.as_bytes()).await.ok()?;
        client.shutdown().await.ok()
    }

    fn answer(&self, head: &str, request: &Value) -> Option<(&'static str, String)> {
        let known = head.starts_with("post /sign http/1.1\r\n")
            && head.contains(&format!("authorization: bearer {}", self.token))
            && head.contains("content-type: application/json");
        if !known {
            return Some(("403 Forbidden", String::new()));
        }
        let digest: B256 = serde_json::from_value(request["digest"].clone()).ok()?;
        let address: alloy_primitives::Address = serde_json::from_value(request["address"].clone()).ok()?;
        let index = self.keys.iter().position(|key| key.address() == address)?;
        let behavior = *self.behavior.lock().unwrap();
        let key = match behavior {
            Behavior::Hangs => return None,
            Behavior::Down => return Some(("503 Service Unavailable", String::new())),
            Behavior::SecondDown if index == 1 => return Some(("503 Service Unavailable", String::new())),
            Behavior::Garbage => return Some(("200 OK", "<html>".to_owned())),
            Behavior::Huge => return Some(("200 OK", " ".repeat(5_000))),
            Behavior::SecondLies => &self.keys[0],
            _ => &self.keys[index],
        };
        let signature = key.sign(digest).unwrap();
        let bytes = match behavior {
            Behavior::HighS => high(signature),
            _ => signature.as_bytes(),
        };
        let text = alloy_primitives::hex::encode_prefixed(bytes);
        Some(("200 OK", json!({ "signature": text }).to_string()))
    }
}

/// The other form of the same signature.
fn high(signature: Signature) -> [u8; 65] {
    let order: U256 = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
        .parse()
        .unwrap();
    let mut bytes = Signature::new(signature.r(), order - signature.s(), !signature.v()).as_bytes();
    bytes[64] -= 27;
    bytes
}

/// Head in lower case, and body.
async fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut data = Vec::new();
    loop {
        if stream.read_buf(&mut data).await.ok()? == 0 {
            return None;
        }
        let Some(end) = data.windows(4).position(|w| w == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&data[..end + 2]).to_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length:"))?;
        let length: usize = length.trim().parse().ok()?;
        while data.len() < end + 4 + length {
            if stream.read_buf(&mut data).await.ok()? == 0 {
                return None;
            }
        }
        return Some((head, data.split_off(end + 4)));
    }
}
