// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { HOOK_GAS, ICreditHook } from "../src/ICreditHook.sol";
import { Base } from "./Base.sol";
import { SmartSigner } from "./Doubles.sol";

/// @notice A lender that keeps books, and can be made to misbehave.
contract BookkeepingLender is SmartSigner, ICreditHook {
    enum Mode {
        Works,
        Declines,
        Reverts,
        BurnsAllGas
    }

    Mode public mode;
    uint256 public lent;
    uint256 public income;
    uint256 public lost;
    uint256 public seized;
    uint256 public calls;
    uint256 public gasGiven;

    constructor(address owner) SmartSigner(owner) { }

    function set(Mode mode_) external {
        mode = mode_;
    }

    function onOriginated(bytes32, address, uint256 principal) external returns (bytes4) {
        gasGiven = gasleft();
        _misbehave();
        if (mode == Mode.Declines) return 0xffffffff;
        calls++;
        lent += principal;
        return ICreditHook.onOriginated.selector;
    }

    function onRepaid(bytes32, address, uint256 principal, uint256 income_) external {
        _misbehave();
        calls++;
        lent -= principal;
        income += income_;
    }

    function onLost(bytes32, address, uint256 lost_, address, uint256 seized_) external {
        _misbehave();
        calls++;
        lent -= lost_;
        lost += lost_;
        seized += seized_;
    }

    function _misbehave() private view {
        if (mode == Mode.Reverts) revert("no");
        if (mode == Mode.BurnsAllGas) {
            while (true) { }
        }
    }
}

