//! What each kind of lender can do and how it was tried, as data: `docs/providers/matrix.md` is made of it.
//!
//! A new kind takes one entry in [`KINDS`]; a test compares the names with those of the configuration.

use std::fmt::Write as _;

/// Against what an adapter was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The counterparty itself, by people who run it.
    Counterpart,
    /// The real protocol's bytecode on a development chain.
    Bytecode,
    /// A fake of ours that speaks the public wire format, faults included.
    Fake,
    /// Its published interface alone.
    Interface,
}

impl Proof {
    fn says(self) -> &'static str {
        match self {
            Self::Counterpart => "the counterparty itself",
            Self::Bytecode => "the protocol's own bytecode",
            Self::Fake => "a fake that speaks the wire format, faults included",
            Self::Interface => "its published interface only; not exercised on real bytecode",
        }
    }
}

/// How much of the kit runs in the tests of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conformance {
    /// The checks of a lender at an address, and those of an adapter.
    Both,
    /// The checks of an adapter: its behavior, bent answers, every fault.
    Adapter,
    /// The checks of an adapter that need no network, of one that calls nobody.
    Behavior,
    /// Tests of its own alone.
    Own,
}

impl Conformance {
    fn says(self) -> String {
        match self {
            Self::Both => "lender and adapter".into(),
            Self::Adapter => "adapter".into(),
            Self::Behavior => "adapter, without faults: it calls nobody".into(),
            Self::Own => "own tests".into(),
        }
    }
}

/// One kind of lender.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// `kind` in the configuration, and what follows for a protocol of a venue.
    pub name: &'static str,
    /// How messages travel.
    pub transport: &'static str,
    /// How each side shows who it is.
    pub auth: &'static str,
    /// Kinds of credit.
    pub products: &'static str,
    /// What a quote binds to.
    pub quote: &'static str,
    /// Accepting an offer.
    pub accept: &'static str,
    /// The state of a loan.
    pub status: &'static str,
    /// Withdrawing.
    pub cancel: &'static str,
    /// Messages that come later.
    pub callbacks: &'static str,
    /// What of the kit runs.
    pub conformance: Conformance,
    /// Against what it was run.
    pub proof: Proof,
}

/// A protocol on chain that is quoted by its views.
const VENUE: Kind = Kind {
    name: "",
    transport: "JSON-RPC, one batch of views",
    auth: "the borrower's wallet signs",
    products: "collateralized",
    quote: "indicative, the variable rate after the draw",
    accept: "one transaction of the borrower's wallet, through the venue router",
    status: "the venue's events in final blocks",
    cancel: "-",
    callbacks: "-",
    conformance: Conformance::Adapter,
    proof: Proof::Bytecode,
};

