//! A marketplace of rate tables: a lead goes in, and a table of many originators' offers fills up until nobody is waited for.
//!
//! `POST /leads/rateTables` opens the table, `GET /originator/rateTables/{uuid}` reads it again; an empty `pendingResponses` says that
//! no offer follows. The blocking twin, `POST /blocking/leads/rateTables`, answers only then. At our deadline the answer is what is
//! there by then. What is assumed of offers that are ranges stands in [`table`]; what the marketplace earns by an offer is not read
//! anywhere, so nothing after this module can depend on it.

mod config;
mod lead;
mod table;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::{ProviderId, Reason, SettlementId};
use sdk::net::{Incoming, Method, Request, Value};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Endpoint, HttpClient, Lender, LenderError,
    LenderStatus, NetworkPolicy, Secret,
};

pub use config::{RateTableConfig, RateTableError};
use table::{OfferRef, Table};

/// We answer this long before the deadline: what is there so far must still arrive in time.
const MARGIN: Duration = Duration::from_millis(150);
/// Offers handed over that are remembered; an older one is Unknown again, and handed over again the same way.
const REMEMBERED: usize = 10_000;

/// The adapter.
pub struct RateTableLender {
    config: RateTableConfig,
    endpoint: Endpoint,
    blocking: Option<Endpoint>,
    authorization: Secret<String>,
    http: HttpClient,
    network: NetworkPolicy,
    clock: Arc<dyn Clock>,
    handed: Mutex<Handed>,
}

/// Which offers were handed over, oldest first.
#[derive(Default)]
struct Handed {
    by_settlement: HashMap<SettlementId, String>,
    order: VecDeque<SettlementId>,
}

impl std::fmt::Debug for RateTableLender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RateTableLender({})", self.config.id)
    }
}

/// What came back of a call that opens a table.
enum Opened {
    Table(Table),
    /// The marketplace has this lead already.
    Known,
}