/// @notice Lenders that are contracts are told of their loans, and can stop nothing.
contract HooksTest is Base {
    BookkeepingLender private books;

    function setUp() public override {
        super.setUp();
        books = new BookkeepingLender(lender);
        fund(address(books));
    }

    function offerOf(uint256 nonce) private view returns (Offer memory offer) {
        offer = pricedOffer();
        offer.lender = address(books);
        offer.epoch = 0;
        offer.nonce = nonce;
    }

    function test_ToldOfOriginationPaymentAndEnd() external {
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1));
        require(aggregator.loan(id).hasHook, "remembered");
        eq(books.lent(), 1_200e6, "lent");
        vm.warp(START + 30 days);
        uint256 before = asset.balanceOf(address(books));
        pay(id, terms, 200e6);
        uint256 income = books.income();
        eq(income, interestOf(1_200e6, 30 days), "interest is income");
        eq(books.lent(), 1_200e6 - (200e6 - income), "the rest lowers the debt");
        pay(id, terms, type(uint256).max);
        eq(books.lent(), 0, "all back");
        eq(asset.balanceOf(address(books)) - before, 1_200e6 + books.income(), "books and money agree");
        eq(books.calls(), 3, "three calls");
    }

    function test_ToldOfALiquidationWithALoss() external {
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1));
        oracle.set(PRICE / 2);
        fund(STRANGER);
        vm.prank(STRANGER);
        (uint256 repaid,) = aggregator.liquidate(id, terms, type(uint256).max, 0, "");
        eq(books.lost(), 1_200e6 - repaid, "lost");
        eq(books.lent(), 0, "nothing outstanding in the books");
    }

    function test_ToldOfADefault() external {
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1));
        vm.warp(START + 34 days);
        aggregator.markDefault(id, terms);
        eq(books.lost(), 1_200e6, "principal given up");
        eq(books.seized(), collateral.balanceOf(address(books)) - 1e40, "collateral that arrived");
        eq(books.lent(), 0, "nothing outstanding");
    }

    function test_ToldOfARefinancing() external {
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1));
        Offer memory offer = baseOffer();
        offer.nonce = 9;
        Intent memory intent = intentFor(offer, borrower);
        intent.refinances = id;
        intent.minReceived = -100e6;
        Signed memory s = signBy(LENDER_KEY, BORROWER_KEY, offer, intent);
        aggregator.refinance(id, terms, s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
        eq(books.lent(), 0, "paid off");
    }

    function test_ALenderThatDoesNotAnswerIsNotCalledAgain() external {
        books.set(BookkeepingLender.Mode.Declines);
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1));
        require(!aggregator.loan(id).hasHook, "not remembered");
        pay(id, terms, type(uint256).max);
        eq(books.calls(), 0, "never called");
    }

    function test_ALenderThatDoesNotAnswerIsNotToldOfARefinancing() external {
        // Its books hold another loan, from which they could deduct.
        open(offerOf(2));
        books.set(BookkeepingLender.Mode.Declines);
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1));
        books.set(BookkeepingLender.Mode.Works);
        Offer memory offer = baseOffer();
        offer.nonce = 9;
        Intent memory intent = intentFor(offer, borrower);
        intent.refinances = id;
        intent.minReceived = -100e6;
        Signed memory s = signBy(LENDER_KEY, BORROWER_KEY, offer, intent);
        aggregator.refinance(id, terms, s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
        eq(aggregator.loan(id).status, Status.Refinanced, "refinanced");
        eq(books.calls(), 1, "told of the other one alone");
    }

    /// @dev An account with a key that delegates to code (EIP-7702) lends by its key, as one without code.
    function test_ALenderThatSignsByKeyIsNotAsked() external {
        vm.etch(lender, address(books).code);
        (bytes32 id, LoanTerms memory terms) = open(pricedOffer());
        require(!aggregator.loan(id).hasHook, "not remembered");
        pay(id, terms, type(uint256).max);
        eq(BookkeepingLender(lender).calls(), 0, "never called");
    }

    function test_NoLenderCanStopAnything() external {
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1));
        (bytes32 second, LoanTerms memory secondTerms) = open(offerOf(2));
        (bytes32 third, LoanTerms memory thirdTerms) = open(offerOf(3));
        books.set(BookkeepingLender.Mode.Reverts);
        pay(id, terms, 200e6);
        books.set(BookkeepingLender.Mode.BurnsAllGas);
        pay(id, terms, type(uint256).max);
        eq(aggregator.loan(id).status, Status.Repaid, "repaid");
        oracle.set(PRICE * 7 / 10);
        fund(STRANGER);
        vm.prank(STRANGER);
        aggregator.liquidate(second, secondTerms, type(uint256).max, 0, "");
        eq(aggregator.loan(second).status, Status.Liquidated, "liquidated");
        vm.warp(START + 34 days);
        aggregator.markDefault(third, thirdTerms);
        eq(aggregator.loan(third).status, Status.Defaulted, "defaulted");
    }

    function test_AHookThatFailsAtTheOriginationIsNotRemembered() external {
        books.set(BookkeepingLender.Mode.Reverts);
        (bytes32 id,) = open(offerOf(1));
        require(!aggregator.loan(id).hasHook, "not remembered");
    }

    /// @dev Whoever sends the transaction cannot starve the lender's books: too little gas reverts, enough reaches the hook.
    function testFuzz_TheHookGetsItsGasOrNothingHappens(uint256 gasLimit) external {
        (bytes32 id, LoanTerms memory terms) = open(offerOf(1));
        gasLimit = bound(gasLimit, 60_000, 500_000);
        vm.prank(borrower);
        try aggregator.repay{ gas: gasLimit }(id, terms, type(uint256).max) {
            eq(books.calls(), 2, "told");
            eq(books.lent(), 0, "and booked");
        } catch {
            eq(aggregator.loan(id).status, Status.Active, "nothing happened");
            eq(books.calls(), 1, "not told");
        }
    }

    function test_TheHookGetsWhatWasPromised() external {
        open(offerOf(1));
        require(books.gasGiven() > HOOK_GAS - 2_000 && books.gasGiven() <= HOOK_GAS, "its gas, and no more");
    }

    function interestOf(uint256 principal, uint256 time) private pure returns (uint256) {
        uint256 year = 1_000_000 * 365 days;
        return (principal * 120_000 * time + year - 1) / year;
    }
}
