//! Acceptance becomes a settlement and a pending loan.

use alloy_primitives::{Address, B256};
use domain::ids::{LoanId, PrincipalId, SettlementId, TenantId};
use domain::loan::{LoanState, SettlementState};
use domain::offer::Onchain;
use domain::ports::{Intent, OnchainTerms};
use domain::quote::Quote;
use sqlx::PgConnection;

use super::{announce, chain_error, view};
use crate::World;
use crate::api::{AcceptQuote, Error, SettlementView};
use crate::servicing::{LoanChange, record};
use crate::store::corrupt;
use crate::store::lending::{self, LoanRow, OnchainPart, SettlementRow};

/// An accepted quote and who accepted it. Expiry, digest, screening and ownership were checked by the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'a> {
    pub quote: &'a Quote,
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    /// The wallet of the request.
    pub wallet: Option<Address>,
    pub accept: &'a AcceptQuote,
}

/// Creates the settlement (awaiting the borrower's signature on chain, ready off chain) and the pending loan in the
/// caller's transaction.
pub(crate) async fn open(
    conn: &mut PgConnection,
    world: &World,
    opening: Opening<'_>,
) -> Result<SettlementView, Error> {
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
        state: if onchain.is_some() {
            SettlementState::AwaitingSignature
        } else {
            SettlementState::Ready
        },
        version: 1,
        onchain,
        signature: None,
        tx_id: None,
        lender_ref: None,
        failure: None,
        created_at: now,
        fence: 0,
        attempts: 0,
    };
    lending::insert_settlement(conn, &row).await?;
    announce(conn, world, &row).await?;
    let mut loan = pending_loan(&row)?;
    lending::insert_loan(conn, &loan).await?;
    let opened = LoanChange::Opened {
        principal: loan.principal,
    };
    record(conn, world, &mut loan, &opened, now).await?;
    view(conn, world, &row).await
}

/// What the borrower will sign: exactly this order, at least what the quote promises, until the order ends.
fn intent(world: &World, opening: &Opening<'_>, onchain: &Onchain) -> Result<OnchainPart, Error> {
    let order = &onchain.order;
    let wallet = opening.wallet.ok_or_else(|| {
        Error::refused(
            "WALLET_REQUIRED",
            "An on-chain quote needs the borrower's wallet.",
            None,
        )
    })?;
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
    let recipient = opening.accept.recipient.unwrap_or(wallet);
    if recipient.is_zero() {
        return Err(Error::invalid("recipient", "the zero address cannot receive money"));
    }
    let share = order.principal.checked_mul(u128::from(order.origination_fee_bps));
    let fee_down = share.ok_or_else(|| Error::invalid("quoteId", "principal out of range"))? / 10_000;
    let net = i128::try_from(order.principal - fee_down);
    let intent = Intent {
        order_hash,
        borrower: wallet,
        recipient,
        principal: order.principal,
        min_received: net.map_err(|_| Error::invalid("quoteId", "principal out of range"))?,
        deadline: order.expiry,
        attestation: B256::ZERO,
        refinances: B256::ZERO,
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
    })
}

fn pending_loan(row: &SettlementRow) -> Result<LoanRow, Error> {
    let offer = &row.quote.offer;
    let (unit, symbol, decimals, principal) = if let Some(onchain) = &offer.onchain {
        let asset = &onchain.principal.asset;
        let unit = format!("eip155:{}/erc20:{:#x}", asset.chain_id, asset.token);
        (unit, asset.symbol.clone(), asset.decimals, onchain.order.principal)
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
        terms: None,
        created_at: row.created_at,
        started_at: None,
        closed_at: None,
    })
}
