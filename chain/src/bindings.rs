//! Bindings generated from the committed ABI and bytecode.

/// The settlement contract as callers see it; the bytecode is that of the part behind the proxy.
#[expect(
    clippy::too_many_arguments,
    reason = "generated: a call has the arguments that it has"
)]
pub mod aggregator {
    alloy_sol_types::sol!(
        #[derive(Debug, PartialEq, Eq)]
        CreditAggregator,
        "../contracts/abi/CreditAggregator.json"
    );
}

/// The part that the aggregator passes rare calls on to; called through [`aggregator`].
pub mod servicing {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        CreditServicing,
        "../contracts/abi/CreditServicing.json"
    );
}

/// Custody of collateral.
pub mod manager {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        CollateralManager,
        "../contracts/abi/CollateralManager.json"
    );
}

/// Roots of logs.
pub mod anchors {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        CheckpointAnchor,
        "../contracts/abi/CheckpointAnchor.json"
    );
}

/// Credit attestations.
pub mod scoring {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        CreditScoringOracle,
        "../contracts/abi/CreditScoringOracle.json"
    );
}

/// Who is sanctioned: Chainalysis' oracle has the same reads.
pub mod sanctions {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        DevSanctions,
        "../contracts/abi/DevSanctions.json"
    );
}

/// Prices of tokens in each other.
pub mod prices {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        PriceOracle,
        "../contracts/abi/PriceOracle.json"
    );
}

/// A price feed of development chains; its reads are those of every Chainlink feed.
pub mod feed {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        DevFeed,
        "../contracts/abi/DevFeed.json"
    );
}

/// Liquidity of many lenders.
pub mod pool {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        CreditPool,
        "../contracts/abi/CreditPool.json"
    );
}

/// Shares of a pool.
pub mod tranche {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        Tranche,
        "../contracts/abi/Tranche.json"
    );
}

/// Makes pools.
pub mod pools {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        PoolFactory,
        "../contracts/abi/PoolFactory.json"
    );
}

/// Opens and closes positions at lending protocols.
pub mod venues {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        VenueRouter,
        "../contracts/abi/VenueRouter.json"
    );
}

/// OpenZeppelin's timelock.
#[expect(
    clippy::too_many_arguments,
    reason = "generated: a call has the arguments that it has"
)]
pub mod timelock {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        TimelockController,
        "../contracts/abi/TimelockController.json"
    );
}

/// First implementation of the aggregator's proxy.
pub mod bootstrap {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        Bootstrap,
        "../contracts/abi/Bootstrap.json"
    );
}

/// The proxy in front of everything that can be upgraded.
pub mod proxy {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        ERC1967Proxy,
        "../contracts/abi/ERC1967Proxy.json"
    );
}

/// A token of development chains; its calls are those of every ERC-20.
pub mod token {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        DevToken,
        "../contracts/abi/DevToken.json"
    );
}

/// ERC-1271, as contracts that sign have it.
pub mod signer {
    alloy_sol_types::sol! {
        /// Answers `0x1626ba7e` for a signature that it accepts.
        function isValidSignature(bytes32 hash, bytes signature) external view returns (bytes4);
    }
}
