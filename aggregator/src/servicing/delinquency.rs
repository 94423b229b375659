//! Who is late, by the clock.

use chrono::{Days, NaiveDate};
use domain::ids::LoanId;
use domain::loan::LoanState;
use uuid::Uuid;

use super::offchain::{accrue_late, agreed, charge_late};
use super::{LoanChange, record};
use crate::Aggregator;
use crate::api::Error;
use crate::store::lending::{self, InstallmentRow};

impl Aggregator {
    /// Marks loans with an installment past due and its grace, and charges the agreed late fee once per installment.
    /// Answers how many loans fell behind. Repeating it changes nothing.
    pub(crate) async fn mark_delinquent(&self) -> Result<usize, Error> {
        let today = self.world.clock.now().date_naive();
        let mut marked = 0;
        let mut after = Uuid::nil();
        loop {
            let mut conn = self.world.db.acquire().await?;
            let ids = lending::overdue_loans(&mut conn, today, after).await?;
            drop(conn);
            let Some(last) = ids.last() else { return Ok(marked) };
            after = *last;
            for id in ids {
                marked += usize::from(self.mark_one(LoanId(id), today).await?);
            }
        }
    }

    async fn mark_one(&self, id: LoanId, today: NaiveDate) -> Result<bool, Error> {
        let mut tx = self.world.db.begin().await?;
        let Some(mut loan) = lending::lock_loan(&mut tx, id).await? else {
            return Ok(false);
        };
        if !matches!(loan.state, LoanState::Active | LoanState::Delinquent) {
            return Ok(false);
        }
        let mut rows = lending::installments(&mut tx, id).await?;
        let offer = agreed(&mut tx, &loan).await?;
        let now = self.world.clock.now();
        let grace_days = match &loan.terms {
            // The contract counts seconds and charges the fee itself with the next payment.
            Some(terms) => terms.order.grace.div_ceil(86_400),
            None => offer.repayment.late.grace_days,
        };
        let late = |row: &InstallmentRow| {
            let last = row.due.checked_add_days(Days::new(u64::from(grace_days)));
            !row.settled && last.is_some_and(|last| today > last)
        };
        let Some(number) = rows.iter().find(|row| late(row)).map(|row| row.number) else {
            return Ok(false);
        };
        let uncharged = loan.onchain.is_none() && rows.iter().any(|row| late(row) && !row.late_charged);
        if uncharged {
            let charged = accrue_late(&mut rows, &offer.repayment, today)?;
            lending::put_installments(&mut tx, id, &rows).await?;
            if charged > 0 {
                charge_late(&mut tx, &self.world, &mut loan, charged, now).await?;
            }
        }
        let fell = loan.state == LoanState::Active;
        if fell {
            record(
                &mut tx,
                &self.world,
                &mut loan,
                &LoanChange::FellBehind { installment: number },
                now,
            )
            .await?;
        }
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(fell)
    }
}
