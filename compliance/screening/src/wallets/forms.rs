//! Reading an address: its form, its checksum, and the key by which it is compared.

use sha2::{Digest, Sha256};
use sha3::Keccak256;

use super::Form;

/// An address, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub form: Form,
    pub well_formed: bool,
    pub key: String,
}

fn good(form: Form, key: String) -> Read {
    Read {
        form,
        well_formed: true,
        key,
    }
}

/// Longer texts are no address; they are compared as they are.
const LONGEST: usize = 128;

const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Reads an address of any kind. A scheme (`ethereum:`, `eip155:1:`) before it and parameters behind it do not count.
pub(super) fn read(text: &str) -> Read {
    let trimmed = text.trim();
    let bare = trimmed.rsplit(':').next().unwrap_or(trimmed);
    let bare = bare.split(['?', '@']).next().unwrap_or(bare);
    let found = Some(bare)
        .filter(|bare| bare.len() <= LONGEST && bare.is_ascii())
        .and_then(known);
    found.unwrap_or_else(|| Read {
        form: Form::Unknown,
        well_formed: false,
        key: trimmed.to_owned(),
    })
}

fn known(bare: &str) -> Option<Read> {
    evm(bare)
        .or_else(|| tron_hex(bare))
        .or_else(|| base58check(bare))
        .or_else(|| bech32(bare))
        .or_else(|| cash(bare))
        .or_else(|| monero(bare))
}

fn hex_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn evm(bare: &str) -> Option<Read> {
    let digits = ["0x", "0X", "xdc", "XDC"]
        .iter()
        .find_map(|prefix| bare.strip_prefix(prefix))
        .unwrap_or(bare);
    if digits.len() != 40 || !hex_digits(digits) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let one_case = digits == lower || digits == digits.to_ascii_uppercase();
    Some(Read {
        form: Form::Evm,
        // An address in one case carries no checksum (EIP-55).
        well_formed: one_case || digits == eip55(&lower),
        key: format!("0x{lower}"),
    })
}

/// Upper case where the digit of the hash of the lower-case address is at least 8.
fn eip55(lower: &str) -> String {
    let hash = hex::encode(Keccak256::digest(lower.as_bytes()));
    let pairs = lower.chars().zip(hash.chars());
    pairs
        .map(|(digit, hash)| if hash >= '8' { digit.to_ascii_uppercase() } else { digit })
        .collect()
}

/// `41` and twenty bytes.
fn tron_hex(bare: &str) -> Option<Read> {
    let digits = bare.strip_prefix("0x").unwrap_or(bare);
    let tron = digits.len() == 42 && digits.starts_with("41") && hex_digits(digits);
    tron.then(|| good(Form::Tron, format!("tron:{}", digits.to_ascii_lowercase())))
}

fn base58check(bare: &str) -> Option<Read> {
    for alphabet in [BITCOIN, RIPPLE] {
        let Some(bytes) = base58(bare, alphabet) else {
            continue;
        };
        // One byte of version and twenty of hash, or two bytes of version (Zcash), then four of checksum.
        if !matches!(bytes.len(), 25 | 26) {
            continue;
        }
        let (payload, sum) = bytes.split_at(bytes.len() - 4);
        if Sha256::digest(Sha256::digest(payload))[..4] == *sum {
            return Some(if payload.len() == 21 && payload[0] == 0x41 && alphabet == BITCOIN {
                good(Form::Tron, format!("tron:{}", hex::encode(payload)))
            } else {
                good(Form::Base58, bare.to_owned())
            });
        }
    }
    None
}

fn base58(text: &str, alphabet: &[u8; 58]) -> Option<Vec<u8>> {
    let zeros = text.bytes().take_while(|b| *b == alphabet[0]).count();
    let mut number: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        let mut carry = alphabet.iter().position(|known| *known == byte)?;
        for digit in &mut number {
            carry += usize::from(*digit) * 58;
            *digit = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        while carry > 0 {
            number.push(u8::try_from(carry & 0xff).ok()?);
            carry >>= 8;
        }
    }
    let leading = std::iter::repeat_n(0, zeros);
    Some(leading.chain(number.into_iter().rev()).collect())
}

