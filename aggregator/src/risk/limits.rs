//! Spending limits: what a borrower may owe in a currency, and what of it is reserved and out.
//!
//! Every acceptance of a credit that counts reserves its amount, evidence of money out commits it, and repayments, failures and
//! endings release it. Entries are kept for good; the account's figures are their sums, moved by the database itself, which
//! also holds the account until the commit, so that of acceptances that come together only those that fit pass.
//!
//! Unsecured credit counts: what banks and merchants' lenders give, and on chain what is lent against an attestation or without
//! collateral. What pools and desks lend against full collateral does not.

use chrono::{DateTime, Utc};
use domain::ids::{DecisionId, LoanId, PrincipalId, SettlementId, TenantId};
use domain::loan::LoanState;
use domain::money::{Currency, Money};
use domain::offer::Offer;
use domain::request::CreditRequest;
use domain::{Outcome, Principal, Reason};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Deed, note, reason};
use crate::access::{Action, Class, Resource, check, may_ever};
use crate::api::{Error, IdempotencyKey};
use crate::decisions::{Decided, DecisionKind};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::settlement::Odd;
use crate::store::lending::LoanRow;
use crate::store::risk::{self as rows, AccountKey, EntryRow, HoldRow, Posted};
use crate::store::{Unreadable, constraint, corrupt, identity, to_json};
use crate::{Aggregator, World};

/// How limits bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LimitMode {
    /// What passes a limit is noted, and goes on.
    Advise,
    /// What passes a limit is refused.
    Enforce,
}

impl LimitMode {
    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advise => "ADVISE",
            Self::Enforce => "ENFORCE",
        }
    }

    /// The mode of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Advise, Self::Enforce]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Reserve,
    Commit,
    Release,
}

impl EntryKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "RESERVE",
            Self::Commit => "COMMIT",
            Self::Release => "RELEASE",
        }
    }
}

/// What an acceptance is judged by. Amounts are minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitFacts {
    /// Currency of every amount.
    pub currency: Currency,
    /// The limit; none when no decision assigned one: the lender decides.
    pub limit_minor: Option<i64>,
    /// Accepted, not paid out yet.
    pub reserved_minor: i64,
    /// Paid out, not repaid yet.
    pub committed_minor: i64,
    /// The credit that is accepted now.
    pub asked_minor: i64,
    /// How the limit binds.
    pub mode: LimitMode,
}

/// Whether an acceptance keeps to the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitDecision {
    /// `OFFER` when it may go on, `DECLINE` when not.
    pub outcome: Outcome,
    /// Free before this credit, minor units, never below zero; none without a limit.
    pub free_minor: Option<i64>,
    /// By how much this credit passes the limit, minor units. Above zero with `OFFER` it would have been refused had limits
    /// been enforced.
    pub over_minor: i64,
    /// Why not; empty when it may.
    pub reasons: Vec<Reason>,
}

/// Judges an acceptance. Deterministic.
pub fn judge(facts: &LimitFacts) -> LimitDecision {
    let out = facts.reserved_minor.saturating_add(facts.committed_minor);
    let free = facts.limit_minor.map(|limit| limit.saturating_sub(out));
    let over = free.map_or(0, |free| facts.asked_minor.saturating_sub(free).max(0));
    let refused = over > 0 && facts.mode == LimitMode::Enforce;
    let free = free.map(|free| free.max(0));
    let reasons = match free {
        Some(free) if refused => {
            let (free, asked) = (
                Money::new(free, facts.currency),
                Money::new(facts.asked_minor, facts.currency),
            );
            let text = format!("Of your limit {free} is free; this credit is {asked}.");
            vec![Reason::new("LIMIT_EXCEEDED", text)]
        }
        _ => Vec::new(),
    };
    LimitDecision {
        outcome: if refused { Outcome::Decline } else { Outcome::Offer },
        free_minor: free,
        over_minor: over,
        reasons,
    }
}

/// Judges again from stored facts; the bytes are those of the stored decision.
pub(crate) fn replay(facts: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let facts: LimitFacts = serde_json::from_slice(facts)?;
    serde_json::to_vec(&judge(&facts))
}

