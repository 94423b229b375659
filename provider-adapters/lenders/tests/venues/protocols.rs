//! What the protocols answer about themselves, and what their administrators do; written apart from the adapters' own list.

use alloy_sol_types::sol;

sol! {
    interface IErc20 {
        function balanceOf(address owner) external view returns (uint256);
        function mint(address to, uint256 amount) external;
    }

    struct Reserve {
        uint256 configuration;
        uint128 liquidityIndex;
        uint128 currentLiquidityRate;
        uint128 variableBorrowIndex;
        uint128 currentVariableBorrowRate;
        uint128 currentStableBorrowRate;
        uint40 lastUpdateTimestamp;
        uint16 id;
        address aTokenAddress;
        address stableDebtTokenAddress;
        address variableDebtTokenAddress;
        address interestRateStrategyAddress;
        uint128 accruedToTreasury;
        uint128 unbacked;
        uint128 isolationModeTotalDebt;
    }

    struct Rates30 {
        uint256 unbacked;
        uint256 liquidityAdded;
        uint256 liquidityTaken;
        uint256 totalStableDebt;
        uint256 totalVariableDebt;
        uint256 averageStableBorrowRate;
        uint256 reserveFactor;
        address reserve;
        address aToken;
    }

    struct Rates36 {
        uint256 unbacked;
        uint256 liquidityAdded;
        uint256 liquidityTaken;
        uint256 totalDebt;
        uint256 reserveFactor;
        address reserve;
        bool usingVirtualBalance;
        uint256 virtualUnderlyingBalance;
    }

    interface IStrategy30 {
        function calculateInterestRates(Rates30 memory params) external view returns (uint256, uint256, uint256);
        function getMaxVariableBorrowRate() external view returns (uint256);
    }

    interface IStrategy36 {
        function calculateInterestRates(Rates36 memory params) external view returns (uint256, uint256);
        function getMaxVariableBorrowRate(address reserve) external view returns (uint256);
    }

    interface IPool {
        function getReserveData(address asset) external view returns (Reserve memory);
        function getUserAccountData(address user) external view returns (
            uint256 totalCollateralBase, uint256 totalDebtBase, uint256 availableBorrowsBase,
            uint256 currentLiquidationThreshold, uint256 ltv, uint256 healthFactor);
    }

    interface IConfigurator {
        function setReservePause(address asset, bool paused) external;
        function setReserveFreeze(address asset, bool freeze) external;
        function setBorrowCap(address asset, uint256 cap) external;
        function setSupplyCap(address asset, uint256 cap) external;
    }

    struct Params {
        address loanToken;
        address collateralToken;
        address oracle;
        address irm;
        uint256 lltv;
    }

    struct MarketNow {
        uint128 totalSupplyAssets;
        uint128 totalSupplyShares;
        uint128 totalBorrowAssets;
        uint128 totalBorrowShares;
        uint128 lastUpdate;
        uint128 fee;
    }

    interface IMorpho {
        function isAuthorized(address authorizer, address authorized) external view returns (bool);
        function market(bytes32 id) external view returns (MarketNow memory);
        function liquidate(Params memory params, address borrower, uint256 seized, uint256 shares, bytes data) external returns (uint256, uint256);
    }

    interface IIrm {
        function borrowRateView(Params memory params, MarketNow memory market) external view returns (uint256);
    }

    interface IComptroller {
        function getAccountLiquidity(address account) external view returns (uint256 error, uint256 liquidity, uint256 shortfall);
        function getBorrowingPower(address account) external view returns (uint256 error, uint256 liquidity, uint256 shortfall);
        function markets(address vToken) external view returns (bool listed, uint256 factor, uint256 threshold);
        function setMarketBorrowCaps(address[] memory vTokens, uint256[] memory caps) external;
    }

    interface IVToken {
        function borrowRatePerBlock() external view returns (uint256);
        function borrowIndex() external view returns (uint256);
    }

    interface IVenusOracle {
        function setPrice(address asset, uint256 price) external;
        function getUnderlyingPrice(address vToken) external view returns (uint256);
    }

    // --- Liquidators

    interface ILiquidatePool {
        function liquidationCall(address collateralAsset, address debtAsset, address user, uint256 debtToCover, bool receiveAToken) external;
    }

    interface ILiquidateVToken {
        function liquidateBorrow(address borrower, uint256 repayAmount, address vTokenCollateral) external returns (uint256);
    }

    // --- The router

    interface Signing {
        function DOMAIN_SEPARATOR() external view returns (bytes32);
        function nonces(address owner) external view returns (uint256);
        function nonce(address authorizer) external view returns (uint256);
        function approve(address spender, uint256 amount) external returns (bool);
    }

    interface VenusUser {
        function enterMarkets(address[] memory vTokens) external returns (uint256[] memory);
        function updateDelegate(address delegate, bool approved) external;
    }

    struct Pledge {
        address collateral;
        uint256 collateralAmount;
        address asset;
        uint256 amount;
    }

    struct Permission {
        uint256 nonce;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    interface IRouter {
        function openAave(address pool, address debtToken, Pledge calldata pledge, Permission calldata delegation) external;
        function closeAave(address pool, address asset, uint256 most, address collateral, address receipt) external;
        function openMorpho(address morpho, Params calldata market, uint256 collateralAmount, uint256 amount,
            Permission calldata permission, Permission calldata revocation) external;
        function closeMorpho(address morpho, Params calldata market, uint256 most, Permission calldata permission,
            Permission calldata revocation) external;
        function openVenus(address collateralMarket, address assetMarket, Pledge calldata pledge) external;
        function closeVenus(address collateralMarket, address assetMarket, address asset, uint256 most, address collateral)
            external;
    }
}
