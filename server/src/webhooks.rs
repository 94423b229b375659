//! Sends webhooks: through the one HTTP client, which dials only addresses that may be dialled and follows no redirects.

use std::sync::Arc;

use aggregator::webhooks::{Message, Reply, SendFailure, WebhookSender, WebhookSettings};
use anyhow::{Context, Result};
use async_trait::async_trait;
use domain::ports::{Clock, LenderError};
use sdk::net::{Endpoint, EndpointError, HttpClient, NetworkPolicy, Request, Value};

/// Over HTTP.
struct HttpSender {
    http: HttpClient,
    network: NetworkPolicy,
    clock: Arc<dyn Clock>,
}

/// Webhooks of a process.
pub(crate) fn settings(network: NetworkPolicy, clock: &Arc<dyn Clock>) -> Result<WebhookSettings> {
    let sender = HttpSender {
        http: HttpClient::new(network).context("webhooks cannot be sent")?,
        network,
        clock: Arc::clone(clock),
    };
    Ok(WebhookSettings {
        sender: Some(Arc::new(sender)),
    })
}

/// In words for whoever made the endpoint. Of the network they are told no more than that there was no connection.
fn failure(error: &LenderError) -> SendFailure {
    SendFailure(match error {
        LenderError::TimedOut => "no answer within 10 seconds".to_owned(),
        LenderError::Refused(why) | LenderError::Unavailable(why) => why.clone(),
        LenderError::Malformed { .. } => "the answer is too large".to_owned(),
        _ => "no connection".to_owned(),
    })
}

#[async_trait]
impl WebhookSender for HttpSender {
    fn check(&self, url: &str) -> Result<(), String> {
        match Endpoint::parse(url, self.network) {
            Ok(_) => Ok(()),
            Err(EndpointError::Scheme) if self.network == NetworkPolicy::AllowLoopback => {
                Err("https, or http on this machine".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    async fn send(&self, message: &Message<'_>) -> Result<Reply, SendFailure> {
        // It was checked when it was made, perhaps under another policy.
        let endpoint = Endpoint::parse(message.url, self.network).map_err(|error| SendFailure(error.to_string()))?;
        // An endpoint's base has no slash at its end; that of the owner stays.
        let path = if message.url.ends_with('/') { "/" } else { "" };
        let timestamp = message.timestamp.to_string();
        let headers = [
            ("webhook-id", Value::Plain(message.id)),
            ("webhook-timestamp", Value::Plain(&timestamp)),
            ("webhook-signature", Value::Plain(message.signature)),
        ];
        let request = Request {
            headers: &headers,
            ..Request::post(&endpoint, path, message.body.as_bytes(), message.timeout)
        };
        let answer = self.http.call(request).await.map_err(|error| failure(&error))?;
        let retry_after = answer.retry_after(self.clock.now());
        Ok(Reply {
            status: answer.status,
            body: answer.body,
            retry_after,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::SystemClock;

    const BODY: &str = r#"{"type":"webhook.test"}"#;

    fn sender(network: NetworkPolicy) -> Arc<dyn WebhookSender> {
        settings(network, &(Arc::new(SystemClock) as Arc<dyn Clock>))
            .unwrap()
            .sender
            .unwrap()
    }

    /// Answers one request with that text; gives back the request.
    async fn receiver(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/in/box", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            while !read.ends_with(BODY.as_bytes()) {
                let mut chunk = [0; 4_096];
                let size = socket.read(&mut chunk).await.unwrap();
                assert!(size > 0, "ended early: {}", String::from_utf8_lossy(&read));
                read.extend_from_slice(&chunk[..size]);
            }
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(read).unwrap()
        });
        (url, task)
    }

    fn message(url: &str) -> Message<'_> {
        Message {
            url,
            id: "msg_1",
            timestamp: 1_649_367_553,
            signature: "v1,AA v1,BB",
            body: BODY,
            timeout: Duration::from_mins(1),
        }
    }

    #[tokio::test]
    async fn the_headers_of_the_standard_and_the_exact_body_are_posted() {
        let (url, task) =
            receiver("HTTP/1.1 503 Busy\r\nretry-after: 90\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy")
                .await;
        let reply = sender(NetworkPolicy::AllowLoopback).send(&message(&url)).await.unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (503, b"busy".as_slice()));
        assert_eq!(reply.retry_after, Some(Duration::from_secs(90)));
        let sent = task.await.unwrap();
        assert!(sent.starts_with("POST /in/box HTTP/1.1\r\n"), "{sent}");
        for line in [
            "webhook-id: msg_1\r\n",
            "webhook-timestamp: 1649367553\r\n",
            "webhook-signature: v1,AA v1,BB\r\n",
            "content-type: application/json\r\n",
        ] {
            assert!(sent.contains(line), "{line} is missing: {sent}");
        }
        assert!(sent.ends_with(&format!("\r\n\r\n{BODY}")), "{sent}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let (other, never) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let answer =
            format!("HTTP/1.1 307 There\r\nlocation: {other}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let (url, task) = receiver(Box::leak(answer.into_boxed_str())).await;
        let reply = sender(NetworkPolicy::AllowLoopback).send(&message(&url)).await.unwrap();
        assert_eq!(reply.status, 307);
        task.await.unwrap();
        assert!(!never.is_finished());
        never.abort();
    }

    #[tokio::test]
    async fn in_production_no_address_inside_is_taken_or_dialled() {
        let (public, development) = (sender(NetworkPolicy::Public), sender(NetworkPolicy::AllowLoopback));
        for url in [
            "http://example.com/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://10.1.2.3/",
            "https://192.168.0.1/",
            "https://172.16.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://user:word@example.com/",
            "https://example.com/?to=x",
            "https://example.com/#x",
            "ftp://example.com/",
            "not a url",
        ] {
            assert!(public.check(url).is_err(), "{url}");
            assert!(public.send(&message(url)).await.is_err(), "{url}");
        }
        assert!(public.check("https://hooks.example.com/usance").is_ok());
        for url in [
            "http://10.1.2.3/",
            "http://example.com/",
            "https://169.254.169.254/",
            "https://10.1.2.3/",
        ] {
            assert!(development.check(url).is_err(), "{url}");
        }
        assert!(development.check("http://127.0.0.1:8080/in").is_ok());
    }
}
