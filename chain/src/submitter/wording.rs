//! What a node means when it refuses signed bytes. JSON-RPC fixes no codes for it, so the words decide.

/// What a refusal of `eth_sendRawTransaction` means, by what we do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// The node has these bytes already: as good as accepted.
    AlreadyKnown,
    /// The nonce is used on chain: look for receipts; never take a new nonce.
    NonceTooLow,
    /// Earlier nonces are missing there, or the pool is full: send again later.
    NotNow,
    /// Another version of this nonce is in the pool and the fees are not enough above it: raise them.
    ReplacementUnderpriced,
    /// Below what the node or the next block takes: raise the fees.
    Underpriced,
    /// The signer's account cannot pay: tell an operator.
    InsufficientFunds,
    /// These bytes will never be taken: tell an operator.
    Invalid,
    /// Words that we do not know: as unknown as a time-out.
    Unknown,
}

/// Phrases in lower case, first match wins. Replacement comes before underpriced, whose words it contains.
const PHRASES: &[(&str, Refusal)] = &[
    // geth, anvil, erigon, besu, nethermind (old and new), openethereum
    ("already known", Refusal::AlreadyKnown),
    ("alreadyknown", Refusal::AlreadyKnown),
    ("already imported", Refusal::AlreadyKnown),
    ("known transaction", Refusal::AlreadyKnown),
    ("existing tx with same hash", Refusal::AlreadyKnown),
    ("already in mempool", Refusal::AlreadyKnown),
    ("already exists", Refusal::AlreadyKnown),
    // geth, erigon, anvil; besu; nethermind
    ("nonce too low", Refusal::NonceTooLow),
    ("nonce is too low", Refusal::NonceTooLow),
    ("nonce below", Refusal::NonceTooLow),
    ("below sender account nonce", Refusal::NonceTooLow),
    ("oldnonce", Refusal::NonceTooLow),
    ("old nonce", Refusal::NonceTooLow),
    // geth; erigon; besu; nethermind
    ("replacement transaction underpriced", Refusal::ReplacementUnderpriced),
    ("could not replace existing tx", Refusal::ReplacementUnderpriced),
    ("replacementnotallowed", Refusal::ReplacementUnderpriced),
    ("feetoolowtocompete", Refusal::ReplacementUnderpriced),
    ("gas price too low to replace", Refusal::ReplacementUnderpriced),
    // geth; erigon; besu; nethermind; anvil
    ("underpriced", Refusal::Underpriced),
    ("fee too low", Refusal::Underpriced),
    ("feetoolow", Refusal::Underpriced),
    ("less than block base fee", Refusal::Underpriced),
    ("below current base fee", Refusal::Underpriced),
    ("gas price below", Refusal::Underpriced),
    ("below configured minimum", Refusal::Underpriced),
    ("tip too low", Refusal::Underpriced),
    // geth, erigon, anvil; besu; nethermind
    ("insufficient funds", Refusal::InsufficientFunds),
    ("insufficientfunds", Refusal::InsufficientFunds),
    ("upfront cost exceeds account balance", Refusal::InsufficientFunds),
    // geth; besu; nethermind
    ("nonce too high", Refusal::NotNow),
    ("nonce too distant", Refusal::NotNow),
    ("too distant from current sender nonce", Refusal::NotNow),
    ("noncegap", Refusal::NotNow),
    ("nonce gap", Refusal::NotNow),
    ("txpool is full", Refusal::NotNow),
    ("pool is full", Refusal::NotNow),
    ("account limit exceeded", Refusal::NotNow),
    ("in-flight transaction limit", Refusal::NotNow),
    ("future transaction tries to replace pending", Refusal::NotNow),
    // bytes that can never be mined
    ("intrinsic gas", Refusal::Invalid),
    ("exceeds block gas limit", Refusal::Invalid),
    ("gas limit reached", Refusal::Invalid),
    ("gaslimitexceeded", Refusal::Invalid),
    ("gas limit too high", Refusal::Invalid),
    ("invalid chain id", Refusal::Invalid),
    ("wrong chainid", Refusal::Invalid),
    ("invalid sender", Refusal::Invalid),
    ("invalid signature", Refusal::Invalid),
    ("transaction type not supported", Refusal::Invalid),
    ("oversized data", Refusal::Invalid),
];

