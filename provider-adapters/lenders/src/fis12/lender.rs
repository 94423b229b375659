//! The adapter: the journey from a question to a disbursement.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::ports::{JourneyKey, JourneyStore};
use domain::request::CreditRequest;
use domain::{ProviderId, Rate, Reason, SettlementId};
use sdk::normalise::{Document, Reader};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Endpoint, HttpClient, Lender, LenderError, LenderStatus,
    NetworkPolicy, Signer,
};
use tokio::sync::{Mutex, MutexGuard};

use super::exchange::Exchange;
use super::fault::Fault;
use super::inbox::Inbox;
use super::journey::{Form, Journey};
use super::messages;
use super::offer::Breakup;
use super::quote;
use super::state;
use super::table::{Action, Stage};
use crate::questions::unavailable;

/// Locks of journeys; two journeys may share one.
const LOCKS: usize = 64;
/// Messages of ours in one step forward: more is a lender that never comes to an end.
const MAX_STEPS: usize = 8;

/// What a lender is made with.
pub struct Parts {
    /// Our key in the network's registry, our clock, our ids.
    pub signer: Arc<Signer>,
    /// Talks to the lender.
    pub http: HttpClient,
    /// Which addresses may be dialled and handed to borrowers.
    pub network: NetworkPolicy,
    /// Where its callbacks arrive.
    pub inbox: Arc<Inbox>,
    /// Where its journeys are kept.
    pub store: Arc<dyn JourneyStore>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({:?}, {:?})", self.signer, self.inbox)
    }
}

/// How a lender is treated.
#[derive(Clone, Debug)]
pub struct Options {
    /// Operator-given name.
    pub id: ProviderId,
    /// What it does.
    pub capabilities: Capabilities,
    /// Longest wait of accept, status and cancel in all; below the time-out of the layer around it.
    pub timeout: Duration,
    /// Rate of the tax behind `+ GST`; without it such a charge is refused.
    pub tax: Option<Rate>,
}

/// A lender on the network. Each question is a journey of its own: switch hedging off around it.
pub struct Fis12Lender {
    pub(super) id: ProviderId,
    pub(super) capabilities: Capabilities,
    pub(super) exchange: Exchange,
    pub(super) network: NetworkPolicy,
    pub(super) store: Arc<dyn JourneyStore>,
    pub(super) tax: Option<Rate>,
    timeout: Duration,
    locks: Vec<Mutex<()>>,
}

impl std::fmt::Debug for Fis12Lender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fis12Lender({})", self.id)
    }
}

impl Fis12Lender {
    /// Its address is the one of the lender in the inbox's parties.
    pub fn new(options: Options, parts: Parts) -> Result<Self, sdk::EndpointError> {
        let endpoint = Endpoint::parse(&parts.inbox.parties().bpp.uri, parts.network)?;
        Ok(Self {
            id: options.id,
            capabilities: options.capabilities,
            exchange: Exchange {
                http: parts.http,
                endpoint,
                signer: parts.signer,
                inbox: parts.inbox,
            },
            network: parts.network,
            store: parts.store,
            tax: options.tax,
            timeout: options.timeout,
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
        })
    }

    /// The form that the same question waits for, with its transaction: show its link to the borrower.
    pub async fn form_of_request(&self, request: &CreditRequest) -> Result<Option<(String, Form)>, LenderError> {
        let parked = self.find(JourneyKey::Topic(&quote::topic(request))).await?;
        Ok(parked.and_then(|journey| Some((journey.transaction, journey.form?))))
    }

    /// The form that an accepted loan waits for, if any.
    pub async fn form_of_settlement(&self, settlement: SettlementId) -> Result<Option<Form>, LenderError> {
        let journey = self.find(JourneyKey::Settlement(settlement)).await?;
        Ok(journey.and_then(|journey| journey.form))
    }

    /// The borrower sent that form through us and the lender gave a receipt. The next quote or status goes on from there. A form that the
    /// borrower sends on the lender's own pages needs no call: the lender tells of it.
    pub async fn form_sent(&self, form: &str, transaction: &str, receipt: &str) -> Result<(), LenderError> {
        let _held = self.lock(transaction).await;
        let unknown = || LenderError::Refused("no such form".into());
        let journey = self.find(JourneyKey::Id(transaction)).await?;
        let mut journey = journey.ok_or_else(unknown)?;
        let open = journey.form.as_mut().filter(|open| open.id == form);
        open.ok_or_else(unknown)?.submission = Some(receipt.to_owned());
        self.save(&mut journey).await
    }

    pub(super) async fn find(&self, key: JourneyKey<'_>) -> Result<Option<Journey>, LenderError> {
        let record = self
            .store
            .find(&self.id, key)
            .await
            .map_err(|failure| unavailable(&failure))?;
        record.as_ref().map(Journey::of).transpose()
    }

