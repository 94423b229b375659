// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, LoanTerms, Offer } from "../../src/ICreditAggregator.sol";
import { CollateralLimits, ICreditPool, LendingPolicy, PoolConfig } from "../../src/pool/ICreditPool.sol";
import { ITranche } from "../../src/pool/ITranche.sol";
import { Base } from "../Base.sol";
import { IPoolFactory } from "./PoolBase.sol";
import { CallbackAsset } from "./PoolDoubles.sol";

/// @notice Tokens that call back: what is paid while the money or the collateral of a new loan moves comes before the pool hears of
/// the loan, and the pool's books are right all the same.
contract PoolCallbacksTest is Base {
    uint256 private constant UNDERWRITER_KEY = 0x5161;

    function test_PayingWhileTheMoneyMoves() external {
        CallbackAsset token = new CallbackAsset();
        asset = token;
        list(address(token));
        fund(lender);
        fund(borrower);
        requireSound(token, RECIPIENT);
    }

    function test_PayingWhileTheCollateralMoves() external {
        CallbackAsset token = new CallbackAsset();
        collateral = token;
        fund(borrower);
        requireSound(token, borrower);
    }

    /// @dev The token stands for the account that it calls back.
    function requireSound(CallbackAsset token, address party) private {
        ICreditPool pool = makePool();
        Offer memory offer = pricedOffer();
        (offer.lender, offer.epoch) = (address(pool), 0);
        Intent memory intent = intentFor(offer, borrower);
        (LoanTerms memory terms, bytes32 loanId) = aggregator.termsOf(offer, intent);
        Signed memory s = signBy(UNDERWRITER_KEY, BORROWER_KEY, offer, intent);
        s.lenderSignature = abi.encode(offer, s.lenderSignature);
        asset.mint(address(token), 200e6);
        vm.prank(address(token));
        asset.approve(address(aggregator), 200e6);
        token.arm(party, address(aggregator), abi.encodeCall(ICreditAggregator.repay, (loanId, terms, 200e6)));
        submit(s);
        require(token.succeeded(), "paid in the middle");
        eq(aggregator.loan(loanId).outstanding, 1_000e6, "what the loan owes");
        eq(pool.lent(), 1_000e6, "what the pool has lent");
        eq(pool.cash(), asset.balanceOf(address(pool)), "what the pool has");
        fund(address(this));
        aggregator.repay(loanId, terms, type(uint256).max);
        eq(pool.lent(), 0, "nothing is left over");
        eq(pool.cash(), asset.balanceOf(address(pool)), "all of it is known");
    }

    function makePool() private returns (ICreditPool pool) {
        address implementation = ship("CreditPool", abi.encode(address(aggregator), ship("Tranche", "")));
        IPoolFactory factory = IPoolFactory(ship("PoolFactory", abi.encode(implementation)));
        PoolConfig memory config = PoolConfig({
            asset: address(asset),
            owner: ADMIN,
            guardian: GUARDIAN,
            underwriter: vm.addr(UNDERWRITER_KEY),
            oracle: address(oracle),
            seniorRatePpm: 50_000,
            minJuniorBps: 2_000,
            saleDiscountBps: 500,
            smoothing: 30 days,
            label: "AST"
        });
        pool = ICreditPool(factory.createPool(config, 0));
        vm.startPrank(ADMIN);
        pool.setLendingPolicy(LendingPolicy(50_000e6, 50_000e6, 90_000e6, 100_000, 400 days, FEE_RECIPIENT));
        pool.setCollateralLimits(address(collateral), CollateralLimits(6_000, 8_000));
        vm.stopPrank();
        vm.startPrank(lender);
        asset.approve(pool.juniorTranche(), 20_000e6);
        ITranche(pool.juniorTranche()).deposit(20_000e6, lender);
        vm.stopPrank();
    }
}
