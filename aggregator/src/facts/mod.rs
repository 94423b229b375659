//! Facts about a borrower from everybody who may be asked: gathered before a request is decided about, all at once, under one deadline.
//!
//! Gathering never fails. A source that does not answer in time, refuses, or was not consented to is recorded as missing with a code, and
//! the decision says what that means.

mod breaker;
mod own;
mod remote;
mod wallet;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Days, Utc};
use domain::ports::{BankData, BankReport, Bureau, BureauReport, BureauSubject, DataConsent, DataPurpose, DataSource};
use domain::request::CreditRequest;
use risk::sources::{self, Found};
use risk::{Exposure, Fact, FeatureSet, Known, MissingSource, Source, WalletFacts};

use self::remote::{Key, Remote};
use crate::World;

/// The source was not asked: the borrower gave no consent.
pub const NO_CONSENT: &str = "NO_CONSENT";
/// The borrower consented to a source that there is not.
pub const NOT_CONFIGURED: &str = "NOT_CONFIGURED";
/// Nothing came in time.
pub const TIMED_OUT: &str = "TIMED_OUT";
/// It cannot be read now.
pub const UNAVAILABLE: &str = "UNAVAILABLE";

/// Everything that was found out about a borrower beside the application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Facts with their sources; a fact may come of several.
    pub facts: Vec<(Fact, Known)>,
    /// The wallet's record; none when the request names no wallet.
    pub wallet: Option<WalletFacts>,
    /// What the borrower owes us.
    pub exposure: Exposure,
    /// Sources that gave nothing, or less than they could, with a code.
    pub missing_sources: Vec<MissingSource>,
    /// Reports that were used, and on which consent.
    pub uses: Vec<DataUse>,
    /// Whose the bank accounts are, as the bank writes the names.
    pub holders: Holders,
}

/// Names of people: they do not print, and are stored nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Holders(pub Vec<String>);

impl std::fmt::Debug for Holders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Holders({})", self.0.len())
    }
}

/// A report that was used for a decision. Nothing in it says what the report says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataUse {
    /// Who was asked.
    pub source: DataSource,
    /// The operator-given name of the source.
    pub name: String,
    /// The source's name of the report.
    pub report_id: String,
    /// The state of the data.
    pub as_of: DateTime<Utc>,
    /// What for.
    pub purpose: DataPurpose,
    /// It was asked for an earlier request of the same borrower, on the same consent.
    pub remembered: bool,
}

/// The sources outside, with what is layered around each: memory, single flight, breaker, metrics.
pub struct CreditData {
    bureau: Option<Remote<dyn Bureau, BureauReport>>,
    bank: Option<Remote<dyn BankData, BankReport>>,
    deadline: Duration,
}

impl std::fmt::Debug for CreditData {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreditData")
            .field("bureau", &self.bureau.is_some())
            .field("bank", &self.bank.is_some())
            .field("deadline", &self.deadline)
            .finish()
    }
}

impl CreditData {
    /// These sources. All together have `deadline`; a report is used again for `keep`.
    pub fn new(
        bureau: Option<Arc<dyn Bureau>>,
        bank: Option<Arc<dyn BankData>>,
        deadline: Duration,
        keep: Duration,
    ) -> Self {
        Self {
            bureau: bureau.map(|bureau| Remote::new(bureau, "bureau", keep)),
            bank: bank.map(|bank| Remote::new(bank, "bank", keep)),
            deadline,
        }
    }

    /// No sources outside.
    pub fn none() -> Self {
        Self::new(None, None, Duration::from_millis(400), Duration::ZERO)
    }

    /// How long all sources have together.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }
}

/// Asks everybody who may be asked. `deadline` bounds the reading of our own books; sources outside and chains have the configured time and
/// never more than that.
pub async fn gather(world: &World, request: &CreditRequest, deadline: Instant) -> Gathered {
    let soon = deadline.min(Instant::now() + world.credit_data.deadline);
    // Boxed, because every caller would carry their state.
    let (bureau, bank, own) = tokio::join!(
        Box::pin(ask_bureau(world, request, soon)),
        Box::pin(ask_bank(world, request, soon)),
        Box::pin(own_and_wallet(world, request, (soon, deadline))),
    );
    let mut gathered = own;
    gathered.add(Source::Bureau, bureau);
    gathered.add(Source::Bank, bank);
    gathered.drop_lower_debt(request);
    gathered
}

/// What a request is decided about: what the borrower declared, and what everybody else says, the better source first.
pub async fn features(world: &World, request: &CreditRequest, deadline: Instant) -> FeatureSet {
    let mut features = FeatureSet::of(request);
    gather(world, request, deadline).await.put_into(&mut features);
    features
}

/// What a source outside gave.
struct Answer {
    found: Found,
    used: DataUse,
    holders: Vec<String>,
}

/// What it gave, or why nothing. None when there is no such source and nobody asked for it.
type Asked = Option<Result<Answer, &'static str>>;

impl Gathered {
    /// Puts everything into a feature set. What a lesser source said otherwise is kept there as overruled.
    pub fn put_into(self, features: &mut FeatureSet) {
        for (fact, known) in self.facts {
            features.put(fact, known);
        }
        features.wallet = self.wallet.or(features.wallet.take());
        let cleared_until = features.exposure.cleared_until;
        features.exposure = Exposure {
            cleared_until,
            ..self.exposure
        };
        features.missing_sources.extend(self.missing_sources);
    }

