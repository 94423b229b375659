//! A node in front of the node: it refuses, lies and goes silent on command.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of a request.
pub enum Verdict {
    /// The real node answers.
    Forward,
    /// The real node gets it, and its answer is lost.
    ForwardAndHangUp,
    /// This result.
    Result(Value),
    /// This error message.
    Error(String),
}

type Judge = dyn Fn(&Value) -> Verdict + Send + Sync;

pub struct Proxy {
    address: String,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(node: &str, judge: impl Fn(&Value) -> Verdict + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let node = node.trim_start_matches("http://").to_owned();
        let judge: Arc<Judge> = Arc::new(judge);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, node.clone(), Arc::clone(&judge)));
            }
        });
        Self { address, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request per connection; every answer closes it.
async fn serve(mut client: TcpStream, node: String, judge: Arc<Judge>) -> Option<()> {
    let body = read_body(&mut client).await?;
    let request: Value = serde_json::from_slice(&body).ok()?;
    let answer = match judge(&request) {
        Verdict::Forward => forward(&node, &body).await?,
        Verdict::ForwardAndHangUp => {
            forward(&node, &body).await?;
            return None;
        }
        Verdict::Result(result) => json!({ "jsonrpc": "2.0", "id": request["id"], "result": result })
            .to_string()
            .into(),
        Verdict::Error(message) => {
            let error = json!({ "code": -32000, "message": message });
            json!({ "jsonrpc": "2.0", "id": request["id"], "error": error })
                .to_string()
                .into()
        }
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        answer.len()
    );
    client.write_all(head.as_bytes()).await.ok()?;
    client.write_all(&answer).await.ok()?;
    client.shutdown().await.ok()
}

async fn forward(node: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut server = TcpStream::connect(node).await.ok()?;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {node}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    server.write_all(head.as_bytes()).await.ok()?;
    server.write_all(body).await.ok()?;
    read_body(&mut server).await
}

async fn read_body(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        if let Some(end) = data.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&data[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length:"))?
                .trim()
                .parse::<usize>()
                .ok()?;
            while data.len() < end + 4 + length {
                if stream.read_buf(&mut data).await.ok()? == 0 {
                    return None;
                }
            }
            return Some(data.split_off(end + 4));
        }
        if stream.read_buf(&mut data).await.ok()? == 0 {
            return None;
        }
    }
}
