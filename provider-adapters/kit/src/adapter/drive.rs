//! Calls of an adapter: each in a task of its own, timed, counted, and its errors read for what they must not say.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::offer::Offer;
use domain::ports::{AcceptOrder, AcceptReceipt, Answer, Ask, Lender, LenderError, LenderStatus};
use domain::request::CreditRequest;
use domain::{Money, SettlementId};

use super::{Options, Step, Subject};
use crate::check::Verdicts;

/// What a fault says that no error may repeat.
pub(super) const CANARY: &str = "Jane Canary 555-0100";
/// How much later than allowed an answer may come before it is late: the machine is busy too.
const SLACK: Duration = Duration::from_millis(750);

/// A call that gave no result of the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It panicked.
    Panic,
    /// It did not come back.
    Late,
}

/// What a call gave.
pub(super) type Given<T> = Result<Result<T, LenderError>, Lost>;

pub(super) struct Driver<'s> {
    pub subject: &'s Subject,
    pub options: &'s Options,
    /// Calls that an honest step makes.
    pub usual: BTreeMap<Step, usize>,
    broken: BTreeMap<&'static str, String>,
    called: bool,
    erred: bool,
    /// A fault was played.
    pub played: bool,
}

impl<'s> Driver<'s> {
    pub(super) fn new(subject: &'s Subject, options: &'s Options) -> Self {
        Self {
            subject,
            options,
            usual: BTreeMap::new(),
            broken: BTreeMap::new(),
            called: false,
            erred: false,
            played: false,
        }
    }

    /// A request of its own, the same otherwise.
    pub(super) fn request(&self) -> CreditRequest {
        CreditRequest {
            id: self.options.ids.next().into(),
            at: self.options.clock.now(),
            ..self.subject.request.clone()
        }
    }

    pub(super) fn order(&self, request: &CreditRequest, offer: &Offer) -> AcceptOrder {
        AcceptOrder {
            settlement: self.options.ids.next().into(),
            request: request.id,
            quote: self.options.ids.next().into(),
            provider_ref: offer.provider_ref.clone(),
            principal: offer.amounts.offered,
            net_disbursed: offer.amounts.net_disbursed,
        }
    }

    pub(super) async fn quote(&mut self, request: &CreditRequest) -> Given<Answer> {
        let ask = Ask {
            request: request.clone(),
            deadline: Instant::now() + self.options.deadline,
        };
        self.ask(ask).await
    }

    pub(super) async fn ask(&mut self, ask: Ask) -> Given<Answer> {
        let most = self.options.deadline;
        self.call(most, |lender| async move { lender.quote(&ask).await }).await
    }

    pub(super) async fn accept(&mut self, order: &AcceptOrder) -> Given<AcceptReceipt> {
        let (most, order) = (self.options.patience, order.clone());
        self.call(most, |lender| async move { lender.accept(&order).await })
            .await
    }

    pub(super) async fn status(&mut self, id: SettlementId) -> Given<LenderStatus> {
        let most = self.options.patience;
        self.call(most, |lender| async move { lender.status(id).await }).await
    }

    pub(super) async fn cancel(&mut self, id: SettlementId) -> Given<LenderStatus> {
        let most = self.options.patience;
        self.call(most, |lender| async move { lender.cancel(id).await }).await
    }

    async fn call<T, F>(&mut self, most: Duration, make: impl FnOnce(Arc<dyn Lender>) -> F) -> Given<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, LenderError>> + Send + 'static,
    {
        self.called = true;
        let mut task = tokio::spawn(make(Arc::clone(&self.subject.lender)));
        let given = match tokio::time::timeout(most + SLACK, &mut task).await {
            Err(_) => {
                task.abort();
                self.saw(
                    "adapter.in-time",
                    format!("no result {} ms after the latest", SLACK.as_millis()),
                );
                Err(Lost::Late)
            }
            Ok(Err(_)) => {
                self.saw("adapter.no-panic", "a call panicked".into());
                Err(Lost::Panic)
            }
            Ok(Ok(result)) => Ok(result),
        };
        if let Ok(Err(error)) = &given {
            self.erred = true;
            let text = format!("{error} {error:?}");
            if let Some(what) = self.private().into_iter().find(|what| text.contains(what)) {
                // Which, not what: the report is no place for it either.
                let seen = format!("an error repeats a private text of {} characters", what.len());
                self.saw("adapter.no-personal-data", seen);
            }
        }
        given
    }

    fn private(&self) -> Vec<String> {
        let a = &self.subject.request.applicant;
        let minor = |money: Money| money.minor.to_string();
        let mut all = vec![
            a.full_name.clone(),
            minor(a.monthly_income),
            minor(a.monthly_housing_cost),
            minor(a.monthly_debt_payments),
            CANARY.to_owned(),
        ];
        all.extend(self.subject.secrets.iter().cloned());
        // A short one would be found by chance.
        all.retain(|text| text.len() >= 4);
        all
    }

    pub(super) fn saw(&mut self, rule: &'static str, what: String) {
        self.broken.entry(rule).or_insert(what);
    }

    pub(super) fn conclude(self, verdicts: &mut Verdicts) {
        for (rule, tried, reason) in [
            ("adapter.in-time", self.called, "no call was made"),
            ("adapter.no-panic", self.called, "no call was made"),
            ("adapter.no-personal-data", self.erred, "no call failed"),
            ("adapter.no-retry", self.played, "no fault was played"),
            ("adapter.recovers", self.played, "no fault was played"),
        ] {
            match self.broken.get(rule) {
                Some(seen) => verdicts.fail(rule, seen.clone()),
                None if tried => verdicts.pass(rule),
                None => verdicts.skip(rule, reason),
            }
        }
    }
}

/// For people.
pub(super) fn told<T>(given: &Given<T>) -> String {
    match given {
        Ok(Ok(_)) => "an answer".into(),
        Ok(Err(error)) => error.to_string(),
        Err(Lost::Panic) => "a panic".into(),
        Err(Lost::Late) => "nothing in time".into(),
    }
}