    fn add(&mut self, source: Source, asked: Asked) {
        let why = match asked {
            None => return,
            Some(Ok(answer)) => {
                self.facts.extend(answer.found.facts);
                self.uses.push(answer.used);
                self.holders.0.extend(answer.holders);
                answer.found.lacks
            }
            Some(Err(why)) => Some(why),
        };
        self.missing_sources.extend(why.map(|why| missing(source, why)));
    }

    /// A bureau does not know every debt: it may add to what was declared, and never take away from it.
    fn drop_lower_debt(&mut self, request: &CreditRequest) {
        let declared = request.applicant.monthly_debt_payments;
        let lower = |fact: Fact, known: &Known| {
            fact == Fact::MonthlyDebtMinor
                && declared.currency == request.amount.currency
                && known.value < declared.minor
        };
        self.facts.retain(|(fact, known)| !lower(*fact, known));
    }
}

fn missing(source: Source, why: &str) -> MissingSource {
    let why = why.to_owned();
    MissingSource { source, why }
}

/// A source with the consent to ask it.
type Permitted<'a, S, R> = (&'a Remote<S, R>, &'a DataConsent);

/// A source with its consent; or why it is not asked. None when there is no such source and nobody asked for it.
fn allowed<'a, S: ?Sized, R>(
    remote: Option<&'a Remote<S, R>>,
    request: &'a CreditRequest,
    source: DataSource,
) -> Option<Result<Permitted<'a, S, R>, &'static str>> {
    let given = request.data_consents.iter().find(|consent| consent.source == source);
    match (remote, given) {
        (Some(remote), Some(consent)) => Some(Ok((remote, consent))),
        (None, Some(_)) => Some(Err(NOT_CONFIGURED)),
        (Some(_), None) => Some(Err(NO_CONSENT)),
        (None, None) => None,
    }
}

async fn ask_bureau(world: &World, request: &CreditRequest, deadline: Instant) -> Asked {
    let (remote, consent) = match allowed(world.credit_data.bureau.as_ref(), request, DataSource::Bureau)? {
        Ok(both) => both,
        Err(why) => return Some(Err(why)),
    };
    let subject = BureauSubject {
        full_name: request.applicant.full_name.clone(),
        country: request.jurisdiction.country.clone(),
        region: request.jurisdiction.region.clone(),
        borrower: request.borrower,
    };
    let asked = remote.ask(Key::of(request, consent), (world.clock.now(), deadline), |bureau| {
        let consent = consent.clone();
        async move { bureau.report(&subject, &consent, deadline).await }
    });
    Some(asked.await.map(|(report, remembered)| Answer {
        found: sources::bureau::facts(&report, request.amount.currency),
        used: used(
            remote.source.name(),
            consent,
            (&report.report_id, report.as_of),
            remembered,
        ),
        holders: Vec::new(),
    }))
}

async fn ask_bank(world: &World, request: &CreditRequest, deadline: Instant) -> Asked {
    let (remote, consent) = match allowed(world.credit_data.bank.as_ref(), request, DataSource::Bank)? {
        Ok(both) => both,
        Err(why) => return Some(Err(why)),
    };
    let now = world.clock.now();
    let from = now.date_naive() - Days::new(sources::bank::READ_DAYS);
    let asked = remote.ask(Key::of(request, consent), (now, deadline), |bank| {
        let consent = consent.clone();
        async move { bank.accounts(&consent, from, deadline).await }
    });
    Some(asked.await.map(|(report, remembered)| {
        Answer {
            found: sources::bank::facts(&report, request.amount.currency),
            used: used(
                remote.source.name(),
                consent,
                (&report.report_id, report.as_of),
                remembered,
            ),
            holders: report
                .accounts
                .iter()
                .filter_map(|account| account.holder.clone())
                .collect(),
        }
    }))
}

/// What was used of a source, under which consent.
fn used(name: &str, consent: &DataConsent, (report_id, as_of): (&str, DateTime<Utc>), remembered: bool) -> DataUse {
    DataUse {
        source: consent.source,
        name: name.to_owned(),
        report_id: report_id.to_owned(),
        as_of,
        purpose: consent.purpose,
        remembered,
    }
}

/// Our own books first; the wallet's record is made from them and from its chains.
async fn own_and_wallet(world: &World, request: &CreditRequest, (soon, deadline): (Instant, Instant)) -> Gathered {
    let mut gathered = Gathered::default();
    let history = match timeout(deadline, own::read(world, request)).await {
        Some(Ok(history)) => Some(history),
        Some(Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "own history cannot be read");
            gathered.missing_sources.push(missing(Source::Own, UNAVAILABLE));
            None
        }
        None => {
            gathered.missing_sources.push(missing(Source::Own, TIMED_OUT));
            None
        }
    };
    if let Some(history) = &history {
        let now = world.clock.now();
        gathered.facts = history.facts(now).facts;
        gathered.exposure = history.exposure(request.amount.currency, now);
    }
    if let Some(wallet) = request.wallet {
        let (facts, flaws) = wallet::record(world, (request, wallet), history.as_ref(), soon).await;
        gathered.wallet = Some(facts);
        let flaws: BTreeSet<&str> = flaws.into_iter().collect();
        gathered
            .missing_sources
            .extend(flaws.into_iter().map(|why| missing(Source::Chain, why)));
    }
    gathered
}

/// None when it takes longer.
async fn timeout<T>(deadline: Instant, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout_at(deadline.into(), work).await.ok()
}

#[cfg(test)]
mod tests;
