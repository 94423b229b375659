//! Accounts that borrowers pay loans to that are repaid off chain.

use std::collections::{BTreeMap, HashSet};

use aggregator::servicing::RepaymentAccount;
use anyhow::{Result, bail};
use domain::ids::ProviderId;
use lenders::LenderConfig;
use lenders::iso20022::Account;
use serde::Deserialize;

/// A lender's account.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepaymentAccountConfig {
    /// The lender.
    pub provider: ProviderId,
    /// Name of the bank, for people.
    #[serde(default)]
    pub bank: Option<String>,
    /// The account: holder, and an IBAN, or a number with `bic` or `routing`.
    pub account: Account,
}

/// Accounts of known lenders, one each, with check digits that are right.
pub(crate) fn check(accounts: &[RepaymentAccountConfig], lenders: &[LenderConfig]) -> Result<()> {
    let mut seen = HashSet::new();
    for entry in accounts {
        let id = &entry.provider;
        if !lenders.iter().any(|lender| lender.id() == id) {
            bail!("repayment_accounts: {id} is no lender of this configuration");
        }
        if !seen.insert(id) {
            bail!("repayment_accounts: {id} has two");
        }
        if let Some((field, why)) = entry.account.complaint() {
            bail!("repayment_accounts: {id}: account.{field}: {why}");
        }
        let named = |bank: &String| (1..=70).contains(&bank.chars().count()) && !bank.chars().any(char::is_control);
        if !entry.bank.as_ref().is_none_or(named) {
            bail!("repayment_accounts: {id}: bank has 1 to 70 characters");
        }
    }
    Ok(())
}

/// The accounts by lender: those of the configuration, and before them those that a lender's own entry names.
pub(crate) fn of(
    lenders: &[LenderConfig],
    accounts: &[RepaymentAccountConfig],
) -> BTreeMap<ProviderId, RepaymentAccount> {
    let own = lenders.iter().filter_map(|lender| match lender {
        LenderConfig::BankFiles(config) => Some((config.id.clone(), read(&config.account, None))),
        _ => None,
    });
    let given = accounts
        .iter()
        .map(|entry| (entry.provider.clone(), read(&entry.account, entry.bank.as_ref())));
    own.chain(given).collect()
}

fn read(account: &Account, bank: Option<&String>) -> RepaymentAccount {
    RepaymentAccount {
        holder: account.name.clone(),
        bank: bank.cloned(),
        iban: account.iban.clone(),
        number: account.number.clone(),
        bic: account.bic.clone(),
        routing: account.routing.clone(),
    }
}

/// Accounts of development for every lender whose loans no wallet repays. They say of themselves that they are examples; the routing
/// number's check digit is right, and no bank's begins with 99.
pub(crate) fn examples(lenders: &[LenderConfig]) -> Vec<RepaymentAccountConfig> {
    let paid = lenders.iter().filter(|lender| {
        !matches!(
            lender,
            LenderConfig::Desk(_) | LenderConfig::Venue(_) | LenderConfig::BankFiles(_)
        )
    });
    let entry = |(number, lender): (usize, &LenderConfig)| RepaymentAccountConfig {
        provider: lender.id().clone(),
        bank: Some("Example Bank (not a real bank)".to_owned()),
        account: Account {
            name: format!("EXAMPLE ONLY {}", lender.id()),
            iban: None,
            number: Some(format!("{:010}", 1_000 + number)),
            bic: None,
            routing: Some("990123453".to_owned()),
        },
    };
    paid.enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, iban: &str) -> RepaymentAccountConfig {
        let text = format!("provider = \"{id}\"\naccount = {{ name = \"Harbor Bank loans\", iban = \"{iban}\" }}");
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn an_account_is_of_a_lender_of_ours_alone_and_its_check_digits_are_right() {
        let lenders = [toml::from_str::<LenderConfig>(
            "kind = \"protocol\"\nid = \"harbor\"\nurl = \"http://127.0.0.1:1\"\nkeys = []\n[capabilities]\nproducts = [\"INSTALLMENT\"]\n\
             jurisdictions = [{ country = \"US\" }]\namounts = [{ currency = \"USD\", min = 1, max = 2 }]\nmin_term_days = 1\n\
             max_term_days = 2\ninquiry = \"SOFT\"\n",
        )
        .unwrap()];
        let good = entry("harbor", "DE89370400440532013000");
        assert!(check(std::slice::from_ref(&good), &lenders).is_ok());
        assert!(check(&[good.clone(), good.clone()], &lenders).is_err());
        assert!(check(&[entry("other", "DE89370400440532013000")], &lenders).is_err());
        assert!(check(&[entry("harbor", "DE88370400440532013000")], &lenders).is_err());
        assert_eq!(
            of(&lenders, std::slice::from_ref(&good))[&good.provider].holder,
            "Harbor Bank loans"
        );
    }

    #[test]
    fn examples_pass_the_check_and_say_what_they_are() {
        let lenders = [toml::from_str::<LenderConfig>(
            "kind = \"protocol\"\nid = \"harbor\"\nurl = \"http://127.0.0.1:1\"\nkeys = []\n[capabilities]\nproducts = [\"INSTALLMENT\"]\n\
             jurisdictions = [{ country = \"US\" }]\namounts = [{ currency = \"USD\", min = 1, max = 2 }]\nmin_term_days = 1\n\
             max_term_days = 2\ninquiry = \"SOFT\"\n",
        )
        .unwrap()];
        let made = examples(&lenders);
        assert_eq!(made.len(), 1);
        assert!(check(&made, &lenders).is_ok());
        assert!(made[0].account.name.starts_with("EXAMPLE ONLY"));
    }
}
