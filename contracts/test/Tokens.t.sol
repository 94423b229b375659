// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { DevToken } from "../src/dev/DevToken.sol";
import { Base } from "./Base.sol";
import { AnsweringToken, BlockingToken, CallingToken, ChargingToken, FalseToken, NoReturnToken } from "./Doubles.sol";

/// @notice Odd tokens work, are refused, or harm only their own loan.
contract TokensTest is Base {
    function fundWith(address token, address who) private {
        BlockingToken(token).mint(who, 1e30);
        vm.prank(who);
        BlockingToken(token).approve(address(aggregator), type(uint256).max);
    }

    function refused(Offer memory offer) private {
        Signed memory s = signed(offer);
        vm.expectRevert();
        aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
        require(!aggregator.isNonceUsed(lender, offer.nonce), "nothing happened");
    }

    function test_TokensWithoutReturnValueWork() external {
        NoReturnToken money = new NoReturnToken();
        NoReturnToken pledge = new NoReturnToken();
        list(address(money));
        money.mint(lender, 1e30);
        money.mint(borrower, 1e30);
        pledge.mint(borrower, 1e30);
        Offer memory offer = baseOffer();
        (offer.asset, offer.collateral) = (address(money), address(pledge));
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        eq(money.balanceOf(RECIPIENT), 1_188e6, "disbursed");
        eq(pledge.balanceOf(address(manager)), 1e18, "locked");
        pay(loanId, terms, type(uint256).max);
        eq(pledge.balanceOf(borrower), 1e30, "released");
    }

    function test_TokensThatAnswerFalseAreRefused() external {
        address token = address(new FalseToken());
        Offer memory offer = baseOffer();
        offer.asset = token;
        refused(offer);
        offer = baseOffer();
        offer.collateral = token;
        refused(offer);
    }

    /// @notice The party whose tokens did not come is named, whatever the token answered instead of a reason.
    function test_RevertWhen_TheTokenAnswersFalseOrNothing() external {
        address[2] memory tokens = [address(new FalseToken()), address(0x1234)];
        for (uint256 i = 0; i < tokens.length; ++i) {
            list(tokens[i]);
            Offer memory offer = baseOffer();
            offer.asset = tokens[i];
            submitReverting(
                signed(offer), abi.encodeWithSelector(ICreditAggregator.TransferFailed.selector, tokens[i], lender)
            );
            offer = baseOffer();
            offer.collateral = tokens[i];
            submitReverting(
                signed(offer), abi.encodeWithSelector(ICreditAggregator.TransferFailed.selector, tokens[i], borrower)
            );
        }
    }

    /// @notice Only the word one, or no answer, is a transfer; what follows the word does not matter.
    function test_OnlyTheWordOneIsATransfer() external {
        AnsweringToken token = new AnsweringToken();
        list(address(token));
        Offer memory offer = baseOffer();
        offer.asset = address(token);
        bytes[4] memory bad = [abi.encode(uint256(2)), abi.encode(uint256(0)), new bytes(31), new bytes(33)];
        bad[2][30] = 0x01;
        for (uint256 i = 0; i < bad.length; ++i) {
            token.answer(bad[i]);
            refused(offer);
        }
        bytes[3] memory good = [abi.encode(uint256(1)), abi.encode(uint256(1), uint256(0)), bytes("")];
        for (uint256 i = 0; i < good.length; ++i) {
            token.answer(good[i]);
            offer.nonce = 20 + i;
            (bytes32 loanId, LoanTerms memory terms) = open(offer);
            pay(loanId, terms, type(uint256).max);
            eq(aggregator.loan(loanId).status, Status.Repaid, "paid");
        }
    }

    /// @notice Custody gives back in the same sense: what it could not give waits for its owner.
    function test_ReleaseNeedsTheWordOneToo() external {
        bytes[3] memory bad = [abi.encode(uint256(2)), new bytes(31), abi.encode(uint256(0))];
        for (uint256 i = 0; i < bad.length; ++i) {
            AnsweringToken token = new AnsweringToken();
            require(!releasedWhen(token, bad[i]), "waits");
        }
        require(releasedWhen(new AnsweringToken(), abi.encode(uint256(1))), "one");
        require(releasedWhen(new AnsweringToken(), abi.encode(uint256(1), uint256(7))), "one and more");
        require(releasedWhen(new AnsweringToken(), ""), "no answer");
    }

    /// @notice A token whose code is gone gives nothing back.
    function test_CollateralWithoutCodeWaits() external {
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        vm.etch(address(collateral), "");
        pay(loanId, terms, type(uint256).max);
        eq(aggregator.loan(loanId).status, Status.Repaid, "the debt ends");
        eq(aggregator.collateralOf(loanId, terms), 1e18, "the pledge waits");
    }

    function releasedWhen(AnsweringToken token, bytes memory reply) private returns (bool) {
        token.answer(reply);
        vm.prank(address(aggregator));
        return manager.release(address(token), borrower, 1);
    }

    function test_CollateralThatChargesOnTransferIsRefused() external {
        ChargingToken token = new ChargingToken();
        fundWith(address(token), borrower);
        Offer memory offer = baseOffer();
        offer.collateral = address(token);
        submitReverting(
            signed(offer),
            abi.encodeWithSelector(ICreditAggregator.CollateralMismatch.selector, address(token), 1e18, 0.99e18)
        );
    }

    function test_AccountsWithoutCodeAreRefused() external {
        Offer memory offer = baseOffer();
        offer.asset = address(0x1234);
        refused(offer);
        offer = baseOffer();
        offer.collateral = address(0x1234);
        refused(offer);
    }

    /// @notice In the middle of either transfer of an origination a token can neither settle the offer again nor repay with what it has not.
    /// forge-config: ci.fuzz.runs = 64
    function testFuzz_ReentrantOrigination(bool asCollateral, bool afterMove, bool repayInstead) external {
        CallingToken token = new CallingToken();
        list(address(token));
        fundWith(address(token), lender);
        fundWith(address(token), borrower);
        // Custody of other borrowers, which a premature release would take.
        token.mint(address(manager), 5e18);
        Offer memory offer = baseOffer();
        if (asCollateral) offer.collateral = address(token);
        else offer.asset = address(token);
        Signed memory s = signed(offer);
        (LoanTerms memory terms, bytes32 loanId) = aggregator.termsOf(s.offer, s.intent);
        bytes memory payload = repayInstead
            ? abi.encodeCall(ICreditAggregator.repay, (loanId, terms, type(uint256).max))
            : abi.encodeCall(ICreditAggregator.originate, (s.offer, s.lenderSignature, s.intent, s.borrowerSignature));
        token.arm(address(aggregator), payload, afterMove);
        submit(s);
        require(token.called() && !token.succeeded(), "the inner call must fail");
        eq(token.balanceOf(address(manager)), asCollateral ? 6e18 : 5e18, "custody");
        eq(aggregator.loan(loanId).outstanding, 1_200e6, "the loan is whole");
    }

    /// @notice Another loan that moves the same collateral inside the transfer spoils the outer one.
    function test_ReentrantMoveOfTheSameCollateralIsRefused() external {
        CallingToken token = new CallingToken();
        list(address(token));
        fundWith(address(token), borrower);
        Offer memory offer = baseOffer();
        offer.collateral = address(token);
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        fundWith(address(asset), address(token));
        vm.prank(address(token));
        asset.approve(address(aggregator), type(uint256).max);
        Offer memory second = baseOffer();
        second.collateral = address(token);
        second.nonce = 8;
        Signed memory s = signed(second);
        token.arm(
            address(aggregator), abi.encodeCall(ICreditAggregator.repay, (loanId, terms, type(uint256).max)), true
        );
        submitReverting(
            s, abi.encodeWithSelector(ICreditAggregator.CollateralMismatch.selector, address(token), 2e18, 1e18)
        );
    }

    /// @notice In the middle of a repayment the books are already right.
    /// forge-config: ci.fuzz.runs = 64
    function testFuzz_ReentrantRepayment(bool afterMove, bool whole) external {
        CallingToken token = new CallingToken();
        list(address(token));
        fundWith(address(token), lender);
        fundWith(address(token), borrower);
        Offer memory offer = baseOffer();
        offer.asset = address(token);
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        // The token itself pays the inner call.
        fundWith(address(token), address(token));
        token.arm(
            address(aggregator), abi.encodeCall(ICreditAggregator.repay, (loanId, terms, type(uint256).max)), afterMove
        );
        uint256 before = token.balanceOf(lender);
        pay(loanId, terms, whole ? type(uint256).max : 200e6);
        require(token.called(), "called");
        require(token.succeeded() != whole, "inner payoff works only while debt is left");
        eq(token.balanceOf(lender) - before, 1_200e6, "paid once in sum");
        eq(collateral.balanceOf(address(manager)), 0, "released once");
        eq(aggregator.loan(loanId).status, Status.Repaid, "closed");
    }

    /// @notice A blocked party does not even stop its own loan: what the token refuses waits in custody.
    function test_BlockedPartyHarmsNobody() external {
        BlockingToken token = new BlockingToken();
        fundWith(address(token), borrower);
        Offer memory offer = baseOffer();
        offer.collateral = address(token);
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        uint256 otherKey = 0xC0FFEE;
        address other = vm.addr(otherKey);
        fundWith(address(token), other);
        fund(other);
        Offer memory second = baseOffer();
        second.borrower = other;
        second.collateral = address(token);
        second.nonce = 8;
        Intent memory intent = intentFor(second, other);
        bytes32 secondId = submit(signBy(LENDER_KEY, otherKey, second, intent));

        token.setBlocked(borrower, true);
        pay(loanId, terms, 106.7e6);
        pay(loanId, terms, type(uint256).max);
        (LoanTerms memory otherTerms,) = aggregator.termsOf(second, intent);
        vm.prank(other);
        aggregator.repay(secondId, otherTerms, type(uint256).max);
        eq(token.balanceOf(other), 1e30, "the other loan closed");
        eq(token.balanceOf(address(manager)), 1e18, "this one's collateral waits");
        token.setBlocked(borrower, false);
        vm.prank(borrower);
        aggregator.claimCollateral(loanId, terms, borrower);
        eq(token.balanceOf(borrower), 1e30, "and is claimed");
    }

    /// @notice A pledge whose balances shrink by themselves stops the pledge, not the loans of other tokens.
    function test_RebasingCollateralHarmsOnlyItsOwnToken() external {
        BlockingToken token = new BlockingToken();
        fundWith(address(token), borrower);
        Offer memory offer = baseOffer();
        offer.collateral = address(token);
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        offer = baseOffer();
        offer.nonce = 8;
        (bytes32 second, LoanTerms memory secondTerms) = open(offer);
        // A rebase: custody has less than it took.
        vm.prank(address(manager));
        token.transfer(STRANGER, 1);
        pay(loanId, terms, type(uint256).max);
        eq(aggregator.loan(loanId).status, Status.Repaid, "the debt ends");
        eq(aggregator.collateralOf(loanId, terms), 1e18, "the pledge waits until it is whole");
        pay(second, secondTerms, type(uint256).max);
        eq(collateral.balanceOf(address(manager)), 0, "the other token is untouched");
        vm.prank(STRANGER);
        token.transfer(address(manager), 1);
        vm.prank(borrower);
        aggregator.claimCollateral(loanId, terms, borrower);
    }

    /// @notice Amounts are base units: decimals from 0 to 24 make no difference.
    /// forge-config: ci.fuzz.runs = 500
    function testFuzz_AnyDecimals(uint8 assetDecimals, uint8 collateralDecimals) external {
        asset = new DevToken("Asset", "AST", uint8(bound(assetDecimals, 0, 24)));
        collateral = new DevToken("Collateral", "COL", uint8(bound(collateralDecimals, 0, 24)));
        list(address(asset));
        fund(lender);
        fund(borrower);
        Offer memory offer = baseOffer();
        offer.principal = uint128(12 * 10 ** asset.decimals());
        offer.installmentAmount = uint128(2 * 10 ** asset.decimals());
        offer.collateralAmount = uint128(10 ** collateral.decimals());
        (bytes32 loanId, LoanTerms memory terms) = open(offer);
        vm.warp(START + 30 days);
        pay(loanId, terms, offer.installmentAmount);
        pay(loanId, terms, type(uint256).max);
        eq(collateral.balanceOf(borrower), 1e40, "released");
    }
}
