//! A request that is to repay a live on-chain loan: the loan brings the wallet and the collateral.

use alloy_primitives::{Address, U256};
use domain::eligibility::Capabilities;
use domain::ids::{LoanId, PrincipalId};
use domain::money::TokenAmount;
use domain::request::{CreditRequest, Refinances};
use domain::{Principal, Reason};

use super::orders::not_a_refinancing;
use crate::Aggregator;
use crate::api::{Error, NewRequest};
use crate::servicing::collateral_asset;
use crate::settlement::old_loan_error;
use crate::store::lending;

/// What the old loan brings.
pub(super) struct OldLoan {
    pub refinances: Refinances,
    pub wallet: Address,
    pub collateral: TokenAmount,
}

impl Aggregator {
    /// The loan that the request names, as the chain holds it now; none when it names none.
    ///
    /// Refusals: `OFFCHAIN_LOAN`, `LOAN_NOT_LIVE`, `UNSECURED_LOAN`, `REFINANCING_PENDING`.
    pub(super) async fn old_loan_of(
        &self,
        caller: &Principal,
        borrower: PrincipalId,
        new: &NewRequest,
    ) -> Result<Option<OldLoan>, Error> {
        let Some(id) = new.refinances else { return Ok(None) };
        let mut conn = self.world.db.acquire().await?;
        let loan = lending::loan(&mut conn, id).await?;
        let loan = loan.filter(|loan| loan.tenant == caller.tenant && loan.borrower == borrower);
        let loan = loan.ok_or_else(|| Error::invalid("refinances", "no such loan of the borrower"))?;
        let settlement = lending::settlement(&mut conn, loan.settlement_id).await?;
        drop(conn);
        let live = self.refinanceable(id).await.map_err(at_field)?;
        let asset = settlement.and_then(|row| collateral_asset(&row.quote.offer, &live.terms.order));
        let Some(asset) = asset else {
            let text = "A loan without collateral cannot be refinanced.";
            return Err(Error::refused("UNSECURED_LOAN", text, Some("refinances")));
        };
        let wallet = live.terms.intent.borrower;
        if new.wallet.is_some_and(|given| given != wallet) {
            return Err(Error::invalid("wallet", "not the wallet of the loan to refinance"));
        }
        if new.collateral.is_some() {
            return Err(Error::invalid("collateral", "comes from the loan to refinance"));
        }
        let health = self.world.reader.health(&live).await;
        let health = health.map_err(old_loan_error).map_err(at_field)?;
        Ok(Some(OldLoan {
            refinances: Refinances {
                loan: id,
                chain_id: live.chain_id,
                onchain: live.loan,
                asset: live.terms.order.asset,
            },
            wallet,
            collateral: TokenAmount {
                units: U256::from(health.collateral),
                asset,
            },
        }))
    }
}

/// The input field of a request in which the loan stands.
fn at_field(error: Error) -> Error {
    match error {
        Error::Refused(mut refusal) => {
            refusal.field = Some("refinances".to_owned());
            Error::Refused(refusal)
        }
        other => other,
    }
}

/// Why a lender is not asked about a refinancing; empty when it is.
pub(super) fn misfits(lender: &Capabilities, request: &CreditRequest) -> Vec<Reason> {
    match &request.refinances {
        Some(old) if !lender.collateral.iter().any(|kind| kind.chain_id == old.chain_id) => vec![not_a_refinancing()],
        _ => Vec::new(),
    }
}

/// The id that a view shows.
pub(super) fn loan_of(request: &CreditRequest) -> Option<LoanId> {
    request.refinances.as_ref().map(|old| old.loan)
}
