// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Offer } from "../../src/ICreditAggregator.sol";
import { DevToken } from "../../src/dev/DevToken.sol";
import { ICreditPool, Request } from "../../src/pool/ICreditPool.sol";
import { ITranche } from "../../src/pool/ITranche.sol";
import { PoolBase } from "./PoolBase.sol";
import { FakeAggregator } from "./PoolDoubles.sol";

/// @notice Random lives of one pool. Every call must succeed; what each must keep is required here.
contract PoolHandler is PoolBase {
    struct Waiting {
        bool isSenior;
        uint256 index;
    }

    uint256 private constant MAX_LOANS = 20;

    bytes32[] public loanIds;
    address[] private people = [ALICE, BOB, CAROL];
    Waiting[] private waiting;
    uint256 public seniorPrice;
    /// @dev Sequence of the last request of each tranche that was paid whole.
    mapping(bool isSenior => uint256) private lastPaid;

    /// @dev The price of senior never falls while junior has something.
    modifier watched() {
        seniorPrice = priceOf(senior);
        _;
        require(pool.juniorAssets() == 0 || priceOf(senior) >= seniorPrice, "senior lost before junior");
    }

    function loanCount() external view returns (uint256) {
        return loanIds.length;
    }

    function world() external view returns (World memory) {
        return World(address(pool), address(senior), address(junior), address(asset), address(core), BORROWER);
    }

    struct World {
        address pool;
        address senior;
        address junior;
        address asset;
        address core;
        address borrower;
    }

    // --- actions

    function depositInto(uint256 who, bool isSenior, uint256 amount) external watched {
        ITranche tranche = isSenior ? senior : junior;
        address person = people[who % people.length];
        uint256 max = tranche.maxDeposit(person);
        if (max == 0) return;
        amount = bound(amount, 0, max < 50_000e6 ? max : 50_000e6);
        uint256 expected = tranche.previewDeposit(amount);
        eq(deposit(tranche, person, amount), expected, "preview");
    }

    function withdrawFrom(uint256 who, bool isSenior, uint256 amount, bool byShares) external watched {
        ITranche tranche = isSenior ? senior : junior;
        address person = people[who % people.length];
        (,, uint256 seniorsWait) = pool.queueOf(true);
        if (seniorsWait != 0) eq(tranche.maxWithdraw(person) + tranche.maxRedeem(person), 0, "overtook the queue");
        uint256 before = asset.balanceOf(person);
        if (byShares) {
            uint256 shares = bound(amount, 0, tranche.maxRedeem(person));
            eq(redeem(tranche, person, shares), asset.balanceOf(person) - before, "paid");
        } else {
            amount = bound(amount, 0, tranche.maxWithdraw(person));
            vm.prank(person);
            tranche.withdraw(amount, person, person);
            eq(asset.balanceOf(person) - before, amount, "paid");
        }
        requireJuniorShare(isSenior);
    }

    function requestFrom(uint256 who, bool isSenior, uint256 shares) external watched {
        ITranche tranche = isSenior ? senior : junior;
        address person = people[who % people.length];
        uint256 balance = tranche.balanceOf(person);
        if (balance == 0) return;
        waiting.push(Waiting(isSenior, request(tranche, person, bound(shares, 1, balance))));
    }

    function cancel(uint256 pick) external watched {
        if (waiting.length == 0) return;
        Waiting memory item = waiting[pick % waiting.length];
        Request memory asked = pool.requestOf(item.isSenior, item.index);
        if (asked.owner == address(0)) return;
        vm.prank(asked.owner);
        eq((item.isSenior ? senior : junior).cancelRequest(item.index), asked.shares, "all that was unpaid");
    }

    /// @notice Requests of a tranche are paid in the order they were made; what cash there is goes out.
    function process(uint256 max) external watched {
        max = bound(max, 1, 6);
        uint256 cash = pool.cash();
        (uint256 seniorHead,,) = pool.queueOf(true);
        (uint256 juniorHead,,) = pool.queueOf(false);
        uint256 held = asset.balanceOf(address(pool));
        uint256 steps = pool.processQueue(max);
        eq(held - asset.balanceOf(address(pool)), cash - pool.cash(), "paid what the books say");
        requireOrder(true, seniorHead);
        requireOrder(false, juniorHead);
        (,, uint256 seniorsWait) = pool.queueOf(true);
        if (steps < max && seniorsWait != 0) eq(pool.cash(), 0, "cash is left and someone waits");
    }

    function borrow(uint256 principal) external watched {
        uint256 free = pool.freeCash();
        uint256 room = 150_000e6 - pool.exposureOf(BORROWER);
        if (room > free) room = free;
        if (room == 0 || loanIds.length >= MAX_LOANS) return;
        Offer memory offer = baseOffer();
        offer.principal = uint128(bound(principal, 1, room < 100_000e6 ? room : 100_000e6));
        offer.collateralAmount = 1e24;
        bytes32 clause = pool.refusalOf(offer);
        if (clause == "limit") return;
        eq(clause, bytes32(0), "within the policy");
        loanIds.push(core.originate(offer, sign(offer)));
        // New loans do not take what the queue is owed.
        eq(pool.freeCash(), free - offer.principal, "free cash is lent");
    }

    function repay(uint256 pick, uint256 principal, uint256 income) external watched {
        if (loanIds.length == 0) return;
        bytes32 loanId = loanIds[pick % loanIds.length];
        (,, uint256 outstanding) = core.loans(loanId);
        if (outstanding == 0) return;
        core.repay(loanId, bound(principal, 0, outstanding), bound(income, 0, outstanding / 10));
    }

    function lose(uint256 pick, uint256 seized, uint256 dice) external watched {
        if (loanIds.length == 0 || dice % 3 != 0) return;
        bytes32 loanId = loanIds[pick % loanIds.length];
        (,, uint256 outstanding) = core.loans(loanId);
        if (outstanding == 0) return;
        uint256 junior_ = pool.juniorAssets();
        uint256 senior_ = pool.seniorAssets();
        core.lose(loanId, address(collateral), bound(seized, 0, 10e18));
        eq(pool.juniorAssets(), junior_ > outstanding ? junior_ - outstanding : 0, "junior first");
        eq(pool.seniorAssets(), junior_ > outstanding ? senior_ : senior_ + junior_ - outstanding, "then senior");
    }

    function buy(uint256 amount) external watched {
        uint256 held = pool.forSale(address(collateral));
        if (held == 0) return;
        amount = bound(amount, 1, held);
        uint256 cost = pool.saleCost(address(collateral), amount);
        asset.mint(STRANGER, cost);
        approveAll(STRANGER);
        vm.prank(STRANGER);
        pool.buyCollateral(address(collateral), amount, cost, STRANGER);
    }

    function donate(uint256 amount) external watched {
        uint256 price = priceOf(junior);
        asset.mint(address(pool), bound(amount, 1, 1e12));
        eq(priceOf(junior), price, "a donation moved a price");
    }

    function setRate(uint256 rate) external watched {
        vm.prank(OWNER);
        pool.setSeniorRate(bound(rate, 0, 200_000));
    }

    function wait(uint256 time) external watched {
        vm.warp(block.timestamp + bound(time, 1, 20 days));
    }

    // --- parts

    function requireJuniorShare(bool isSenior) private view {
        // One base unit for the rounding of what was paid.
        if (isSenior || pool.seniorAssets() == 0) return;
        uint256 value = pool.value();
        if (pool.juniorAssets() * 10_000 / 2_000 < value) {
            eq(junior.maxWithdraw(BOB), 0, "junior below its least share");
        }
    }

    function requireOrder(bool isSenior, uint256 before) private {
        (uint256 head, uint256 tail,) = pool.queueOf(isSenior);
        require(head >= before && head <= tail, "the head went back");
        if (head < tail) {
            uint256 sequence = pool.requestOf(isSenior, head).sequence;
            require(sequence > lastPaid[isSenior], "out of order");
            lastPaid[isSenior] = sequence - 1;
        }
        for (uint256 i = before; i < head; ++i) {
            eq(pool.requestOf(isSenior, i).shares, 0, "passed without being paid");
        }
    }
}