fn bech32(bare: &str) -> Option<Read> {
    let lower = bare.to_ascii_lowercase();
    let (prefix, data) = lower.rsplit_once('1')?;
    let short = (1..=20).contains(&prefix.len()) && data.len() >= 8;
    if !short || !prefix.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let mut sum = 1;
    let high = prefix.bytes().map(|b| u32::from(b >> 5));
    let low = prefix.bytes().map(|b| u32::from(b & 31));
    for value in high.chain([0]).chain(low) {
        sum = bech32_step(sum, value);
    }
    for byte in data.bytes() {
        sum = bech32_step(sum, five_bits(byte)?);
    }
    matches!(sum, 1 | 0x2bc8_30a3).then(|| good(Form::Bech32, lower))
}

fn five_bits(byte: u8) -> Option<u32> {
    let at = BECH32.iter().position(|known| *known == byte)?;
    u32::try_from(at).ok()
}

fn bech32_step(sum: u32, value: u32) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = sum >> 25;
    let next = ((sum & 0x01ff_ffff) << 5) ^ value;
    (0..).zip(GENERATOR).fold(
        next,
        |sum, (bit, term)| if (top >> bit) & 1 == 1 { sum ^ term } else { sum },
    )
}

/// Bitcoin Cash, with or without `bitcoincash:` before it.
fn cash(bare: &str) -> Option<Read> {
    let lower = bare.to_ascii_lowercase();
    if lower.len() != 42 {
        return None;
    }
    let mut sum = 1;
    for value in b"bitcoincash".iter().map(|b| u64::from(b & 31)).chain([0]) {
        sum = cash_step(sum, value);
    }
    for byte in lower.bytes() {
        sum = cash_step(sum, u64::from(five_bits(byte)?));
    }
    (sum == 1).then(|| good(Form::CashAddr, format!("bitcoincash:{lower}")))
}

fn cash_step(sum: u64, value: u64) -> u64 {
    const GENERATOR: [u64; 5] = [
        0x98_f2bc_8e61,
        0x79_b76d_99e2,
        0xf3_3e5f_b3c4,
        0xae_2eab_e2a8,
        0x1e_4f43_e470,
    ];
    let top = sum >> 35;
    let next = ((sum & 0x07_ffff_ffff) << 5) ^ value;
    (0..).zip(GENERATOR).fold(
        next,
        |sum, (bit, term)| if (top >> bit) & 1 == 1 { sum ^ term } else { sum },
    )
}

/// Blocks of eleven characters for eight bytes, the last shorter; a checksum of four bytes of Keccak.
fn monero(bare: &str) -> Option<Read> {
    if !matches!(bare.len(), 95 | 106) {
        return None;
    }
    let mut bytes = Vec::with_capacity(80);
    for block in bare.as_bytes().chunks(11) {
        let size = match block.len() {
            11 => 8,
            7 => 5,
            _ => return None,
        };
        let mut number: u128 = 0;
        for byte in block {
            let digit = BITCOIN.iter().position(|known| known == byte)?;
            number = number * 58 + u128::try_from(digit).ok()?;
        }
        let wide = number.to_be_bytes();
        let (unused, used) = wide.split_at(wide.len() - size);
        if unused.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(used);
    }
    let (payload, sum) = bytes.split_at(bytes.len().checked_sub(4)?);
    (Keccak256::digest(payload)[..4] == *sum).then(|| good(Form::Monero, bare.to_owned()))
}

/// An address of base58 with a version byte and a checksum.
#[cfg(test)]
pub(super) fn base58check_of(version: u8, hash: &[u8; 20]) -> String {
    let mut bytes = vec![version];
    bytes.extend_from_slice(hash);
    let sum = Sha256::digest(Sha256::digest(&bytes));
    bytes.extend_from_slice(&sum[..4]);
    let mut digits: Vec<u8> = Vec::new();
    for byte in &bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = u8::try_from(carry % 58).unwrap();
            carry /= 58;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 58).unwrap());
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let ones = std::iter::repeat_n('1', zeros);
    ones.chain(digits.iter().rev().map(|d| char::from(BITCOIN[usize::from(*d)])))
        .collect()
}