    pub(super) async fn save(&self, journey: &mut Journey) -> Result<(), LenderError> {
        let record = journey.record()?;
        if !self
            .store
            .save(&self.id, &record)
            .await
            .map_err(|failure| unavailable(&failure))?
        {
            return Err(LenderError::Unavailable("another call moved the journey on".into()));
        }
        journey.version += 1;
        Ok(())
    }

    pub(super) async fn lock(&self, transaction: &str) -> MutexGuard<'_, ()> {
        let sum = transaction.bytes().fold(0_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        self.locks[sum % LOCKS].lock().await
    }

    async fn say(&self, journey: &Journey, action: Action, deadline: Instant) -> Result<Vec<u8>, Fault> {
        let parties = self.exchange.inbox.parties();
        let chosen = journey.accepted.as_deref().and_then(|id| journey.item(id));
        let chosen = chosen.ok_or_else(|| LenderError::Refused("no item was accepted".into()));
        let message = match action {
            Action::Init | Action::Confirm => messages::agreement(journey, chosen?, parties),
            Action::Cancel => {
                let order = journey.order.as_deref().unwrap_or_default();
                messages::cancel(order, self.exchange.signer.clock.now())
            }
            _ => messages::status(journey),
        };
        self.exchange
            .ask(&journey.transaction, journey.stage, action, &message, deadline)
            .await
    }

    /// Goes on until a form waits, the loan is confirmed, or it ended. Every step is stored before the next one is taken.
    async fn advance(&self, journey: &mut Journey, deadline: Instant) -> Result<(), LenderError> {
        for _ in 0..MAX_STEPS {
            if journey.ended.is_some() || journey.stage == Stage::Confirmed {
                return Ok(());
            }
            if journey.confirming {
                // Whether it was confirmed is learned, never assumed.
                self.learn(journey, deadline).await?;
                continue;
            }
            let news = journey.form.as_ref().is_some_and(|form| form.submission.is_some());
            let result = match journey.stage {
                Stage::Selected => self.prepare(journey, deadline).await,
                Stage::Initialized if journey.waits() => return Ok(()),
                Stage::Initialized if news => self.prepare(journey, deadline).await,
                Stage::Initialized => self.confirm(journey, deadline).await,
                _ => return Err(LenderError::Refused("the journey is not at an offer".into())),
            };
            match result {
                Ok(()) => {}
                Err(Fault::Business(reason)) => {
                    journey.confirming = false;
                    journey.reject(reason);
                }
                Err(Fault::Lender(error)) => {
                    // What makes no sense before the confirmation ends the journey: it is never confirmed later.
                    let dead = matches!(error, LenderError::Malformed { .. } | LenderError::Refused(_));
                    if dead && !journey.confirming {
                        journey.reject(Reason::new("LENDER_UNUSABLE", "The lender's answer could not be used."));
                    }
                    self.save(journey).await?;
                    return Err(error);
                }
            }
            self.save(journey).await?;
        }
        Ok(())
    }

    /// `init`, after the accepted item was selected again when another one was priced after it.
    async fn prepare(&self, journey: &mut Journey, deadline: Instant) -> Result<(), Fault> {
        let accepted = journey.accepted.clone().unwrap_or_default();
        if journey.stage == Stage::Selected && journey.selected.as_deref() != Some(accepted.as_str()) {
            let body = self.say_select(journey, &accepted, deadline).await?;
            Self::unchanged(journey, &accepted, &body)?;
        }
        let body = self.say(journey, Action::Init, deadline).await?;
        Self::unchanged(journey, &accepted, &body)?;
        let document = Document::parse(&body)?;
        let order = Reader::new(&document).at("message.order");
        let open = state::form(&state::item(&order, &accepted)?, self.network)?;
        journey.form = open;
        journey.stage = Stage::Initialized;
        Ok(())
    }

    /// What was accepted is what is agreed: a lender that changes its terms on the way is refused.
    fn unchanged(journey: &Journey, id: &str, body: &[u8]) -> Result<(), Fault> {
        let accepted = journey.item(id).and_then(|item| item.terms);
        let accepted = accepted.ok_or_else(|| LenderError::Refused("no terms were offered".into()))?;
        let document = Document::parse(body)?;
        let quote = Reader::new(&document).at("message.order.quote");
        let breakup = Breakup::read(&quote, accepted.principal.currency)?;
        if quote::terms(&breakup) == accepted {
            return Ok(());
        }
        let text = "The lender changed its terms after they were accepted.";
        Err(Fault::Business(Reason::new("LENDER_CHANGED_TERMS", text)))
    }

    async fn confirm(&self, journey: &mut Journey, deadline: Instant) -> Result<(), Fault> {
        journey.confirming = true;
        self.save(journey).await?;
        let body = self.say(journey, Action::Confirm, deadline).await?;
        Self::fold(journey, &body)?;
        if journey.order.is_none() {
            let field = "message.order.id".into();
            let detail = "is missing".into();
            return Err(LenderError::Malformed { field, detail }.into());
        }
        (journey.stage, journey.confirming) = (Stage::Confirmed, false);
        Ok(())
    }

