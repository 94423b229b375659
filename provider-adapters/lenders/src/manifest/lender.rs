//! The adapter: a manifest at work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::request::CreditRequest;
use domain::{ProviderId, Reason, SettlementId};
use sdk::client::MAX_OFFERS;
use sdk::net::Incoming;
use sdk::normalise::Document;
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Endpoint, HttpClient, Lender, LenderError,
    LenderStatus, NetworkPolicy, Secret,
};

use super::auth::{Auth, Resolve};
use super::call::{Call, Wire};
use super::eval::Evaluator;
use super::load::{Manifest, Pages, Poll, Step};
use super::secrets::SecretRef;
use super::value::{Json, Located, Value};
use super::{ManifestConfig, ManifestLenderError, ask};

/// What stands for a secret where none is needed.
pub const STAND_IN: &str = "stand-in-for-a-secret";

/// A lender behind a manifest.
pub struct ManifestLender {
    id: ProviderId,
    manifest: Manifest,
    wire: Wire,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for ManifestLender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ManifestLender({})", self.id)
    }
}

impl ManifestLender {
    /// Reads the file and the secrets that it names.
    pub fn load(
        config: &ManifestConfig,
        http: HttpClient,
        network: NetworkPolicy,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ManifestLenderError> {
        Self::with(config, http, network, (clock, SecretRef::resolve))
    }

    /// The same with [`STAND_IN`] for every secret, and with no longer waits than `patience`: for a player of the lender, who needs
    /// no secret and answers at once or never.
    pub fn played(
        config: &ManifestConfig,
        http: HttpClient,
        network: NetworkPolicy,
        clock: Arc<dyn Clock>,
        patience: Duration,
    ) -> Result<Self, ManifestLenderError> {
        let stand_in = |_: &SecretRef| Ok(Secret::new(STAND_IN.to_owned()));
        let mut lender = Self::with(config, http, network, (clock, stand_in))?;
        let most = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        lender.manifest.timeout_ms = lender.manifest.timeout_ms.min(most);
        Ok(lender)
    }

    fn with(
        config: &ManifestConfig,
        http: HttpClient,
        network: NetworkPolicy,
        (clock, resolve): (Arc<dyn Clock>, Resolve),
    ) -> Result<Self, ManifestLenderError> {
        let text = std::fs::read_to_string(&config.file);
        let text = text.map_err(|error| ManifestLenderError::File(config.file.clone(), error))?;
        let manifest = Manifest::parse(&text)?;
        let url = config.url.as_deref().unwrap_or(&manifest.base_url);
        let wire = Wire {
            http,
            endpoint: Endpoint::parse(url, network)?,
            auth: Auth::new(&manifest.auth, network, (config.token_url.as_deref(), resolve))?,
        };
        Ok(Self {
            id: config.id.clone(),
            manifest,
            wire,
            clock,
        })
    }

    fn evaluator(&self) -> Evaluator {
        Evaluator::new(self.manifest.currency())
    }

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.manifest.timeout_ms)
    }

    /// Polls until the lender says that nothing follows.
    async fn poll(
        &self,
        poll: &Poll,
        evaluator: &Evaluator,
        scope: &[Located],
        deadline: Instant,
    ) -> Result<Incoming, LenderError> {
        for _ in 0..poll.at_most {
            let left = left(deadline)?;
            let answer = self
                .wire
                .ask(&poll.call, evaluator, scope, None, (&*self.clock, left))
                .await?;
            let seen = answered(scope, None, &answer)?;
            if evaluator
                .bound(&poll.until, &seen)?
                .truth()
                .map_err(|f| f.or_key(&poll.until.key))?
                || self.manifest.declined(evaluator, &seen)?.is_some()
            {
                return Ok(answer);
            }
            let pause = Duration::from_millis(poll.every_ms);
            if pause >= left {
                return Err(LenderError::TimedOut);
            }
            tokio::time::sleep(pause).await;
        }
        Err(LenderError::TimedOut)
    }

    /// The pages after the first one.
    async fn pages(
        &self,
        pages: &Pages,
        call: &Call,
        evaluator: &Evaluator,
        scope: &[Located],
        (first, deadline): (Vec<Located>, Instant),
    ) -> Result<Vec<Vec<Located>>, LenderError> {
        let asked = &scope[..ask::QUESTION.len() + usize::from(self.manifest.quote.poll.is_some())];
        let mut seen = vec![first];
        while let Some(last) = seen.last() {
            let Some(next) = pages.next(evaluator, last, seen.len())? else {
                break;
            };
            if seen.len() as u64 >= pages.at_most {
                return Err(LenderError::Malformed {
                    field: "quote.pages".into(),
                    detail: format!("more than {} pages", pages.at_most),
                });
            }
            let extra = Some((pages.param.as_str(), next.as_str()));
            let answer = self
                .wire
                .ask(call, evaluator, asked, extra, (&*self.clock, left(deadline)?))
                .await?;
            seen.push(answered(scope, None, &answer)?);
        }
        Ok(seen)
    }

    /// Asks about an accepted offer.
    async fn loan(
        &self,
        call: &Call,
        scope: Vec<Located>,
        settlement: SettlementId,
    ) -> Result<Option<(Evaluator, Vec<Located>)>, LenderError> {
        let evaluator = self.evaluator();
        let answer = self
            .wire
            .ask(call, &evaluator, &scope, None, (&*self.clock, self.timeout()))
            .await?;
        if call.is_unknown(answer.status) {
            return Ok(None);
        }
        let mut scope = ask::settlement(settlement, self.clock.now());
        let body = body(&answer.body)?;
        scope.extend([body.clone(), ask::http(answer.status)]);
        let loan = match &call.loan {
            Some(bound) => evaluator.bound(bound, &scope)?,
            None => body,
        };
        let found = loan.value != Value::Absent;
        scope.push(loan);
        Ok(found.then_some((evaluator, scope)))
    }

    async fn loan_status(&self, call: &Call, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let scope = ask::settlement(settlement, self.clock.now());
        match self.loan(call, scope, settlement).await? {
            Some((evaluator, scope)) => Ok(self.manifest.loan.status(&evaluator, &scope)?),
            None => Ok(LenderStatus::Unknown),
        }
    }
}

