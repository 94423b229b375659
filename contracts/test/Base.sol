// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICollateralManager } from "../src/ICollateralManager.sol";
import { ICreditAggregator, Intent, Loan, LoanTerms, Offer, Status } from "../src/ICreditAggregator.sol";
import { ICreditScoringOracle } from "../src/ICreditScoringOracle.sol";
import { Bootstrap } from "../src/deploy/Bootstrap.sol";
import { DevToken } from "../src/dev/DevToken.sol";
import { SettablePrice } from "./Doubles.sol";
import { ShippedAggregator } from "./ShippedAggregator.sol";
import { Vm, shippedCode } from "./Vm.sol";

/// @notice The system as it is deployed, two tokens, two parties, and one way to make a loan.
abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant LENDER_KEY = 0xA11CE;
    uint256 internal constant BORROWER_KEY = 0xB0B;
    uint256 internal constant START = 1_900_000_000;
    address internal constant ADMIN = address(0xAD);
    address internal constant GUARDIAN = address(0x6A6D);
    address internal constant STRANGER = address(0x57A);
    /// @dev What one loan of {baseOffer} holds is worth 2,000 of the asset at the price that {setUp} sets.
    uint256 internal constant PRICE = 2_000e6 * 1e36 / 1e18;
    uint256 internal constant MAX_CAP = type(uint104).max;
    address internal constant RECIPIENT = address(0x4EC1);
    address internal constant FEE_RECIPIENT = address(0xFEE);

    ShippedAggregator internal aggregator;
    ICollateralManager internal manager;
    ICreditScoringOracle internal scoring;
    SettablePrice internal oracle;
    DevToken internal asset;
    DevToken internal collateral;
    address internal lender = vm.addr(LENDER_KEY);
    address internal borrower = vm.addr(BORROWER_KEY);

    struct Signed {
        Offer offer;
        bytes lenderSignature;
        Intent intent;
        bytes borrowerSignature;
    }

    function setUp() public virtual {
        vm.warp(START);
        deploy();
        asset = new DevToken("Asset", "AST", 6);
        collateral = new DevToken("Collateral", "COL", 18);
        oracle = new SettablePrice(PRICE);
        list(address(asset));
        fund(lender);
        fund(borrower);
    }

    /// @notice In the order of contracts/README.md.
    function deploy() internal {
        address proxy = deployProxy(deployBootstrap(), address(this));
        manager = ICollateralManager(ship("CollateralManager", abi.encode(proxy)));
        bytes memory init = abi.encodeWithSignature("initialize(address,address)", ADMIN, GUARDIAN);
        scoring = ICreditScoringOracle(
            ship("ERC1967Proxy", abi.encode(ship("CreditScoringOracle", abi.encode(proxy)), init))
        );
        Bootstrap(proxy).upgradeToAndCall(deployImplementation(), init);
        aggregator = ShippedAggregator(proxy);
    }

    function deployBootstrap() internal returns (address) {
        return ship("Bootstrap", "");
    }

    function deployProxy(address bootstrap, address owner) internal returns (address) {
        return ship("ERC1967Proxy", abi.encode(bootstrap, abi.encodeCall(Bootstrap.initialize, (owner))));
    }

    function deployImplementation() internal returns (address) {
        address servicing = ship("CreditServicing", abi.encode(manager, scoring));
        return ship("CreditAggregator", abi.encode(manager, scoring, servicing));
    }

    /// @notice Lets the asset be lent, as much as there is.
    function list(address token) internal {
        vm.prank(ADMIN);
        aggregator.setAssetCap(token, uint104(MAX_CAP));
    }

    function pauseAsset(bool paused) internal {
        address[] memory assets = new address[](1);
        assets[0] = address(asset);
        vm.prank(ADMIN);
        if (paused) aggregator.pauseOrigination(assets);
        else aggregator.resumeOrigination(assets);
    }

    /// @notice Deploys the bytecode that ships; a revert of the constructor is passed on.
    function ship(string memory name, bytes memory arguments) internal returns (address deployed) {
        bytes memory code = shippedCode(vm, name);
        bytes memory init = bytes.concat(code, arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(init, 0x20), mload(init))
            if iszero(deployed) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }
    }

    /// @notice Plenty of both tokens, and approval of both.
    function fund(address who) internal {
        asset.mint(who, 1e40);
        collateral.mint(who, 1e40);
        vm.startPrank(who);
        asset.approve(address(aggregator), type(uint256).max);
        collateral.approve(address(aggregator), type(uint256).max);
        vm.stopPrank();
    }

    /// @notice 1,200 over 12 periods of 30 days at 12 % a year, 3 days of grace, 5 % late fee, 1 % origination fee.
    function baseOffer() internal view returns (Offer memory) {
        return Offer({
            lender: lender,
            borrower: borrower,
            asset: address(asset),
            collateral: address(collateral),
            oracle: address(0),
            principal: 1_200e6,
            minFill: 0,
            collateralAmount: 1e18,
            installmentAmount: 106.7e6,
            ratePpm: 120_000,
            installments: 12,
            period: 30 days,
            grace: 3 days,
            lateFeeBps: 500,
            originationFeeBps: 100,
            liquidationLtvBps: 0,
            liquidationBonusBps: 0,
            attestationPolicy: 0,
            feeRecipient: FEE_RECIPIENT,
            expiry: uint40(block.timestamp + 1 hours),
            epoch: aggregator.epochOf(lender),
            nonce: 7
        });
    }

    /// @notice The same with a price: 60 % of the value at first, liquidated above 80 %, 5 % bonus.
    function pricedOffer() internal view returns (Offer memory offer) {
        offer = baseOffer();
        offer.oracle = address(oracle);
        offer.liquidationLtvBps = 8_000;
        offer.liquidationBonusBps = 500;
    }

    function signWith(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function intentFor(Offer memory offer, address who) internal view returns (Intent memory) {
        return Intent({
            offerHash: aggregator.hashOffer(offer),
            borrower: who,
            recipient: RECIPIENT,
            principal: offer.principal,
            minReceived: 0,
            deadline: uint40(block.timestamp + 1 hours),
            attestation: 0,
            refinances: 0
        });
    }

    function signBy(uint256 lenderKey, uint256 borrowerKey, Offer memory offer, Intent memory intent)
        internal
        view
        returns (Signed memory)
    {
        return Signed(
            offer,
            signWith(lenderKey, aggregator.hashOffer(offer)),
            intent,
            signWith(borrowerKey, aggregator.hashIntent(intent))
        );
    }

    function signed(Offer memory offer) internal view returns (Signed memory) {
        return signBy(LENDER_KEY, BORROWER_KEY, offer, intentFor(offer, borrower));
    }

    function submit(Signed memory s) internal returns (bytes32) {
        return aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
    }

    function submitReverting(Signed memory s, bytes memory reason) internal {
        vm.expectRevert(reason);
        aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
    }

    function open(Offer memory offer) internal returns (bytes32 loanId, LoanTerms memory terms) {
        return open(offer, intentFor(offer, borrower));
    }

    function open(Offer memory offer, Intent memory intent) internal returns (bytes32 loanId, LoanTerms memory terms) {
        (terms,) = aggregator.termsOf(offer, intent);
        loanId = submit(signBy(LENDER_KEY, BORROWER_KEY, offer, intent));
    }

    /// @notice One field of packed terms.
    function cut(uint256 word, uint256 shift, uint256 bits) internal pure returns (uint256) {
        return word >> shift & ((1 << bits) - 1);
    }

    function collateralIn(LoanTerms memory terms) internal pure returns (uint256) {
        return cut(terms.amounts, 0, 128);
    }

    function installmentIn(LoanTerms memory terms) internal pure returns (uint256) {
        return cut(terms.amounts, 128, 128);
    }

    function installmentsIn(LoanTerms memory terms) internal pure returns (uint256) {
        return cut(terms.lenderAndRates, 192, 16);
    }

    function periodIn(LoanTerms memory terms) internal pure returns (uint256) {
        return cut(terms.borrowerAndTimes, 160, 32);
    }

    function graceIn(LoanTerms memory terms) internal pure returns (uint256) {
        return cut(terms.borrowerAndTimes, 192, 32);
    }

    function pay(bytes32 loanId, LoanTerms memory terms, uint256 amount) internal returns (uint256 paid, uint256 left) {
        vm.prank(borrower);
        return aggregator.repay(loanId, terms, amount);
    }

    /// @notice `x` folded into [low, high]; an edge now and then.
    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        if (x % 16 == 0) return low;
        if (x % 16 == 1) return high;
        return low + x % (high - low + 1);
    }

    function eq(uint256 left, uint256 right, string memory what) internal pure {
        require(left == right, what);
    }

    function eq(address left, address right, string memory what) internal pure {
        require(left == right, what);
    }

    function eq(bytes32 left, bytes32 right, string memory what) internal pure {
        require(left == right, what);
    }

    function eq(Status left, Status right, string memory what) internal pure {
        require(left == right, what);
    }
}