impl RateTableLender {
    /// Checks the configuration and reads its secret.
    pub fn new(
        config: RateTableConfig,
        http: HttpClient,
        network: NetworkPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RateTableError> {
        config.check()?;
        let address = |field, url: &str| {
            Endpoint::parse(url, network).map_err(|source| RateTableError::Address { field, source })
        };
        let token = config.token.resolve().map_err(RateTableError::Token)?;
        Ok(Self {
            endpoint: address("url", &config.url)?,
            blocking: config
                .blocking_url
                .as_deref()
                .map(|url| address("blocking_url", url))
                .transpose()?,
            authorization: Secret::new(format!("Bearer {}", token.expose())),
            config,
            http,
            network,
            clock,
            handed: Mutex::default(),
        })
    }

    async fn send(
        &self,
        endpoint: &Endpoint,
        path: &str,
        body: Option<&[u8]>,
        timeout: Duration,
    ) -> Result<Incoming, LenderError> {
        let headers = [("authorization", Value::Secret(&self.authorization))];
        let request = Request {
            method: if body.is_some() { Method::POST } else { Method::GET },
            headers: &headers,
            body: body.unwrap_or_default(),
            ..Request::get(endpoint, path, timeout)
        };
        self.http.call(request).await
    }

    /// Brings the lead in; the table of a lead that is there already is opened anew, so that a repeated question makes no second lead.
    async fn open(&self, ask: &Ask, end: Instant) -> Result<Table, LenderError> {
        let lead = lead::write(&ask.request);
        let (endpoint, path) = match &self.blocking {
            Some(endpoint) => (endpoint, "/blocking/leads/rateTables"),
            None => (&self.endpoint, "/leads/rateTables"),
        };
        let answer = self.send(endpoint, path, Some(&lead), left(end)?).await?;
        match opened(answer)? {
            Opened::Table(table) => Ok(table),
            Opened::Known => {
                let path = format!("/leads/{}/rateTables", ask.request.id);
                let answer = self.send(&self.endpoint, &path, Some(&lead), left(end)?).await?;
                match opened(answer)? {
                    Opened::Table(table) => Ok(table),
                    Opened::Known => Err(LenderError::Refused("409".into())),
                }
            }
        }
    }

    async fn load(&self, uuid: &str, timeout: Duration) -> Result<Table, LenderError> {
        let path = format!("/originator/rateTables/{uuid}");
        let answer = self.send(&self.endpoint, &path, None, timeout).await?;
        let Opened::Table(table) = opened(answer)? else {
            return Err(LenderError::Refused("409".into()));
        };
        if table.uuid() != uuid {
            return Err(malformed("uuid", "is another table's"));
        }
        Ok(table)
    }

    /// Reads the table again until it is final, or the time is over. A connection that fails on the way ends it with what is there so
    /// far, when there is something.
    async fn fill(&self, mut table: Table, end: Instant) -> Result<Table, LenderError> {
        let pause = Duration::from_millis(self.config.poll_ms);
        while !table.is_final() {
            let rest = end.saturating_duration_since(Instant::now());
            if pause >= rest {
                break;
            }
            tokio::time::sleep(pause).await;
            let failed = match left(end) {
                Ok(rest) => match self.load(table.uuid(), rest).await {
                    Ok(next) => {
                        table = next;
                        continue;
                    }
                    Err(error) => error,
                },
                Err(error) => error,
            };
            // What makes no sense puts what came before it in doubt; a connection that fails does not.
            if table.is_empty() || matches!(failed, LenderError::Malformed { .. }) {
                return Err(failed);
            }
            break;
        }
        if table.is_final() {
            return Ok(table);
        }
        metrics::counter!("usance_rate_table_partial_total", "provider" => self.config.id.to_string()).increment(1);
        if table.is_empty() {
            return Err(LenderError::TimedOut);
        }
        Ok(table)
    }

    /// Where the borrower goes on with an offer.
    async fn hand_off(&self, provider_ref: &str) -> Result<LenderStatus, LenderError> {
        let offer = OfferRef::parse(provider_ref)
            .ok_or_else(|| malformed("provider_ref", "is not a reference of this marketplace"))?;
        let table = self
            .load(&offer.table, Duration::from_millis(self.config.timeout_ms))
            .await?;
        let reason = match table.link(&offer.offer, self.network)? {
            Some((originator, link)) => Reason::new(
                "HAND_OFF",
                format!("{originator} takes applications on its own pages: {link}"),
            ),
            None => Reason::new(
                "OFFER_GONE",
                "The marketplace does not show this offer any more; ask again.",
            ),
        };
        Ok(LenderStatus::Rejected { reasons: vec![reason] })
    }

    fn remember(&self, settlement: SettlementId, provider_ref: &str) {
        let mut handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        if handed
            .by_settlement
            .insert(settlement, provider_ref.to_owned())
            .is_none()
        {
            handed.order.push_back(settlement);
        }
        if handed.order.len() > REMEMBERED
            && let Some(oldest) = handed.order.pop_front()
        {
            handed.by_settlement.remove(&oldest);
        }
    }

    fn remembered(&self, settlement: SettlementId) -> Option<String> {
        let handed = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        handed.by_settlement.get(&settlement).cloned()
    }
}

#[async_trait]
impl Lender for RateTableLender {
    fn id(&self) -> &ProviderId {
        &self.config.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.config.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let whole = left(ask.deadline)?;
        let end = Instant::now() + whole.saturating_sub(MARGIN.min(whole / 4));
        let table = self.open(ask, end).await?;
        let table = self.fill(table, end).await?;
        table.answer(&ask.request, self.config.terms(), self.clock.now())
    }

    /// Nobody can take an offer of a marketplace but the borrower, on the originator's pages: the receipt has the link, and the
    /// settlement ends there.
    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let status = self.hand_off(&order.provider_ref).await?;
        self.remember(order.settlement, &order.provider_ref);
        Ok(AcceptReceipt {
            loan_ref: order.provider_ref.clone(),
            status,
        })
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        match self.remembered(settlement) {
            Some(provider_ref) => self.hand_off(&provider_ref).await,
            None => Ok(LenderStatus::Unknown),
        }
    }

    /// There is nothing to withdraw: it says where the offer stands.
    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.status(settlement).await
    }
}

fn left(end: Instant) -> Result<Duration, LenderError> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(LenderError::TimedOut);
    }
    Ok(left)
}

fn malformed(field: &str, detail: &str) -> LenderError {
    LenderError::Malformed {
        field: field.into(),
        detail: detail.into(),
    }
}

/// Reads an answer that should be a table.
fn opened(answer: Incoming) -> Result<Opened, LenderError> {
    match answer.status {
        200 | 201 => {
            let media = answer.header("content-type").unwrap_or_default();
            let media = media.split(';').next().unwrap_or_default().trim();
            if !media.eq_ignore_ascii_case("application/json") {
                return Err(malformed("content-type", "is not JSON"));
            }
            Table::read(answer.body).map(Opened::Table)
        }
        409 => Ok(Opened::Known),
        400 | 422 => Err(LenderError::Refused(table::refused_fields(&answer.body))),
        401 | 403 => Err(LenderError::Refused(answer.status.to_string())),
        405 | 501 => Err(LenderError::Unsupported(answer.status.to_string())),
        429 => Err(LenderError::RateLimited),
        404 | 408 | 500..=599 => Err(LenderError::Unavailable(answer.status.to_string())),
        other => Err(malformed("status", &other.to_string())),
    }
}
