//! The bank as a lender.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{Period, Unit};
use domain::offer::LateTerms;
use domain::{Money, ProviderId, Rate, Reason, SettlementId};
use sdk::offer::MONTH;
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Lender, LenderError, LenderStatus, OfferBuilder, Plan,
};

use super::books::{Booked, Books, BooksError, Order, Repayment, end_to_end};
use super::config::{BankFilesConfig, BankFilesError};
use super::folder::Folder;
use super::intake::{Intake, Taken};
use super::{pain001, reference};

/// A bank by files: a lender, and the books of its account.
#[derive(Clone)]
pub struct BankFiles(Arc<Inner>);

struct Inner {
    config: BankFilesConfig,
    books: Books,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for BankFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BankFiles({})", self.0.config.id)
    }
}

impl BankFiles {
    /// Checks the configuration and makes the folder.
    pub fn open(config: BankFilesConfig, clock: Arc<dyn Clock>) -> Result<Self, BankFilesError> {
        config.check()?;
        let folder = Folder::open(&config.folder);
        let folder = folder.map_err(|error| BankFilesError::Folder(config.folder.clone(), error))?;
        let books = Books { folder };
        Ok(Self(Arc::new(Inner { config, books, clock })))
    }

    /// Operator-given name.
    pub fn provider(&self) -> &ProviderId {
        &self.0.config.id
    }

    /// Pause between two looks into the folder.
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.0.config.poll_ms)
    }

    /// Reads what the bank sent. May be repeated at any time and in any process.
    pub async fn take_in(&self) -> Booked<Taken> {
        let taken = self.work(|inner| inner.intake().run()).await?;
        let provider = self.provider().to_string();
        for (name, error) in &taken.refused {
            tracing::error!(provider, file = name, %error, "a file of the bank was refused");
        }
        for aside in &taken.aside {
            tracing::warn!(
                provider,
                file = aside.file,
                why = aside.why,
                "an entry of the bank waits for a person"
            );
        }
        Ok(taken)
    }

    /// Repayments that were not counted yet.
    pub async fn repayments(&self) -> Booked<Vec<Repayment>> {
        self.work(|inner| inner.books.pending()).await
    }

    /// A repayment is in our ledger.
    pub async fn counted(&self, repayment: &Repayment) -> Booked<()> {
        let evidence = repayment.evidence.clone();
        self.work(move |inner| inner.books.counted(&evidence)).await
    }

    /// A repayment cannot be counted: a person must look.
    pub async fn give_up(&self, repayment: &Repayment, why: &str) -> Booked<()> {
        let (repayment, why) = (repayment.clone(), why.to_owned());
        self.work(move |inner| inner.books.give_up(&repayment, &why)).await
    }

    /// How many things wait for a person.
    pub async fn waiting(&self) -> Booked<usize> {
        self.work(|inner| inner.books.waiting()).await
    }

    /// Files are slow: off the runtime's threads.
    async fn work<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> Booked<T> + Send + 'static) -> Booked<T> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        done.unwrap_or_else(|error| Err(BooksError::Io(std::io::Error::other(error))))
    }
}

