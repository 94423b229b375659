//! What a loan's owner and its lender see.

use ::access::Scope;
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::LoanId;
use domain::loan::LoanState;
use domain::ports::{LiveLoan, OnchainTerms, WalletCall};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use super::offchain::{accrue_late, agreed, payoff_parts};
use super::plan::{OutOfRange, seconds};
use crate::Aggregator;
use crate::access::{Action, Class, Resource, check, listing, may_ever, shows};
use crate::api::{
    Error, InstallmentView, LoanView, Page, PageRequest, PayoffView, RepayAmount, RepaymentChannel, RepaymentView,
};
use crate::settlement::chain_error;
use crate::store::lending::{self, InstallmentRow, LoanFilter, LoanRow, RepaymentRow};
use crate::store::{chain, corrupt};

/// Interest runs until a payment is in a block: a payoff allows for this many seconds of it.
const INCLUSION_SECONDS: u64 = 3_600;

fn installment_view(loan: &LoanRow, row: &InstallmentRow) -> InstallmentView {
    let fees = row.fees + row.late_fee;
    InstallmentView {
        number: row.number,
        due: row.due,
        principal: loan.amount(row.principal),
        interest: loan.amount(row.interest),
        fees: loan.amount(fees),
        total: loan.amount(row.principal + row.interest + fees),
        paid: loan.amount(row.paid_principal + row.paid_interest + row.paid_fees + row.paid_late_fee),
    }
}

pub(crate) fn repayment_view(loan: &LoanRow, row: &RepaymentRow) -> RepaymentView {
    let evidence = match row.channel {
        // Stored with the place of the event, because one transaction can pay twice.
        RepaymentChannel::OnChain => row.evidence.split(':').next().unwrap_or_default().to_owned(),
        RepaymentChannel::OffChain => row.evidence.clone(),
    };
    RepaymentView {
        id: row.id,
        channel: row.channel,
        amount: loan.amount(row.amount()),
        late_fee: loan.amount(row.late_fee),
        interest: loan.amount(row.interest),
        principal: loan.amount(row.principal),
        evidence,
        paid_at: row.paid_at,
    }
}

async fn loan_view(conn: &mut PgConnection, loan: &LoanRow) -> Result<LoanView, Error> {
    let rows = lending::installments(conn, loan.id).await?;
    let next = rows
        .iter()
        .find(|row| !row.settled)
        .map(|row| installment_view(loan, row));
    Ok(LoanView {
        id: loan.id,
        state: loan.state,
        provider: loan.provider.clone(),
        quote_id: loan.quote_id,
        settlement_id: loan.settlement_id,
        principal: loan.amount(loan.principal),
        outstanding: loan.amount(loan.outstanding),
        next_due: next.filter(|_| matches!(loan.state, LoanState::Active | LoanState::Delinquent)),
        onchain: loan.onchain,
        venue: loan.venue,
        started_at: loan.started_at,
        closed_at: loan.closed_at,
        ended_by: loan.ended_by,
        shortfall: (loan.shortfall > 0).then(|| loan.amount(loan.shortfall)),
        refinances: loan.refinances,
        refinanced_by: loan.refinanced_by,
    })
}

