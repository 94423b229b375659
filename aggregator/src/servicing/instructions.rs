//! Where a borrower pays a loan that is repaid off chain.

use domain::Principal;
use domain::ids::{LoanId, ProviderId};
use serde::{Deserialize, Serialize};

use super::views::{live, payers_loan};
use crate::Aggregator;
use crate::api::Error;
use crate::store::lending;

/// A lender's account for repayments: an IBAN, or a number with the bank's code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepaymentAccount {
    /// Whose it is.
    pub holder: String,
    /// Name of the bank.
    pub bank: Option<String>,
    /// International account number.
    pub iban: Option<String>,
    /// Any other account number.
    pub number: Option<String>,
    /// BIC of the bank.
    pub bic: Option<String>,
    /// Routing number of a bank of the United States.
    pub routing: Option<String>,
}

/// Accounts do not print.
impl std::fmt::Debug for RepaymentAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RepaymentAccount")
    }
}

/// Where to pay, and what to write on the payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstructionsView {
    /// The lender.
    pub provider: ProviderId,
    /// Its account.
    pub account: RepaymentAccount,
    /// The lender's own reference of the loan; the settlement's id where the lender gave none.
    pub reference: String,
}

impl Aggregator {
    /// Where the borrower of a running loan pays; none for a loan that a wallet repays, one that is not running, and a lender of whom no
    /// account is configured. For the borrower's side alone.
    pub async fn repayment_instructions(
        &self,
        caller: &Principal,
        id: LoanId,
    ) -> Result<Option<InstructionsView>, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = payers_loan(&mut conn, caller, id).await?;
        if loan.onchain.is_some() || loan.venue.is_some() || !live(&loan) {
            return Ok(None);
        }
        let Some(account) = self.world.settings.repayment_accounts.get(&loan.provider) else {
            return Ok(None);
        };
        let settlement = lending::settlement(&mut conn, loan.settlement_id)
            .await?
            .ok_or(Error::NotFound)?;
        let reference = settlement
            .lender_ref
            .unwrap_or_else(|| loan.settlement_id.0.simple().to_string());
        Ok(Some(InstructionsView {
            provider: loan.provider,
            account: account.clone(),
            reference,
        }))
    }
}