impl Inner {
    fn intake(&self) -> Intake<'_> {
        Intake {
            books: &self.books,
            account: self.config.account.id(),
            currency: self.config.currency,
            now: self.clock.now(),
        }
    }

    fn status(&self, settlement: SettlementId) -> Booked<LenderStatus> {
        let id = end_to_end(settlement);
        if let Some(outcome) = self.books.outcome(&id)? {
            return Ok(outcome.into());
        }
        Ok(match self.books.order(&id)? {
            Some(_) => LenderStatus::Accepted,
            None => LenderStatus::Unknown,
        })
    }

    /// The reference first, then the intent, then the file, then the mark that it is out.
    fn accept(&self, order: &AcceptOrder) -> Booked<Result<AcceptReceipt, LenderError>> {
        let id = end_to_end(order.settlement);
        let reference = reference::of(order.request);
        if order.provider_ref != reference {
            return Ok(Err(malformed("provider_ref", "is not a reference of this bank")));
        }
        let receipt = |status| AcceptReceipt {
            loan_ref: reference.clone(),
            status,
        };
        let fresh = self.books.order(&id)?.is_none();
        if fresh && !self.on_the_card(order) {
            let reason = Reason::new(
                "TERMS_CHANGED",
                "The bank's terms have changed since the offer was made.",
            );
            return Ok(Ok(receipt(LenderStatus::Rejected { reasons: vec![reason] })));
        }
        if !self.books.keep_reference(&reference, &id)? {
            return Ok(Err(malformed("provider_ref", "is the reference of another loan")));
        }
        let kept = self
            .books
            .keep_order(&id, self.order(order, &id, &reference, self.clock.now()))?;
        let same =
            kept.request == order.request && kept.principal == order.principal && kept.net == order.net_disbursed;
        if !same {
            return Ok(Err(malformed("settlement", "was accepted with other terms")));
        }
        if self.books.outcome(&id)?.is_none() {
            self.books.send(&id, &kept)?;
        }
        self.status(order.settlement).map(|status| Ok(receipt(status)))
    }

    /// What is to arrive is what some line of the card leaves of the principal.
    fn on_the_card(&self, order: &AcceptOrder) -> bool {
        let currency = order.principal.currency == self.config.currency;
        let left = |fee: Money| order.principal.minus(fee).ok() == Some(order.net_disbursed);
        currency
            && self
                .config
                .rates
                .iter()
                .any(|band| left(band.fee_down(order.principal)))
    }

    fn order(&self, order: &AcceptOrder, id: &str, reference: &str, at: DateTime<Utc>) -> Order {
        let transfer = pain001::Transfer {
            id,
            at,
            amount: order.net_disbursed,
            from: &self.config.account,
            to: &self.config.payout,
            reference,
        };
        Order {
            settlement: order.settlement,
            request: order.request,
            reference: reference.to_owned(),
            principal: order.principal,
            net: order.net_disbursed,
            at,
            message: pain001::write(&transfer),
        }
    }

    fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let request = &ask.request;
        let declined = |code: &str, text: &str| Ok(Answer::Declined(vec![Reason::new(code, text)]));
        if request.amount.currency != self.config.currency {
            return declined("CURRENCY_NOT_OFFERED", "This bank does not lend in this currency.");
        }
        let Some((months, band)) = months(request.term).and_then(|months| Some((months, self.config.band(months)?)))
        else {
            return declined("TERM_NOT_OFFERED", "This bank does not lend for this term.");
        };
        let late = LateTerms {
            grace_days: self.config.grace_days,
            fee: Money::new(self.config.late_fee, self.config.currency),
            penal_rate: Rate::ZERO,
        };
        let fee = band.fee_down(request.amount);
        let mut builder = OfferBuilder::new(request, &reference::of(request.id), self.clock.now())
            .firm_for(self.config.valid_for())
            .inquiry(self.config.capabilities.inquiry)
            .late(late);
        if fee.minor > 0 {
            builder = builder.withheld_fee("origination", fee);
        }
        let offer = builder
            .fixed_rate(band.rate())
            .plan(Plan::equal_installments(months, MONTH))
            .build()?;
        Ok(Answer::Offers(vec![offer]))
    }
}

#[async_trait]
impl Lender for BankFiles {
    fn id(&self) -> &ProviderId {
        &self.0.config.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.0.config.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        if ask.deadline <= Instant::now() {
            return Err(LenderError::TimedOut);
        }
        self.0.quote(ask)
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let order = order.clone();
        self.work(move |inner| inner.accept(&order))
            .await
            .map_err(|error| unavailable(&error))?
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.work(move |inner| inner.status(settlement))
            .await
            .map_err(|error| unavailable(&error))
    }

    /// A file that is out may be with the bank: it is not taken back.
    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        match self.status(settlement).await? {
            LenderStatus::Accepted => Err(LenderError::Unsupported("a payment file that is out stays out".into())),
            status => Ok(status),
        }
    }
}

fn months(term: Period) -> Option<u32> {
    match term.unit {
        Unit::Month => Some(term.count),
        Unit::Year => term.count.checked_mul(12),
        Unit::Day | Unit::Week => None,
    }
    .filter(|months| *months > 0)
}

fn malformed(field: &str, detail: &str) -> LenderError {
    LenderError::Malformed {
        field: field.into(),
        detail: detail.into(),
    }
}

fn unavailable(error: &BooksError) -> LenderError {
    tracing::error!(%error, cause = ?std::error::Error::source(error).map(ToString::to_string), "books of a bank");
    LenderError::Unavailable("the books of the bank".into())
}
