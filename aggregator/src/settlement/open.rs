//! Acceptance becomes a settlement and a pending loan.

use alloy_primitives::{Address, B256};
use domain::ids::{LoanId, PrincipalId, SettlementId, TenantId};
use domain::loan::{LoanState, SettlementState};
use domain::offer::{Onchain, VenueLoan};
use domain::ports::{Intent, OnchainTerms};
use domain::quote::Quote;
use sqlx::PgConnection;

use super::{Prepared, announce, chain_error, venue, view, wallet_required};
use crate::World;
use crate::api::{AcceptQuote, Error, SettlementView};
use crate::screening::release::{self, Look, Stage};
use crate::servicing::{LoanChange, record};
use crate::store::corrupt;
use crate::store::lending::{self, LoanRow, OnchainPart, RefinancePart, SettlementRow};

/// An accepted quote and who accepted it. Expiry, digest, screening and ownership were checked by the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'a> {
    pub quote: &'a Quote,
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    /// The wallet of the request.
    pub wallet: Option<Address>,
    pub accept: &'a AcceptQuote,
    /// What chains and attesters said.
    pub prepared: &'a Prepared,
}

/// Creates the settlement (awaiting the borrower's signature on chain, ready off chain) and the pending loan in the
/// caller's transaction. The inner error is the look at its wallets that refuses it; the caller rolls back and stores it.
pub(crate) async fn open(
    conn: &mut PgConnection,
    world: &World,
    opening: Opening<'_>,
) -> Result<Result<SettlementView, Look>, Error> {
    let now = world.clock.now();
    let quote = opening.quote;
    let onchain = quote
        .offer
        .onchain
        .as_ref()
        .map(|o| intent(world, &opening, o))
        .transpose()?;
    let row = SettlementRow {
        id: opening
            .accept
            .settlement_id
            .unwrap_or_else(|| SettlementId(world.ids.next())),
        tenant: opening.tenant,
        borrower: opening.borrower,
        quote: quote.clone(),
        loan_id: LoanId(world.ids.next()),
        state: if onchain.is_some() || opening.prepared.asks_permission() {
            SettlementState::AwaitingSignature
        } else {
            SettlementState::Ready
        },
        version: 1,
        onchain,
        venue: opening.prepared.venue.clone(),
        signature: None,
        tx_id: None,
        lender_ref: None,
        evidence: None,
        failure: None,
        created_at: now,
        fence: 0,
        attempts: 0,
    };
    lending::insert_settlement(conn, &row).await?;
    let at = (Stage::Acceptance, &opening.prepared.asked);
    if let Some(look) = release::refused(conn, world, &row, at).await? {
        return Ok(Err(look));
    }
    announce(conn, world, &row).await?;
    let mut loan = pending_loan(&row)?;
    lending::insert_loan(conn, &loan).await?;
    venue::follow(conn, &row).await?;
    let opened = LoanChange::Opened {
        principal: loan.principal,
    };
    record(conn, world, &mut loan, &opened, now).await?;
    view(conn, world, &row).await.map(Ok)
}

/// Whether the order is still what was signed, and may be taken by this wallet; answers the wallet and the order's hash.
fn takeable(world: &World, opening: &Opening<'_>, onchain: &Onchain) -> Result<(Address, B256), Error> {
    let order = &onchain.order;
    let wallet = opening.wallet.ok_or_else(wallet_required)?;
    if !order.borrower.is_zero() && order.borrower != wallet {
        return Err(Error::refused(
            "WRONG_WALLET",
            "The order names another borrower.",
            None,
        ));
    }
    let seconds = u64::try_from(world.clock.now().timestamp()).map_err(corrupt)?;
    if order.expiry <= seconds {
        return Err(Error::refused(
            "QUOTE_EXPIRED",
            "The order has expired.",
            Some("quoteId"),
        ));
    }
    let order_hash = world
        .contracts
        .order_hash(onchain.chain_id, order)
        .map_err(chain_error)?;
    if order_hash != onchain.order_hash {
        return Err(Error::refused(
            "QUOTE_ALTERED",
            "The order is not the one that was signed.",
            Some("quoteId"),
        ));
    }
    Ok((wallet, order_hash))
}

