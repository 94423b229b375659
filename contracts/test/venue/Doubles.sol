// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { DevToken } from "../../src/dev/DevToken.sol";
import { MorphoAuthorization, MorphoParams, MorphoPosition, MorphoSignature } from "../../src/venue/IVenues.sol";
import { VenueRouter } from "../../src/venue/VenueRouter.sol";

/// @dev What all doubles do: keep collateral, lend an asset, note who owes. The real protocols are in the tests of the adapters.
abstract contract Ledger {
    error Unauthorized();

    mapping(address user => uint256) public pledged;
    mapping(address user => uint256) public owed;
    /// @dev Takes that much less than it is asked to.
    uint256 public shy;
    /// @dev Called back when collateral comes in.
    address public intruder;

    function setShy(uint256 to) external {
        shy = to;
    }

    function setIntruder(address to) external {
        intruder = to;
    }

    function _lock(DevToken token, address from, address user, uint256 amount) internal {
        if (intruder != address(0)) Intruder(intruder).intrude();
        require(token.transferFrom(from, address(this), amount - shy));
        pledged[user] += amount - shy;
    }

    function _lend(DevToken token, address user, address to, uint256 amount) internal {
        owed[user] += amount;
        require(token.transfer(to, amount));
    }

    function _repay(DevToken token, address from, address user, uint256 most) internal returns (uint256 paid) {
        paid = most < owed[user] ? most : owed[user];
        require(token.transferFrom(from, address(this), paid));
        owed[user] -= paid;
    }

    function _release(DevToken token, address user, address to) internal returns (uint256 amount) {
        amount = pledged[user];
        pledged[user] = 0;
        require(token.transfer(to, amount));
    }
}

