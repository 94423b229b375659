// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";

/// @notice Random lives of many loans. Every call must succeed; what must fail is tried and its failure required here.
contract Handler is Base {
    struct Entry {
        bytes32 id;
        LoanTerms terms;
        Loan seen;
        uint256 paid;
        uint256 charges;
    }

    uint256 private constant MAX_LOANS = 24;

    Entry[] internal entries;
    Signed[] internal fillable;
    Signed[] internal spent;
    uint256 private nonce;

    function count() external view returns (uint256) {
        return entries.length;
    }

    function entry(uint256 index) external view returns (Entry memory) {
        return entries[index];
    }

    function world() external view returns (ICreditAggregator, address, address, address) {
        return (aggregator, address(manager), address(asset), address(collateral));
    }

    // --- actions

    function sign(uint256 principal, uint256 rate, uint256 n, uint256 amount, uint256 pledge) external {
        if (fillable.length + entries.length >= MAX_LOANS) return;
        Offer memory offer = baseOffer();
        offer.principal = uint128(bound(principal, 1, 1e30));
        offer.ratePpm = uint32(bound(rate, 0, 2_000_000));
        offer.installments = uint16(bound(n, 1, 24));
        uint256 least = uint256(offer.principal) * offer.ratePpm * offer.period / (1e6 * 365 days) + 1;
        offer.installmentAmount = uint128(bound(amount, least, least + offer.principal));
        offer.collateralAmount = uint128(bound(pledge, 1, 1e30));
        offer.expiry = uint40(block.timestamp + 20 days);
        if (pledge % 2 == 0) offer.borrower = address(0);
        // Some nonces share the epoch's slot, others do not.
        offer.nonce = ++nonce * 37;
        Intent memory intent = intentFor(offer, borrower);
        intent.deadline = type(uint40).max;
        fillable.push(signBy(LENDER_KEY, BORROWER_KEY, offer, intent));
    }

    function originate(uint256 pick) external {
        if (fillable.length == 0) return;
        uint256 index = pick % fillable.length;
        Signed memory s = fillable[index];
        // A pause only delays: the offer stays good.
        if (aggregator.originationPaused()) return requireRefused(s);
        fillable[index] = fillable[fillable.length - 1];
        fillable.pop();
        spent.push(s);
        bool live = s.offer.expiry >= block.timestamp && s.offer.epoch == aggregator.epochOf(lender)
            && !aggregator.isNonceUsed(lender, s.offer.nonce);
        if (!live) return requireRefused(s);
        bytes32 id = submit(s);
        Entry storage e = entries.push();
        e.id = id;
        e.terms = termsOf(s.offer, borrower, block.timestamp);
        e.seen = aggregator.loan(id);
    }

    /// @notice Invariants 3 and 4: what was filled, cancelled, expired or outdated never fills, nor elsewhere.
    function originateAgain(uint256 pick, bool elsewhere) external {
        if (spent.length != 0) requireRefused(spent[pick % spent.length]);
        if (elsewhere && fillable.length != 0) {
            uint256 here = block.chainid;
            vm.chainId(here + 1);
            requireRefused(fillable[pick % fillable.length]);
            vm.chainId(here);
        }
    }

    /// @notice Invariant 10: pays whatever the admin did, because a revert here fails the run.
    function repay(uint256 pick, uint256 amount) external {
        (bool found, uint256 index) = activeFrom(pick);
        if (!found) return;
        Entry storage e = entries[index];
        uint256 payoff = aggregator.payoffAmount(e.id, e.terms, block.timestamp);
        uint256 charges = payoff - e.seen.outstanding;
        settle(e, bound(amount, charges == 0 ? 1 : charges, payoff), payoff);
    }

    function payDue(uint256 pick) external {
        (bool found, uint256 index) = activeFrom(pick);
        if (!found) return;
        Entry storage e = entries[index];
        (uint256 due,) = aggregator.installmentDue(e.id, e.terms, block.timestamp);
        settle(e, due, aggregator.payoffAmount(e.id, e.terms, block.timestamp));
        Loan memory state = e.seen;
        require(state.installmentsPaid > 0, "the due amount meets an installment");
    }

    function markDefault(uint256 pick) external {
        (bool found, uint256 index) = activeFrom(pick);
        if (!found) return;
        Entry storage e = entries[index];
        uint256 due = uint256(e.terms.start) + (uint256(e.seen.installmentsPaid) + 1) * e.terms.period;
        if (block.timestamp <= due + e.terms.grace) {
            try aggregator.markDefault(e.id, e.terms) {
                revert("a loan in good standing was defaulted");
            } catch { }
            return;
        }
        aggregator.markDefault(e.id, e.terms);
        e.seen = aggregator.loan(e.id);
        eq(e.seen.status, Status.Defaulted, "defaulted");
    }

    function cancel(uint256 pick) external {
        if (fillable.length == 0) return;
        uint256 which = fillable[pick % fillable.length].offer.nonce;
        if (aggregator.isNonceUsed(lender, which)) return;
        vm.prank(lender);
        aggregator.cancelOffer(which);
    }

    function bump(uint256 dice) external {
        if (dice % 8 != 0) return;
        vm.prank(lender);
        aggregator.bumpEpoch();
    }

    function pause(bool paused) external {
        vm.prank(ADMIN);
        aggregator.setOriginationPaused(paused);
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 25 days));
    }

    // --- parts

    function settle(Entry storage e, uint256 amount, uint256 payoff) private {
        uint256 lenderBefore = asset.balanceOf(lender);
        Loan memory before = e.seen;
        (uint256 paid, uint256 left) = pay(e.id, e.terms, amount);
        eq(paid, amount, "paid as asked");
        eq(asset.balanceOf(lender) - lenderBefore, paid, "all of it to the lender");
        // Invariant 5.
        require(left <= before.outstanding, "outstanding rose");
        eq(left + paid, payoff, "charges and principal are the amount");
        e.seen = aggregator.loan(e.id);
        require(e.seen.installmentsPaid >= before.installmentsPaid, "installments were unmet");
        eq(e.seen.status, left == 0 ? Status.Repaid : Status.Active, "status follows the debt");
        e.paid += paid;
        e.charges += payoff - before.outstanding;
    }

    function activeFrom(uint256 pick) private view returns (bool, uint256) {
        uint256 length = entries.length;
        for (uint256 i = 0; i < length; ++i) {
            uint256 index = (pick % length + i) % length;
            if (entries[index].seen.status == Status.Active) return (true, index);
        }
        return (false, 0);
    }

    function requireRefused(Signed memory s) private {
        try aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature) {
            revert("an offer settled that must not");
        } catch { }
    }
}

