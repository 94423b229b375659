// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, IRepayCallback, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";
import { BlockingToken, SettablePrice } from "./Doubles.sol";
import { BookkeepingLender } from "./Hooks.t.sol";

/// @notice Adding, withdrawing and claiming collateral, and repaying with it.
contract CollateralTest is Base, IRepayCallback {
    bytes32 private id;
    LoanTerms private terms;

    function setUp() public override {
        super.setUp();
        (id, terms) = open(pricedOffer());
    }

    function withdraw(uint128 amount) private {
        vm.prank(borrower);
        aggregator.withdrawCollateral(id, terms, amount, RECIPIENT);
    }

    function withdrawReverting(uint128 amount, bytes memory reason) private {
        vm.prank(borrower);
        vm.expectRevert(reason);
        aggregator.withdrawCollateral(id, terms, amount, RECIPIENT);
    }

    function invalid(bytes32 name) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICreditAggregator.InvalidField.selector, name);
    }

    // --- add

    function test_RevertWhen_AddingNothing() external {
        vm.expectRevert(invalid("amount"));
        aggregator.addCollateral(id, terms, 0);
    }

    function test_RevertWhen_AddingBeyondWhatASlotHolds() external {
        vm.expectRevert(invalid("amount"));
        aggregator.addCollateral(id, terms, type(uint128).max);
    }

    function test_RevertWhen_AddingToAnEndedLoan() external {
        pay(id, terms, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, id, Status.Repaid));
        aggregator.addCollateral(id, terms, 1);
    }

    function test_RevertWhen_AddingByTermsOfAnotherLoan() external {
        terms.amounts += 1;
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.TermsMismatch.selector, id));
        aggregator.addCollateral(id, terms, 1);
    }

    function test_AnyoneMayAdd() external {
        fund(STRANGER);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.CollateralChanged(id, STRANGER, 3e18);
        vm.prank(STRANGER);
        aggregator.addCollateral(id, terms, 2e18);
        eq(aggregator.collateralOf(id, terms), 3e18, "held for the loan");
        eq(collateral.balanceOf(address(manager)), 3e18, "and really held");
        uint256 before = collateral.balanceOf(borrower);
        pay(id, terms, type(uint256).max);
        eq(collateral.balanceOf(borrower) - before, 3e18, "all of it goes to the borrower in the end");
    }

    /// @dev The second slot serves both figures at once.
    /// @dev What is owed shares a word with the flag of the second slot: not one base unit of it moves.
    function test_AddingLeavesAnOddDebtAlone() external {
        Offer memory offer = baseOffer();
        (offer.nonce, offer.principal) = (80, 1_200e6 + 1);
        (bytes32 odd, LoanTerms memory oddTerms) = open(offer);
        vm.startPrank(borrower);
        aggregator.addCollateral(odd, oddTerms, 1e18);
        aggregator.addCollateral(odd, oddTerms, 1e18);
        aggregator.withdrawCollateral(odd, oddTerms, 2e18, borrower);
        vm.stopPrank();
        eq(aggregator.loan(odd).outstanding, 1_200e6 + 1, "outstanding");
    }

    function test_AddingKeepsTheCreditTowardTheInstallment() external {
        pay(id, terms, 50e6);
        vm.prank(borrower);
        aggregator.addCollateral(id, terms, 1e18);
        eq(aggregator.installmentCredit(id), 50e6, "credit");
        pay(id, terms, 56.7e6);
        eq(aggregator.installmentCredit(id), 0, "met");
        eq(aggregator.collateralOf(id, terms), 2e18, "collateral");
        withdraw(1e18);
        eq(aggregator.collateralOf(id, terms), 1e18, "back to that of the terms");
        require(!aggregator.loan(id).hasSide, "the slot was given back");
    }

    // --- withdraw

    function test_RevertWhen_NotTheBorrowerWithdraws() external {
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NotBorrower.selector, address(this)));
        aggregator.withdrawCollateral(id, terms, 1, address(this));
        vm.prank(lender);
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NotBorrower.selector, lender));
        aggregator.withdrawCollateral(id, terms, 1, lender);
    }

    function test_RevertWhen_WithdrawingToNobodyOrNothingOrTooMuch() external {
        vm.prank(borrower);
        vm.expectRevert(invalid("to"));
        aggregator.withdrawCollateral(id, terms, 1, address(0));
        withdrawReverting(0, invalid("amount"));
        withdrawReverting(1e18 + 1, invalid("amount"));
    }

    /// @dev Nine tenths of the limit of 80 %: 72 %, which is 1,666.67 of value for 1,200 of debt.
    function test_RevertWhen_WithdrawingBeyondTheMargin() external {
        uint128 free = uint128(1e18 - uint256(1_200e6) * 1e36 * 10_000 / 7_200 / PRICE);
        withdrawReverting(free + 1e9, abi.encodeWithSelector(ICreditAggregator.CollateralTooLow.selector, 7_201, 7_200));
        withdraw(free - 1e9);
        eq(collateral.balanceOf(RECIPIENT), free - 1e9, "to the address that was named");
    }

    function test_RevertWhen_WithdrawingWithoutAPrice() external {
        oracle.set(type(uint256).max);
        withdrawReverting(1, abi.encodeWithSelector(SettablePrice.NoPrice.selector));
    }

    function test_RevertWhen_WithdrawingAfterAMissedInstallment() external {
        vm.warp(START + 33 days);
        withdraw(1e15);
        vm.warp(START + 33 days + 1);
        withdrawReverting(1e15, abi.encodeWithSelector(ICreditAggregator.InstallmentMissed.selector, id));
    }

    function test_RevertWhen_WithdrawingFromAnEndedLoan() external {
        pay(id, terms, type(uint256).max);
        withdrawReverting(1, abi.encodeWithSelector(ICreditAggregator.LoanNotActive.selector, id, Status.Repaid));
    }

    /// @dev Without an oracle only what was added may go back.
    function test_WithoutAnOracleTheTermsAreTheFloor() external {
        Offer memory offer = baseOffer();
        offer.nonce = 8;
        (id, terms) = open(offer);
        withdrawReverting(1, invalid("amount"));
        vm.prank(borrower);
        aggregator.addCollateral(id, terms, 5);
        withdrawReverting(6, invalid("amount"));
        withdraw(5);
        eq(aggregator.collateralOf(id, terms), 1e18, "that of the terms");
    }

    function testFuzz_AfterAWithdrawalTheLoanIsWithinTheMargin(uint128 amount, uint256 price, uint256 added) external {
        price = bound(price, PRICE / 2, PRICE * 8);
        oracle.set(price);
        uint128 more = uint128(bound(added, 1, 5e18));
        vm.prank(borrower);
        aggregator.addCollateral(id, terms, more);
        amount = uint128(bound(amount, 1, 6e18));
        vm.prank(borrower);
        try aggregator.withdrawCollateral(id, terms, amount, RECIPIENT) {
            (uint256 ltv,) = aggregator.healthOf(id, terms);
            require(ltv <= 7_200, "within nine tenths of the limit");
            eq(aggregator.collateralOf(id, terms), 1e18 + more - amount, "books");
            eq(collateral.balanceOf(address(manager)), 1e18 + more - amount, "custody");
        } catch {
            uint256 rest = amount > 1e18 + more ? 0 : 1e18 + more - amount;
            require(rest * price / 1e36 * 7_200 < 1_200e6 * 10_000 + 7_200, "refused without a reason");
        }
    }

    // --- claim

    function blockedLoan() private returns (BlockingToken token) {
        token = new BlockingToken();
        token.mint(borrower, 10e18);
        vm.prank(borrower);
        token.approve(address(aggregator), type(uint256).max);
        Offer memory offer = baseOffer();
        offer.collateral = address(token);
        offer.nonce = 8;
        (id, terms) = open(offer);
        token.setBlocked(borrower, true);
    }

    /// @dev The debt ends and the lender is paid, whatever the collateral token thinks of the borrower.
    function test_RefusedCollateralWaitsForTheBorrower() external {
        BlockingToken token = blockedLoan();
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.CollateralKept(id, 1e18);
        pay(id, terms, type(uint256).max);
        eq(aggregator.loan(id).status, Status.Repaid, "ended");
        eq(aggregator.collateralOf(id, terms), 1e18, "kept");
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NotBorrower.selector, address(this)));
        aggregator.claimCollateral(id, terms, address(this));
        vm.prank(borrower);
        vm.expectRevert(
            abi.encodeWithSelector(ICreditAggregator.TransferFailed.selector, address(token), address(manager))
        );
        aggregator.claimCollateral(id, terms, borrower);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.CollateralClaimed(id, RECIPIENT, 1e18);
        vm.prank(borrower);
        eq(aggregator.claimCollateral(id, terms, RECIPIENT), 1e18, "all of it");
        eq(token.balanceOf(RECIPIENT), 1e18, "elsewhere");
        eq(aggregator.collateralOf(id, terms), 0, "nothing left");
    }

    function test_RevertWhen_ThereIsNothingToClaim() external {
        vm.startPrank(borrower);
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.claimCollateral(id, terms, borrower);
        aggregator.repay(id, terms, type(uint256).max);
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.claimCollateral(id, terms, borrower);
        vm.stopPrank();
    }

    /// @dev An active loan with a second slot has collateral, but none to claim.
    function test_RevertWhen_ClaimingFromAnActiveLoan() external {
        vm.startPrank(borrower);
        aggregator.addCollateral(id, terms, 1e18);
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.claimCollateral(id, terms, borrower);
        vm.stopPrank();
    }

    function test_RevertWhen_ClaimedTwice() external {
        blockedLoan();
        pay(id, terms, type(uint256).max);
        vm.startPrank(borrower);
        aggregator.claimCollateral(id, terms, RECIPIENT);
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.claimCollateral(id, terms, RECIPIENT);
        vm.stopPrank();
    }

    // --- payments that the asset refuses

    function test_RefusedPaymentWaitsForTheLender() external {
        BlockingToken token = new BlockingToken();
        list(address(token));
        token.mint(lender, 10_000e6);
        token.mint(borrower, 10_000e6);
        vm.prank(lender);
        token.approve(address(aggregator), type(uint256).max);
        vm.prank(borrower);
        token.approve(address(aggregator), type(uint256).max);
        Offer memory offer = baseOffer();
        offer.asset = address(token);
        offer.nonce = 8;
        (id, terms) = open(offer);
        token.setBlocked(lender, true);
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.PaymentKept(lender, address(token), 1_200e6);
        pay(id, terms, type(uint256).max);
        eq(aggregator.loan(id).status, Status.Repaid, "a lender cannot keep the debt alive");
        eq(aggregator.keptPayment(lender, address(token)), 1_200e6, "its money waits");
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.claimPayment(address(token), address(this));
        vm.expectEmit(true, true, true, true, address(aggregator));
        emit ICreditAggregator.PaymentClaimed(lender, address(token), RECIPIENT, 1_200e6);
        uint256 before = token.balanceOf(RECIPIENT);
        vm.prank(lender);
        eq(aggregator.claimPayment(address(token), RECIPIENT), 1_200e6, "claimed");
        eq(token.balanceOf(RECIPIENT) - before, 1_200e6, "elsewhere");
        vm.prank(lender);
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.claimPayment(address(token), RECIPIENT);
    }

    // --- repay with collateral

    uint256 private mode;

    function onCollateralReleased(
        bytes32 loanId,
        address asset_,
        uint256 owed,
        address collateral_,
        uint256 amount,
        bytes calldata
    ) external override returns (bytes4) {
        require(msg.sender == address(aggregator), "only the aggregator");
        eq(loanId, id, "loan");
        eq(asset_, address(asset), "asset");
        eq(collateral_, address(collateral), "token");
        eq(collateral.balanceOf(address(this)), amount, "the collateral is here first");
        if (mode == 1) return bytes4(0);
        asset.mint(address(this), owed);
        asset.approve(address(aggregator), mode == 2 ? owed - 1 : owed);
        return IRepayCallback.onCollateralReleased.selector;
    }

    function test_CollateralPaysTheDebt() external {
        vm.warp(START + 10 days);
        uint256 payoff = aggregator.payoffAmount(id, terms, block.timestamp);
        uint256 before = asset.balanceOf(lender);
        vm.prank(borrower);
        eq(aggregator.repayWithCollateral(id, terms, address(this), "sell"), payoff, "the payoff");
        eq(asset.balanceOf(lender) - before, payoff, "to the lender");
        eq(collateral.balanceOf(address(this)), 1e18, "the seller keeps what it got");
        eq(aggregator.loan(id).status, Status.Repaid, "closed");
    }

    function test_TheLenderThatKeepsBooksIsTold() external {
        BookkeepingLender books = new BookkeepingLender(lender);
        fund(address(books));
        Offer memory offer = pricedOffer();
        (offer.lender, offer.epoch) = (address(books), 0);
        (id, terms) = open(offer);
        vm.warp(START + 10 days);
        vm.prank(borrower);
        uint256 paid = aggregator.repayWithCollateral(id, terms, address(this), "sell");
        eq(books.lent(), 0, "all back");
        eq(books.income(), paid - 1_200e6, "and the interest");
    }

    function test_RevertWhen_NotTheBorrowerSellsTheCollateral() external {
        vm.expectRevert(abi.encodeWithSelector(ICreditAggregator.NotBorrower.selector, address(this)));
        aggregator.repayWithCollateral(id, terms, address(this), "");
    }

    /// @dev Somebody who allowed this contract for other reasons is not made to pay.
    function test_RevertWhen_TheReceiverDidNotMeanTo() external {
        mode = 1;
        vm.prank(borrower);
        vm.expectRevert(invalid("receiver"));
        aggregator.repayWithCollateral(id, terms, address(this), "");
        vm.prank(borrower);
        vm.expectRevert();
        aggregator.repayWithCollateral(id, terms, lender, "");
    }

    function test_RevertWhen_TheReceiverPaysTooLittle() external {
        mode = 2;
        vm.prank(borrower);
        vm.expectRevert();
        aggregator.repayWithCollateral(id, terms, address(this), "");
        eq(aggregator.loan(id).status, Status.Active, "all or nothing");
        eq(collateral.balanceOf(address(manager)), 1e18, "the collateral is back");
    }
}
