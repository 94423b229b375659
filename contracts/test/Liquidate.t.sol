// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, ILiquidateCallback, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";
import { SettablePrice } from "./Doubles.sol";

contract LiquidateTest is Base, ILiquidateCallback {
    bytes32 private id;
    LoanTerms private terms;

    function setUp() public override {
        super.setUp();
        (id, terms) = open(pricedOffer());
        asset.mint(address(this), 1e30);
        asset.approve(address(aggregator), type(uint256).max);
    }

    // --- refusals

    function test_RevertWhen_TermsAreNotTheLoans() external {
        terms.oracle = address(0xBAD);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.TermsMismatch.selector, id));
        aggregator.liquidate(id, terms, 1, 0, "");
    }

    function test_RevertWhen_TheLoanHasEnded() external {
        pay(id, terms, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, id, Status.Repaid));
        aggregator.liquidate(id, terms, 1, 0, "");
    }

    function test_RevertWhen_TheLoanHasNoOracle() external {
        Offer memory offer = baseOffer();
        offer.nonce = 8;
        (bytes32 other, LoanTerms memory otherTerms) = open(offer);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, bytes32("oracle")));
        aggregator.liquidate(other, otherTerms, 1, 0, "");
    }

    function test_RevertWhen_HealthIsAskedOfALoanWithoutOracle() external {
        Offer memory offer = baseOffer();
        offer.nonce = 8;
        (bytes32 other, LoanTerms memory otherTerms) = open(offer);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, bytes32("oracle")));
        aggregator.healthOf(other, otherTerms);
    }

    function test_RevertWhen_HealthyAndInTime() external {
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanHealthy.selector, id, 6_000, 8_000));
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
    }

    /// @dev At the limit itself the loan is healthy: only above it may it be liquidated.
    function test_RevertWhen_ExactlyAtTheLimit() external {
        oracle.set(PRICE * 3 / 4);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanHealthy.selector, id, 8_000, 8_000));
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        oracle.set(PRICE * 3 / 4 - 1e24);
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
    }

    function test_RevertWhen_TheOracleHasNoPrice() external {
        oracle.set(type(uint256).max);
        vm.expectRevert(SettablePrice.NoPrice.selector);
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        oracle.set(0);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, bytes32("price")));
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
    }

    function test_RevertWhen_Paused() external {
        oracle.set(PRICE / 2);
        vm.prank(GUARDIAN);
        aggregator.pauseLiquidation();
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LiquidationPaused.selector, uint40(START + 7 days)));
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
    }

    function test_RevertWhen_LessCollateralThanWanted() external {
        oracle.set(PRICE * 7 / 10);
        uint256 seized = 1_200e6 * 10_500 / uint256(10_000) * 1e36 / (PRICE * 7 / 10);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.SeizedTooLittle.selector, seized, seized + 1));
        aggregator.liquidate(id, terms, type(uint256).max, seized + 1, "");
    }

    function test_RevertWhen_ThePartDoesNotMeetTheCharges() external {
        vm.warp(START + 15 days);
        oracle.set(PRICE * 7 / 10);
        uint256 charges = aggregator.payoffAmount(id, terms, block.timestamp) - 1_200e6;
        require(charges > 0, "interest");
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.PaymentTooSmall.selector, charges - 1, charges));
        aggregator.liquidate(id, terms, charges - 1, 0, "");
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.PaymentTooSmall.selector, 0, charges));
        aggregator.liquidate(id, terms, 0, 0, "");
    }

    function test_RevertWhen_TheLiquidatorCannotPay() external {
        oracle.set(PRICE * 7 / 10);
        vm.prank(STRANGER);
        vm.expectRevert();
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        eq(aggregator.loan(id).status, Status.Active, "untouched");
    }

    // --- by value

    function test_WholeDebtPaidReturnsTheSurplus() external {
        uint256 price = PRICE * 7 / 10;
        oracle.set(price);
        uint256 lenderBefore = asset.balanceOf(lender);
        uint256 borrowerBefore = collateral.balanceOf(borrower);
        (uint256 repaid, uint256 seized) = aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        eq(repaid, 1_200e6, "the debt");
        // 1,200 and 5 % at 1,400 a unit: 0.9 of the one unit that is held.
        eq(seized, 0.9e18, "debt and bonus");
        eq(collateral.balanceOf(address(this)), seized, "to the liquidator");
        eq(collateral.balanceOf(borrower) - borrowerBefore, 1e18 - seized, "the rest to the borrower");
        eq(asset.balanceOf(lender) - lenderBefore, repaid, "all of it to the lender");
        eq(collateral.balanceOf(address(manager)), 0, "nothing stays");
        Loan memory state = aggregator.loan(id);
        eq(state.status, Status.Liquidated, "status");
        eq(state.outstanding, 0, "nothing owed");
    }

    function test_EventsTellWhoPaidWhatAndWhy() external {
        oracle.set(PRICE * 7 / 10);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Repaid(id, address(this), 0, 0, 1_200e6, 0);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Liquidated(id, address(this), false, 0.9e18, 0.1e18, 0);
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
    }

    function test_PartKeepsTheLoanWithLessOfBoth() external {
        oracle.set(PRICE * 7 / 10);
        (uint256 repaid, uint256 seized) = aggregator.liquidate(id, terms, 400e6, 0, "");
        eq(repaid, 400e6, "as asked");
        eq(seized, 0.3e18, "value and bonus");
        Loan memory state = aggregator.loan(id);
        eq(state.status, Status.Active, "goes on");
        eq(state.outstanding, 800e6, "less debt");
        eq(state.installmentsPaid, 3, "it counts toward the schedule");
        eq(aggregator.installmentCredit(id), 400e6 - 3 * 106.7e6, "the rest is credit");
        eq(aggregator.collateralOf(id, terms), 0.7e18, "less collateral");
        eq(collateral.balanceOf(address(manager)), 0.7e18, "custody agrees");
        (uint256 ltv,) = aggregator.healthOf(id, terms);
        require(ltv < 8_572, "healthier than 85.7 %");
        pay(id, terms, type(uint256).max);
        eq(collateral.balanceOf(address(manager)), 0, "the rest goes back at the end");
    }

    /// @dev Worth less than the debt and its bonus: the liquidator pays what all of it is worth, the lender bears the rest.
    function test_AllOfTheCollateralEndsTheLoanWithAShortfall() external {
        oracle.set(PRICE / 2);
        uint256 cost = 1_000e6 * uint256(10_000) / 10_500 + 1;
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Liquidated(id, address(this), false, 1e18, 0, 1_200e6 - cost);
        (uint256 repaid, uint256 seized) = aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        eq(repaid, cost, "worth less the bonus, rounded up");
        eq(seized, 1e18, "all of it");
        Loan memory state = aggregator.loan(id);
        eq(state.status, Status.Liquidated, "ended");
        eq(state.outstanding, 1_200e6 - cost, "the lender's loss stays readable");
    }

    /// @dev All of the collateral may be taken for less than the charges: the loan ends, so nothing has to be met.
    function test_WorthlessCollateralEndsTheLoan() external {
        vm.warp(START + 20 days);
        oracle.set(1);
        uint256 debt = aggregator.payoffAmount(id, terms, block.timestamp);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Liquidated(id, address(this), false, 1e18, 0, debt - 1);
        (uint256 repaid,) = aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        eq(repaid, 1, "rounded up");
        eq(aggregator.loan(id).outstanding, 1_200e6, "principal comes last");
    }

    function test_AddedCollateralCounts() external {
        oracle.set(PRICE * 7 / 10);
        vm.prank(borrower);
        aggregator.addCollateral(id, terms, 1e18);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanHealthy.selector, id, 4_286, 8_000));
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
    }

    // --- by a missed installment

    function test_RevertWhen_InGrace() external {
        vm.warp(START + 33 days);
        vm.expectRevert();
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
    }

    function test_MissedInstallmentAllowsItWhateverTheValue() external {
        vm.warp(START + 33 days + 1);
        oracle.set(PRICE * 10);
        uint256 debt = aggregator.payoffAmount(id, terms, block.timestamp);
        // Cut to a unit of the asset before it is divided by the price: less by at most what such a unit buys.
        uint256 atLeast = debt * 10_500 / 10_000 * 1e36 / (PRICE * 10);
        (uint256 repaid, uint256 seized) = aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        eq(repaid, debt, "late fee, interest and principal");
        require(seized >= atLeast && seized <= atLeast + 1e36 / (PRICE * 10) + 1, "at the price of the day");
        eq(aggregator.loan(id).status, Status.Liquidated, "ended");
    }

    function test_EventSaysLate() external {
        vm.warp(START + 34 days);
        uint256 debt = aggregator.payoffAmount(id, terms, block.timestamp);
        uint256 lateFee = 106.7e6 * 500 / uint256(10_000);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.Repaid(id, address(this), lateFee, debt - lateFee - 1_200e6, 1_200e6, 0);
        aggregator.liquidate(id, terms, type(uint256).max, 0, "");
    }

    /// @dev 2^252 times 10,000 has no bit left within a word: uncapped, such a price would sell everything for nothing.
    function test_AnAbsurdPriceIsCapped() external {
        vm.warp(START + 34 days);
        uint256 debt = aggregator.payoffAmount(id, terms, block.timestamp);
        uint256 borrowerBefore = collateral.balanceOf(borrower);
        oracle.set(1 << 252);
        (uint256 repaid, uint256 seized) = aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        eq(repaid, debt, "the debt");
        eq(seized, 0, "buys less than one unit");
        eq(collateral.balanceOf(borrower) - borrowerBefore, 1e18, "all of it goes back");
    }

    /// @dev 1,200e6 * 10,000 is 10,043 times this value and one: the one makes it 10,044.
    function test_TheRatioIsRoundedUpForTheLastUnit() external {
        oracle.set(1_194_862_093e18);
        (uint256 ltv,) = aggregator.healthOf(id, terms);
        eq(ltv, 10_044, "rounded up");
    }

    /// @dev The least amount that buys all of the collateral is rounded up; it must not buy more than there is.
    function test_TheLeastThatBuysAllBuysAllAndNoMore() external {
        uint256 price = PRICE / 2;
        oracle.set(price);
        uint256 least = (1e18 * price * 10_000 + 10_500e36 - 1) / 10_500e36;
        require(least * 10_500e36 / (price * 10_000) > 1e18, "would buy more");
        (uint256 repaid, uint256 seized) = aggregator.liquidate(id, terms, least, 0, "");
        eq(repaid, least, "paid");
        eq(seized, 1e18, "all");
        eq(aggregator.loan(id).status, Status.Liquidated, "ended");
    }

    // --- with a callback

    uint256 private owedInCallback;

    function onLiquidation(bytes32, address, uint256 owed, address, uint256 amount, bytes calldata data)
        external
        override
    {
        require(msg.sender == address(aggregator), "only the aggregator");
        eq(collateral.balanceOf(address(this)), amount, "the collateral is here before the payment");
        owedInCallback = owed;
        if (keccak256(data) == keccak256("again")) aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        if (keccak256(data) == keccak256("repay")) aggregator.repay(id, terms, type(uint256).max);
    }

    function test_CallbackRunsBetweenCollateralAndPayment() external {
        oracle.set(PRICE * 7 / 10);
        (uint256 repaid,) = aggregator.liquidate(id, terms, type(uint256).max, 0, "sell");
        eq(owedInCallback, repaid, "told what it owes");
    }

    function test_RevertWhen_TheCallbackLiquidatesAgain() external {
        oracle.set(PRICE * 7 / 10);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, id, Status.Liquidated));
        aggregator.liquidate(id, terms, type(uint256).max, 0, "again");
    }

    function test_CallbackThatRepaysTheRestKeepsTheBooks() external {
        oracle.set(PRICE * 7 / 10);
        aggregator.liquidate(id, terms, 400e6, 0, "repay");
        eq(aggregator.loan(id).status, Status.Repaid, "closed from within");
        eq(collateral.balanceOf(address(manager)), 0, "custody is empty");
    }

    // --- properties

    /// @dev Whatever is paid at whatever price: the liquidator gets at most what it paid and the bonus, custody and the parties
    /// together lose nothing, the debt falls by what was paid.
    function testFuzz_LiquidatorNeverGetsMoreThanDebtAndBonus(uint256 price, uint256 amount, uint256 time) external {
        time = bound(time, 0, 400 days);
        vm.warp(START + time);
        price = bound(price, 1e15, PRICE * 4);
        oracle.set(price);
        uint256 debt = aggregator.payoffAmount(id, terms, block.timestamp);
        amount = bound(amount, 0, debt + 1e6);
        uint256 borrowerBefore = collateral.balanceOf(borrower);
        uint256 paidBefore = asset.balanceOf(address(this));
        (uint256 ltv, bool late) = aggregator.healthOf(id, terms);
        try aggregator.liquidate(id, terms, amount, 0, "") returns (uint256 repaid, uint256 seized) {
            require(late || ltv > 8_000, "only late or unhealthy");
            require(repaid <= amount && repaid <= debt, "at most what was offered and owed");
            eq(paidBefore - asset.balanceOf(address(this)), repaid, "paid");
            // Rounding up the price of all collateral may favor the lender by one unit of the asset.
            require(seized * price / 1e36 <= repaid * 10_500 / 10_000 + 1, "value and bonus at most");
            uint256 back = collateral.balanceOf(borrower) - borrowerBefore;
            Loan memory state = aggregator.loan(id);
            uint256 held = state.status == Status.Active ? aggregator.collateralOf(id, terms) : 0;
            eq(seized + back + held, 1e18, "no collateral appears or vanishes");
            eq(collateral.balanceOf(address(manager)), held, "custody holds what the loan says");
            if (repaid == debt) eq(state.status, Status.Liquidated, "paid off");
        } catch {
            require((!late && ltv <= 8_000) || amount == 0 || amount < debt - 1_200e6, "refused without a reason");
        }
    }
}
