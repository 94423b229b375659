//! The few functions of each protocol that we call, written from their published interfaces.

use alloy_sol_types::sol;

sol! {
    interface Erc20 {
        function approve(address spender, uint256 amount) external returns (bool);
        function balanceOf(address owner) external view returns (uint256);
        function totalSupply() external view returns (uint256);
    }

    // --- Aave v3

    struct AaveReserve {
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

    struct AaveCurve {
        uint256 optimalUsageRatio;
        uint256 baseVariableBorrowRate;
        uint256 variableRateSlope1;
        uint256 variableRateSlope2;
    }

    struct AaveAccount {
        uint256 totalCollateralBase;
        uint256 totalDebtBase;
        uint256 availableBorrowsBase;
        uint256 currentLiquidationThreshold;
        uint256 ltv;
        uint256 healthFactor;
    }

    interface AaveProvider {
        function getPool() external view returns (address);
        function getPriceOracle() external view returns (address);
        function getPriceOracleSentinel() external view returns (address);
    }

    interface AavePool {
        function getReserveData(address asset) external view returns (AaveReserve memory);
        function getReserveNormalizedVariableDebt(address asset) external view returns (uint256);
        function getReserveNormalizedIncome(address asset) external view returns (uint256);
        // Six words: the same bytes as the pool's six results.
        function getUserAccountData(address user) external view returns (AaveAccount memory);
        function getUserEMode(address user) external view returns (uint256);
        function getVirtualUnderlyingBalance(address asset) external view returns (uint128);
        function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;
        function borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf) external;
        function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf) external returns (uint256);
        function withdraw(address asset, uint256 amount, address to) external returns (uint256);
    }

    interface AaveToken {
        function scaledTotalSupply() external view returns (uint256);
        function scaledBalanceOf(address user) external view returns (uint256);
    }

    interface AaveOracle {
        function getAssetPrice(address asset) external view returns (uint256);
    }

    interface AaveSentinel {
        function isBorrowAllowed() external view returns (bool);
    }

    interface AaveStrategy {
        function getInterestRateData(address reserve) external view returns (AaveCurve memory);
        function OPTIMAL_USAGE_RATIO() external view returns (uint256);
        function getBaseVariableBorrowRate() external view returns (uint256);
        function getVariableRateSlope1() external view returns (uint256);
        function getVariableRateSlope2() external view returns (uint256);
    }

    // --- Morpho Blue

    struct MorphoParams {
        address loanToken;
        address collateralToken;
        address oracle;
        address irm;
        uint256 lltv;
    }

    struct MorphoMarket {
        uint128 totalSupplyAssets;
        uint128 totalSupplyShares;
        uint128 totalBorrowAssets;
        uint128 totalBorrowShares;
        uint128 lastUpdate;
        uint128 fee;
    }

    struct MorphoPosition {
        uint256 supplyShares;
        uint128 borrowShares;
        uint128 collateral;
    }

    interface Morpho {
        function accrueInterest(MorphoParams memory params) external;
        function market(bytes32 id) external view returns (MorphoMarket memory);
        function position(bytes32 id, address user) external view returns (MorphoPosition memory);
        function supplyCollateral(MorphoParams memory params, uint256 assets, address onBehalf, bytes data) external;
        function borrow(MorphoParams memory params, uint256 assets, uint256 shares, address onBehalf, address receiver) external returns (uint256, uint256);
        function repay(MorphoParams memory params, uint256 assets, uint256 shares, address onBehalf, bytes data) external returns (uint256, uint256);
        function withdrawCollateral(MorphoParams memory params, uint256 assets, address onBehalf, address receiver) external;
    }

    interface MorphoOracle {
        function price() external view returns (uint256);
    }

    interface MorphoIrm {
        function borrowRateView(MorphoParams memory params, MorphoMarket memory market) external view returns (uint256);
    }

    // --- Venus Isolated Pools

    struct VenusMarket {
        bool isListed;
        uint256 collateralFactorMantissa;
        uint256 liquidationThresholdMantissa;
    }

    struct VenusAccount {
        uint256 error;
        uint256 vTokenBalance;
        uint256 borrowBalance;
        uint256 exchangeRate;
    }

    interface VenusComptroller {
        function markets(address vToken) external view returns (VenusMarket memory);
        function oracle() external view returns (address);
        function borrowCaps(address vToken) external view returns (uint256);
        function supplyCaps(address vToken) external view returns (uint256);
        function actionPaused(address market, uint8 action) external view returns (bool);
        function liquidationIncentiveMantissa() external view returns (uint256);
        function getAssetsIn(address account) external view returns (address[] memory);
        function enterMarkets(address[] memory vTokens) external returns (uint256[] memory);
    }

    interface VToken {
        function accrueInterest() external returns (uint256);
        function underlying() external view returns (address);
        function getCash() external view returns (uint256);
        function totalBorrows() external view returns (uint256);
        function totalReserves() external view returns (uint256);
        function totalSupply() external view returns (uint256);
        function badDebt() external view returns (uint256);
        function borrowIndex() external view returns (uint256);
        function exchangeRateStored() external view returns (uint256);
        function interestRateModel() external view returns (address);
        function blocksOrSecondsPerYear() external view returns (uint256);
        function borrowRatePerBlock() external view returns (uint256);
        function getAccountSnapshot(address account) external view returns (VenusAccount memory);
        function mint(uint256 amount) external returns (uint256);
        function borrow(uint256 amount) external returns (uint256);
        function repayBorrow(uint256 amount) external returns (uint256);
        function redeem(uint256 tokens) external returns (uint256);
        function redeemUnderlying(uint256 amount) external returns (uint256);
    }

    interface JumpRateModel {
        function baseRatePerBlock() external view returns (uint256);
        function multiplierPerBlock() external view returns (uint256);
        function jumpMultiplierPerBlock() external view returns (uint256);
        function kink() external view returns (uint256);
    }

    interface VenusOracle {
        function getUnderlyingPrice(address vToken) external view returns (uint256);
    }

    // --- Compound III

    struct CometAsset {
        uint8 offset;
        address asset;
        address priceFeed;
        uint64 scale;
        uint64 borrowCollateralFactor;
        uint64 liquidateCollateralFactor;
        uint64 liquidationFactor;
        uint128 supplyCap;
    }

    struct CometCollateral {
        uint128 totalSupplyAsset;
        uint128 reserved;
    }

    struct CometUser {
        uint128 balance;
        uint128 reserved;
    }

    interface Comet {
        function baseToken() external view returns (address);
        function baseTokenPriceFeed() external view returns (address);
        function baseScale() external view returns (uint256);
        function baseBorrowMin() external view returns (uint256);
        function totalSupply() external view returns (uint256);
        function totalBorrow() external view returns (uint256);
        function borrowKink() external view returns (uint256);
        function borrowPerSecondInterestRateBase() external view returns (uint256);
        function borrowPerSecondInterestRateSlopeLow() external view returns (uint256);
        function borrowPerSecondInterestRateSlopeHigh() external view returns (uint256);
        function getAssetInfoByAddress(address asset) external view returns (CometAsset memory);
        function getPrice(address priceFeed) external view returns (uint256);
        function totalsCollateral(address asset) external view returns (CometCollateral memory);
        function userCollateral(address account, address asset) external view returns (CometUser memory);
        function borrowBalanceOf(address account) external view returns (uint256);
        function balanceOf(address account) external view returns (uint256);
        function isSupplyPaused() external view returns (bool);
        function isWithdrawPaused() external view returns (bool);
        function supply(address asset, uint256 amount) external;
        function withdraw(address asset, uint256 amount) external;
    }
}
