// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { DevToken } from "../../src/dev/DevToken.sol";
import { ICreditPool } from "../../src/pool/ICreditPool.sol";
import { PoolBase } from "./PoolBase.sol";
import { CallbackAsset, ShortOracle } from "./PoolDoubles.sol";
import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";

/// @notice The books follow the loans, and what a default leaves is sold.
contract PoolHooksTest is PoolBase {
    function setUp() public override {
        super.setUp();
        fill();
    }

    // --- refusals

    function test_OnlyTheAggregatorTells() external {
        address[4] memory others = [STRANGER, OWNER, GUARDIAN, underwriter];
        for (uint256 i = 0; i < others.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(ICreditPool.NotAggregator.selector, others[i]);
            vm.startPrank(others[i]);
            vm.expectRevert(reason);
            pool.onOriginated(0, BORROWER, 1);
            vm.expectRevert(reason);
            pool.onRepaid(0, BORROWER, 0, 1);
            vm.expectRevert(reason);
            pool.onLost(0, BORROWER, 0, address(0), 0);
            vm.stopPrank();
        }
    }

    function test_BuyingRefusesMoreThanThereIs() external {
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 5e18);
        asset.mint(CAROL, 1e30);
        approveAll(CAROL);
        vm.startPrank(CAROL);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotForSale.selector, address(collateral), 5e18 + 1, 5e18));
        pool.buyCollateral(address(collateral), 5e18 + 1, type(uint256).max, CAROL);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotForSale.selector, address(collateral), 0, 5e18));
        pool.buyCollateral(address(collateral), 0, type(uint256).max, CAROL);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.PriceTooHigh.selector, 9_500e6, 9_500e6 - 1));
        pool.buyCollateral(address(collateral), 5e18, 9_500e6 - 1, CAROL);
        // A token that was sent here by mistake is not for sale, nor is the pool's money.
        DevToken other = new DevToken("Other", "OTH", 18);
        other.mint(address(pool), 1e18);
        prices.set(address(other), 1);
        prices.set(address(asset), 1);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotForSale.selector, address(other), 1, 0));
        pool.buyCollateral(address(other), 1, type(uint256).max, CAROL);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotForSale.selector, address(asset), 1, 0));
        pool.buyCollateral(address(asset), 1, type(uint256).max, CAROL);
    }

    function test_BuyingNeedsAPrice() external {
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 5e18);
        prices.set(address(collateral), 0);
        vm.expectRevert(abi.encodeWithSignature("NoPrice(address)", address(collateral)));
        pool.buyCollateral(address(collateral), 1, type(uint256).max, CAROL);
        // An oracle that answers zero would give it away.
        prices.set(address(collateral), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.InvalidField.selector, bytes32("price")));
        pool.buyCollateral(address(collateral), 1, type(uint256).max, CAROL);
    }

    function test_TakingIsRefusedWhileTheOracleWorks() external {
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 5e18);
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.OracleWorks.selector, address(collateral), PRICE));
        pool.takeCollateral(address(collateral), 1, CAROL);
        prices.set(address(collateral), 0);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotForSale.selector, address(collateral), 5e18 + 1, 5e18));
        pool.takeCollateral(address(collateral), 5e18 + 1, CAROL);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.InvalidField.selector, bytes32("amount")));
        pool.takeCollateral(address(collateral), 0, CAROL);
        // The pool's money has no price and is nobody's collateral.
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotForSale.selector, address(asset), 1, 0));
        pool.takeCollateral(address(asset), 1, CAROL);
    }

    /// @notice With little gas the oracle would fail for want of it, and the owner could take what has a price.
    function test_TakingNeedsGasForTheOracle() external {
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 5e18);
        bytes memory data = abi.encodeCall(ICreditPool.takeCollateral, (address(collateral), 1, CAROL));
        vm.prank(OWNER);
        (bool ok, bytes memory answer) = address(pool).call{ gas: 1_000_000 }(data);
        require(!ok, "must be refused");
        eq(
            keccak256(answer),
            keccak256(abi.encodeWithSelector(ICreditPool.GasTooLow.selector, 1_000_000)),
            "for want of gas"
        );
    }

    function test_OnlyTheSellerOrTheOwnerAccounts() external {
        taken();
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotSeller.selector, STRANGER));
        vm.prank(STRANGER);
        pool.recover(address(collateral), CAROL, 1, 1);
        vm.startPrank(CAROL);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotForSale.selector, address(collateral), 5e18 + 1, 5e18));
        pool.recover(address(collateral), CAROL, 5e18 + 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.NotForSale.selector, address(collateral), 0, 5e18));
        pool.recover(address(collateral), CAROL, 0, 0);
    }

    // --- books

    function test_OriginationMovesCashToLoans() external {
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.LoanAdded(bytes32(uint256(1)), BORROWER, 10_000e6);
        lend(10_000e6);
        eq(pool.cash(), 110_000e6, "cash");
        eq(pool.lent(), 10_000e6, "lent");
        eq(pool.exposureOf(BORROWER), 10_000e6, "exposure");
        eq(pool.value(), 120_000e6, "value");
    }

    function test_PaymentMovesLoansToCash() external {
        bytes32 loanId = lend(10_000e6);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.LoanPaid(loanId, BORROWER, 4_000e6, 100e6);
        core.repay(loanId, 4_000e6, 100e6);
        eq(pool.cash(), 114_100e6, "cash");
        eq(pool.lent(), 6_000e6, "lent");
        eq(pool.exposureOf(BORROWER), 6_000e6, "exposure");
        eq(pool.pendingIncome(), 100e6, "income");
        core.repay(loanId, 6_000e6, 0);
        eq(pool.lent() + pool.exposureOf(BORROWER), 0, "all paid");
    }

    function test_LossLeavesCollateral() external {
        bytes32 loanId = lend(10_000e6);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.LoanLost(loanId, BORROWER, 10_000e6, address(collateral), 5e18);
        core.lose(loanId, address(collateral), 5e18);
        eq(pool.lent() + pool.exposureOf(BORROWER), 0, "no loan");
        eq(pool.value(), 110_000e6, "lost");
        eq(pool.forSale(address(collateral)), 5e18, "for sale");
    }

    /// @notice The hooks of one borrower leave those of others alone.
    function test_ExposureIsByBorrower() external {
        core.lend(pool, CAROL, 5e6);
        bytes32 loanId = lend(10e6);
        core.repay(loanId, 10e6, 0);
        eq(pool.exposureOf(CAROL), 5e6, "Carol's");
        eq(pool.exposureOf(BORROWER), 0, "the borrower's");
    }

    /// @notice Should money have left between the check and the hook, donations paid for the loan, which counts all the same.
    function test_ALoanBeyondTheCashIsBookedAllTheSame() external {
        CallbackAsset token = new CallbackAsset();
        open(token);
        fill();
        token.mint(address(pool), 60_000e6);
        vm.prank(ALICE);
        senior.approve(address(token), type(uint256).max);
        token.arm(BORROWER, address(senior), abi.encodeCall(IERC4626.redeem, (70_000e12, ALICE, ALICE)));
        lend(100_000e6);
        require(token.succeeded(), "withdrew in between");
        eq(pool.cash(), 0, "no cash");
        eq(pool.lent(), 100_000e6, "the loan counts");
        eq(pool.exposureOf(BORROWER), 100_000e6, "so does the exposure");
        require(token.balanceOf(address(pool)) >= pool.cash(), "books promise no more than there is");
    }

    // --- payments that custody keeps

    function test_KeptPaymentsAreFetched() external {
        bytes32 loanId = lend(10_000e6);
        core.repayKept(loanId, 10_000e6, 100e6);
        eq(pool.cash(), 120_100e6, "in the books");
        eq(asset.balanceOf(address(pool)), 110_000e6, "not here");
        // Deposits wait for it: else they would pay those who leave.
        asset.mint(CAROL, 1);
        approveAll(CAROL);
        vm.expectRevert(abi.encodeWithSelector(ICreditPool.AssetMissing.selector, 120_100e6 + 1, 110_000e6 + 1));
        vm.prank(CAROL);
        junior.deposit(1, CAROL);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.KeptCollected(address(asset), 10_100e6);
        eq(pool.collectKept(address(asset)), 10_100e6, "fetched");
        eq(pool.cash(), asset.balanceOf(address(pool)), "once");
        vm.prank(CAROL);
        junior.deposit(1, CAROL);
    }

    function test_KeptCollateralComesUpForSale() external {
        core.keep(address(pool), address(collateral), 3e18);
        eq(pool.collectKept(address(collateral)), 3e18, "fetched");
        eq(pool.forSale(address(collateral)), 3e18, "for sale");
        eq(junior.maxDeposit(CAROL), 0, "junior is closed");
    }

    // --- sales

    function test_AnyoneBuysAtTheDiscount() external {
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 5e18);
        asset.mint(CAROL, 4_000e6);
        approveAll(CAROL);
        eq(pool.saleCost(address(collateral), 2e18), 3_800e6, "4,000 less 5 %");
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.CollateralSold(address(collateral), CAROL, 2e18, 3_800e6);
        vm.prank(CAROL);
        eq(pool.buyCollateral(address(collateral), 2e18, 3_800e6, BOB), 3_800e6, "cost");
        eq(collateral.balanceOf(BOB), 2e18, "delivered");
        eq(asset.balanceOf(CAROL), 200e6, "paid");
        eq(pool.cash(), 113_800e6, "cash");
        eq(pool.pendingIncome(), 3_800e6, "a recovery is income");
        eq(pool.forSale(address(collateral)), 3e18, "the rest");
    }

    /// @notice No amount is so small that it is free.
    function testFuzz_SaleIsRoundedUp(uint256 amount, uint256 price, uint256 discount) external {
        amount = bound(amount, 1, 1e24);
        price = bound(price, 1, 1e40);
        discount = bound(discount, 0, 2_000);
        prices.set(address(collateral), price);
        vm.prank(OWNER);
        pool.setSaleDiscount(discount);
        uint256 cost = pool.saleCost(address(collateral), amount);
        require(cost * 10_000 * 1e36 >= amount * price * (10_000 - discount), "below the discount");
        require(cost * 10_000 <= (amount * price / 1e36 + 1) * (10_000 - discount) + 10_000, "far above");
    }

    function test_TheOwnerHasWhatHasNoPriceSold() external {
        taken();
        eq(collateral.balanceOf(CAROL), 5e18, "with the seller");
        eq(pool.forSale(address(collateral)), 0, "no longer here");
        eq(pool.takenBy(address(collateral), CAROL), 5e18, "remembered");
        eq(junior.maxDeposit(BOB), 0, "junior stays closed");
        asset.mint(CAROL, 8_000e6);
        approveAll(CAROL);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.Recovered(address(collateral), CAROL, 4e18, 8_000e6);
        vm.prank(CAROL);
        pool.recover(address(collateral), CAROL, 4e18, 8_000e6);
        eq(pool.cash(), 118_000e6, "cash");
        eq(pool.pendingIncome(), 8_000e6, "income");
        eq(junior.maxDeposit(BOB), 0, "a rest is open");
        // The owner may write off what never comes back.
        vm.prank(OWNER);
        pool.recover(address(collateral), CAROL, 1e18, 0);
        eq(pool.takenBy(address(collateral), CAROL), 0, "accounted for");
        require(junior.maxDeposit(BOB) != 0, "open");
    }

    function test_TakingInPartsCountsOneSale() external {
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 5e18);
        prices.set(address(collateral), 0);
        vm.startPrank(OWNER);
        pool.takeCollateral(address(collateral), 2e18, CAROL);
        pool.takeCollateral(address(collateral), 2e18, CAROL);
        pool.recover(address(collateral), CAROL, 4e18, 0);
        eq(junior.maxDeposit(BOB), 0, "one unit is here");
        vm.stopPrank();
        prices.set(address(collateral), PRICE);
        asset.mint(CAROL, 2_000e6);
        approveAll(CAROL);
        vm.prank(CAROL);
        pool.buyCollateral(address(collateral), 1e18, 2_000e6, CAROL);
        require(junior.maxDeposit(BOB) != 0, "open");
    }

    /// @notice Two loans that leave the same token are one sale: it ends when all of the token is sold.
    function test_TheSameTokenTwiceIsOneSale() external {
        bytes32 first = lend(10_000e6);
        bytes32 second = lend(10_000e6);
        core.lose(first, address(collateral), 2e18);
        core.lose(second, address(collateral), 3e18);
        eq(pool.forSale(address(collateral)), 5e18, "together");
        asset.mint(CAROL, 10_000e6);
        approveAll(CAROL);
        vm.startPrank(CAROL);
        pool.buyCollateral(address(collateral), 4e18, 8_000e6, CAROL);
        eq(junior.maxDeposit(BOB), 0, "a rest is here");
        pool.buyCollateral(address(collateral), 1e18, 2_000e6, CAROL);
        require(junior.maxDeposit(BOB) != 0, "open");
        vm.stopPrank();
    }

    /// @notice An oracle that is not there, or answers nonsense, counts as one without a price.
    function test_AnOracleThatIsNoneIsNoObstacle() external {
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 5e18);
        address[3] memory none = [address(0), STRANGER, address(new ShortOracle())];
        vm.startPrank(OWNER);
        for (uint256 i = 0; i < none.length; ++i) {
            pool.setOracle(none[i]);
            pool.takeCollateral(address(collateral), 1e18, CAROL);
        }
        pool.setOracle(address(prices));
        prices.set(address(collateral), type(uint256).max);
        pool.takeCollateral(address(collateral), 1e18, CAROL);
        eq(collateral.balanceOf(CAROL), 4e18, "taken");
    }

    // --- parts

    function taken() private {
        bytes32 loanId = lend(10_000e6);
        core.lose(loanId, address(collateral), 5e18);
        prices.set(address(collateral), 0);
        vm.expectEmit(true, true, true, true, address(pool));
        emit ICreditPool.CollateralTaken(address(collateral), CAROL, 5e18);
        vm.prank(OWNER);
        pool.takeCollateral(address(collateral), 5e18, CAROL);
    }
}
