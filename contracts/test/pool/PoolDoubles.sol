// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Loan as LoanState, Offer } from "../../src/ICreditAggregator.sol";
import { HOOK_GAS, ICreditHook } from "../../src/ICreditHook.sol";
import { IPriceOracle } from "../../src/IPriceOracle.sol";
import { DevToken } from "../../src/dev/DevToken.sol";
import { ICreditPool } from "../../src/pool/ICreditPool.sol";

/// @notice What a pool sees of the aggregator: it moves the money, then tells.
contract FakeAggregator {
    struct Loan {
        ICreditPool pool;
        address borrower;
        uint256 outstanding;
    }

    mapping(bytes32 loanId => Loan) public loans;
    mapping(address lender => mapping(address token => uint256)) public kept;
    mapping(address lender => uint256) public cancelled;
    mapping(address lender => uint64) public epochs;
    uint256 public hookGas;
    uint256 private count;

    error Refused();
    error HookFailed(bytes reason);

    function hashOffer(Offer memory offer) public view returns (bytes32) {
        return keccak256(abi.encode(address(this), block.chainid, offer));
    }

    /// @notice The pool must accept the signature; then the principal goes to the borrower.
    function originate(Offer memory offer, bytes memory byUnderwriter) external returns (bytes32) {
        bytes4 answer = ICreditPool(offer.lender).isValidSignature(hashOffer(offer), abi.encode(offer, byUnderwriter));
        if (answer != 0x1626ba7e) revert Refused();
        return lend(ICreditPool(offer.lender), offer.borrower, offer.principal);
    }

    /// @notice Without asking.
    function lend(ICreditPool pool, address borrower, uint256 principal) public returns (bytes32 loanId) {
        loanId = bytes32(++count);
        loans[loanId] = Loan(pool, borrower, principal);
        require(DevToken(pool.asset()).transferFrom(address(pool), borrower, principal), "not moved");
        bytes memory answer = tell(pool, abi.encodeCall(ICreditHook.onOriginated, (loanId, borrower, principal)));
        require(abi.decode(answer, (bytes4)) == ICreditHook.onOriginated.selector, "not answered");
    }

    /// @notice Whoever pays has the money minted.
    function repay(bytes32 loanId, uint256 principal, uint256 income) external {
        Loan storage made = loans[loanId];
        DevToken(made.pool.asset()).mint(address(made.pool), principal + income);
        repaid(loanId, principal, income);
    }

    /// @notice A payment that the asset would not deliver.
    function repayKept(bytes32 loanId, uint256 principal, uint256 income) external {
        Loan storage made = loans[loanId];
        address asset = made.pool.asset();
        DevToken(asset).mint(address(this), principal + income);
        kept[address(made.pool)][asset] += principal + income;
        repaid(loanId, principal, income);
    }

    function lose(bytes32 loanId, address collateral, uint256 seized) external {
        Loan storage made = loans[loanId];
        uint256 lost = made.outstanding;
        made.outstanding = 0;
        if (seized != 0) DevToken(collateral).mint(address(made.pool), seized);
        tell(made.pool, abi.encodeCall(ICreditHook.onLost, (loanId, made.borrower, lost, collateral, seized)));
    }

    function keep(address lender, address token, uint256 amount) external {
        DevToken(token).mint(address(this), amount);
        kept[lender][token] += amount;
    }

    function claimPayment(address token, address to) external returns (uint256 amount) {
        amount = kept[msg.sender][token];
        require(amount != 0, "nothing kept");
        kept[msg.sender][token] = 0;
        require(DevToken(token).transfer(to, amount), "not moved");
    }

    /// @notice Only what is owed.
    function loan(bytes32 loanId) external view returns (LoanState memory state) {
        state.outstanding = uint128(loans[loanId].outstanding);
    }

    function cancelOffer(uint256 nonce) external {
        cancelled[msg.sender] = nonce;
    }

    function bumpEpoch() external returns (uint64) {
        return ++epochs[msg.sender];
    }

    function repaid(bytes32 loanId, uint256 principal, uint256 income) private {
        Loan storage made = loans[loanId];
        made.outstanding -= principal;
        tell(made.pool, abi.encodeCall(ICreditHook.onRepaid, (loanId, made.borrower, principal, income)));
    }

    /// @dev With the gas that the aggregator promises; a failure ends the test instead of being ignored.
    function tell(ICreditPool pool, bytes memory data) private returns (bytes memory) {
        uint256 before = gasleft();
        (bool ok, bytes memory answer) = address(pool).call{ gas: HOOK_GAS }(data);
        hookGas = before - gasleft();
        if (!ok) revert HookFailed(answer);
        return answer;
    }
}

/// @notice Prices that a test sets; zero fails, all ones answers zero.
contract FakeOracle is IPriceOracle {
    mapping(address token => uint256) private prices;

    error NoPrice(address token);

    function set(address token, uint256 price_) external {
        prices[token] = price_;
    }

    function price(address token, address) external view returns (uint256) {
        uint256 price_ = prices[token];
        if (price_ == 0) revert NoPrice(token);
        return price_ == type(uint256).max ? 0 : price_;
    }
}

/// @notice Answers with less than a word.
contract ShortOracle {
    fallback() external {
        assembly {
            return(0, 1)
        }
    }
}

/// @notice Refuses to move tokens to blocked addresses.
contract RefusingToken is DevToken {
    mapping(address => bool) private blocked;

    error Blocked(address account);

    constructor() DevToken("Refusing", "REF", 6) { }

    function setBlocked(address account, bool value) external {
        blocked[account] = value;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (blocked[to]) revert Blocked(to);
        super._update(from, to, value);
    }
}

/// @notice Keeps a tenth of each transfer.
contract ChargingAsset is DevToken {
    constructor() DevToken("Charging", "CHG", 6) { }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) return super._update(from, to, value);
        super._update(from, address(0xdead), value / 10);
        super._update(from, to, value - value / 10);
    }
}

/// @notice Calls a target once in the middle of a transfer to or from one account, before the balances move.
contract CallbackAsset is DevToken {
    address private party;
    address private target;
    bytes private payload;
    bool public succeeded;
    bytes public answer;

    constructor() DevToken("Callback", "CBK", 6) { }

    function arm(address party_, address target_, bytes calldata payload_) external {
        (party, target, payload, succeeded) = (party_, target_, payload_, false);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (party != address(0) && (from == party || to == party)) {
            party = address(0);
            (succeeded, answer) = target.call(payload);
        }
        super._update(from, to, value);
    }
}

/// @notice An account that does what it is told, once called back.
contract Puppet {
    function run(address[] calldata targets, bytes[] calldata calls) external {
        for (uint256 i = 0; i < targets.length; ++i) {
            (bool ok, bytes memory reason) = targets[i].call(calls[i]);
            if (!ok) {
                assembly {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
        }
    }
}

/// @notice Has no decimals to tell.
contract NoDecimals { }
