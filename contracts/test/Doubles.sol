// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, LoanTerms } from "../src/ICreditAggregator.sol";
import { IPriceOracle } from "../src/IPriceOracle.sol";
import { DevToken } from "../src/dev/DevToken.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice An ERC-1271 account that accepts what its owner signed.
contract SmartSigner {
    address private immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recover(hash, signature) == OWNER ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice An ERC-1271 account that accepts nothing.
contract RejectingSigner {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0xffffffff;
    }
}

/// @notice Moves balances without answering, as some old tokens do.
contract NoReturnToken {
    mapping(address => uint256) public balanceOf;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}

/// @notice Answers false instead of reverting, and moves nothing.
contract FalseToken {
    function balanceOf(address) external pure returns (uint256) {
        return 0;
    }

    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}

/// @notice Answers whatever the test says, and moves nothing.
contract AnsweringToken {
    bytes private reply;

    function answer(bytes calldata reply_) external {
        reply = reply_;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return reply;
    }
}

/// @notice Keeps one percent of each transfer.
contract ChargingToken is DevToken {
    constructor() DevToken("Charging", "CHG", 18) { }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) return super._update(from, to, value);
        super._update(from, address(0xdead), value / 100);
        super._update(from, to, value - value / 100);
    }
}

/// @notice Refuses transfers to blocked addresses.
contract BlockingToken is DevToken {
    mapping(address => bool) public blocked;

    error Blocked(address account);

    constructor() DevToken("Blocking", "BLK", 18) { }

    function setBlocked(address account, bool value) external {
        blocked[account] = value;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (blocked[from]) revert Blocked(from);
        if (blocked[to]) revert Blocked(to);
        super._update(from, to, value);
    }
}

/// @notice Calls a target in the middle of a transfer, once, before or after the balances moved.
contract CallingToken is DevToken {
    address private target;
    bytes private payload;
    bool private afterMove;
    bool public called;
    bool public succeeded;

    constructor() DevToken("Calling", "CAL", 18) { }

    function arm(address target_, bytes calldata payload_, bool afterMove_) external {
        (target, payload, afterMove, called, succeeded) = (target_, payload_, afterMove_, false, false);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (!afterMove) _callOnce();
        super._update(from, to, value);
        if (afterMove) _callOnce();
    }

    function _callOnce() private {
        if (target == address(0) || called) return;
        called = true;
        (succeeded,) = target.call(payload);
    }
}

/// @notice An oracle whose one price the test sets; it reverts while there is none.
contract SettablePrice is IPriceOracle {
    uint256 private value;

    error NoPrice();

    constructor(uint256 price_) {
        value = price_;
    }

    function set(uint256 price_) external {
        value = price_;
    }

    function price(address, address) external view returns (uint256) {
        if (value == type(uint256).max) revert NoPrice();
        return value;
    }
}
