//! Banks by files: what they send is taken in, and borrowers' payments become repayments.
//!
//! Every process may do it: files are read by one at a time, and a repayment counts once by the bank's own reference.

use std::sync::Arc;

use aggregator::Aggregator;
use aggregator::api::{Error, IdempotencyKey, NewRepayment};
use chrono::NaiveTime;
use domain::ids::{PrincipalId, TenantId};
use domain::loan::SettlementState;
use domain::ports::Clock;
use domain::principal::{Principal, Role};
use lenders::BankFiles;
use lenders::iso20022::{BooksError, Repayment};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What became of a repayment.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Counted,
    /// It cannot count yet.
    Later,
    /// A person must look; the code says why.
    Refused(String),
}

/// Looks into the folder of a bank until it is told to end.
pub async fn run(bank: BankFiles, aggregator: Arc<Aggregator>, clock: Arc<dyn Clock>, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        if let Err(error) = look(&bank, &aggregator, clock.as_ref()).await {
            metrics::counter!("usance_bank_failures_total", "provider" => bank.provider().to_string()).increment(1);
            tracing::error!(provider = %bank.provider(), error = &error as &dyn std::error::Error, "a look into a bank's folder failed");
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(bank.poll()) => {}
        }
    }
}

async fn look(bank: &BankFiles, aggregator: &Aggregator, clock: &dyn Clock) -> Result<(), BooksError> {
    bank.take_in().await?;
    for repayment in bank.repayments().await? {
        match count(bank, aggregator, clock, &repayment).await {
            Fate::Counted => bank.counted(&repayment).await?,
            Fate::Later => {}
            Fate::Refused(why) => {
                tracing::warn!(provider = %bank.provider(), settlement = %repayment.settlement, why, "a borrower's payment waits for a person");
                bank.give_up(&repayment, &why).await?;
            }
        }
    }
    let waiting = u32::try_from(bank.waiting().await?).unwrap_or(u32::MAX);
    metrics::gauge!("usance_bank_waiting", "provider" => bank.provider().to_string()).set(f64::from(waiting));
    Ok(())
}

/// Counts a borrower's payment as the bank would report it through the API.
async fn count(bank: &BankFiles, aggregator: &Aggregator, clock: &dyn Clock, repayment: &Repayment) -> Fate {
    let caller = Principal {
        id: PrincipalId(Uuid::nil()),
        tenant: TenantId(Uuid::nil()),
        role: Role::Provider,
        provider: Some(bank.provider().clone()),
        standing: domain::principal::Standing::default(),
    };
    let settlement = match aggregator.settlement(&caller, repayment.settlement).await {
        Ok(settlement) => settlement,
        Err(error) => return fate(bank, &error),
    };
    match settlement.state {
        SettlementState::Settled => {}
        SettlementState::Failed | SettlementState::Cancelled => return Fate::Refused("NO_LOAN".into()),
        _ => return Fate::Later,
    }
    let loan = match aggregator.loan(&caller, settlement.loan_id).await {
        Ok(loan) => loan,
        Err(error) => return fate(bank, &error),
    };
    // The bank books by its own day: it is not ahead of us, and money of the first day came after the loan.
    let day = repayment.day.and_time(NaiveTime::MIN).and_utc();
    if day > clock.now() {
        return Fate::Later;
    }
    let first_day = loan.started_at.filter(|started| started.date_naive() == repayment.day);
    let new = NewRepayment {
        loan_id: settlement.loan_id,
        amount: repayment.amount,
        paid_at: first_day.unwrap_or(day),
        evidence: repayment.evidence.clone(),
    };
    let Ok(key) = IdempotencyKey::parse(&format!("{}:{}", bank.provider(), repayment.evidence)) else {
        return Fate::Refused("EVIDENCE".into());
    };
    match aggregator.record_repayment(&caller, &key, new).await {
        Ok(_) => Fate::Counted,
        Err(error) => fate(bank, &error),
    }
}

fn fate(bank: &BankFiles, error: &Error) -> Fate {
    match error {
        Error::Refused(refusal) => Fate::Refused(refusal.code.clone()),
        Error::NotFound => Fate::Refused("NO_SUCH_SETTLEMENT".into()),
        Error::Invalid { field, .. } => Fate::Refused(format!("INVALID_{field}")),
        Error::Forbidden => Fate::Refused("FORBIDDEN".into()),
        Error::KeyReused => Fate::Refused("EVIDENCE_USED".into()),
        Error::KeyBusy => Fate::Later,
        Error::Unavailable(_) | Error::Internal(_) => {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(provider = %bank.provider(), %error, ?cause, "a repayment was not counted yet");
            Fate::Later
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_by_itself_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "id = \"b\"\nfolder = \"{}\"\ncurrency = \"USD\"\nrates = [{{ max_months = 12, rate_ppm = 1 }}]\n\
             account = {{ name = \"A\", number = \"1\", routing = \"021000021\" }}\npayout = {{ name = \"B\", number = \"2\", routing = \"021000021\" }}\n\
             [capabilities]\nproducts = [\"INSTALLMENT\"]\njurisdictions = [{{ country = \"US\" }}]\n\
             amounts = [{{ currency = \"USD\", min = 1, max = 2 }}]\nmin_term_days = 1\nmax_term_days = 2\ninquiry = \"NONE\"\n",
            folder.path().display()
        );
        let clock = Arc::new(crate::clock::SystemClock);
        let bank = BankFiles::open(toml::from_str(&text).unwrap(), clock).unwrap();
        let lost = || Box::new(std::io::Error::other("x"));
        assert_eq!(fate(&bank, &Error::KeyBusy), Fate::Later);
        assert_eq!(fate(&bank, &Error::Unavailable(lost())), Fate::Later);
        assert_eq!(fate(&bank, &Error::Internal(lost())), Fate::Later);
        assert_eq!(
            fate(&bank, &Error::refused("OVERPAID", "x", None)),
            Fate::Refused("OVERPAID".into())
        );
        assert_eq!(
            fate(&bank, &Error::invalid("paidAt", "x")),
            Fate::Refused("INVALID_paidAt".into())
        );
        assert_eq!(
            fate(&bank, &Error::NotFound),
            Fate::Refused("NO_SUCH_SETTLEMENT".into())
        );
    }
}