/// Every kind, in the order of the table.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "protocol",
        transport: "HTTPS, JSON, provider protocol v1",
        auth: "HTTP message signatures, Ed25519, both ways",
        products: "installment, line, BNPL",
        quote: "indicative to firm, as the lender says",
        accept: "idempotent by settlement",
        status: "yes",
        cancel: "yes",
        callbacks: "offers, signed and numbered",
        conformance: Conformance::Both,
        proof: Proof::Fake,
    },
    Kind {
        name: "manifest",
        transport: "HTTPS, JSON, the lender's own",
        auth: "none, bearer, API key, basic, OAuth 2 client credentials",
        products: "as the manifest maps",
        quote: "as the manifest maps",
        accept: "idempotent when the manifest sends the settlement",
        status: "yes",
        cancel: "when the manifest has it",
        callbacks: "polled instead",
        conformance: Conformance::Adapter,
        proof: Proof::Fake,
    },
    Kind {
        name: "desk",
        transport: "JSON-RPC",
        auth: "EIP-712 order, ECDSA or ERC-1271",
        products: "collateralized, installment",
        quote: "executable on chain",
        accept: "the borrower's intent, settled by the contract",
        status: "chain evidence",
        cancel: "expires",
        callbacks: "-",
        conformance: Conformance::Behavior,
        proof: Proof::Bytecode,
    },
    Kind {
        name: "venue: aave-v3",
        ..VENUE
    },
    Kind {
        name: "venue: morpho-blue",
        ..VENUE
    },
    Kind {
        name: "venue: venus",
        ..VENUE
    },
    Kind {
        name: "venue: compound-v3",
        conformance: Conformance::Own,
        accept: "not offered",
        status: "-",
        proof: Proof::Interface,
        ..VENUE
    },
    Kind {
        name: "fis12",
        transport: "HTTPS, JSON, Beckn / ONDC FIS12",
        auth: "Ed25519 over BLAKE2b-512",
        products: "installment",
        quote: "search and select",
        accept: "init, forms as hand-off links, confirm",
        status: "yes",
        cancel: "when the journey allows it",
        callbacks: "every answer, signed",
        conformance: Conformance::Adapter,
        proof: Proof::Fake,
    },
    Kind {
        name: "ocen",
        transport: "HTTPS, JSON, OCEN 4.0",
        auth: "detached JWS",
        products: "installment",
        quote: "application and offers",
        accept: "set offer to disbursement, the lender's page as hand-off",
        status: "yes",
        cancel: "the protocol has none",
        callbacks: "every answer, signed",
        conformance: Conformance::Adapter,
        proof: Proof::Fake,
    },
    Kind {
        name: "rate-table",
        transport: "HTTPS, JSON, a marketplace of rate tables",
        auth: "token",
        products: "installment",
        quote: "indicative ranges",
        accept: "on the originator's pages",
        status: "-",
        cancel: "-",
        callbacks: "polled, or the blocking twin",
        conformance: Conformance::Adapter,
        proof: Proof::Fake,
    },
    Kind {
        name: "bank-files",
        transport: "files, ISO 20022 pain.001, pain.002, camt.053",
        auth: "the channel's",
        products: "installment",
        quote: "firm, from a rate card",
        accept: "one credit transfer by settlement",
        status: "booked entries",
        cancel: "not once the file is out",
        callbacks: "files",
        conformance: Conformance::Behavior,
        proof: Proof::Fake,
    },
];

/// `docs/providers/matrix.md`.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Kinds of lenders: what they can do, and how they were tried\n\n\
         <!-- Made by `usance print provider-matrix` from provider-adapters/lenders/src/matrix.rs; scripts/gen.sh --check compares it. -->\n\n\
         A kind is the `kind` of a `[[lenders]]` entry.\n\n\
         | Kind | Transport | Authentication | Products | Quote | Accept | Status | Cancel | Callbacks |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for kind in KINDS {
        let Kind {
            name,
            transport,
            auth,
            products,
            quote,
            accept,
            status,
            cancel,
            callbacks,
            ..
        } = kind;
        let _infallible = writeln!(
            text,
            "| `{name}` | {transport} | {auth} | {products} | {quote} | {accept} | {status} | {cancel} | {callbacks} |"
        );
    }
    text.push_str("\n| Kind | Conformance kit | Exercised on |\n|---|---|---|\n");
    for kind in KINDS {
        let _infallible = writeln!(
            text,
            "| `{}` | {} | {} |",
            kind.name,
            kind.conformance.says(),
            kind.proof.says()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LenderConfig;
    use serde::Deserialize;

    /// The configuration says itself which kinds it knows: an unknown one is refused with their list.
    #[test]
    fn the_kinds_are_those_that_the_configuration_knows() {
        let unknown = toml::from_str::<toml::Table>("kind = \"nobody\"").unwrap();
        let error = LenderConfig::deserialize(unknown).unwrap_err().to_string();
        let first = error.lines().next().unwrap_or_default();
        let known: std::collections::BTreeSet<&str> = first.split('`').skip(3).step_by(2).collect();
        let listed = KINDS
            .iter()
            .map(|kind| kind.name.split(':').next().unwrap_or_default())
            .collect();
        assert_eq!(known, listed, "{error}");
    }

    #[test]
    fn no_cell_breaks_the_table() {
        let text = markdown();
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        for row in rows {
            let cells = row.matches('|').count();
            assert!(cells == 10 || cells == 4, "{row}");
        }
    }
}
