// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

// The few functions of each lending protocol that the router calls, written from their published interfaces.

/// @dev Aave v3 `Pool`.
interface IAavePool {
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;
    function borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf)
        external;
    function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf)
        external
        returns (uint256 paid);
    function withdraw(address asset, uint256 amount, address to) external returns (uint256 withdrawn);
}

/// @dev Aave v3 variable debt token.
interface IAaveDebtToken {
    function delegationWithSig(
        address delegator,
        address delegatee,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
}

/// @dev A market of Morpho Blue.
struct MorphoParams {
    address loanToken;
    address collateralToken;
    address oracle;
    address irm;
    uint256 lltv;
}

/// @dev Somebody's position in a market of Morpho Blue.
struct MorphoPosition {
    uint256 supplyShares;
    uint128 borrowShares;
    uint128 collateral;
}

/// @dev What an account of Morpho Blue signs to let another act for it, or to stop that.
struct MorphoAuthorization {
    address authorizer;
    address authorized;
    bool isAuthorized;
    uint256 nonce;
    uint256 deadline;
}

struct MorphoSignature {
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @dev Morpho Blue.
interface IMorpho {
    function setAuthorizationWithSig(MorphoAuthorization calldata authorization, MorphoSignature calldata signature)
        external;
    function position(bytes32 id, address user) external view returns (MorphoPosition memory);
    function supplyCollateral(MorphoParams calldata market, uint256 assets, address onBehalf, bytes calldata data)
        external;
    function borrow(MorphoParams calldata market, uint256 assets, uint256 shares, address onBehalf, address receiver)
        external
        returns (uint256, uint256);
    function repay(MorphoParams calldata market, uint256 assets, uint256 shares, address onBehalf, bytes calldata data)
        external
        returns (uint256 assetsRepaid, uint256 sharesRepaid);
    function withdrawCollateral(MorphoParams calldata market, uint256 assets, address onBehalf, address receiver)
        external;
}

/// @dev A market of Venus Isolated Pools.
interface IVToken {
    function mintBehalf(address minter, uint256 amount) external returns (uint256 failure);
    function borrowBehalf(address borrower, uint256 amount) external returns (uint256 failure);
    function repayBorrowBehalf(address borrower, uint256 amount) external returns (uint256 failure);
    function redeemBehalf(address redeemer, uint256 tokens) external returns (uint256 failure);
    function balanceOf(address owner) external view returns (uint256);
}