/// What the borrower will sign: exactly this order, at least what the quote promises, until the order ends.
fn intent(world: &World, opening: &Opening<'_>, onchain: &Onchain) -> Result<OnchainPart, Error> {
    let order = &onchain.order;
    let (wallet, order_hash) = takeable(world, opening, onchain)?;
    let recipient = opening.accept.recipient.unwrap_or(wallet);
    if recipient.is_zero() {
        return Err(Error::invalid("recipient", "the zero address cannot receive money"));
    }
    let share = order.principal.checked_mul(u128::from(order.origination_fee_bps));
    let fee_down = share.ok_or_else(|| Error::invalid("quoteId", "principal out of range"))? / 10_000;
    let attestation = opening.prepared.attestation.clone();
    if (order.attestation_policy != 0) != attestation.is_some() {
        let text = "The order's attestation is missing.";
        return Err(Error::refused("ATTESTATION_REFUSED", text, Some("quoteId")));
    }
    let old = opening.prepared.refinancing;
    let min_received = min_received(order.principal - fee_down, old.map_or(0, |old| old.payoff))?;
    let refinance = old.map(|old| RefinancePart {
        loan: old.loan,
        collateral: order.collateral_amount.saturating_sub(old.held),
        asset: if min_received < 0 {
            min_received.unsigned_abs()
        } else {
            0
        },
    });
    let intent = Intent {
        order_hash,
        borrower: wallet,
        recipient,
        principal: order.principal,
        min_received,
        deadline: order.expiry,
        attestation: attestation.as_ref().map_or(B256::ZERO, |signed| signed.digest),
        refinances: old.map_or(B256::ZERO, |old| old.onchain),
    };
    let terms = OnchainTerms {
        order: order.clone(),
        intent,
    };
    let loan = world
        .contracts
        .onchain_loan_id(onchain.chain_id, &terms)
        .map_err(chain_error)?;
    Ok(OnchainPart {
        chain_id: onchain.chain_id,
        loan,
        intent: terms.intent,
        attestation,
        refinance,
    })
}

/// Least that must arrive: what the new loan pays out less what pays the old one off; below zero the borrower pays in.
fn min_received(net: u128, payoff: u128) -> Result<i128, Error> {
    let signed = |value| i128::try_from(value).ok();
    let least = signed(net).zip(signed(payoff)).map(|(net, payoff)| net - payoff);
    least.ok_or_else(|| Error::invalid("quoteId", "principal out of range"))
}

fn pending_loan(row: &SettlementRow) -> Result<LoanRow, Error> {
    let offer = &row.quote.offer;
    let (unit, symbol, decimals, principal) = if let Some(onchain) = &offer.onchain {
        let asset = &onchain.principal.asset;
        let unit = format!("eip155:{}/erc20:{:#x}", asset.chain_id, asset.token);
        (unit, asset.symbol.clone(), asset.decimals, onchain.order.principal)
    } else if let Some(VenueLoan { debt, .. }) = &offer.venue {
        let asset = &debt.asset;
        let unit = format!("eip155:{}/erc20:{:#x}", asset.chain_id, asset.token);
        let principal = u128::try_from(debt.units).map_err(corrupt)?;
        (unit, asset.symbol.clone(), asset.decimals, principal)
    } else {
        let currency = offer.amounts.offered.currency;
        let principal = u128::try_from(offer.amounts.offered.minor).map_err(corrupt)?;
        let decimals = u8::try_from(currency.decimals()).map_err(corrupt)?;
        (
            currency.code().to_owned(),
            currency.code().to_owned(),
            decimals,
            principal,
        )
    };
    Ok(LoanRow {
        id: row.loan_id,
        tenant: row.tenant,
        borrower: row.borrower,
        provider: row.quote.provider.clone(),
        quote_id: row.quote.id,
        settlement_id: row.id,
        state: LoanState::Pending,
        version: 0,
        unit,
        symbol,
        decimals,
        principal,
        outstanding: 0,
        onchain: row.onchain.as_ref().map(|o| (o.chain_id, o.loan)),
        venue: None,
        terms: None,
        ended_by: None,
        shortfall: 0,
        refinances: row.onchain.as_ref().and_then(|o| Some(o.refinance.as_ref()?.loan)),
        refinanced_by: None,
        created_at: row.created_at,
        started_at: None,
        closed_at: None,
    })
}