#[async_trait]
impl Lender for ManifestLender {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.manifest.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let quote = &self.manifest.quote;
        let evaluator = self.evaluator();
        let mut scope = ask::question(&ask.request, self.clock.now());
        let left = left(ask.deadline)?;
        let answer = self
            .wire
            .ask(&quote.call, &evaluator, &scope, None, (&*self.clock, left))
            .await?;
        let first = body(&answer.body)?;
        let seen = answered(&scope, Some(&first), &answer)?;
        scope.push(first);
        if let Some(reasons) = self.manifest.declined(&evaluator, &seen)? {
            return Ok(Answer::Declined(reasons));
        }
        let (call, seen) = match &quote.poll {
            Some(poll) => {
                let answer = self.poll(poll, &evaluator, &scope, ask.deadline).await?;
                let seen = answered(&scope, None, &answer)?;
                if let Some(reasons) = self.manifest.declined(&evaluator, &seen)? {
                    return Ok(Answer::Declined(reasons));
                }
                (&poll.call, seen)
            }
            None => (&quote.call, seen),
        };
        let seen = match &quote.pages {
            Some(pages) => {
                let from = (seen, ask.deadline);
                self.pages(pages, call, &evaluator, &scope, from).await?
            }
            None => vec![seen],
        };
        self.manifest.answer(&evaluator, &seen, &ask.request)
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let malformed = |field: &str, detail: &str| LenderError::Malformed {
            field: field.into(),
            detail: detail.into(),
        };
        let scope = ask::order(order, self.clock.now());
        let found = self.loan(&self.manifest.accept, scope, order.settlement).await?;
        let (evaluator, scope) = found.ok_or_else(|| malformed("accept", "the answer has no loan"))?;
        let status = self.manifest.loan.status(&evaluator, &scope)?;
        match &status {
            LenderStatus::Unknown => Err(malformed("loan.state", "an accepted offer cannot be unknown")),
            LenderStatus::Disbursed { amount, .. } if *amount != order.net_disbursed => {
                Err(malformed("loan.amount", "is not what was to arrive"))
            }
            _ => Ok(AcceptReceipt {
                loan_ref: self.manifest.loan.reference(&evaluator, &scope)?,
                status,
            }),
        }
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.loan_status(&self.manifest.status, settlement).await
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        match &self.manifest.cancel {
            Some(call) => self.loan_status(call, settlement).await,
            None => Err(LenderError::Unsupported("the manifest has no [cancel]".into())),
        }
    }
}

