//! On-chain lenders for tests of quoting: what they offer, and how it is accepted.

use alloy_primitives::{Address, U256};
use domain::money::{Asset, TokenAmount};
use domain::offer::*;
use domain::ports::Intent;
use domain::quote::Quote;
use domain::request::CreditRequest;
use domain::{Rate, SettlementId};

use super::support::{Stage, ask, borrower, key, offer};
use crate::Error;
use crate::api::{AcceptQuote, NewRequest, PageRequest, RequestView, SettlementView};
use crate::fake_chain::{AGGREGATOR, CHAIN, SIGNED, order_hash_of, signature_of};
use crate::store::lending::{self, OnchainPart};

pub(super) const DESK: Address = Address::repeat_byte(0x11);
pub(super) const DUSD: Address = Address::repeat_byte(2);
pub(super) const DWETH: Address = Address::repeat_byte(3);
pub(super) const WALLET: Address = Address::repeat_byte(9);

fn asset(token: Address, symbol: &str, decimals: u8) -> Asset {
    Asset {
        chain_id: CHAIN,
        token,
        symbol: symbol.into(),
        decimals,
    }
}

pub(super) fn dweth(units: u128) -> TokenAmount {
    TokenAmount {
        units: U256::from(units),
        asset: asset(DWETH, "dWETH", 18),
    }
}

/// What is asked, as an order that locks `locked` and is changed before it is signed.
pub(super) fn order_of(request: &CreditRequest, locked: u128, change: impl FnOnce(&mut OnchainOrder)) -> Offer {
    let mut offer = offer(request, 45_000);
    let mut order = OnchainOrder {
        lender: DESK,
        borrower: Address::ZERO,
        asset: DUSD,
        collateral: if locked > 0 { DWETH } else { Address::ZERO },
        oracle: Address::ZERO,
        principal: u128::from(request.amount.minor.unsigned_abs()) * 10_000,
        min_fill: 0,
        collateral_amount: locked,
        installment_amount: 450_000_000,
        rate_ppm: 140_000,
        installments: 12,
        period: 30 * 86_400,
        grace: 86_400,
        late_fee_bps: 100,
        origination_fee_bps: 0,
        liquidation_ltv_bps: 0,
        liquidation_bonus_bps: 0,
        attestation_policy: 0,
        fee_recipient: Address::ZERO,
        expiry: u64::try_from(offer.valid_until.timestamp()).unwrap(),
        epoch: 0,
        nonce: U256::from(1),
    };
    change(&mut order);
    offer.binding = Binding::OnchainExecutable;
    offer.collateral = (locked > 0).then(|| Collateral {
        assets: vec![CollateralAsset {
            amount: dweth(locked),
            price: "2000".parse().unwrap(),
            oracle: "desk".into(),
            as_of: request.at,
        }],
        ltv_max: Rate::from_percent(70),
        liquidation_threshold: None,
        liquidation_penalty: Rate::ZERO,
    });
    offer.onchain = Some(Onchain {
        chain_id: CHAIN,
        venue: "desk".into(),
        contract: AGGREGATOR,
        gas_estimate: 150_000,
        order_hash: order_hash_of(&order),
        signature: SIGNED,
        principal: TokenAmount {
            units: U256::from(order.principal),
            asset: asset(order.asset, "dUSD", 6),
        },
        order,
    });
    offer
}

/// Asks with the wallet, and with collateral when there is some.
pub(super) fn with_wallet(collateral: Option<u128>) -> NewRequest {
    NewRequest {
        wallet: Some(WALLET),
        collateral: collateral.map(dweth),
        ..ask()
    }
}

/// The best quote of a closed book.
pub(super) async fn best(stage: &Stage, book: &RequestView) -> Quote {
    assert_eq!(book.losers, vec![], "everybody quotes");
    let page = PageRequest { first: 1, after: None };
    let quotes = stage.aggregator.quotes(&borrower(), book.id, page).await.unwrap();
    quotes.items[0].quote.clone()
}

pub(super) async fn accept(stage: &Stage, name: &str, quote: &Quote) -> Result<SettlementView, Error> {
    let accept = AcceptQuote {
        settlement_id: None,
        quote_id: quote.id,
        digest: quote.digest,
        recipient: None,
    };
    stage.aggregator.accept_quote(&borrower(), &key(name), accept).await
}

pub(super) async fn part(stage: &Stage, id: SettlementId) -> OnchainPart {
    let mut conn = stage.aggregator.world().db.acquire().await.unwrap();
    lending::settlement(&mut conn, id)
        .await
        .unwrap()
        .unwrap()
        .onchain
        .unwrap()
}

/// Signs as the wallet; answers the words of the queued call.
pub(super) async fn sign(stage: &Stage, name: &str, id: SettlementId, intent: &Intent) -> String {
    use domain::ports::TxJournal;
    stage
        .aggregator
        .submit_signature(&borrower(), &key(name), id, signature_of(intent))
        .await
        .unwrap();
    let queued = stage.aggregator.tx_journal().queued(CHAIN, DESK, 10).await.unwrap();
    String::from_utf8(queued.last().unwrap().call.data.to_vec()).unwrap()
}

pub(super) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}