/// @dev Calls the router while the router is at work for somebody else.
contract Intruder {
    VenueRouter private immutable ROUTER;
    bytes private call;

    constructor(VenueRouter router) {
        ROUTER = router;
    }

    function set(bytes calldata to) external {
        call = to;
    }

    function intrude() external {
        (bool done, bytes memory reason) = address(ROUTER).call(call);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}

/// @dev Debt of who let the router borrow.
contract AaveDebt {
    error Used();

    mapping(address owner => mapping(address delegate => uint256)) public allowed;
    bool private used;

    function delegationWithSig(
        address delegator,
        address delegatee,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (used) revert Used();
        used = true;
        bytes32 digest = keccak256(abi.encode(delegator, delegatee, value, deadline));
        if (ecrecover(digest, v, r, s) == delegator) allowed[delegator][delegatee] = value;
    }

    function spend(address owner, address delegate, uint256 amount) external {
        allowed[owner][delegate] -= amount;
    }
}

/// @dev What a pool gives for collateral; burned by the pool alone, whoever holds it.
contract Receipt is DevToken {
    constructor() DevToken("Receipt", "aCOL", 18) { }

    function burn(address from, uint256 amount) external {
        _burn(from, amount);
    }
}

/// @dev The pool's receipts are one to one and a token of their own.
contract AavePool is Ledger {
    Receipt public immutable RECEIPT = new Receipt();
    AaveDebt public immutable DEBT = new AaveDebt();

    function supply(address asset, uint256 amount, address onBehalfOf, uint16) external {
        _lock(DevToken(asset), msg.sender, onBehalfOf, amount);
        RECEIPT.mint(onBehalfOf, pledged[onBehalfOf]);
    }

    function borrow(address asset, uint256 amount, uint256 mode, uint16, address onBehalfOf) external {
        if (mode != 2) revert Unauthorized();
        DEBT.spend(onBehalfOf, msg.sender, amount);
        _lend(DevToken(asset), onBehalfOf, msg.sender, amount);
    }

    function repay(address asset, uint256 amount, uint256 mode, address onBehalfOf) external returns (uint256) {
        if (mode != 2) revert Unauthorized();
        return _repay(DevToken(asset), msg.sender, onBehalfOf, amount);
    }

    function withdraw(address asset, uint256, address to) external returns (uint256) {
        if (owed[to] != 0) revert Unauthorized();
        RECEIPT.burn(msg.sender, pledged[to]);
        return _release(DevToken(asset), to, to);
    }
}

/// @dev Shares are one to one.
contract MorphoBlue is Ledger {
    mapping(address owner => mapping(address other => bool)) public isAuthorized;
    mapping(address owner => uint256) public nonce;

    function setAuthorizationWithSig(MorphoAuthorization calldata a, MorphoSignature calldata s) external {
        if (a.nonce != nonce[a.authorizer]++) revert Unauthorized();
        if (ecrecover(keccak256(abi.encode(a)), s.v, s.r, s.s) != a.authorizer) revert Unauthorized();
        isAuthorized[a.authorizer][a.authorized] = a.isAuthorized;
    }

    function position(bytes32, address user) external view returns (MorphoPosition memory) {
        return MorphoPosition(0, uint128(owed[user]), uint128(pledged[user]));
    }

    function supplyCollateral(MorphoParams calldata market, uint256 assets, address onBehalf, bytes calldata) external {
        _lock(DevToken(market.collateralToken), msg.sender, onBehalf, assets);
    }

    function borrow(MorphoParams calldata market, uint256 assets, uint256, address onBehalf, address receiver)
        external
        returns (uint256, uint256)
    {
        if (!isAuthorized[onBehalf][msg.sender]) revert Unauthorized();
        _lend(DevToken(market.loanToken), onBehalf, receiver, assets);
        return (assets, assets);
    }

    function repay(MorphoParams calldata market, uint256, uint256 shares, address onBehalf, bytes calldata)
        external
        returns (uint256, uint256)
    {
        return (_repay(DevToken(market.loanToken), msg.sender, onBehalf, shares), shares);
    }

    function withdrawCollateral(MorphoParams calldata market, uint256, address onBehalf, address receiver) external {
        if (!isAuthorized[onBehalf][msg.sender] || owed[onBehalf] != 0) revert Unauthorized();
        _release(DevToken(market.collateralToken), onBehalf, receiver);
    }
}

/// @dev Both markets in one; tokens are one to one.
contract VenusMarkets is Ledger {
    DevToken private immutable COLLATERAL;
    DevToken private immutable ASSET;
    mapping(address owner => mapping(address delegate => bool)) public delegated;
    /// @dev Answered instead of doing it: 1 minting, 2 borrowing, 3 repaying, 4 redeeming.
    uint256 public failing;

    constructor(DevToken collateral, DevToken asset) {
        COLLATERAL = collateral;
        ASSET = asset;
    }

    function setFailing(uint256 to) external {
        failing = to;
    }

    function updateDelegate(address delegate, bool approved) external {
        delegated[msg.sender][delegate] = approved;
    }

    function mintBehalf(address minter, uint256 amount) external returns (uint256) {
        if (failing == 1) return 1;
        _lock(COLLATERAL, msg.sender, minter, amount);
        return 0;
    }

    function borrowBehalf(address borrower, uint256 amount) external returns (uint256) {
        if (failing == 2) return 2;
        if (!delegated[borrower][msg.sender]) revert Unauthorized();
        _lend(ASSET, borrower, msg.sender, amount);
        return 0;
    }

    function repayBorrowBehalf(address borrower, uint256 amount) external returns (uint256) {
        if (failing == 3) return 3;
        _repay(ASSET, msg.sender, borrower, amount);
        return 0;
    }

    function redeemBehalf(address redeemer, uint256) external returns (uint256) {
        if (failing == 4) return 4;
        if (!delegated[redeemer][msg.sender] || owed[redeemer] != 0) revert Unauthorized();
        _release(COLLATERAL, redeemer, msg.sender);
        return 0;
    }

    function balanceOf(address owner) external view returns (uint256) {
        return pledged[owner];
    }
}
