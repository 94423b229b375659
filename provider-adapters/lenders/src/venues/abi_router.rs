//! The venue router, what protocols sign and delegate, and the events that they emit.

use alloy_sol_types::sol;

sol! {
    struct Pledge {
        address collateral;
        uint256 collateralAmount;
        address asset;
        uint256 amount;
    }

    #[derive(Debug)]
    struct Permission {
        uint256 nonce;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    struct RoutedMarket {
        address loanToken;
        address collateralToken;
        address oracle;
        address irm;
        uint256 lltv;
    }

    interface Router {
        function openAave(address pool, address debtToken, Pledge calldata pledge, Permission calldata delegation) external;
        function closeAave(address pool, address asset, uint256 most, address collateral, address receipt) external;
        function openMorpho(address morpho, RoutedMarket calldata market, uint256 collateralAmount, uint256 amount,
            Permission calldata permission, Permission calldata revocation) external;
        function closeMorpho(address morpho, RoutedMarket calldata market, uint256 most, Permission calldata permission,
            Permission calldata revocation) external;
        function openVenus(address collateralMarket, address assetMarket, Pledge calldata pledge) external;
        function closeVenus(address collateralMarket, address assetMarket, address asset, uint256 most, address collateral)
            external;
    }

    interface AaveDebtToken {
        function name() external view returns (string memory);
        function nonces(address owner) external view returns (uint256);
        function DOMAIN_SEPARATOR() external view returns (bytes32);
    }

    interface MorphoSigning {
        function nonce(address authorizer) external view returns (uint256);
        function DOMAIN_SEPARATOR() external view returns (bytes32);
        function isAuthorized(address authorizer, address authorized) external view returns (bool);
        function setAuthorization(address authorized, bool newIsAuthorized) external;
    }

    interface VenusDelegation {
        function approvedDelegates(address user, address delegate) external view returns (bool);
        function updateDelegate(address delegate, bool approved) external;
    }

    interface AaveEvents {
        event Supply(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint16 indexed referralCode);
        event Withdraw(address indexed reserve, address indexed user, address indexed to, uint256 amount);
        event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode,
            uint256 borrowRate, uint16 indexed referralCode);
        event Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount, bool useATokens);
        event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover,
            uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken);
        // From 3.3 on.
        event DeficitCreated(address indexed user, address indexed debtAsset, uint256 amountCreated);
    }

    interface MorphoEvents {
        event Borrow(bytes32 indexed id, address caller, address indexed onBehalf, address indexed receiver, uint256 assets, uint256 shares);
        event Repay(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets, uint256 shares);
        event SupplyCollateral(bytes32 indexed id, address indexed caller, address indexed onBehalf, uint256 assets);
        event WithdrawCollateral(bytes32 indexed id, address caller, address indexed onBehalf, address indexed receiver, uint256 assets);
        event Liquidate(bytes32 indexed id, address indexed caller, address indexed borrower, uint256 repaidAssets, uint256 repaidShares,
            uint256 seizedAssets, uint256 badDebtAssets, uint256 badDebtShares);
    }

    interface VenusEvents {
        event Borrow(address indexed borrower, uint256 borrowAmount, uint256 accountBorrows, uint256 totalBorrows);
        event RepayBorrow(address indexed payer, address indexed borrower, uint256 repayAmount, uint256 accountBorrows, uint256 totalBorrows);
        event LiquidateBorrow(address indexed liquidator, address indexed borrower, uint256 repayAmount, address indexed vTokenCollateral,
            uint256 seizeTokens);
        event BadDebtIncreased(address indexed borrower, uint256 badDebtDelta, uint256 badDebtOld, uint256 badDebtNew);
        event Mint(address indexed minter, uint256 mintAmount, uint256 mintTokens, uint256 accountBalance);
        event Redeem(address indexed redeemer, uint256 redeemAmount, uint256 redeemTokens, uint256 accountBalance);
    }
}