/// Whether credit of that offer is unsecured, and so counts.
pub(crate) fn counts(offer: &Offer) -> bool {
    match (&offer.onchain, &offer.venue) {
        (Some(onchain), _) => onchain.order.attestation_policy != 0 || onchain.order.collateral_amount == 0,
        (None, venue) => venue.is_none(),
    }
}

/// A credit that is accepted now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credit {
    pub account: AccountKey,
    pub settlement: SettlementId,
    pub loan: LoanId,
    pub amount: Money,
    /// What the decision is about.
    pub subject: Uuid,
}

/// Takes over the limit of a decision; none lets lenders decide. What is out stays out: a lower limit only keeps new credit from
/// being reserved.
pub(crate) async fn assign(
    conn: &mut PgConnection,
    request: &CreditRequest,
    limit_minor: Option<i64>,
    decision: DecisionId,
) -> Result<(), Error> {
    let key = AccountKey {
        tenant: request.tenant,
        borrower: request.borrower,
        currency: request.amount.currency,
    };
    Ok(rows::assign_limit(conn, key, limit_minor, (decision, request.at)).await?)
}

/// Reserves the amount of an accepted credit, in the transaction of the acceptance. Answers the decision to store and, when
/// limits are enforced and it does not fit, the refusal: the caller then undoes the acceptance and stores the decision alone.
pub(crate) async fn reserve(
    conn: &mut PgConnection,
    world: &World,
    credit: Credit,
) -> Result<(Decided, Vec<Reason>), Error> {
    let now = world.clock.now();
    let account = rows::hold_account(conn, credit.account, now).await?;
    let mode = rows::tenant_mode(conn, credit.account.tenant)
        .await?
        .unwrap_or(LimitMode::Advise);
    let facts = LimitFacts {
        currency: credit.account.currency,
        limit_minor: account.limit_minor,
        reserved_minor: account.reserved_minor,
        committed_minor: account.committed_minor,
        asked_minor: credit.amount.minor,
        mode,
    };
    let decision = judge(&facts);
    let decided = Decided {
        id: world.ids.next().into(),
        kind: DecisionKind::Limit,
        subject: credit.subject,
        facts: to_json(&facts)?,
        screening: None,
        result: to_json(&decision)?,
        outcome: decision.outcome,
        rules: None,
        lists: None,
    };
    if decision.over_minor > 0 {
        metrics::counter!("usance_limit_over_total", "mode" => mode.as_str()).increment(1);
        tracing::info!(settlement = %credit.settlement, mode = mode.as_str(), "a credit passes its borrower's limit");
    }
    if decision.outcome == Outcome::Offer {
        rows::open_hold(
            conn,
            (credit.settlement, credit.loan),
            credit.account,
            credit.amount.minor,
        )
        .await?;
        let entry = EntryRow {
            id: world.ids.next(),
            key: &format!("reserve:{}", credit.settlement),
            settlement: credit.settlement.0,
            kind: EntryKind::Reserve,
            reserved_delta: credit.amount.minor,
            committed_delta: 0,
            over_minor: decision.over_minor,
            at: now,
        };
        post(conn, &entry).await?;
    }
    Ok((decided, decision.reasons))
}

/// Posts an entry once.
async fn post(conn: &mut PgConnection, entry: &EntryRow<'_>) -> Result<(), Error> {
    match rows::post_limit(conn, entry).await {
        Ok(Posted::New | Posted::Again) => Ok(()),
        Ok(Posted::Other) => Err(corrupt(Odd("another entry of limits has this key"))),
        Err(error) if constraint(&error) == Some("limit_exceeded") => Err(Error::refused(
            "LIMIT_EXCEEDED",
            "This credit passes your limit.",
            Some("quoteId"),
        )),
        Err(error) => Err(error.into()),
    }
}

/// What a loan holds of its borrower's limit, by its state: reserved and out, minor units. What is left of a loan whose unit
/// is a token counts in proportion, up.
pub(crate) fn held(hold: &HoldRow, loan: &LoanRow) -> Option<(i64, i64)> {
    Some(match loan.state {
        LoanState::Pending => (hold.amount_minor, 0),
        LoanState::Cancelled | LoanState::Closed => (0, 0),
        // A debt that was given up is still owed.
        LoanState::Active | LoanState::Delinquent | LoanState::Defaulted => {
            (0, share_up(hold.amount_minor, loan.outstanding, loan.principal)?)
        }
    })
}

