// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    ICreditAggregator,
    Intent,
    LoanTerms,
    Offer,
    PermitDetails,
    PermitSingle,
    Status
} from "../src/ICreditAggregator.sol";
import { PERMIT2, Tokens } from "../src/Tokens.sol";
import { Base } from "./Base.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Allowances of Permit2: a signature sets one, the spender draws on it. Speaks the two calls that are used, with the typed
/// data of the public contract; `make bench-gas` runs the public one itself.
contract Permit2Double {
    struct Allowance {
        uint160 amount;
        uint48 expiration;
        uint48 nonce;
    }

    mapping(address => mapping(address => mapping(address => Allowance))) public allowance;

    error AllowanceExpired(uint256 deadline);
    error InsufficientAllowance(uint256 amount);
    error InvalidSigner();

    function permit(address owner, PermitSingle calldata single, bytes calldata signature) external {
        Allowance storage known = allowance[owner][single.details.token][single.spender];
        require(block.timestamp <= single.sigDeadline && known.nonce == single.details.nonce, "stale");
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        if (ecrecover(digest(single), uint8(signature[64]), r, s) != owner) revert InvalidSigner();
        allowance[owner][single.details.token][single.spender] =
            Allowance(single.details.amount, single.details.expiration, single.details.nonce + 1);
    }

    function transferFrom(address from, address to, uint160 amount, address token) external {
        Allowance storage known = allowance[from][token][msg.sender];
        if (block.timestamp > known.expiration) revert AllowanceExpired(known.expiration);
        if (known.amount < amount) revert InsufficientAllowance(known.amount);
        if (known.amount != type(uint160).max) known.amount -= amount;
        require(IERC20(token).transferFrom(from, to, amount), "transfer");
    }

    function digest(PermitSingle calldata single) public view returns (bytes32) {
        bytes32 details = keccak256(
            abi.encode(
                keccak256("PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"), single.details
            )
        );
        bytes32 hash = keccak256(
            abi.encode(
                keccak256(
                    "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)"
                ),
                details,
                single.spender,
                single.sigDeadline
            )
        );
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                address(this)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, hash));
    }
}

