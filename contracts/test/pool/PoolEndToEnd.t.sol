// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, LoanTerms, Offer, Status } from "../../src/ICreditAggregator.sol";
import { ICreditHook } from "../../src/ICreditHook.sol";
import { AttestationPolicy, CreditAttestation } from "../../src/ICreditScoringOracle.sol";
import { DevToken } from "../../src/dev/DevToken.sol";
import { CollateralLimits, ICreditPool, LendingPolicy, PoolConfig } from "../../src/pool/ICreditPool.sol";
import { ITranche } from "../../src/pool/ITranche.sol";
import { Base } from "../Base.sol";
import { BlockingToken, SmartSigner } from "../Doubles.sol";
import { IPoolFactory } from "./PoolBase.sol";

/// @notice A lender that takes its money out of the pool while its loan is refinanced by that pool.
contract LeavingLender is SmartSigner {
    ITranche private immutable TRANCHE;
    bool public left;

    constructor(address owner, ITranche tranche) SmartSigner(owner) {
        TRANCHE = tranche;
    }

    function join(DevToken token, uint256 assets) external {
        token.approve(address(TRANCHE), assets);
        TRANCHE.deposit(assets, address(this));
    }

    function approve(DevToken token, address spender) external {
        token.approve(spender, type(uint256).max);
    }

    function onOriginated(bytes32, address, uint256) external pure returns (bytes4) {
        return ICreditHook.onOriginated.selector;
    }

    function onRepaid(bytes32, address, uint256, uint256) external {
        TRANCHE.redeem(TRANCHE.balanceOf(address(this)), address(this), address(this));
        left = true;
    }
}

/// @notice A lender that answers a payment by a call of its own.
contract CallingLender is SmartSigner {
    address private target;
    bytes private payload;
    bool public succeeded;

    constructor(address owner) SmartSigner(owner) { }

    function arm(DevToken token, address target_, bytes calldata payload_) external {
        (target, payload) = (target_, payload_);
        token.approve(target_, type(uint256).max);
    }

    function onOriginated(bytes32, address, uint256) external pure returns (bytes4) {
        return ICreditHook.onOriginated.selector;
    }

    function onRepaid(bytes32, address, uint256, uint256) external {
        (succeeded,) = target.call(payload);
    }
}