fn share_up(amount: i64, part: u128, whole: u128) -> Option<i64> {
    let product = u128::try_from(amount).ok()?.checked_mul(part)?;
    i64::try_from(product.div_ceil(whole.max(1))).ok()
}

/// Follows a changed loan, in the transaction of the change: evidence of disbursement commits what was reserved; failure,
/// repayment and closure release.
pub(crate) async fn follow(
    conn: &mut PgConnection,
    world: &World,
    loan: &LoanRow,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    // A loan that begins now is reserved by its acceptance.
    if loan.state == LoanState::Pending {
        return Ok(());
    }
    let Some(hold) = rows::hold_of_loan(conn, loan.id).await? else {
        return Ok(());
    };
    let (reserved, committed) = held(&hold, loan).ok_or_else(|| corrupt(Unreadable("amount of a loan")))?;
    let (reserved_delta, committed_delta) = (reserved - hold.reserved_minor, committed - hold.committed_minor);
    if (reserved_delta, committed_delta) == (0, 0) {
        return Ok(());
    }
    let commits = committed_delta > 0;
    let entry = EntryRow {
        id: world.ids.next(),
        key: &if commits {
            format!("commit:{}", loan.settlement_id)
        } else {
            format!("release:{}:{}", loan.id, loan.version)
        },
        settlement: hold.settlement,
        kind: if commits { EntryKind::Commit } else { EntryKind::Release },
        reserved_delta,
        committed_delta,
        over_minor: 0,
        at,
    };
    post(conn, &entry).await
}

/// A limit account as officers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitView {
    /// The borrower's tenant.
    pub tenant: TenantId,
    /// The borrower.
    pub borrower: PrincipalId,
    /// The limit; none when no decision assigned one.
    pub limit: Option<Money>,
    /// Accepted, not paid out yet.
    pub reserved: Money,
    /// Paid out, not repaid yet.
    pub committed: Money,
    /// Left, never below zero; none without a limit.
    pub free: Option<Money>,
    /// The decision that assigned the limit.
    pub decision: Option<DecisionId>,
    /// How it binds.
    pub mode: LimitMode,
    /// When it changed last.
    pub changed_at: DateTime<Utc>,
}

/// How a tenant's limits bind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitPolicyView {
    /// The tenant.
    pub tenant: TenantId,
    /// How.
    pub mode: LimitMode,
    /// Number of changes so far; 0 when nobody said.
    pub revision: i32,
}

impl Aggregator {
    /// The limits of a borrower, by currency: for officers, and for those who act for the borrower.
    pub async fn risk_limits(&self, caller: &Principal, borrower: PrincipalId) -> Result<Vec<LimitView>, Error> {
        may_ever(caller, Action::Read, Class::SpendingLimit)?;
        let mut conn = self.world.db.acquire().await?;
        let known = identity::principal(&mut conn, borrower.0)
            .await?
            .ok_or(Error::NotFound)?;
        let tenant = TenantId(known.tenant_id);
        check(
            caller,
            Action::Read,
            &Resource::about(Class::SpendingLimit, tenant, borrower),
        )?;
        let mut views = Vec::new();
        for (tenant, currency, account) in rows::limit_accounts(&mut conn, borrower).await? {
            let tenant = TenantId(tenant);
            let currency = Currency::parse(&currency).map_err(corrupt)?;
            let mode = rows::tenant_mode(&mut conn, tenant).await?.unwrap_or(LimitMode::Advise);
            let money = |minor| Money::new(minor, currency);
            let out = account.reserved_minor.saturating_add(account.committed_minor);
            views.push(LimitView {
                tenant,
                borrower,
                limit: account.limit_minor.map(money),
                reserved: money(account.reserved_minor),
                committed: money(account.committed_minor),
                free: account.limit_minor.map(|limit| money(limit.saturating_sub(out).max(0))),
                decision: account.decision.map(DecisionId),
                mode,
                changed_at: account.changed_at,
            });
        }
        Ok(views)
    }

