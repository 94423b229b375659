//! Bindings generated from the committed ABI and bytecode.

pub mod aggregator {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        CreditAggregator,
        "../contracts/abi/CreditAggregator.json"
    );
}

pub mod manager {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        CollateralManager,
        "../contracts/abi/CollateralManager.json"
    );
}

pub mod bootstrap {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        Bootstrap,
        "../contracts/abi/Bootstrap.json"
    );
}

pub mod proxy {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        ERC1967Proxy,
        "../contracts/abi/ERC1967Proxy.json"
    );
}

pub mod token {
    alloy_sol_types::sol!(
        #[derive(Debug)]
        DevToken,
        "../contracts/abi/DevToken.json"
    );
}
