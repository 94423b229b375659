// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AttestationPolicy, CreditAttestation, ICreditScoringOracle } from "../../src/ICreditScoringOracle.sol";
import { ScoringBase } from "./ScoringBase.sol";

/// @notice Random lives of attestations; each call is a transaction of its own. What must fail is tried and its reason required.
// Times and numbers fit the types that take them.
// forge-lint: disable-next-item(unsafe-typecast)
contract ScoringHandler is ScoringBase {
    struct Entry {
        CreditAttestation attestation;
        bytes32 digest;
        /// @dev What this handler saw drawn, in units with 18 decimals.
        uint256 drawn;
        bool revoked;
    }

    uint256 private constant MAX_ENTRIES = 16;

    Entry[] private entries;
    bool private policyOff;

    constructor() {
        vm.warp(START);
        deploy();
    }

    // --- actions

    function issue(uint256 limit, uint256 life, uint256 class) external {
        if (entries.length == MAX_ENTRIES) return;
        CreditAttestation memory a = baseAttestation();
        a.limit = limit % 4 == 0 ? limit : bound(limit >> 2, 0, 1e24);
        a.assetClass = class % 8 == 0 ? 2 : CLASS;
        a.expiresAt = uint40(block.timestamp + bound(life, 0, 40 days));
        a.id = bytes32(entries.length);
        Entry storage e = entries.push();
        e.attestation = a;
        e.digest = oracle.hashAttestation(a);
    }

    /// @notice Presents and draws once or twice in one transaction, up to a little more than is left.
    function draw(uint256 pick, uint256 amount, bool wide, bool twice) external {
        if (entries.length == 0) return;
        Entry storage e = entries[pick % entries.length];
        if (!presentable(e)) return;
        oracle.present(e.attestation, signedBy(3, e.attestation));
        drawOnce(e, amount, wide);
        if (twice) drawOnce(e, amount >> 8, !wide);
    }

    /// @notice Never without a presentation in the same transaction.
    function drawUnpresented(uint256 pick) external {
        if (entries.length == 0) return;
        bytes32 digest = entries[pick % entries.length].digest;
        requireRefused(digest, BORROWER, USDC, 1, ICreditScoringOracle.NotPresented.selector);
    }

    function drawForAnother(uint256 pick) external {
        if (entries.length == 0) return;
        Entry storage e = entries[pick % entries.length];
        if (!presentable(e)) return;
        oracle.present(e.attestation, signedBy(3, e.attestation));
        requireRefused(e.digest, STRANGER, USDC, 0, ICreditScoringOracle.WrongBorrower.selector);
    }

    function revoke(uint256 pick, uint256 dice) external {
        if (entries.length == 0 || dice % 4 != 0) return;
        Entry storage e = entries[pick % entries.length];
        vm.prank(GUARDIAN);
        oracle.revoke(e.digest);
        e.revoked = true;
    }

    function raiseEpoch(uint256 dice) external {
        if (dice % 16 != 0) return;
        vm.prank(GUARDIAN);
        oracle.raiseEpoch();
    }

    function switchPolicy(bool off) external {
        AttestationPolicy memory policy = AttestationPolicy(CLASS, 3, 30 days, !off);
        vm.prank(off ? GUARDIAN : OWNER);
        oracle.setPolicy(POLICY, policy);
        policyOff = off;
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 5 days));
    }

    // --- parts

    function drawOnce(Entry storage e, uint256 amount, bool wide) private {
        address asset = wide ? WIDE : USDC;
        uint256 limit = e.attestation.limit > type(uint248).max ? type(uint248).max : e.attestation.limit;
        uint256 left = limit - e.drawn;
        uint256 most = wide ? (left > 1e60 ? 1e66 : left * 1e6) : left / 1e12;
        // Now and then exactly what is left, or one more.
        amount = amount % 8 == 0 ? most + (amount >> 3) % 2 : bound(amount >> 3, 0, most);
        uint256 units = wide ? (amount + 1e6 - 1) / 1e6 : amount * 1e12;
        if (policyOff || e.attestation.assetClass != CLASS || block.timestamp > e.attestation.issuedAt + 30 days) {
            return requireRefused(e.digest, BORROWER, asset, amount, ICreditScoringOracle.PolicyNotMet.selector);
        }
        if (units > left) {
            return requireRefused(e.digest, BORROWER, asset, amount, ICreditScoringOracle.LimitExceeded.selector);
        }
        vm.prank(AGGREGATOR);
        oracle.draw(e.digest, BORROWER, asset, amount, POLICY);
        e.drawn += units;
    }

    function requireRefused(bytes32 digest, address borrower, address asset, uint256 amount, bytes4 error) private {
        vm.prank(AGGREGATOR);
        try oracle.draw(digest, borrower, asset, amount, POLICY) {
            revert("drawn against the rules");
        } catch (bytes memory reason) {
            require(bytes4(reason) == error, "refused for another reason");
        }
    }

    /// @dev Whether it can be presented; if not, a presentation is tried and must fail.
    function presentable(Entry storage e) private returns (bool) {
        bool live = !e.revoked && e.attestation.epoch == oracle.epoch() && block.timestamp <= e.attestation.expiresAt;
        if (live) return true;
        try oracle.present(e.attestation, signedBy(3, e.attestation)) {
            revert("presented what is dead");
        } catch {
            return false;
        }
    }

    /// @notice The counter is the sum of what was drawn, and within the limit.
    function check() external view {
        for (uint256 i = 0; i < entries.length; ++i) {
            Entry storage e = entries[i];
            eq(oracle.usedOf(e.digest), e.drawn, "used is the sum of the draws");
            require(e.drawn <= e.attestation.limit, "more than the limit");
            require(oracle.isRevoked(e.digest) == e.revoked, "revocation is final");
        }
    }
}

contract ScoringInvariantsTest is ScoringBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    ScoringHandler private handler;

    function setUp() external {
        vm.warp(START);
        handler = new ScoringHandler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = ScoringHandler.issue.selector;
        selectors[1] = ScoringHandler.draw.selector;
        selectors[2] = ScoringHandler.draw.selector;
        selectors[3] = ScoringHandler.draw.selector;
        selectors[4] = ScoringHandler.drawUnpresented.selector;
        selectors[5] = ScoringHandler.drawForAnother.selector;
        selectors[6] = ScoringHandler.revoke.selector;
        selectors[7] = ScoringHandler.raiseEpoch.selector;
        selectors[8] = ScoringHandler.switchPolicy.selector;
        selectors[9] = ScoringHandler.wait.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @notice 9: the sum of what is drawn under one attestation never exceeds its limit.
    function invariant_DrawsStayWithinTheLimit() external view {
        handler.check();
    }
}
