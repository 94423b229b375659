//! Do the books agree with each other? The same checks run in operation and in every fault test.

use std::collections::{HashMap, HashSet};

use domain::ids::LoanId;
use domain::loan::LoanState;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Aggregator;
use crate::api::Error;
use crate::ledger::Account;
use crate::risk::limits;
use crate::servicing::{Fold, LoanChange};
use crate::store::lending::{self, LoanFilter, LoanRow};
use crate::store::risk::HoldRow;
use crate::store::{chain, from_json, ledger, risk};

/// Loans read at a time.
const BATCH: i64 = 500;

/// What does not agree; everything empty or zero when the books are right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconcileReport {
    /// Units in which all debits differ from all credits, and ids of entries that do not balance.
    pub ledger_unbalanced: Vec<String>,
    /// Loans whose row is not the fold of their events.
    pub projection_mismatches: Vec<LoanId>,
    /// Loans whose principal left differs from the ledger or from their repayments.
    pub ledger_mismatches: Vec<LoanId>,
    /// Loans that are open on one side only: our books or the contract's events.
    pub escrow_mismatches: Vec<String>,
    /// Limit accounts and credits whose figures are not the sums of their entries, and credits that hold something else of
    /// their borrower's limit than their loan says.
    pub limit_mismatches: Vec<String>,
    /// Final events, and positions at pools, that wait for an operator.
    pub parked_events: u64,
    /// Loans looked at.
    pub loans: u64,
}

impl ReconcileReport {
    /// Nothing to complain about.
    pub fn is_clean(&self) -> bool {
        *self
            == Self {
                loans: self.loans,
                ..Self::default()
            }
    }
}

impl Aggregator {
    /// Compares the ledger, the loans, their events and the chain's events. All reads see one moment.
    pub async fn reconcile(&self) -> Result<ReconcileReport, Error> {
        let mut tx = self
            .world
            .db
            .begin_with("begin isolation level repeatable read read only")
            .await?;
        let mut report = ReconcileReport::default();
        let (units, entries) = ledger::imbalances(&mut tx).await?;
        report.ledger_unbalanced.extend(units);
        report.ledger_unbalanced.extend(entries.iter().map(Uuid::to_string));
        let mut open = HashSet::new();
        let mut after = Uuid::nil();
        loop {
            let ids = lending::loan_ids(&mut tx, &LoanFilter::default(), after, BATCH).await?;
            let Some(last) = ids.last() else { break };
            after = *last;
            let loans = lending::loans_by_id(&mut tx, &ids).await?;
            report.loans += loans.len() as u64;
            let principal = principal_in_ledger(&mut tx, &ids).await?;
            let holds = risk::holds_of_loans(&mut tx, &ids).await?;
            let wrong = holds.iter().filter(|hold| !holds_right(hold, &loans));
            report
                .limit_mismatches
                .extend(wrong.map(|hold| format!("credit {} as its loan", hold.settlement)));
            for loan in &loans {
                check_loan(&mut tx, loan, &principal, &mut report).await?;
                if is_open(loan) {
                    open.extend(loan.onchain);
                }
            }
        }
        report.limit_mismatches.extend(risk::unsummed_limits(&mut tx).await?);
        let (positions, parked) = chain::open_positions(&mut tx).await?;
        let positions: HashSet<_> = positions.into_iter().collect();
        let apart = open.symmetric_difference(&positions);
        report.escrow_mismatches = apart.map(|(chain_id, loan)| format!("{chain_id}:{loan}")).collect();
        report.parked_events = parked + lending::parked_positions(&mut tx).await?;
        if !report.is_clean() {
            tracing::error!(?report, "the books do not agree");
        }
        Ok(report)
    }
}

/// Whether a credit holds of its borrower's limit what its loan says.
fn holds_right(hold: &HoldRow, loans: &[LoanRow]) -> bool {
    let loan = loans.iter().find(|loan| loan.id.0 == hold.loan);
    loan.and_then(|loan| limits::held(hold, loan)) == Some((hold.reserved_minor, hold.committed_minor))
}

fn is_open(loan: &LoanRow) -> bool {
    matches!(loan.state, LoanState::Active | LoanState::Delinquent)
}

async fn principal_in_ledger(conn: &mut PgConnection, ids: &[Uuid]) -> Result<HashMap<String, i128>, Error> {
    let owners: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    let rows = ledger::balances(conn, Account::LoanPrincipal.as_str(), &owners).await?;
    Ok(rows.into_iter().collect())
}

async fn check_loan(
    conn: &mut PgConnection,
    loan: &LoanRow,
    principal: &HashMap<String, i128>,
    report: &mut ReconcileReport,
) -> Result<(), Error> {
    let (mut fold, mut rounded) = (Some(Fold::START), 0);
    for payload in lending::loan_events(conn, loan.id).await? {
        let change: LoanChange = from_json(&payload)?;
        if let LoanChange::RoundedOff { principal } = change {
            rounded += principal;
        }
        fold = fold.and_then(|fold| fold.apply(&change));
    }
    if fold != Some(Fold::of(loan)) {
        report.projection_mismatches.push(loan.id);
    }
    let owed = if is_open(loan) { loan.outstanding } else { 0 };
    let booked = principal.get(&loan.id.to_string()).copied().unwrap_or(0);
    let repaid: u128 = lending::repayments(conn, loan.id)
        .await?
        .iter()
        .map(|r| r.principal)
        .sum();
    let started = loan.started_at.is_some();
    let whole = !started || loan.principal == loan.outstanding + repaid + rounded;
    if i128::try_from(owed) != Ok(booked) || !whole {
        report.ledger_mismatches.push(loan.id);
    }
    Ok(())
}
