// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AssetPolicy, ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";

/// @notice Random lives of many loans. Every call must succeed; what must fail is tried and its failure required here. The numbers
/// are those of the list of invariants in contracts/SECURITY.md.
contract Handler is Base {
    struct Entry {
        bytes32 id;
        LoanTerms terms;
        Loan seen;
        uint256 held;
        uint256 paid;
        uint256 charges;
        bytes32 offerHash;
    }

    uint256 private constant MAX_LOANS = 24;
    uint256 private constant CAP = 1e30;

    Entry[] internal entries;
    Signed[] internal fillable;
    Signed[] internal spent;
    uint256 private nonce;
    uint256 private lentInHour;
    uint256 private hourStart;

    function setUp() public override {
        super.setUp();
        vm.prank(ADMIN);
        aggregator.setAssetCap(address(asset), uint104(CAP));
        fund(address(this));
    }

    function count() external view returns (uint256) {
        return entries.length;
    }

    function entry(uint256 index) external view returns (Entry memory) {
        return entries[index];
    }

    function offers() external view returns (uint256) {
        return spent.length;
    }

    function offerAt(uint256 index) external view returns (Offer memory) {
        return spent[index].offer;
    }

    function hour() external view returns (uint256 lent, uint256 cap) {
        return (lentInHour, CAP);
    }

    function world() external view returns (ICreditAggregator, address, address, address) {
        return (aggregator, address(manager), address(asset), address(collateral));
    }

    // --- actions

    function sign(uint256 principal, uint256 rate, uint256 n, uint256 amount, uint256 pledge) external {
        if (fillable.length + entries.length >= MAX_LOANS) return;
        Offer memory offer = pledge % 3 == 0 ? pricedOffer() : baseOffer();
        offer.principal = uint128(bound(principal, 1, CAP / 4));
        offer.ratePpm = uint32(bound(rate, 0, 2_000_000));
        offer.installments = uint16(bound(n, 1, 24));
        uint256 least = uint256(offer.principal) * offer.ratePpm * offer.period / (1e6 * 365 days) + 1;
        offer.installmentAmount = uint128(bound(amount, least, least + offer.principal));
        offer.collateralAmount = uint128(bound(pledge, 1, 1e30));
        if (offer.oracle != address(0)) {
            // Between half and eight tenths of the value at the price of the day.
            uint256 value = uint256(offer.principal) * 1e36 / oracle.price(address(0), address(0));
            offer.collateralAmount = uint128(bound(pledge, value * 5 / 4 + 1, value * 2 + 2));
        }
        offer.expiry = uint40(block.timestamp + 20 days);
        if (pledge % 2 == 0) offer.borrower = address(0);
        if (rate % 4 == 0 && offer.oracle == address(0)) offer.minFill = uint128(bound(amount, 1, offer.principal));
        // Some nonces share the epoch's slot, others do not.
        offer.nonce = ++nonce * 37;
        fillable.push(signBy(LENDER_KEY, BORROWER_KEY, offer, wish(offer, amount)));
    }

    function originate(uint256 pick) external {
        if (fillable.length == 0) return;
        uint256 index = pick % fillable.length;
        Signed memory s = fillable[index];
        // A pause only delays: the offer stays good.
        if (policy().paused) return requireRefused(s);
        if (!isFresh(s)) {
            take(index);
            return requireRefused(s);
        }
        // A price only delays, too.
        if (!isCovered(s)) return requireRefused(s);
        if (!countHour(s.intent.principal)) {
            // Tripped: no revert, no loan, nothing moved, and the asset stays paused.
            uint256 before = asset.balanceOf(lender);
            eq(submit(s), 0, "a loan above the hour's cap");
            eq(asset.balanceOf(lender), before, "money moved");
            require(policy().paused, "not paused");
            return;
        }
        take(index);
        remember(submit(s), s);
    }

    /// @notice Invariant 14: what the old loan owed is paid, the collateral stays, the new loan stands.
    function refinance(uint256 pick, uint256 pickOffer) external {
        (bool found, uint256 index) = activeFrom(pick);
        if (!found || fillable.length == 0 || policy().paused) return;
        Signed memory s = fillable[pickOffer % fillable.length];
        if (!isFresh(s) || !isCovered(s) || s.offer.minFill != 0) return;
        Entry storage e = entries[index];
        s.intent.refinances = e.id;
        s.intent.minReceived = type(int256).min;
        s = signBy(LENDER_KEY, BORROWER_KEY, s.offer, s.intent);
        if (!countHour(s.intent.principal)) {
            hourStart = policy().windowStart;
            lentInHour = policy().used;
            return;
        }
        uint256 payoff = aggregator.payoffAmount(e.id, e.terms, block.timestamp);
        take(pickOffer % fillable.length);
        uint256 custody = collateral.balanceOf(address(manager));
        bytes32 id = aggregator.refinance(e.id, e.terms, s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
        eq(collateral.balanceOf(address(manager)), custody - e.held + s.offer.collateralAmount, "custody");
        e.charges += payoff - e.seen.outstanding;
        e.paid += payoff;
        e.held = 0;
        e.seen = aggregator.loan(e.id);
        eq(e.seen.status, Status.Refinanced, "the old one");
        eq(e.seen.outstanding, 0, "paid off");
        remember(id, s);
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
        require(e.seen.installmentsPaid > 0, "the due amount meets an installment");
    }

    /// @notice Invariants 7 and 8: a good loan cannot be liquidated, a bad one always can, for debt and bonus at most.
    function liquidate(uint256 pick, uint256 amount) external {
        (bool found, uint256 index) = activeFrom(pick);
        if (!found) return;
        Entry storage e = entries[index];
        if (e.terms.oracle == address(0)) return;
        (uint256 ltv, bool late) = aggregator.healthOf(e.id, e.terms);
        uint256 debt = aggregator.payoffAmount(e.id, e.terms, block.timestamp);
        if (!late && ltv <= 8_000) {
            try aggregator.liquidate(e.id, e.terms, debt, 0, "") {
                revert("a loan in good standing was liquidated");
            } catch { }
            return;
        }
        uint256 charges = debt - e.seen.outstanding;
        amount = bound(amount, charges == 0 ? 1 : charges, debt);
        uint256 pledge = collateral.balanceOf(borrower);
        (uint256 repaid, uint256 seized) = aggregator.liquidate(e.id, e.terms, amount, 0, "");
        require(repaid <= amount, "no more than offered");
        uint256 worth = seized * oracle.price(address(0), address(0)) / 1e36;
        require(worth <= repaid * 10_500 / 10_000 + 1, "value and bonus at most");
        Loan memory before = e.seen;
        e.seen = aggregator.loan(e.id);
        e.charges += e.seen.outstanding + repaid > before.outstanding
            ? e.seen.outstanding + repaid - before.outstanding
            : 0;
        e.paid += repaid;
        bool ended = e.seen.status != Status.Active;
        eq(ended ? e.held - seized : 0, collateral.balanceOf(borrower) - pledge, "the rest to the borrower");
        e.held = ended ? 0 : e.held - seized;
    }

    function addCollateral(uint256 pick, uint256 amount) external {
        (bool found, uint256 index) = activeFrom(pick);
        if (!found) return;
        Entry storage e = entries[index];
        uint128 more = uint128(bound(amount, 1, 1e24));
        vm.prank(borrower);
        aggregator.addCollateral(e.id, e.terms, more);
        e.held += more;
        e.seen = aggregator.loan(e.id);
    }

    /// @notice Takes back what is above the terms, and never more than that without a price.
    function withdrawCollateral(uint256 pick, uint256 amount) external {
        (bool found, uint256 index) = activeFrom(pick);
        if (!found) return;
        Entry storage e = entries[index];
        uint128 less = uint128(bound(amount, 1, e.held));
        vm.prank(borrower);
        try aggregator.withdrawCollateral(e.id, e.terms, less, borrower) {
            e.held -= less;
            if (e.terms.oracle == address(0)) require(e.held >= collateralIn(e.terms), "below the terms");
            else requireMargin(e);
            e.seen = aggregator.loan(e.id);
        } catch { }
    }

    function markDefault(uint256 pick) external {
        (bool found, uint256 index) = activeFrom(pick);
        if (!found) return;
        Entry storage e = entries[index];
        uint256 due = uint256(e.seen.start) + (uint256(e.seen.installmentsPaid) + 1) * periodIn(e.terms);
        if (block.timestamp <= due + graceIn(e.terms)) {
            try aggregator.markDefault(e.id, e.terms) {
                revert("a loan in good standing was defaulted");
            } catch { }
            return;
        }
        aggregator.markDefault(e.id, e.terms);
        e.seen = aggregator.loan(e.id);
        e.held = 0;
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

    /// @notice Invariant 11: whatever is administered, the loans are as they were; {InvariantsTest} looks.
    function administer(uint256 dice) external {
        if (dice % 3 == 0) return pauseAsset(dice % 2 == 0);
        if (dice % 3 == 1) {
            vm.prank(GUARDIAN);
            aggregator.resumeLiquidation();
            return;
        }
        vm.prank(ADMIN);
        aggregator.setGuardian(GUARDIAN);
    }

    function movePrice(uint256 price) external {
        oracle.set(bound(price, PRICE / 3, PRICE * 3));
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 25 days));
    }

    // --- parts

    function wish(Offer memory offer, uint256 amount) private view returns (Intent memory intent) {
        intent = intentFor(offer, borrower);
        if (offer.minFill != 0) intent.principal = uint128(bound(amount, offer.minFill, offer.principal));
        intent.deadline = type(uint40).max;
    }

    function policy() private view returns (AssetPolicy memory) {
        return aggregator.policyOf(address(asset));
    }

    /// @dev What is not so once never is again.
    function isFresh(Signed memory s) private view returns (bool) {
        return s.offer.expiry >= block.timestamp && s.offer.epoch == aggregator.epochOf(lender)
            && !aggregator.isNonceUsed(lender, s.offer.nonce);
    }

    function isCovered(Signed memory s) private view returns (bool) {
        if (s.offer.oracle == address(0)) return true;
        uint256 value = uint256(s.offer.collateralAmount) * oracle.price(address(0), address(0)) / 1e36;
        return value != 0 && (uint256(s.offer.principal) * 10_000 + value - 1) / value <= 8_000;
    }

    /// @dev Whether the hour still has room, counted apart from the contract.
    function countHour(uint256 principal) private returns (bool fits) {
        if (block.timestamp >= hourStart + 1 hours) (hourStart, lentInHour) = (block.timestamp, 0);
        fits = lentInHour + principal <= CAP;
        if (fits) lentInHour += principal;
    }

    function take(uint256 index) private {
        spent.push(fillable[index]);
        fillable[index] = fillable[fillable.length - 1];
        fillable.pop();
    }

    function remember(bytes32 id, Signed memory s) private {
        Entry storage e = entries.push();
        (LoanTerms memory terms, bytes32 expected) = aggregator.termsOf(s.offer, s.intent);
        eq(id, expected, "id");
        e.id = id;
        e.terms = terms;
        e.held = collateralIn(terms);
        e.seen = aggregator.loan(id);
        e.offerHash = s.intent.offerHash;
    }

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
        if (left == 0) e.held = 0;
    }

    function requireMargin(Entry storage e) private view {
        (uint256 ltv,) = aggregator.healthOf(e.id, e.terms);
        require(ltv <= 7_200, "beyond the margin");
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
        bytes4[] memory selectors = new bytes4[](16);
        selectors[0] = Handler.sign.selector;
        selectors[1] = Handler.originate.selector;
        selectors[2] = Handler.originateAgain.selector;
        selectors[3] = Handler.repay.selector;
        selectors[4] = Handler.payDue.selector;
        selectors[5] = Handler.markDefault.selector;
        selectors[6] = Handler.cancel.selector;
        selectors[7] = Handler.bump.selector;
        selectors[8] = Handler.administer.selector;
        selectors[9] = Handler.wait.selector;
        selectors[10] = Handler.refinance.selector;
        selectors[11] = Handler.liquidate.selector;
        selectors[12] = Handler.addCollateral.selector;
        selectors[13] = Handler.withdrawCollateral.selector;
        selectors[14] = Handler.movePrice.selector;
        selectors[15] = Handler.sign.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @notice All of them after each sequence: each on its own would play every sequence once more.
    function invariant_All() external view {
        custodyEqualsActiveCollateral();
        loansAreAsLastSeen();
        nothingLendsMoreThanItMay();
    }

    /// @notice 1: custody holds exactly the collateral of the active loans. 2: the aggregator holds nothing.
    function custodyEqualsActiveCollateral() private view {
        (ICreditAggregator core, address custody, address money, address pledge) = handler.world();
        uint256 locked;
        uint256 length = handler.count();
        for (uint256 i = 0; i < length; ++i) {
            Handler.Entry memory e = handler.entry(i);
            uint256 held = core.collateralOf(e.id, e.terms);
            eq(held, e.held, "what the loan says is held");
            locked += held;
        }
        eq(balance(pledge, custody), locked, "custody");
        eq(balance(money, custody), 0, "no money in custody");
        eq(balance(pledge, address(core)) + balance(money, address(core)), 0, "the aggregator holds tokens");
    }

    /// @notice 5: what was paid is the principal repaid and the charges. 6: a final status stays, with the whole state.
    function loansAreAsLastSeen() private view {
        (ICreditAggregator core,,,) = handler.world();
        uint256 length = handler.count();
        for (uint256 i = 0; i < length; ++i) {
            Handler.Entry memory e = handler.entry(i);
            Loan memory state = core.loan(e.id);
            eq(keccak256(abi.encode(state)), keccak256(abi.encode(e.seen)), "changed on its own");
            require(state.status != Status.None, "vanished");
            bool mustBeZero = state.status == Status.Repaid || state.status == Status.Refinanced;
            require(!mustBeZero || state.outstanding == 0, "repaid means zero");
            require(state.status != Status.Active || state.outstanding != 0, "zero means ended");
        }
    }

    /// @notice 3: an offer never lends more than its principal. The hour never lends more than the cap.
    function nothingLendsMoreThanItMay() private view {
        (ICreditAggregator core,, address money,) = handler.world();
        uint256 length = handler.offers();
        for (uint256 i = 0; i < length; ++i) {
            Offer memory offer = handler.offerAt(i);
            require(core.filledOf(core.hashOffer(offer)) <= offer.principal, "overfilled");
        }
        (, uint256 cap) = handler.hour();
        require(core.policyOf(money).used <= cap, "above the hour's cap");
    }

    function balance(address token, address who) private view returns (uint256) {
        (, bytes memory answer) = token.staticcall(abi.encodeWithSignature("balanceOf(address)", who));
        return abi.decode(answer, (uint256));
    }
}