impl Manifest {
    /// What recorded answers come to, without a network: the pages of the last answer, in order.
    pub fn read(&self, request: &CreditRequest, now: DateTime<Utc>, pages: &[&[u8]]) -> Result<Answer, LenderError> {
        let evaluator = Evaluator::new(self.currency());
        let mut scope = ask::question(request, now);
        let mut seen = Vec::with_capacity(pages.len());
        for page in pages {
            let body = body(page)?;
            if scope.len() == ask::QUESTION.len() {
                scope.push(body.clone());
            }
            let mut scope = scope.clone();
            scope.extend([body, ask::http(200)]);
            if let Some(reasons) = self.declined(&evaluator, &scope)? {
                return Ok(Answer::Declined(reasons));
            }
            seen.push(scope);
        }
        self.answer(&evaluator, &seen, request)
    }

    /// The reasons when an answer is a decline.
    fn declined(&self, evaluator: &Evaluator, seen: &[Located]) -> Result<Option<Vec<Reason>>, LenderError> {
        let Some(declined) = &self.quote.declined else {
            return Ok(None);
        };
        let when = evaluator.bound(&declined.when, seen)?;
        if !when.truth().map_err(|fault| fault.or_key(&declined.when.key))? {
            return Ok(None);
        }
        let reasons = match &declined.reasons {
            Some(map) => map.read(evaluator, seen)?,
            None => Vec::new(),
        };
        Ok(Some(if reasons.is_empty() { no_offer() } else { reasons }))
    }

    fn answer(
        &self,
        evaluator: &Evaluator,
        pages: &[Vec<Located>],
        request: &CreditRequest,
    ) -> Result<Answer, LenderError> {
        let mut offers = Vec::new();
        for page in pages {
            no_error(page)?;
            let items = evaluator.bound(&self.quote.items, page)?;
            for item in items
                .items()
                .map_err(|fault| fault.or_key(&self.quote.items.key))?
                .iter()
            {
                if offers.len() == MAX_OFFERS {
                    return Err(LenderError::Malformed {
                        field: "offers".into(),
                        detail: "too many".into(),
                    });
                }
                let mut scope = page.clone();
                scope.push(item.clone());
                offers.push(self.offer.read(evaluator, &scope, request)?);
            }
        }
        if offers.is_empty() {
            return Ok(Answer::Declined(no_offer()));
        }
        Ok(Answer::Offers(offers))
    }
}

impl Pages {
    /// The value of the parameter for the next page, when there is one.
    fn next(&self, evaluator: &Evaluator, last: &[Located], asked: usize) -> Result<Option<String>, LenderError> {
        match &self.step {
            Step::Cursor(next) => {
                let next = evaluator.bound(next, last)?;
                if next.says_nothing() {
                    return Ok(None);
                }
                Ok(Some(super::template::written(&next)?))
            }
            Step::Number(first, more) => {
                let goes_on = evaluator
                    .bound(more, last)?
                    .truth()
                    .map_err(|fault| fault.or_key(&more.key))?;
                Ok(goes_on.then(|| (first + asked as u64).to_string()))
            }
        }
    }
}

fn no_offer() -> Vec<Reason> {
    vec![Reason::new("NO_OFFER", "This lender made no offer.")]
}

/// An answer that has offers and an error could be read both ways. Its body stands before its status.
fn no_error(page: &[Located]) -> Result<(), LenderError> {
    let Some(Value::Json(body)) = page.iter().rev().nth(1).map(|body| &body.value) else {
        return Ok(());
    };
    let Json::Object(fields) = &**body else { return Ok(()) };
    let says = |value: &Json| match value {
        Json::Null | Json::Bool(false) => false,
        Json::Text(text) => !text.is_empty(),
        Json::List(items) => !items.is_empty(),
        Json::Object(fields) => !fields.is_empty(),
        Json::Bool(true) | Json::Number(_) => true,
    };
    let found = fields
        .iter()
        .find(|(name, value)| matches!(name.as_str(), "error" | "errors") && says(value));
    match found {
        None => Ok(()),
        Some((name, _)) => Err(LenderError::Malformed {
            field: name.clone(),
            detail: "stands beside the offers".into(),
        }),
    }
}

fn left(deadline: Instant) -> Result<Duration, LenderError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(LenderError::TimedOut);
    }
    Ok(left.min(Duration::from_mins(10)))
}

fn body(bytes: &[u8]) -> Result<Located, LenderError> {
    let document = Document::parse(bytes)?;
    Ok(Located::body(Arc::new(Json::from(document.root()))))
}

/// The scope of `ANSWER`: `scope` is that of the question, perhaps with the first answer in it.
fn answered(scope: &[Located], first: Option<&Located>, answer: &Incoming) -> Result<Vec<Located>, LenderError> {
    let mut scope = scope.to_vec();
    scope.extend(first.cloned());
    scope.extend([body(&answer.body)?, ask::http(answer.status)]);
    Ok(scope)
}