contract InvariantsTest is Base {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler private handler;

    function setUp() public override {
        vm.warp(START);
        handler = new Handler();
        handler.setUp();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = Handler.sign.selector;
        selectors[1] = Handler.originate.selector;
        selectors[2] = Handler.originateAgain.selector;
        selectors[3] = Handler.repay.selector;
        selectors[4] = Handler.payDue.selector;
        selectors[5] = Handler.markDefault.selector;
        selectors[6] = Handler.cancel.selector;
        selectors[7] = Handler.bump.selector;
        selectors[8] = Handler.pause.selector;
        selectors[9] = Handler.wait.selector;
        selectors[10] = Handler.sign.selector;
        selectors[11] = Handler.originate.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @notice 1: custody holds exactly the collateral of the active loans. 2: the aggregator holds nothing.
    function invariant_CustodyEqualsActiveCollateral() external view {
        (ICreditAggregator core, address custody, address money, address pledge) = handler.world();
        uint256 locked;
        uint256 length = handler.count();
        for (uint256 i = 0; i < length; ++i) {
            Handler.Entry memory e = handler.entry(i);
            if (core.loan(e.id).status == Status.Active) locked += e.terms.collateralAmount;
        }
        eq(balance(pledge, custody), locked, "custody");
        eq(balance(money, custody), 0, "no money in custody");
        eq(balance(pledge, address(core)) + balance(money, address(core)), 0, "the aggregator holds tokens");
    }

    /// @notice 5: what was paid is the principal repaid and the charges. 6: a final status stays, with the whole state.
    function invariant_LoansAreAsLastSeen() external view {
        (ICreditAggregator core,,,) = handler.world();
        uint256 length = handler.count();
        for (uint256 i = 0; i < length; ++i) {
            Handler.Entry memory e = handler.entry(i);
            Loan memory state = core.loan(e.id);
            eq(keccak256(abi.encode(state)), keccak256(abi.encode(e.seen)), "changed on its own");
            require(state.status != Status.None, "vanished");
            require((state.outstanding == 0) == (state.status == Status.Repaid), "repaid means zero");
            eq(e.paid, uint256(e.terms.principal) - state.outstanding + e.charges, "money adds up");
            require(state.installmentsPaid < e.terms.installments || state.status == Status.Repaid, "count");
        }
    }

    function balance(address token, address who) private view returns (uint256) {
        (, bytes memory answer) = token.staticcall(abi.encodeWithSignature("balanceOf(address)", who));
        return abi.decode(answer, (uint256));
    }
}
