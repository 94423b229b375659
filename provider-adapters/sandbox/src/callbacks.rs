//! Sending of callbacks.

use std::time::Duration;

use sdk::net::Outgoing;
use sdk::signature::{RequestLine, sign_request};
use sdk::wire::{Callback, OffersAnswer, write};
use sdk::{Endpoint, HttpClient, NetworkPolicy, Signer};

const PATH: &str = "/v1/callbacks/offers";
const TRIES: u32 = 3;

/// Calls back in two parts: the offers, then the end. A decline is one final part. Without `finish` the end never comes.
pub(crate) async fn send(http: HttpClient, signer: Signer, url: String, answer: OffersAnswer, finish: bool) {
    let Ok(endpoint) = Endpoint::parse(&url, NetworkPolicy::AllowLoopback) else {
        tracing::warn!("the callback address is not one on this machine or a public one");
        return;
    };
    let OffersAnswer {
        request_id,
        offers,
        declined,
        ..
    } = answer;
    let part = |sequence, is_final| Callback {
        request_id,
        sequence,
        is_final,
        offers: vec![],
        declined: vec![],
    };
    let parts = if offers.is_empty() {
        vec![Callback {
            declined,
            ..part(0, finish)
        }]
    } else {
        let first = Callback {
            offers,
            ..part(0, false)
        };
        if finish {
            vec![first, part(1, true)]
        } else {
            vec![first]
        }
    };
    for part in parts {
        if !deliver(&http, &signer, &endpoint, &write(&part)).await {
            tracing::info!(lender = signer.key.id(), "callback not taken");
            return;
        }
    }
}

/// True when the callback was taken. Only failures that may pass are tried again.
async fn deliver(http: &HttpClient, signer: &Signer, endpoint: &Endpoint, body: &[u8]) -> bool {
    let path = endpoint.path(PATH);
    let line = RequestLine {
        method: "POST",
        authority: endpoint.authority(),
        path: &path,
    };
    for attempt in 0..TRIES {
        let headers = sign_request(signer, line, body);
        let timeout = Duration::from_secs(5);
        let outgoing = Outgoing {
            endpoint,
            post: true,
            path: PATH,
            body,
            headers: &headers,
            timeout,
        };
        match http.send(outgoing).await {
            Ok(answer) if answer.status < 300 => return true,
            Ok(answer) if answer.status < 500 => return false,
            _ => tokio::time::sleep(Duration::from_millis(100 << attempt)).await,
        }
    }
    false
}
