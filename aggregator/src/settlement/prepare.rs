//! What acceptance needs from chains and attesters, gathered before its database transaction.

use alloy_primitives::B256;
use domain::Principal;
use domain::ids::LoanId;
use domain::ports::{ChainError, LiveLoan, SignedAttestation};
use domain::quote::Quote;

use super::chain_error;
use crate::Aggregator;
use crate::acceptance::acceptable;
use crate::access::{Action, Class, Resource, check};
use crate::api::{AcceptQuote, Error};
use crate::screening::release;
use crate::screening::wallets::Asked;
use crate::servicing::{live_onchain, not_live};
use crate::store::lending::VenuePart;
use crate::store::quoting::AskedRequest;
use crate::store::{lending, quoting};

/// What was gathered; empty when the quote needs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prepared {
    pub attestation: Option<SignedAttestation>,
    pub refinancing: Option<Refinancing>,
    pub venue: Option<VenuePart>,
    /// What was said of the wallets.
    pub asked: Asked,
}

impl Prepared {
    /// A venue asks for the wallet's signature before it sends anything.
    pub(super) fn asks_permission(&self) -> bool {
        self.venue.as_ref().is_some_and(|part| part.plan.permission.is_some())
    }
}

/// The old loan as it stood when its refinancing was accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refinancing {
    pub loan: LoanId,
    /// The contract's id of it.
    pub onchain: B256,
    /// What pays it off when the intent ends, base units.
    pub payoff: u128,
    /// Collateral that the contract holds for it, base units.
    pub held: u128,
}

/// The refusal of an on-chain quote without a wallet.
pub(crate) fn wallet_required() -> Error {
    let text = "An on-chain quote needs the borrower's wallet.";
    Error::refused("WALLET_REQUIRED", text, None)
}

/// A loan that ended on its chain answers nothing, while the books wait for that to be final.
pub(crate) fn old_loan_error(error: ChainError) -> Error {
    match error {
        ChainError::Invalid { .. } => not_live(),
        other => chain_error(other),
    }
}

impl Aggregator {
    /// Gathers what the quote needs. A quote that cannot be accepted anyway gives nothing: the transaction says why.
    pub(crate) async fn prepare(&self, caller: &Principal, accept: &AcceptQuote) -> Result<Prepared, Error> {
        let mut conn = self.world.db.acquire().await?;
        let Some((_, quote)) = quoting::quote(&mut conn, accept.quote_id).await? else {
            return Ok(Prepared::default());
        };
        let Some(row) = quoting::request(&mut conn, quote.request_id).await? else {
            return Ok(Prepared::default());
        };
        drop(conn);
        let now = self.world.clock.now();
        let request = &row.asked.request;
        let resource = Resource::about(Class::Quote, request.tenant, request.borrower);
        let may = check(caller, Action::Accept, &resource).is_ok();
        if !may || acceptable(&row, &quote, accept, now).is_err() {
            return Ok(Prepared::default());
        }
        let (chain_id, wallets) = release::wallets_of(&quote, request.wallet, accept.recipient);
        Ok(Prepared {
            attestation: self.attest(request, &quote).await?,
            refinancing: self.old_loan(request, &quote).await?,
            venue: self.venue_part(request, &quote, accept).await?,
            // Last: it has to be fresh.
            asked: self.world.ask_about(chain_id, &wallets).await,
        })
    }

    /// Refusals: `LOAN_NOT_LIVE`, `REFINANCING_PENDING`.
    async fn old_loan(&self, request: &AskedRequest, quote: &Quote) -> Result<Option<Refinancing>, Error> {
        let (Some(wanted), Some(onchain)) = (&request.refinances, &quote.offer.onchain) else {
            return Ok(None);
        };
        let live = self.refinanceable(wanted.loan).await?;
        let reader = &self.world.reader;
        let (payoff, health) = tokio::try_join!(reader.payoff(&live, onchain.order.expiry), reader.health(&live))
            .map_err(old_loan_error)?;
        Ok(Some(Refinancing {
            loan: wanted.loan,
            onchain: live.loan,
            payoff,
            held: health.collateral,
        }))
    }

    /// A live on-chain loan that no other refinancing is about to repay.
    pub(crate) async fn refinanceable(&self, id: LoanId) -> Result<LiveLoan, Error> {
        let mut conn = self.world.db.acquire().await?;
        let loan = lending::loan(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let live = live_onchain(&loan)?;
        if lending::is_being_refinanced(&mut conn, id).await? {
            return Err(lending::refinancing_pending());
        }
        Ok(live)
    }
}
