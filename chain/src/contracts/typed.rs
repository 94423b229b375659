//! An intent as the typed data that a wallet shows and signs.

use alloy_primitives::Address;
use domain::ports::{ChainError, Intent};
use serde_json::{Value, json};

use super::encode::u40;
use super::{DOMAIN_NAME, DOMAIN_VERSION};

/// The JSON of `eth_signTypedData_v4`.
pub(super) fn intent(chain_id: u64, aggregator: Address, intent: &Intent) -> Result<Value, ChainError> {
    u40("deadline", intent.deadline)?;
    // Numbers as decimal text: wallets read them exactly, whatever their size.
    Ok(json!({
        "types": {
            "EIP712Domain": members(&[
                ("name", "string"),
                ("version", "string"),
                ("chainId", "uint256"),
                ("verifyingContract", "address"),
            ]),
            "Intent": members(&[
                ("offerHash", "bytes32"),
                ("borrower", "address"),
                ("recipient", "address"),
                ("principal", "uint128"),
                ("minReceived", "int256"),
                ("deadline", "uint40"),
                ("attestation", "bytes32"),
                ("refinances", "bytes32"),
            ]),
        },
        "primaryType": "Intent",
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": aggregator,
        },
        "message": {
            "offerHash": intent.order_hash,
            "borrower": intent.borrower,
            "recipient": intent.recipient,
            "principal": intent.principal.to_string(),
            "minReceived": intent.min_received.to_string(),
            "deadline": intent.deadline.to_string(),
            "attestation": intent.attestation,
            "refinances": intent.refinances,
        },
    }))
}

fn members(list: &[(&str, &str)]) -> Value {
    list.iter()
        .map(|(name, kind)| json!({ "name": name, "type": kind }))
        .collect()
}
