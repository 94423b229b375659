//! A marketplace whose lenders do as a test says, and whose controls remember what was moved.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::eligibility::Capabilities;
use domain::ids::{PrincipalId, ProviderId, SettlementId, TenantId};
use domain::offer::Offer;
use domain::ports::{AcceptOrder, AcceptReceipt, Answer, Ask, Lender, LenderControls, LenderError, LenderStatus};
use domain::provider::{Limits, Listed, ProviderState, SuspensionRules};
use domain::request::CreditRequest;
use domain::{Principal, Rate, Reason, Role};
use sqlx::PgPool;
use uuid::Uuid;

use crate::api::{Error, RequestView};
use crate::providers::ProviderView;
use crate::quoting::tests::support::{Manner, SmallLender, Stage, ask, key, offer};
use crate::{Aggregator, Settings, World};

pub(super) const LIMITS: Limits = Limits {
    max_concurrent: 64,
    max_waiting: 256,
    max_concurrent_money: 16,
    quotes_per_second: 1_000,
    burst: 1_000,
};

/// What a lender does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    /// Says 10 % and takes 18 %.
    Lies,
    Declines,
    Fails,
    Unsigned,
}

/// 5 dollars a month on 5,000: 2.2 %, as it says.
fn honest(request: &CreditRequest) -> Offer {
    let mut offer = offer(request, 42_167);
    offer.declared.apr = Rate::from_ppm(22_000);
    offer
}

/// A lender of changing moods.
struct Moody {
    id: ProviderId,
    capabilities: Capabilities,
    mood: Arc<Mutex<Mood>>,
}

#[async_trait]
impl Lender for Moody {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Good => Ok(Answer::Offers(vec![honest(&ask.request)])),
            Mood::Lies => Ok(Answer::Offers(vec![offer(&ask.request, 46_000)])),
            Mood::Declines => Ok(Answer::Declined(vec![Reason::new("INCOME", "Not enough income.")])),
            Mood::Fails => Err(LenderError::Unavailable("down".into())),
            Mood::Unsigned => Err(LenderError::Malformed {
                field: "signature".into(),
                detail: "wrong".into(),
            }),
        }
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        Ok(AcceptReceipt {
            loan_ref: "loan-1".into(),
            status: LenderStatus::Accepted,
        })
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Ok(LenderStatus::Accepted)
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Ok(LenderStatus::Cancelled)
    }
}

/// What was moved.
#[derive(Default)]
pub(super) struct Levers(Mutex<Vec<String>>);

