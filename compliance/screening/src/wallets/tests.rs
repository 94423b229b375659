use super::*;
use crate::entity::ListedWallet;
use crate::lists::built_in;

fn index() -> WalletIndex {
    WalletIndex::build(&built_in().unwrap().entities)
}

fn listed() -> Vec<ListedWallet> {
    let snapshot = built_in().unwrap();
    let table = snapshot.entities.iter().filter(|e| e.list == "OFAC-DIGITAL-CURRENCY");
    table.flat_map(|e| e.wallets.clone()).collect()
}

#[test]
fn every_valid_listed_address_is_hit_and_the_malformed_ones_are_reported() {
    let (index, listed) = (index(), listed());
    let valid: Vec<_> = listed.iter().filter(|wallet| wallet.checksum_ok).collect();
    let hit = valid
        .iter()
        .filter(|wallet| !index.check(&wallet.address).hits.is_empty())
        .count();
    assert_eq!((hit, valid.len(), listed.len()), (654, 654, 656));
    for wallet in listed.iter().filter(|wallet| !wallet.checksum_ok) {
        assert!(!index.check(&wallet.address).hits.is_empty(), "compared as printed");
        assert!(index.malformed().iter().any(|hit| hit.address == wallet.address));
    }
    let different: std::collections::BTreeSet<_> = index.malformed().iter().map(|hit| &hit.address).collect();
    assert_eq!(different.len(), 2, "{different:?}");
}

#[test]
fn case_and_prefix_do_not_hide_an_address() {
    let index = index();
    for wallet in listed().iter().filter(|wallet| wallet.checksum_ok) {
        let check = index.check(&wallet.address);
        let variants = match check.form {
            Form::Evm => vec![
                wallet.address.to_uppercase(),
                wallet.address.to_lowercase(),
                wallet.address[2..].to_owned(),
                format!("ethereum:{}", wallet.address),
                format!("eip155:137:{}", wallet.address),
            ],
            Form::Bech32 => vec![
                wallet.address.to_uppercase(),
                format!("bitcoin:{}?amount=1", wallet.address),
            ],
            Form::CashAddr => vec![wallet.address.to_uppercase(), format!("bitcoincash:{}", wallet.address)],
            Form::Tron => vec![canonical(&wallet.address).replace("tron:", "0x")],
            Form::Base58 | Form::Monero | Form::Unknown => vec![format!("  {} ", wallet.address)],
        };
        for variant in variants {
            assert_eq!(index.check(&variant).hits, check.hits, "{variant}");
        }
    }
}

#[test]
fn base58_keeps_its_case() {
    let index = index();
    assert!(!index.check("12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h").hits.is_empty());
    let other = index.check("12qtd5bfwrsdnsazy76uve1xycgntojh9h");
    assert!(other.hits.is_empty() && !other.well_formed);
}

/// A generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self) -> [u8; 20] {
        let mut out = [0; 20];
        for chunk in out.chunks_mut(8) {
            let word = self.next().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        out
    }
}

#[test]
fn no_random_address_is_hit() {
    let index = index();
    let mut numbers = Numbers(7);
    let mut hits = 0;
    for round in 0..100_000 {
        let bytes = numbers.bytes();
        let address = if round % 2 == 0 {
            format!("0x{}", hex::encode(bytes))
        } else {
            forms::base58check_of(if round % 4 == 1 { 0 } else { 0x41 }, &bytes)
        };
        let check = index.check(&address);
        assert!(check.well_formed, "{address}");
        hits += check.hits.len();
    }
    assert_eq!(hits, 0);
}

#[test]
fn checksums_are_those_of_the_standards() {
    for good in [
        // Examples of EIP-55, BIP-173, BIP-350, the cash address format and public donation addresses.
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A",
    ] {
        assert!(is_well_formed(good), "{good}");
    }
    for bad in [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "0x1234",
        "",
        "0xZZ",
    ] {
        assert!(!is_well_formed(bad), "{bad}");
    }
    assert_eq!(index().check(&"a".repeat(100_000)).hits, []);
}