/// @notice A pool before the real aggregator: it lends, is paid, loses and sells as any other lender.
contract PoolEndToEndTest is Base {
    uint256 private constant UNDERWRITER_KEY = 0x5161;
    uint32 private constant POLICY = 3;
    address private constant BUYER = address(0xB47);

    ICreditPool private pool;
    ITranche private senior;
    ITranche private junior;
    uint256 private nonce;

    function setUp() public override {
        super.setUp();
        makePool();
    }

    function makePool() private {
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
        senior = ITranche(pool.seniorTranche());
        junior = ITranche(pool.juniorTranche());
        vm.startPrank(ADMIN);
        pool.setLendingPolicy(LendingPolicy(50_000e6, 50_000e6, 90_000e6, 100_000, 400 days, FEE_RECIPIENT));
        pool.setCollateralLimits(address(collateral), CollateralLimits(6_000, 8_000));
        pool.setUnsecuredLimit(POLICY, 1_200e6);
        vm.stopPrank();
        put(junior, 20_000e6);
        put(senior, 80_000e6);
    }

    // --- refusals

    function test_WithoutTheUnderwriterThereIsNoLoan() external {
        Offer memory offer = poolOffer();
        Intent memory intent = intentFor(offer, borrower);
        bytes32 digest = aggregator.hashOffer(offer);
        Signed memory s = sign(offer, intent);
        s.lenderSignature = abi.encode(offer, signWith(LENDER_KEY, digest));
        bytes memory reason = abi.encodeWithSelector(ICreditAggregator.InvalidSignature.selector, address(pool), digest);
        submitReverting(s, reason);
        s.lenderSignature = signWith(UNDERWRITER_KEY, digest);
        submitReverting(s, reason);
    }

    function test_OutsideThePolicyThereIsNoLoan() external {
        Offer memory offer = poolOffer();
        offer.ratePpm = 99_999;
        eq(pool.refusalOf(offer), "rate", "clause");
        submitReverting(sign(offer, intentFor(offer, borrower)), refusal(offer));
        offer = poolOffer();
        oracle.set(PRICE - 1);
        eq(pool.refusalOf(offer), "ltv", "the price fell since it was signed");
        submitReverting(sign(offer, intentFor(offer, borrower)), refusal(offer));
    }

    function test_AnOfferSettlesOnce() external {
        Offer memory offer = poolOffer();
        Intent memory intent = intentFor(offer, borrower);
        submit(sign(offer, intent));
        intent.recipient = STRANGER;
        submitReverting(
            sign(offer, intent),
            abi.encodeWithSelector(ICreditAggregator.NonceUsed.selector, address(pool), offer.nonce)
        );
    }

    function test_ThePoolTakesItsOffersBack() external {
        Offer memory offer = poolOffer();
        vm.prank(GUARDIAN);
        pool.cancelOffer(offer.nonce);
        submitReverting(
            sign(offer, intentFor(offer, borrower)),
            abi.encodeWithSelector(ICreditAggregator.NonceUsed.selector, address(pool), offer.nonce)
        );
        offer = poolOffer();
        vm.prank(GUARDIAN);
        eq(pool.bumpEpoch(), 1, "epoch");
        submitReverting(
            sign(offer, intentFor(offer, borrower)), abi.encodeWithSelector(ICreditAggregator.StaleEpoch.selector, 0, 1)
        );
    }

    // --- a loan's life

    function test_ALoanIsPaidToItsEnd() external {
        Offer memory offer = poolOffer();
        uint256 recipientBefore = asset.balanceOf(RECIPIENT);
        uint256 feeBefore = asset.balanceOf(FEE_RECIPIENT);
        (bytes32 loanId, LoanTerms memory terms) = lend(offer);
        require(aggregator.loan(loanId).hasHook, "the pool is told");
        eq(asset.balanceOf(RECIPIENT) - recipientBefore, 1_188e6, "principal less fee");
        eq(asset.balanceOf(FEE_RECIPIENT) - feeBefore, 12e6, "fee");
        requireBooks(98_800e6, 1_200e6);

        uint256 income;
        for (uint256 i = 1; i <= 12; ++i) {
            vm.warp(START + i * 30 days);
            uint256 outstanding = aggregator.loan(loanId).outstanding;
            (uint256 due,) = aggregator.installmentDue(loanId, terms, block.timestamp);
            (uint256 paid, uint256 left) = pay(loanId, terms, due);
            income += paid - (outstanding - left);
            eq(pool.lent(), left, "lent is the unpaid principal");
        }
        eq(aggregator.loan(loanId).status, Status.Repaid, "repaid");
        requireBooks(100_000e6 + income, 0);
        require(income > 0 && pool.pendingIncome() > 0, "income");
        vm.warp(block.timestamp + 30 days);
        eq(pool.seniorAssets() + junior.totalAssets(), 100_000e6 + income, "all of it is somebody's");
        uint256 shares = senior.balanceOf(lender);
        vm.prank(lender);
        require(senior.redeem(shares, lender, lender) > 80_000e6, "senior earned");
    }

    function test_ALateLoanIsLostAndItsCollateralSold() external {
        (bytes32 loanId, LoanTerms memory terms) = lend(poolOffer());
        vm.warp(START + 33 days + 1);
        uint256 debt = aggregator.payoffAmount(loanId, terms, block.timestamp);
        aggregator.markDefault(loanId, terms);
        requireBooks(98_800e6, 0);
        uint256 seized = pool.forSale(address(collateral));
        eq(collateral.balanceOf(address(pool)), seized, "seized");
        require(seized * PRICE / 1e36 >= debt, "worth the debt");
        eq(pool.value(), 98_800e6, "the loss is in the books");
        eq(junior.maxDeposit(BUYER), 0, "junior waits for the sale");

        asset.mint(BUYER, 2_000e6);
        vm.startPrank(BUYER);
        asset.approve(address(pool), type(uint256).max);
        uint256 cost = pool.buyCollateral(address(collateral), seized, type(uint256).max, BUYER);
        vm.stopPrank();
        eq(collateral.balanceOf(BUYER), seized, "sold");
        requireBooks(98_800e6 + cost, 0);
        require(cost * 10_000 >= debt * 9_500, "at the discount");
        require(junior.maxDeposit(BUYER) != 0, "junior is open again");
    }

    function test_ALiquidationPaysThePoolAndTheRestIsLost() external {
        (bytes32 loanId, LoanTerms memory terms) = lend(poolOffer());
        oracle.set(PRICE / 2);
        asset.mint(BUYER, 2_000e6);
        vm.startPrank(BUYER);
        asset.approve(address(aggregator), type(uint256).max);
        (uint256 repaid, uint256 seized) = aggregator.liquidate(loanId, terms, type(uint256).max, 0, "");
        vm.stopPrank();
        eq(seized, 1e18, "all collateral");
        require(repaid < 1_000e6, "less than the debt");
        requireBooks(98_800e6 + repaid, 0);
        eq(uint256(aggregator.loan(loanId).outstanding), 1_200e6 - repaid, "the rest is lost");
        eq(pool.value(), 98_800e6 + repaid, "to the pool");
        eq(pool.forSale(address(collateral)), 0, "nothing seized for the pool");
    }

    function test_APartialLiquidationIsAPayment() external {
        (bytes32 loanId, LoanTerms memory terms) = lend(poolOffer());
        oracle.set(PRICE * 70 / 100);
        asset.mint(BUYER, 2_000e6);
        vm.startPrank(BUYER);
        asset.approve(address(aggregator), type(uint256).max);
        aggregator.liquidate(loanId, terms, 500e6, 0, "");
        vm.stopPrank();
        requireBooks(99_300e6, 700e6);
    }

    // --- refinancing

    function test_ThePoolTakesOverAnothersLoan() external {
        (bytes32 oldId, LoanTerms memory oldTerms) = open(baseOffer());
        vm.warp(START + 10 days);
        uint256 payoff = aggregator.payoffAmount(oldId, oldTerms, block.timestamp);
        Offer memory offer = poolOffer();
        uint256 before = asset.balanceOf(lender);
        bytes32 loanId = refinance(oldId, oldTerms, offer, UNDERWRITER_KEY);
        require(aggregator.loan(loanId).hasHook, "told");
        eq(asset.balanceOf(lender) - before, payoff, "the old lender is paid");
        requireBooks(98_800e6, 1_200e6);
    }

    function test_AnotherTakesOverThePoolsLoan() external {
        (bytes32 oldId, LoanTerms memory oldTerms) = lend(poolOffer());
        vm.warp(START + 10 days);
        uint256 payoff = aggregator.payoffAmount(oldId, oldTerms, block.timestamp);
        Offer memory offer = baseOffer();
        refinance(oldId, oldTerms, offer, 0);
        requireBooks(98_800e6 + payoff, 0);
        eq(pool.pendingIncome(), payoff - 1_200e6, "interest");
    }

    function test_ThePoolRenewsItsOwnLoan() external {
        (bytes32 oldId, LoanTerms memory oldTerms) = lend(poolOffer());
        vm.warp(START + 10 days);
        uint256 payoff = aggregator.payoffAmount(oldId, oldTerms, block.timestamp);
        refinance(oldId, oldTerms, poolOffer(), UNDERWRITER_KEY);
        requireBooks(98_800e6 - 1_200e6 + payoff, 1_200e6);
        eq(asset.balanceOf(address(pool)), pool.cash(), "the money agrees");
    }

    /// @notice The old lender takes its deposit out of the pool while it is refinanced by that pool. The new loan is booked by
    /// then, so there is no cash for it to take.
    function test_LeavingInTheMiddleOfARefinancing() external {
        LeavingLender leaving = new LeavingLender(lender, senior);
        leaving.approve(asset, address(aggregator));
        asset.mint(address(leaving), 20_000e6);
        vm.prank(lender);
        senior.redeem(40_000e12, lender, lender);
        leaving.join(asset, 3_000e6);
        Offer memory offer = baseOffer();
        offer.lender = address(leaving);
        (bytes32 oldId, LoanTerms memory oldTerms) = open(offer);
        require(aggregator.loan(oldId).hasHook, "told");

        // All cash but that of the new loan is lent or withdrawn; donations would pay the leaving lender.
        offer = poolOffer();
        (offer.principal, offer.collateralAmount, offer.installmentAmount) = (45_000e6, 40e18, 4_000e6);
        lend(offer);
        eq(pool.cash(), 18_000e6, "cash");
        offer = poolOffer();
        offer.borrower = borrower;
        (offer.principal, offer.collateralAmount, offer.installmentAmount) = (5_000e6, 5e18, 500e6);
        asset.mint(address(pool), 20_000e6);
        vm.prank(lender);
        senior.redeem(13_000e12, lender, lender);
        refinance(oldId, oldTerms, offer, UNDERWRITER_KEY);
        require(!leaving.left(), "it found no cash");
        eq(pool.lent(), 50_000e6, "both loans are booked");
        eq(pool.cash(), 0, "no cash");
        eq(asset.balanceOf(address(pool)), 20_000e6, "donations stay");
    }

    /// @notice The old lender repays the new loan from within its hook: the pool must have heard of that loan by then.
    function testFuzz_PayingTheNewLoanInTheMiddleOfARefinancing(uint256 amount) external {
        CallingLender old = new CallingLender(lender);
        asset.mint(address(old), 20_000e6);
        old.arm(asset, address(aggregator), "");
        Offer memory offer = baseOffer();
        offer.lender = address(old);
        (bytes32 oldId, LoanTerms memory oldTerms) = open(offer);
        offer = poolOffer();
        Intent memory intent = intentFor(offer, borrower);
        (intent.refinances, intent.minReceived) = (oldId, type(int256).min);
        (LoanTerms memory terms, bytes32 loanId) = aggregator.termsOf(offer, intent);
        old.arm(
            asset,
            address(aggregator),
            abi.encodeCall(ICreditAggregator.repay, (loanId, terms, bound(amount, 1, offer.principal)))
        );
        Signed memory s = sign(offer, intent);
        aggregator.refinance(oldId, oldTerms, s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
        eq(pool.lent(), aggregator.loan(loanId).outstanding, "lent is what the loan owes");
        eq(pool.exposureOf(borrower), pool.lent(), "exposure");
        eq(pool.cash(), asset.balanceOf(address(pool)), "cash is what there is");
    }

    // --- without collateral

    function test_AnAttestationStandsForCollateral() external {
        uint256 attester = 0xA77;
        vm.startPrank(ADMIN);
        scoring.setAttester(vm.addr(attester), true);
        scoring.setThreshold(1);
        scoring.setPolicy(POLICY, AttestationPolicy(1, 3, 1 days, true));
        scoring.setAssetClass(address(asset), 1, 6);
        vm.stopPrank();
        CreditAttestation memory attestation =
            CreditAttestation(borrower, 2_000e18, 1, 2, uint40(START), uint40(START + 1 days), 0, "one");
        attestation.epoch = scoring.epoch();
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = signWith(attester, scoring.hashAttestation(attestation));

        Offer memory offer = poolOffer();
        (offer.collateral, offer.collateralAmount, offer.oracle) = (address(0), 0, address(0));
        (offer.liquidationLtvBps, offer.liquidationBonusBps, offer.attestationPolicy) = (0, 0, POLICY);
        Intent memory intent = intentFor(offer, borrower);
        intent.attestation = scoring.hashAttestation(attestation);
        Signed memory s = sign(offer, intent);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ICreditAggregator.presentAttestation, (attestation, signatures));
        calls[1] =
            abi.encodeCall(ICreditAggregator.originate, (s.offer, s.lenderSignature, s.intent, s.borrowerSignature));
        (LoanTerms memory terms, bytes32 loanId) = aggregator.termsOf(offer, intent);
        aggregator.multicall(calls);
        requireBooks(98_800e6, 1_200e6);
        vm.warp(START + 33 days + 1);
        aggregator.markDefault(loanId, terms);
        requireBooks(98_800e6, 0);
        require(junior.maxDeposit(BUYER) != 0, "nothing to sell, so junior stays open");
    }

    // --- tokens that refuse the pool

    function test_APaymentThatTheAssetRefusesIsFetchedLater() external {
        BlockingToken token = new BlockingToken();
        asset = token;
        list(address(token));
        fund(lender);
        fund(borrower);
        makePool();
        (bytes32 loanId, LoanTerms memory terms) = lend(poolOffer());
        token.setBlocked(address(pool), true);
        (uint256 paid,) = pay(loanId, terms, type(uint256).max);
        eq(aggregator.keptPayment(address(pool), address(token)), paid, "kept");
        eq(pool.cash(), token.balanceOf(address(pool)) + paid, "in the books");
        eq(pool.lent(), 0, "repaid");
        token.setBlocked(address(pool), false);
        eq(pool.collectKept(address(token)), paid, "fetched");
        requireBooks(98_800e6 + paid, 0);
    }

    function test_CollateralThatItsTokenRefusesIsFetchedLater() external {
        BlockingToken token = new BlockingToken();
        collateral = token;
        fund(borrower);
        vm.prank(ADMIN);
        pool.setCollateralLimits(address(token), CollateralLimits(6_000, 8_000));
        (bytes32 loanId, LoanTerms memory terms) = lend(poolOffer());
        token.setBlocked(address(pool), true);
        vm.warp(START + 33 days + 1);
        aggregator.markDefault(loanId, terms);
        requireBooks(98_800e6, 0);
        eq(pool.forSale(address(token)), 0, "not here");
        uint256 kept = aggregator.keptPayment(address(pool), address(token));
        require(kept != 0, "kept");
        token.setBlocked(address(pool), false);
        pool.collectKept(address(token));
        eq(pool.forSale(address(token)), kept, "for sale");
    }

    // --- parts

    function put(ITranche tranche, uint256 assets) private {
        vm.startPrank(lender);
        asset.approve(address(tranche), assets);
        tranche.deposit(assets, lender);
        vm.stopPrank();
    }

    function poolOffer() private returns (Offer memory offer) {
        offer = pricedOffer();
        (offer.lender, offer.epoch, offer.nonce) = (address(pool), 0, ++nonce);
    }

    function sign(Offer memory offer, Intent memory intent) private view returns (Signed memory s) {
        s = signBy(UNDERWRITER_KEY, BORROWER_KEY, offer, intent);
        s.lenderSignature = abi.encode(offer, s.lenderSignature);
    }

    function lend(Offer memory offer) private returns (bytes32 loanId, LoanTerms memory terms) {
        Intent memory intent = intentFor(offer, borrower);
        (terms,) = aggregator.termsOf(offer, intent);
        loanId = submit(sign(offer, intent));
    }

    /// @param key Of the underwriter when the pool is the new lender; zero for the lender of {Base}.
    function refinance(bytes32 oldId, LoanTerms memory oldTerms, Offer memory offer, uint256 key)
        private
        returns (bytes32)
    {
        offer.nonce = 100 + ++nonce;
        Intent memory intent = intentFor(offer, borrower);
        intent.refinances = oldId;
        intent.minReceived = type(int256).min;
        Signed memory s = key == 0 ? signBy(LENDER_KEY, BORROWER_KEY, offer, intent) : sign(offer, intent);
        return aggregator.refinance(oldId, oldTerms, s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
    }

    function refusal(Offer memory offer) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            ICreditAggregator.InvalidSignature.selector, address(pool), aggregator.hashOffer(offer)
        );
    }

    function requireBooks(uint256 cash, uint256 lent) private view {
        eq(pool.cash(), cash, "cash");
        eq(pool.lent(), lent, "lent");
        eq(pool.exposureOf(borrower), lent, "exposure");
        eq(asset.balanceOf(address(pool)), cash, "the money is there");
    }
}