impl Levers {
    /// What was moved since the last time.
    pub(super) fn moved(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl LenderControls for Levers {
    fn limit(&self, provider: &ProviderId, limits: Limits) {
        self.0
            .lock()
            .unwrap()
            .push(format!("{provider} {}/s", limits.quotes_per_second));
    }

    fn forget_quotes(&self, provider: &ProviderId) {
        self.0.lock().unwrap().push(format!("{provider} forgets"));
    }

    fn forget_quotes_on(&self, chain_id: u64) {
        self.0.lock().unwrap().push(format!("chain {chain_id}"));
    }
}

/// Quick thresholds.
pub(super) fn rules() -> SuspensionRules {
    SuspensionRules {
        min_calls: 4,
        min_misdeclared: 3,
        signature_failures: 2,
        pause_seconds: 600,
        probation_percent: 100,
        good_answers: 3,
        ..SuspensionRules::default()
    }
}

/// `moody` changes, `steady` always offers.
pub(super) struct Market {
    pub(super) stage: Stage,
    pub(super) levers: Arc<Levers>,
    mood: Arc<Mutex<Mood>>,
    asked: Mutex<u32>,
}

impl Market {
    /// Listed as live.
    pub(super) async fn open(db: PgPool, rules: SuspensionRules) -> Self {
        let market = Self::unlisted(db, rules);
        market.list(&market.configured(), ProviderState::Live).await;
        market
    }

    pub(super) fn unlisted(db: PgPool, rules: SuspensionRules) -> Self {
        let settings = Settings {
            provider_rules: rules,
            quote_deadline: Duration::from_mins(1),
            ..Settings::default()
        };
        let stage = Stage::with(db, &[("steady", Manner::Gives(honest))], settings, Vec::new());
        let mood = Arc::new(Mutex::new(Mood::Good));
        let pattern = SmallLender::lender("moody", Manner::Declines);
        let moody: Arc<dyn Lender> = Arc::new(Moody {
            id: pattern.id().clone(),
            capabilities: pattern.capabilities().clone(),
            mood: Arc::clone(&mood),
        });
        let old = stage.aggregator.world();
        let lenders = [moody].into_iter().chain(old.lenders.iter().cloned()).collect();
        let world = World { lenders, ..old.clone() };
        let stage = Stage {
            aggregator: Aggregator::new(world),
            ..stage
        };
        Self {
            stage,
            levers: Arc::default(),
            mood,
            asked: Mutex::default(),
        }
    }

    /// Another process on the same database and clock, with nothing in memory.
    pub(super) fn again(&self) -> Self {
        Self {
            stage: Stage {
                aggregator: Aggregator::new(self.stage.aggregator.world().clone()),
                chain: Arc::clone(&self.stage.chain),
                clock: Arc::clone(&self.stage.clock),
            },
            levers: Arc::default(),
            mood: Arc::clone(&self.mood),
            asked: Mutex::new(1_000),
        }
    }

    pub(super) fn configured(&self) -> Vec<Listed> {
        let lenders = &self.stage.aggregator.world().lenders;
        lenders
            .iter()
            .map(|lender| listed(lender.id().as_str(), "one"))
            .collect()
    }

    pub(super) async fn list(&self, listed: &[Listed], start: ProviderState) {
        let levers = Arc::clone(&self.levers) as Arc<dyn LenderControls>;
        self.stage
            .aggregator
            .list_providers(listed, levers, start)
            .await
            .unwrap();
    }

    /// Asks that many times with the lender in that mood; answers the last book.
    pub(super) async fn ask(&self, mood: Mood, times: u32) -> RequestView {
        *self.mood.lock().unwrap() = mood;
        let mut last = None;
        for _ in 0..times {
            let number = {
                let mut asked = self.asked.lock().unwrap();
                *asked += 1;
                *asked
            };
            last = Some(self.stage.closed_for(&format!("ask-{number}"), ask()).await);
        }
        last.unwrap()
    }

    /// Writes health and lets the rules look; answers how many lenders changed.
    pub(super) async fn look(&self) -> usize {
        self.stage.aggregator.flush_health().await.unwrap();
        self.stage.aggregator.supervise_providers().await.unwrap()
    }

    pub(super) async fn moody(&self) -> ProviderView {
        self.stage.aggregator.provider(&officer(), &moody()).await.unwrap()
    }

    pub(super) async fn suspend(&self, name: &str) -> Result<ProviderView, Error> {
        let why = (&moody(), "a test wants it");
        self.stage
            .aggregator
            .suspend_provider(&officer(), &key(name), why)
            .await
    }

    pub(super) async fn resume(&self, name: &str) -> Result<ProviderView, Error> {
        let why = (&moody(), "a test wants it");
        self.stage.aggregator.resume_provider(&officer(), &key(name), why).await
    }

    /// Kinds of the events about `moody`, in order; their versions are without a gap.
    pub(super) async fn events(&self) -> Vec<String> {
        let told: Vec<(i32, String)> = sqlx::query_as(
            "select version, kind from events.outbox
             where aggregate = 'provider' and payload::json ->> 'provider' = 'moody' order by version",
        )
        .fetch_all(&self.stage.aggregator.world().db)
        .await
        .unwrap();
        assert!(
            (1..).zip(&told).all(|(expected, (version, _))| expected == *version),
            "{told:?}"
        );
        told.into_iter().map(|(_, kind)| kind).collect()
    }
}

/// A configuration, told apart by its mark.
pub(super) fn listed(name: &str, mark: &str) -> Listed {
    Listed {
        id: name.parse().unwrap(),
        name: name.to_owned(),
        kind: "protocol".to_owned(),
        config: serde_json::json!({ "id": name, "mark": mark, "token": "env:TOKEN" }).to_string(),
        limits: LIMITS,
    }
}

pub(super) fn moody() -> ProviderId {
    "moody".parse().unwrap()
}

/// Whether the book was made with that lender, and what else it says of it.
pub(super) fn standing(view: &RequestView, provider: &str) -> (bool, Vec<String>) {
    let asked = view.lenders.iter().any(|l| l.provider.as_str() == provider);
    let lost = view.losers.iter().filter(|l| l.provider.as_str() == provider);
    let codes = lost.flat_map(|l| l.reasons.iter().map(|r| r.code.clone()));
    (asked, codes.collect())
}

pub(super) fn person(number: u128, role: Role, provider: Option<&str>) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(number)),
        tenant: TenantId(Uuid::from_u128(2)),
        role,
        provider: provider.map(|name| name.parse().unwrap()),
        standing: domain::principal::Standing::default(),
    }
}

pub(super) fn officer() -> Principal {
    Principal {
        standing: domain::principal::Standing::of(&[domain::principal::Group::Platform]),
        ..person(99, Role::Officer, None)
    }
}