    /// How the limits of a tenant bind, for officers.
    pub async fn limit_policy(&self, caller: &Principal, tenant: TenantId) -> Result<LimitPolicyView, Error> {
        may_ever(caller, Action::Read, Class::LimitPolicy)?;
        check(caller, Action::Read, &Resource::of_tenant(Class::LimitPolicy, tenant))?;
        let mut conn = self.world.db.acquire().await?;
        let found = rows::tenant_policy(&mut conn, tenant).await?;
        let (mode, revision) = found.unwrap_or((LimitMode::Advise, 0));
        Ok(LimitPolicyView { tenant, mode, revision })
    }

    /// Says how the limits of a tenant's borrowers bind from now on. For officers.
    pub async fn set_limit_policy(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (tenant, mode): (TenantId, LimitMode),
        why: &str,
    ) -> Result<LimitPolicyView, Error> {
        may_ever(caller, Action::Change, Class::LimitPolicy)?;
        check(caller, Action::Change, &Resource::of_tenant(Class::LimitPolicy, tenant))?;
        let why = reason("reason", why)?;
        let call = Call::new(caller, key, "setLimitPolicy", &(tenant, mode, why))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        if !identity::tenant_exists(&mut tx, tenant.0).await? {
            return Err(Error::NotFound);
        }
        let by = caller.id.to_string();
        let said = (why, by.as_str(), self.world.clock.now());
        let revision = rows::put_tenant_mode(&mut tx, tenant, mode, said).await?;
        let deed = Deed {
            aggregate: "limit_policy",
            aggregate_id: tenant.0,
            version: revision,
            kind: "LimitPolicyChanged",
            subject: &tenant.to_string(),
            by: &by,
            reason: why,
            body: serde_json::json!({ "tenant": tenant, "mode": mode.as_str(), "revision": revision }),
        };
        note(&mut tx, &self.world, deed).await?;
        let view = LimitPolicyView { tenant, mode, revision };
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(limit: Option<i64>, out: (i64, i64), asked: i64, mode: LimitMode) -> LimitFacts {
        LimitFacts {
            currency: Currency::usd(),
            limit_minor: limit,
            reserved_minor: out.0,
            committed_minor: out.1,
            asked_minor: asked,
            mode,
        }
    }

    #[test]
    fn a_credit_that_passes_the_limit_is_refused_where_limits_bind_and_noted_elsewhere() {
        use LimitMode::{Advise, Enforce};
        let cases = [
            (None, (0, 0), 500, Enforce, (Outcome::Offer, None, 0)),
            (Some(500), (0, 0), 500, Enforce, (Outcome::Offer, Some(500), 0)),
            (Some(500), (1, 0), 500, Enforce, (Outcome::Decline, Some(499), 1)),
            (Some(500), (0, 1), 500, Enforce, (Outcome::Decline, Some(499), 1)),
            (Some(500), (0, 1), 500, Advise, (Outcome::Offer, Some(499), 1)),
            (Some(500), (300, 900), 1, Enforce, (Outcome::Decline, Some(0), 701)),
        ];
        for (limit, out, asked, mode, expected) in cases {
            let facts = facts(limit, out, asked, mode);
            let decision = judge(&facts);
            assert_eq!(
                (decision.outcome, decision.free_minor, decision.over_minor),
                expected,
                "{facts:?}"
            );
            assert_eq!(decision.reasons.is_empty(), decision.outcome == Outcome::Offer);
            let stored = serde_json::to_vec(&facts).unwrap();
            assert_eq!(replay(&stored).unwrap(), serde_json::to_vec(&decision).unwrap());
        }
    }

    #[test]
    fn the_refusal_says_how_much_is_free() {
        let decision = judge(&facts(Some(50_000), (12_345, 0), 40_000, LimitMode::Enforce));
        assert!(decision.reasons[0].text.contains("376.55"), "{:?}", decision.reasons);
    }

    #[test]
    fn what_is_left_of_a_loan_in_tokens_counts_in_proportion_and_up() {
        assert_eq!(share_up(120_000, 1_200_000_000, 1_200_000_000), Some(120_000));
        assert_eq!(share_up(120_000, 1, 1_200_000_000), Some(1));
        assert_eq!(share_up(120_000, 0, 1_200_000_000), Some(0));
        assert_eq!(share_up(i64::MAX, u128::MAX, 1), None);
    }
}
