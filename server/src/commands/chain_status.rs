//! The state of a chain as tables.

use std::fmt::Write;

use alloy_primitives::U256;
use chain::deploy::Addresses;
use chain::status::{AssetStatus, ChainStatus, PoolStatus, units};

use super::table::{Align, Cell, Table, Tone, printable};

/// Lines of a configuration's `[[chains]]`.
pub(super) fn addresses(at: &Addresses) -> String {
    let mut text = String::new();
    let lines = [
        ("aggregator", at.aggregator),
        ("collateral_manager", at.collateral_manager),
        ("scoring_oracle", at.scoring_oracle),
        ("price_oracle", at.price_oracle),
    ];
    for (name, address) in lines {
        let _ = writeln!(text, "{name} = \"{address}\"");
    }
    let comments = [
        ("owner", at.owner),
        ("servicing", at.servicing),
        ("pool factory", at.pool_factory),
        ("venue router", at.venue_router),
        ("checkpoint anchor", at.checkpoint_anchor),
    ];
    for (name, address) in comments {
        let _ = writeln!(text, "# {name}: {address}");
    }
    text
}

/// Everything of one chain.
pub(super) fn render(status: &ChainStatus, colour: bool) -> String {
    let mut text = format!(
        "{} ({}), block {}\n\n",
        printable(&status.name),
        status.chain_id,
        status.block
    );
    text.push_str(&contracts(status, colour));
    let _ = writeln!(text, "\n{}", powers(status));
    if !status.assets.is_empty() {
        text.push('\n');
        text.push_str(&assets(status, colour));
    }
    if !status.pools.is_empty() {
        text.push('\n');
        text.push_str(&pools(status, colour));
    }
    text.push('\n');
    if status.problems.is_empty() {
        text.push_str("nothing is wrong\n");
    }
    for problem in &status.problems {
        let _ = writeln!(text, "wrong: {}", printable(problem));
    }
    text.push('\n');
    text
}

fn contracts(status: &ChainStatus, colour: bool) -> String {
    let mut table = Table::new(&[
        ("contract", Align::Left),
        ("address", Align::Left),
        ("code", Align::Left),
        ("hash", Align::Left),
        ("owner", Align::Left),
        ("guardian", Align::Left),
    ]);
    let short = |text: String| format!("{}…", text.chars().take(10).collect::<String>());
    for contract in &status.deployment.contracts {
        let code = match (contract.code_hash, contract.shipped) {
            (None, _) => Cell::new("missing", Tone::Bad),
            (Some(_), true) => Cell::new("ok", Tone::Good),
            (Some(_), false) => Cell::new("other", Tone::Bad),
        };
        let known =
            |address: Option<alloy_primitives::Address>| address.map_or_else(String::new, |a| short(a.to_string()));
        table.row(vec![
            contract.name.into(),
            contract.address.to_string().into(),
            code,
            contract
                .code_hash
                .map_or_else(String::new, |h| short(h.to_string()))
                .into(),
            known(contract.owner).into(),
            known(contract.guardian).into(),
        ]);
    }
    table.render(colour)
}

fn powers(status: &ChainStatus) -> String {
    let owner = match &status.deployment.timelock {
        Some(timelock) => format!("changes wait {} s in the timelock {}", timelock.delay, timelock.address),
        None => "changes take effect at once".to_owned(),
    };
    let attestation = match status.attestation {
        None => "no scoring oracle".to_owned(),
        Some(a) if a.attesters == 0 => "no attesters".to_owned(),
        Some(a) => format!("{} of {} attesters sign, epoch {}", a.threshold, a.attesters, a.epoch),
    };
    let liquidation = status.liquidation_resumes_at.map_or_else(
        || "liquidations run".to_owned(),
        |time| format!("liquidations paused until {time}"),
    );
    format!("{owner}; {attestation}; {liquidation}")
}

fn assets(status: &ChainStatus, colour: bool) -> String {
    let mut table = Table::new(&[
        ("token", Align::Left),
        ("address", Align::Left),
        ("hourly cap", Align::Right),
        ("used", Align::Right),
        ("loans", Align::Left),
        ("class", Align::Right),
        ("dollars", Align::Right),
        ("age", Align::Right),
    ]);
    for asset in &status.assets {
        let amount = |value| units(value, asset.decimals);
        let feeds = |text: fn(&chain::status::FeedStatus) -> Option<String>| {
            let texts = asset
                .feeds
                .iter()
                .map(|feed| text(feed).unwrap_or_else(|| "?".to_owned()));
            texts.collect::<Vec<_>>().join(" / ")
        };
        table.row(vec![
            asset.symbol.as_str().into(),
            asset.token.to_string().into(),
            amount(asset.cap).into(),
            amount(asset.used).into(),
            lending(asset),
            asset.class.to_string().into(),
            feeds(|feed| feed.dollars.clone()).into(),
            feeds(|feed| feed.age.map(|age| format!("{age} s"))).into(),
        ]);
    }
    table.render(colour)
}

fn lending(asset: &AssetStatus) -> Cell {
    match (asset.paused, asset.cap == U256::ZERO) {
        (true, _) => Cell::new("paused", Tone::Bad),
        (false, true) => Cell::new("not lent", Tone::Dim),
        (false, false) => Cell::new("open", Tone::Good),
    }
}

fn pools(status: &ChainStatus, colour: bool) -> String {
    let mut table = Table::new(&[
        ("pool", Align::Left),
        ("value", Align::Right),
        ("senior", Align::Right),
        ("cash", Align::Right),
        ("lent", Align::Right),
        ("state", Align::Left),
    ]);
    for pool in &status.pools {
        let asset = status.assets.iter().find(|asset| asset.token == pool.asset);
        let (symbol, decimals) = asset.map_or(("?", 0), |asset| (asset.symbol.as_str(), asset.decimals));
        let amount = |value| format!("{} {symbol}", units(value, decimals));
        table.row(vec![
            pool.pool.to_string().into(),
            amount(pool.value).into(),
            amount(pool.senior).into(),
            amount(pool.cash).into(),
            amount(pool.lent).into(),
            pool_state(pool),
        ]);
    }
    table.render(colour)
}

fn pool_state(pool: &PoolStatus) -> Cell {
    match (pool.lending_paused, pool.deposits_paused) {
        (false, false) => Cell::new("open", Tone::Good),
        (true, false) => Cell::new("lends nothing", Tone::Bad),
        (false, true) => Cell::new("takes no deposits", Tone::Bad),
        (true, true) => Cell::new("paused", Tone::Bad),
    }
}