impl Aggregator {
    /// A loan; somebody else's does not exist.
    pub async fn loan(&self, caller: &Principal, id: LoanId) -> Result<LoanView, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = own_loan(&mut conn, caller, id).await?;
        loan_view(&mut conn, &loan).await
    }

    /// The loans that the caller sees, oldest first.
    pub async fn loans(&self, caller: &Principal, page: PageRequest) -> Result<Page<LoanView>, Error> {
        if !(1..=100).contains(&page.first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let after = match &page.after {
            Some(cursor) => Uuid::parse_str(cursor).map_err(|_| Error::invalid("after", "not a cursor"))?,
            None => Uuid::nil(),
        };
        let filter = match listing(caller, Class::Loan)? {
            Scope::Nothing => return Err(Error::Forbidden),
            Scope::Own(tenant, borrower) => LoanFilter {
                tenant: Some(tenant.0),
                borrower: Some(borrower.0),
                ..LoanFilter::default()
            },
            Scope::Tenant(tenant) => LoanFilter {
                tenant: Some(tenant.0),
                ..LoanFilter::default()
            },
            Scope::Lender(provider) => LoanFilter {
                provider: Some(provider.to_string()),
                ..LoanFilter::default()
            },
            Scope::All => LoanFilter::default(),
        };
        let mut conn = self.world.db.acquire().await?;
        let mut ids = lending::loan_ids(&mut conn, &filter, after, i64::from(page.first) + 1).await?;
        let has_next = ids.len() > page.first as usize;
        ids.truncate(page.first as usize);
        let mut items = Vec::with_capacity(ids.len());
        for loan in lending::loans_by_id(&mut conn, &ids).await? {
            items.push(loan_view(&mut conn, &loan).await?);
        }
        Ok(Page {
            items,
            cursors: ids.iter().map(Uuid::to_string).collect(),
            has_next,
            total: None,
        })
    }

    /// The installments of a loan; none before money is out.
    pub async fn schedule(&self, caller: &Principal, id: LoanId) -> Result<Vec<InstallmentView>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = own_loan(&mut conn, caller, id).await?;
        Ok(lending::installments(&mut conn, id)
            .await?
            .iter()
            .map(|row| installment_view(&loan, row))
            .collect())
    }

    /// The repayments of a loan, oldest first.
    pub async fn repayments(&self, caller: &Principal, id: LoanId) -> Result<Vec<RepaymentView>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = own_loan(&mut conn, caller, id).await?;
        Ok(lending::repayments(&mut conn, id)
            .await?
            .iter()
            .map(|row| repayment_view(&loan, row))
            .collect())
    }

    /// What closes a loan at a moment, now by default. Refusal: `LOAN_NOT_LIVE`.
    pub async fn payoff(&self, caller: &Principal, id: LoanId, at: Option<DateTime<Utc>>) -> Result<PayoffView, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = own_loan(&mut conn, caller, id).await?;
        let payer = shows(caller, &resource(&loan, Class::WalletCalls));
        let mut view = self.payoff_of(conn, &loan, at).await?;
        if !payer {
            view.calls.clear();
        }
        Ok(view)
    }

    async fn payoff_of(
        &self,
        mut conn: PoolConnection<Postgres>,
        loan: &LoanRow,
        at: Option<DateTime<Utc>>,
    ) -> Result<PayoffView, Error> {
        let id = loan.id;
        let started = loan.started_at.filter(|_| live(loan)).ok_or_else(not_live)?;
        // A chain's time may be ahead of ours.
        let at = at.unwrap_or_else(|| self.world.clock.now().max(started));
        if at.date_naive() < started.date_naive() {
            return Err(Error::invalid("at", "before the start of the loan"));
        }
        if let Some((_, wallet)) = loan.venue {
            drop(conn);
            return self.venue_payoff(loan, wallet, at).await;
        }
        if let Some(live) = loan.live_onchain() {
            let seconds = chain_seconds(&mut conn, live.chain_id, at).await?;
            drop(conn);
            let (amount, calls) = self.onchain_payoff(&live, seconds).await?;
            return Ok(PayoffView {
                loan_id: id,
                at,
                amount: loan.amount(amount),
                calls,
            });
        }
        let offer = agreed(&mut conn, loan).await?;
        let mut rows = lending::installments(&mut conn, id).await?;
        accrue_late(&mut rows, &offer.repayment, at.date_naive())?;
        let parts = payoff_parts(&rows, &offer.repayment, started.date_naive(), at.date_naive())?;
        Ok(PayoffView {
            loan_id: id,
            at,
            amount: loan.amount(parts.total()),
            calls: Vec::new(),
        })
    }

    /// Calls of the wallet that repays an on-chain loan. Refusals: `OFFCHAIN_LOAN`, `LOAN_NOT_LIVE`.
    pub async fn repayment_calls(
        &self,
        caller: &Principal,
        id: LoanId,
        amount: RepayAmount,
    ) -> Result<Vec<WalletCall>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = payers_loan(&mut conn, caller, id).await?;
        if let Some((_, wallet)) = loan.venue {
            drop(conn);
            // Nothing is due on a day: what is due next is everything.
            return self.venue_repayment(&loan, wallet, None).await;
        }
        let live = live_onchain(&loan)?;
        let start = seconds(loan.started_at.ok_or_else(not_live)?)?;
        let rows = lending::installments(&mut conn, id).await?;
        let now = chain_seconds(&mut conn, live.chain_id, self.world.clock.now()).await?;
        drop(conn);
        let due = due_now(&live.terms, start, &rows, now)?;
        match due.filter(|_| amount == RepayAmount::Installment) {
            Some(due) => self.world.contracts.repay(&live, due).map_err(chain_error),
            None => Ok(self.onchain_payoff(&live, now).await?.1),
        }
    }

    /// Calls of the wallet that repays so many base units of an on-chain loan. Refusals: `OFFCHAIN_LOAN`, `LOAN_NOT_LIVE`.
    pub async fn exact_repayment_calls(
        &self,
        caller: &Principal,
        id: LoanId,
        units: u128,
    ) -> Result<Vec<WalletCall>, Error> {
        if units == 0 {
            return Err(Error::invalid("units", "expected whole base units above zero"));
        }
        let mut conn = self.world.db.acquire().await?;
        let loan = payers_loan(&mut conn, caller, id).await?;
        drop(conn);
        if let Some((_, wallet)) = loan.venue {
            return self.venue_repayment(&loan, wallet, Some(units)).await;
        }
        let live = live_onchain(&loan)?;
        self.world.contracts.repay(&live, units).map_err(chain_error)
    }

    /// What pays an on-chain loan off at a Unix second, and the calls that do it.
    async fn onchain_payoff(&self, live: &LiveLoan, at: u64) -> Result<(u128, Vec<WalletCall>), Error> {
        let reader = &self.world.reader;
        let amount = reader.payoff(live, at).await.map_err(chain_error)?;
        // The contract takes no more than the payoff of the block that includes it.
        let most = reader.payoff(live, at + INCLUSION_SECONDS).await.map_err(chain_error)?;
        let calls = self.world.contracts.repay(live, most).map_err(chain_error)?;
        Ok((amount, calls))
    }
}