/// @notice Allowances by signature, in the transaction that needs them.
contract PermitTest is Base {
    function setUp() public override {
        super.setUp();
        vm.startPrank(borrower);
        collateral.approve(address(aggregator), 0);
        asset.approve(address(aggregator), 0);
        vm.stopPrank();
    }

    function erc2612(uint256 value) private view returns (bytes memory call) {
        uint256 deadline = block.timestamp + 1 hours;
        bytes32 hash = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                borrower,
                address(aggregator),
                value,
                collateral.nonces(borrower),
                deadline
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", collateral.DOMAIN_SEPARATOR(), hash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(BORROWER_KEY, digest);
        return abi.encodeCall(ICreditAggregator.permit, (address(collateral), borrower, value, deadline, v, r, s));
    }

    function byPermit2(uint160 amount) private returns (bytes memory call) {
        vm.etch(PERMIT2, type(Permit2Double).runtimeCode);
        vm.prank(borrower);
        collateral.approve(PERMIT2, type(uint256).max);
        PermitSingle memory single = PermitSingle({
            details: PermitDetails(address(collateral), amount, uint48(block.timestamp + 1 days), 0),
            spender: address(aggregator),
            sigDeadline: block.timestamp + 1 hours
        });
        bytes memory signature = signWith(BORROWER_KEY, Permit2Double(PERMIT2).digest(single));
        return abi.encodeCall(ICreditAggregator.permit2, (borrower, single, signature));
    }

    function origination() private view returns (bytes memory) {
        Signed memory s = signed(baseOffer());
        return abi.encodeCall(ICreditAggregator.originate, (s.offer, s.lenderSignature, s.intent, s.borrowerSignature));
    }

    function run(bytes memory first) private returns (bytes32) {
        bytes[] memory calls = new bytes[](2);
        (calls[0], calls[1]) = (first, origination());
        return abi.decode(aggregator.multicall(calls)[1], (bytes32));
    }

    function test_RevertWhen_ThereIsNoAllowance() external {
        Signed memory s = signed(baseOffer());
        submitReverting(
            s,
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(aggregator), 0, 1e18)
        );
    }

    function test_APermitAndTheLoanInOneTransaction() external {
        eq(aggregator.loan(run(erc2612(1e18))).status, Status.Active, "settled");
    }

    /// @dev Whoever copies the permit out of the pool of pending transactions stops nothing.
    function test_APermitThatWasUsedBeforeDoesNotStopTheLoan() external {
        bytes memory permit = erc2612(1e18);
        (bool ok,) = address(aggregator).call(permit);
        require(ok, "somebody else was first");
        eq(collateral.allowance(borrower, address(aggregator)), 1e18, "it took effect");
        eq(aggregator.loan(run(permit)).status, Status.Active, "settled all the same");
    }

    function test_APermitOfATokenWithoutPermitsDoesNotRevert() external {
        aggregator.permit(address(manager), borrower, 1, block.timestamp, 27, 0, 0);
        aggregator.permit(STRANGER, borrower, 1, block.timestamp, 27, 0, 0);
    }

    function test_Permit2AndTheLoanInOneTransaction() external {
        eq(aggregator.loan(run(byPermit2(1e18))).status, Status.Active, "settled");
        eq(collateral.balanceOf(address(manager)), 1e18, "by the allowance of Permit2");
    }

    function test_APermit2ThatWasUsedBeforeDoesNotStopTheLoan() external {
        bytes memory permit = byPermit2(1e18);
        (bool ok,) = address(aggregator).call(permit);
        require(ok, "somebody else was first");
        eq(aggregator.loan(run(permit)).status, Status.Active, "settled all the same");
    }

    function test_RevertWhen_Permit2AllowsTooLittle() external {
        bytes[] memory calls = new bytes[](2);
        (calls[0], calls[1]) = (byPermit2(1e18 - 1), origination());
        vm.expectRevert();
        aggregator.multicall(calls);
        eq(collateral.balanceOf(address(manager)), 0, "nothing moved");
    }

    /// @dev The token's own reason is what people see, not that of the second try.
    function test_TheReasonIsTheTokens() external {
        byPermit2(0);
        Signed memory s = signed(baseOffer());
        submitReverting(
            s,
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(aggregator), 0, 1e18)
        );
    }

    /// @dev Lenders and payers may use it too: one way to take tokens.
    function test_LendersAndPayersByPermit2() external {
        vm.etch(PERMIT2, type(Permit2Double).runtimeCode);
        vm.startPrank(lender);
        asset.approve(address(aggregator), 0);
        asset.approve(PERMIT2, type(uint256).max);
        vm.stopPrank();
        PermitSingle memory single = PermitSingle({
            details: PermitDetails(address(asset), type(uint160).max, type(uint48).max, 0),
            spender: address(aggregator),
            sigDeadline: block.timestamp
        });
        aggregator.permit2(lender, single, signWith(LENDER_KEY, Permit2Double(PERMIT2).digest(single)));
        vm.prank(borrower);
        collateral.approve(address(aggregator), 1e18);
        submit(signed(baseOffer()));
    }

    /// @dev An allowance of Permit2 that would do for the loan does for tripping the breaker; nothing less does.
    function test_TheBreakerTripsByPermit2() external {
        vm.etch(PERMIT2, type(Permit2Double).runtimeCode);
        vm.prank(borrower);
        collateral.approve(address(aggregator), 1e18);
        vm.prank(ADMIN);
        aggregator.setAssetCap(address(asset), 2_000e6);
        submit(signed(baseOffer()));
        Offer memory offer = baseOffer();
        offer.nonce = 8;
        Signed memory s = signed(offer);
        bytes memory failed = abi.encodeWithSelector(ICreditAggregator.TransferFailed.selector, address(asset), lender);

        allowByPermit2(1_200e6, 0);
        vm.prank(lender);
        asset.approve(address(aggregator), 1_200e6 - 1);
        vm.prank(lender);
        asset.approve(PERMIT2, 1_200e6 - 1);
        submitReverting(s, failed);
        vm.prank(lender);
        asset.approve(PERMIT2, 1_200e6);
        allowByPermit2(1_200e6 - 1, 1);
        submitReverting(s, failed);
        allowByPermit2(1_200e6, 2);
        vm.warp(START + 2);
        submitReverting(s, failed);
        vm.warp(START + 1);
        eq(submit(s), 0, "no loan");
        require(aggregator.policyOf(address(asset)).paused, "tripped");
    }

    /// @dev The lender's, good for one second.
    function allowByPermit2(uint160 amount, uint48 nonce) private {
        PermitSingle memory single = PermitSingle({
            details: PermitDetails(address(asset), amount, uint48(START + 1), nonce),
            spender: address(aggregator),
            sigDeadline: START
        });
        aggregator.permit2(lender, single, signWith(LENDER_KEY, Permit2Double(PERMIT2).digest(single)));
    }

    function test_APaymentByPermit2() external {
        vm.etch(PERMIT2, type(Permit2Double).runtimeCode);
        vm.startPrank(borrower);
        collateral.approve(address(aggregator), 1e18);
        asset.approve(PERMIT2, type(uint256).max);
        vm.stopPrank();
        (bytes32 loanId, LoanTerms memory terms) = open(baseOffer());
        PermitSingle memory single = PermitSingle({
            details: PermitDetails(address(asset), 1_200e6, uint48(block.timestamp), 0),
            spender: address(aggregator),
            sigDeadline: block.timestamp
        });
        aggregator.permit2(borrower, single, signWith(BORROWER_KEY, Permit2Double(PERMIT2).digest(single)));
        uint256 before = asset.balanceOf(lender);
        pay(loanId, terms, type(uint256).max);
        eq(asset.balanceOf(lender) - before, 1_200e6, "to the lender itself");
        eq(aggregator.keptPayment(lender, address(asset)), 0, "nothing is kept");
    }

    // --- an amount beyond the type of Permit2

    function pullHere(uint256 amount) external {
        Tokens.pull(address(asset), borrower, address(this), amount);
    }

    /// @dev No debt is that large; were one, Permit2 must not be asked for its low bits alone.
    function test_RevertWhen_TheAmountIsBeyondPermit2() external {
        vm.etch(PERMIT2, type(Permit2Double).runtimeCode);
        vm.prank(borrower);
        asset.approve(PERMIT2, type(uint256).max);
        PermitSingle memory single = PermitSingle({
            details: PermitDetails(address(asset), 10, uint48(block.timestamp), 0),
            spender: address(this),
            sigDeadline: block.timestamp
        });
        Permit2Double(PERMIT2).permit(borrower, single, signWith(BORROWER_KEY, Permit2Double(PERMIT2).digest(single)));
        vm.expectRevert();
        this.pullHere((1 << 160) + 10);
        this.pullHere(10);
        eq(asset.balanceOf(address(this)), 10, "as many as were asked for");
    }

    // --- several calls as one

    function test_RevertWhen_OneOfTheCallsFails() external {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ICreditAggregator.bumpEpoch, ());
        calls[1] = abi.encodeCall(ICreditAggregator.claimPayment, (address(asset), address(this)));
        vm.expectRevert(ICreditAggregator.NothingToClaim.selector);
        aggregator.multicall(calls);
        eq(aggregator.epochOf(address(this)), 0, "none of them happened");
    }

    function test_TheSenderStaysTheSender() external {
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(ICreditAggregator.bumpEpoch, ());
        calls[1] = abi.encodeCall(ICreditAggregator.bumpEpoch, ());
        vm.prank(STRANGER);
        bytes[] memory results = aggregator.multicall(calls);
        eq(aggregator.epochOf(STRANGER), 2, "of the sender");
        eq(abi.decode(results[1], (uint256)), 2, "results in order");
    }
}