contract PoolInvariantsTest is PoolBase {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    PoolHandler private handler;

    function setUp() public override {
        vm.warp(START);
        handler = new PoolHandler();
        handler.setUp();
        PoolHandler.World memory w = handler.world();
        pool = ICreditPool(w.pool);
        senior = ITranche(w.senior);
        junior = ITranche(w.junior);
        asset = DevToken(w.asset);
        core = FakeAggregator(w.core);
        handler.depositInto(1, false, 40_000e6 + 2);
        handler.depositInto(0, true, 49_000e6 + 2);
        handler.depositInto(2, true, 49_000e6 + 2);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = PoolHandler.depositInto.selector;
        selectors[1] = PoolHandler.withdrawFrom.selector;
        selectors[2] = PoolHandler.requestFrom.selector;
        selectors[3] = PoolHandler.cancel.selector;
        selectors[4] = PoolHandler.process.selector;
        selectors[5] = PoolHandler.borrow.selector;
        selectors[6] = PoolHandler.repay.selector;
        selectors[7] = PoolHandler.lose.selector;
        selectors[8] = PoolHandler.buy.selector;
        selectors[9] = PoolHandler.donate.selector;
        selectors[10] = PoolHandler.setRate.selector;
        selectors[11] = PoolHandler.wait.selector;
        selectors[12] = PoolHandler.borrow.selector;
        selectors[13] = PoolHandler.repay.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(handler), selectors);
    }

    /// @dev One function, so that all rules are checked in the same runs.
    function invariant_BooksAreSound() external view {
        requireCash();
        requireParts();
        requireLoans();
        requireQueue(true, senior);
        requireQueue(false, junior);
    }

    function requireCash() private view {
        require(pool.cash() <= asset.balanceOf(address(pool)), "the books promise more than there is");
        require(pool.freeCash() <= pool.cash(), "free cash");
    }

    function requireParts() private view {
        eq(pool.value(), pool.cash() + pool.lent(), "value");
        eq(pool.value(), pool.seniorAssets() + pool.juniorAssets(), "parts");
        require(pool.seniorAssets() <= pool.seniorClaim(), "senior above its claim");
        require(junior.totalAssets() <= pool.juniorAssets(), "pending income counts");
        uint256 owed = senior.convertToAssets(senior.totalSupply()) + junior.convertToAssets(junior.totalSupply());
        require(owed <= pool.value(), "shares promise more than there is");
    }

    function requireLoans() private view {
        uint256 sum;
        uint256 length = handler.loanCount();
        for (uint256 i = 0; i < length; ++i) {
            (,, uint256 outstanding) = core.loans(handler.loanIds(i));
            sum += outstanding;
        }
        eq(pool.lent(), sum, "lent is what the loans owe");
        eq(pool.exposureOf(BORROWER), sum, "exposure");
    }

    function requireQueue(bool isSenior, ITranche tranche) private view {
        (uint256 head, uint256 tail, uint256 shares) = pool.queueOf(isSenior);
        uint256 sum;
        uint256 last;
        for (uint256 i = head; i < tail; ++i) {
            Request memory item = pool.requestOf(isSenior, i);
            require(item.sequence > last, "order");
            last = item.sequence;
            sum += item.shares;
        }
        eq(sum, shares, "sum of requests");
        eq(tranche.balanceOf(address(pool)), shares, "shares held");
    }
}