/// What meets the installments that are due, or else the next one, late fees included; none when that is the last one
/// and so asks for everything.
fn due_now(terms: &OnchainTerms, start: u64, rows: &[InstallmentRow], now: u64) -> Result<Option<u128>, Error> {
    let order = &terms.order;
    let late_fee_up = u128::from(order.late_fee_bps)
        .checked_mul(order.installment_amount)
        .ok_or_else(|| corrupt(OutOfRange))?
        .div_ceil(10_000);
    let last = rows.len();
    let mut sum = 0;
    for (place, row) in (1..).zip(rows).filter(|(_, row)| !row.settled) {
        let due_at = start + u64::from(row.number) * u64::from(order.period);
        if sum > 0 && due_at > now {
            break;
        }
        if place == last {
            return Ok(None);
        }
        sum += row.principal + row.interest - row.paid_principal - row.paid_interest;
        if now > due_at + u64::from(order.grace) {
            sum += late_fee_up;
        }
    }
    Ok((sum > 0).then_some(sum))
}

pub(super) fn live(loan: &LoanRow) -> bool {
    matches!(loan.state, LoanState::Active | LoanState::Delinquent)
}

/// A loan that calls on chain can be made about. Refusals: `OFFCHAIN_LOAN`, `LOAN_NOT_LIVE`.
pub(crate) fn live_onchain(loan: &LoanRow) -> Result<LiveLoan, Error> {
    if loan.onchain.is_none() {
        return Err(Error::refused(
            "OFFCHAIN_LOAN",
            "This loan is not on a chain.",
            Some("loanId"),
        ));
    }
    loan.live_onchain().filter(|_| live(loan)).ok_or_else(not_live)
}

pub(crate) fn not_live() -> Error {
    Error::refused("LOAN_NOT_LIVE", "Nothing is owed on this loan.", Some("loanId"))
}

/// The Unix second of a moment on a chain, which is never before its newest block.
async fn chain_seconds(conn: &mut PgConnection, chain_id: u64, at: DateTime<Utc>) -> Result<u64, Error> {
    let tip = chain::block(conn, chain_id, None)
        .await?
        .map_or(0, |block| block.timestamp);
    Ok(u64::try_from(at.timestamp()).map_err(corrupt)?.max(tip))
}

/// A loan as access sees it.
pub(super) fn resource(loan: &LoanRow, class: Class) -> Resource<'_> {
    Resource::about(class, loan.tenant, loan.borrower).with(Some(&loan.provider))
}

/// A loan that the caller sees.
pub(super) async fn own_loan(conn: &mut PgConnection, caller: &Principal, id: LoanId) -> Result<LoanRow, Error> {
    let loan = lending::loan(conn, id).await?.ok_or(Error::NotFound)?;
    check(caller, Action::Read, &resource(&loan, Class::Loan))?;
    Ok(loan)
}

/// A loan that the caller gets transactions for: the borrower's side alone.
pub(super) async fn payers_loan(conn: &mut PgConnection, caller: &Principal, id: LoanId) -> Result<LoanRow, Error> {
    may_ever(caller, Action::Read, Class::WalletCalls)?;
    let loan = lending::loan(conn, id).await?.ok_or(Error::NotFound)?;
    check(caller, Action::Read, &resource(&loan, Class::WalletCalls))?;
    Ok(loan)
}