    /// `status`: what the lender says of the loan now.
    async fn learn(&self, journey: &mut Journey, deadline: Instant) -> Result<(), LenderError> {
        match self.say(journey, Action::Status, deadline).await {
            Ok(body) => {
                Self::fold(journey, &body)?;
                if journey.confirming {
                    // A loan of theirs without an id is one that was not confirmed.
                    journey.confirming = false;
                    if journey.order.is_some() {
                        journey.stage = Stage::Confirmed;
                    }
                }
            }
            // It knows no such loan.
            Err(Fault::Business(_)) if journey.order.is_none() => journey.confirming = false,
            Err(fault) => return Err(fault.into_error()),
        }
        self.save(journey).await
    }

    fn fold(journey: &mut Journey, body: &[u8]) -> Result<(), LenderError> {
        let accepted = journey.accepted.as_deref().and_then(|id| journey.item(id));
        let terms = accepted.and_then(|item| item.terms);
        let terms = terms.ok_or_else(|| LenderError::Refused("no terms were offered".into()))?;
        state::fold(journey, body, terms.net)
    }

    /// Ties the settlement to the accepted item, once.
    async fn take(&self, order: &AcceptOrder) -> Result<Journey, LenderError> {
        let unknown = || LenderError::Refused("no such offer".into());
        let (transaction, id) = order.provider_ref.split_once(':').ok_or_else(unknown)?;
        if let Some(known) = self.find(JourneyKey::Settlement(order.settlement)).await? {
            let same = known.transaction == transaction && known.accepted.as_deref() == Some(id);
            let other = || LenderError::Refused("the settlement has another offer".into());
            return if same { Ok(known) } else { Err(other()) };
        }
        let mut journey = self.find(JourneyKey::Id(transaction)).await?.ok_or_else(unknown)?;
        let terms = journey.item(id).and_then(|item| item.terms).ok_or_else(unknown)?;
        if terms.principal != order.principal || terms.net != order.net_disbursed {
            return Err(LenderError::Refused("these are not the terms that were offered".into()));
        }
        if journey.settlement.is_some_and(|known| known != order.settlement) {
            return Err(LenderError::Refused("the offer was accepted already".into()));
        }
        journey.settlement = Some(order.settlement);
        journey.accepted = Some(id.to_owned());
        self.save(&mut journey).await?;
        Ok(journey)
    }

    fn receipt(journey: &Journey) -> AcceptReceipt {
        AcceptReceipt {
            loan_ref: journey.order.clone().unwrap_or_else(|| journey.transaction.clone()),
            status: journey.status(),
        }
    }
}

#[async_trait]
impl Lender for Fis12Lender {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        match self.answer(ask).await {
            Ok(answer) => Ok(answer),
            Err(Fault::Business(reason)) => Ok(Answer::Declined(vec![reason])),
            Err(Fault::Lender(error)) => Err(error),
        }
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let transaction = order.provider_ref.split(':').next().unwrap_or_default();
        let _held = self.lock(transaction).await;
        let mut journey = self.take(order).await?;
        self.advance(&mut journey, Instant::now() + self.timeout).await?;
        Ok(Self::receipt(&journey))
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let Some(known) = self.find(JourneyKey::Settlement(settlement)).await? else {
            return Ok(LenderStatus::Unknown);
        };
        let _held = self.lock(&known.transaction).await;
        let Some(mut journey) = self.find(JourneyKey::Id(&known.transaction)).await? else {
            return Ok(LenderStatus::Unknown);
        };
        let deadline = Instant::now() + self.timeout;
        if journey.ended.is_none() && journey.waits() {
            self.learn(&mut journey, deadline).await?;
        }
        let before = journey.stage;
        self.advance(&mut journey, deadline).await?;
        // What was confirmed just now was told with it.
        if journey.ended.is_none() && journey.stage == Stage::Confirmed && before == Stage::Confirmed {
            self.learn(&mut journey, deadline).await?;
        }
        Ok(journey.status())
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let Some(known) = self.find(JourneyKey::Settlement(settlement)).await? else {
            return Ok(LenderStatus::Unknown);
        };
        let _held = self.lock(&known.transaction).await;
        let Some(mut journey) = self.find(JourneyKey::Id(&known.transaction)).await? else {
            return Ok(LenderStatus::Unknown);
        };
        let deadline = Instant::now() + self.timeout;
        if journey.ended.is_none() && (journey.confirming || journey.stage == Stage::Confirmed) {
            self.learn(&mut journey, deadline).await?;
        }
        if journey.ended.is_some() {
            return Ok(journey.status());
        }
        if journey.stage == Stage::Confirmed {
            let body = self
                .say(&journey, Action::Cancel, deadline)
                .await
                .map_err(Fault::into_error)?;
            Self::fold(&mut journey, &body)?;
            journey.stage = Stage::Cancelled;
        } else {
            // Nothing binds the lender or the borrower before the confirmation.
            journey.ended = Some(LenderStatus::Cancelled);
        }
        self.save(&mut journey).await?;
        Ok(journey.status())
    }
}
