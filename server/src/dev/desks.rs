//! The lenders of the development chains: one for each way to lend.

use alloy_primitives::Address;
use chain::deploy::DevAsset;
use chain::keys::DevAccount;
use domain::money::{Asset, Currency, Rate};
use domain::request::Jurisdiction;
use lenders::DeskConfig;
use lenders::desk::{Attested, PriceRule, PricedAsset};

use super::asset;

/// The desks of a chain. The first has one that lends against dWETH that is sold when it falls, one that lends the money of a
/// pool, and one that lends on an attestation; the second one that only seizes after a missed payment.
pub(super) fn of(chain_id: u64, pool: Address) -> Vec<DeskConfig> {
    if chain_id != 31337 {
        return vec![DeskConfig {
            rate_ppm: 84_000,
            ..secured("desk-two", chain_id)
        }];
    }
    let sold = |mut desk: DeskConfig| {
        for accepted in &mut desk.accepts {
            accepted.price_rule = Some(PriceRule {
                liquidation_ltv_bps: 8_000,
                liquidation_bonus_bps: 500,
            });
        }
        desk
    };
    let pool_one = DeskConfig {
        venue: "Usance pool".to_owned(),
        pool: Some(pool),
        rate_ppm: 86_000,
        origination_fee_bps: 0,
        fee_recipient: Address::ZERO,
        ..secured("pool-one", chain_id)
    };
    let unsecured_one = DeskConfig {
        accepts: Vec::new(),
        attested: Some(Attested {
            policy: 1,
            rate_ppm: 140_000,
            max_amount: 500_000,
        }),
        ..secured("unsecured-one", chain_id)
    };
    vec![sold(secured("desk-one", chain_id)), sold(pool_one), unsecured_one]
}

/// Takes that token too, at the price of dWETH, when it is on the desk's chain and the desk takes any. No oracle of ours has a price
/// of it, and no pool of ours lends against it.
pub(super) fn take(desk: &mut DeskConfig, token: &Asset) {
    let known = desk
        .accepts
        .first()
        .filter(|known| desk.pool.is_none() && known.asset.chain_id == token.chain_id);
    let Some(known) = known else { return };
    let accepted = PricedAsset {
        asset: token.clone(),
        price_rule: None,
        ..known.clone()
    };
    desk.accepts.push(accepted);
}

/// 8 % a year against dWETH at 2,000 dollars, up to 70 % of its value.
fn secured(name: &str, chain_id: u64) -> DeskConfig {
    DeskConfig {
        id: name.parse().unwrap_or_else(|_| unreachable!("a literal provider id")),
        venue: "Usance desk".to_owned(),
        lends: asset(chain_id, DevAsset::Dollar),
        currency: Currency::usd(),
        accepts: vec![PricedAsset {
            asset: asset(chain_id, DevAsset::Ether),
            price: 2_000.into(),
            oracle: "fixed-dev".to_owned(),
            price_rule: None,
        }],
        attested: None,
        pool: None,
        rate_ppm: 80_000,
        ltv_max: Rate::from_percent(70),
        origination_fee_bps: 50,
        fee_recipient: DevAccount::Deployer.address(),
        grace_seconds: 10 * 86_400,
        late_fee_bps: 500,
        epoch: 0,
        valid_seconds: 900,
        min_amount: 10_000,
        max_amount: 100_000_000,
        min_term_days: 28,
        max_term_days: 1_900,
        jurisdictions: vec![Jurisdiction {
            country: "US".to_owned(),
            region: None,
        }],
        signing_key: DevAccount::Desk.secret(),
        policy: lenders::Policy::default(),
    }
}