/// Sorts a node's words.
pub fn classify(message: &str) -> Refusal {
    let lower = message.to_lowercase();
    PHRASES
        .iter()
        .find(|(phrase, _)| lower.contains(phrase))
        .map_or(Refusal::Unknown, |(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each client's own words, as its users report them.
    const WORDS: &[(&str, &str, Refusal)] = &[
        ("geth", "already known", Refusal::AlreadyKnown),
        ("geth", "nonce too low: next nonce 5, tx nonce 4", Refusal::NonceTooLow),
        (
            "geth",
            "nonce too low: address 0xabc, tx: 4 state: 5",
            Refusal::NonceTooLow,
        ),
        (
            "geth",
            "replacement transaction underpriced",
            Refusal::ReplacementUnderpriced,
        ),
        (
            "geth",
            "transaction underpriced: tip needed 1, tip permitted 0",
            Refusal::Underpriced,
        ),
        (
            "geth",
            "max fee per gas less than block base fee: address 0xabc",
            Refusal::Underpriced,
        ),
        (
            "geth",
            "insufficient funds for gas * price + value: balance 0",
            Refusal::InsufficientFunds,
        ),
        ("geth", "nonce too high", Refusal::NotNow),
        ("geth", "txpool is full", Refusal::NotNow),
        (
            "geth",
            "intrinsic gas too low: gas 1, minimum needed 21000",
            Refusal::Invalid,
        ),
        ("geth", "exceeds block gas limit", Refusal::Invalid),
        (
            "geth",
            "invalid sender: invalid chain id for signer: have 1 want 2",
            Refusal::Invalid,
        ),
        (
            "erigon",
            "INTERNAL_ERROR: existing tx with same hash",
            Refusal::AlreadyKnown,
        ),
        ("erigon", "ALREADY_EXISTS: already known", Refusal::AlreadyKnown),
        ("erigon", "FEE_TOO_LOW: underpriced", Refusal::Underpriced),
        (
            "erigon",
            "INTERNAL_ERROR: could not replace existing tx",
            Refusal::ReplacementUnderpriced,
        ),
        ("erigon", "INTERNAL_ERROR: nonce too low", Refusal::NonceTooLow),
        ("anvil", "transaction already imported", Refusal::AlreadyKnown),
        ("anvil", "nonce too low", Refusal::NonceTooLow),
        (
            "anvil",
            "replacement transaction underpriced",
            Refusal::ReplacementUnderpriced,
        ),
        (
            "anvil",
            "Insufficient funds for gas * price + value",
            Refusal::InsufficientFunds,
        ),
        ("besu", "Known transaction", Refusal::AlreadyKnown),
        ("besu", "Nonce too low", Refusal::NonceTooLow),
        (
            "besu",
            "Transaction nonce below sender account nonce",
            Refusal::NonceTooLow,
        ),
        (
            "besu",
            "Replacement transaction underpriced",
            Refusal::ReplacementUnderpriced,
        ),
        (
            "besu",
            "Gas price below configured minimum gas price",
            Refusal::Underpriced,
        ),
        (
            "besu",
            "Upfront cost exceeds account balance",
            Refusal::InsufficientFunds,
        ),
        (
            "besu",
            "Transaction nonce is too distant from current sender nonce",
            Refusal::NotNow,
        ),
        ("nethermind", "AlreadyKnown", Refusal::AlreadyKnown),
        (
            "nethermind",
            "OldNonce, Current nonce: 5, nonce of rejected tx: 4",
            Refusal::NonceTooLow,
        ),
        ("nethermind", "ReplacementNotAllowed", Refusal::ReplacementUnderpriced),
        ("nethermind", "FeeTooLowToCompete", Refusal::ReplacementUnderpriced),
        ("nethermind", "FeeTooLow, MaxFeePerGas too low", Refusal::Underpriced),
        (
            "nethermind",
            "InsufficientFunds, Account balance: 0",
            Refusal::InsufficientFunds,
        ),
        ("nethermind", "NonceGap, Future nonce", Refusal::NotNow),
        ("nobody", "the cat sat on the keyboard", Refusal::Unknown),
    ];

    #[test]
    fn each_clients_wording_has_its_class() {
        for (client, words, class) in WORDS {
            assert_eq!(classify(words), *class, "{client}: {words}");
        }
    }
}
