// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { ICreditAggregator, Intent, Offer, Status } from "../src/ICreditAggregator.sol";
import { Base } from "./Base.sol";
import { RejectingSigner, SmartSigner } from "./Doubles.sol";

/// @notice Who may speak for a lender or a borrower: a key, a contract, a tree of offers, or the party itself as sender.
contract SignaturesTest is Base {
    function refused(address signer, bytes32 digest) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICreditAggregator.InvalidSignature.selector, signer, digest);
    }

    function submitBy(address sender, Signed memory s) private returns (bytes32) {
        vm.prank(sender);
        return aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
    }

    // --- the sender needs no signature

    function test_TheLenderWhoSendsNeedNotSign() external {
        Signed memory s = signed(baseOffer());
        s.lenderSignature = "";
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
        require(submitBy(lender, s) != 0, "settled");
    }

    function test_TheBorrowerWhoSendsNeedNotSign() external {
        Signed memory s = signed(baseOffer());
        s.borrowerSignature = "";
        submitReverting(s, refused(borrower, aggregator.hashIntent(s.intent)));
        require(submitBy(borrower, s) != 0, "settled");
    }

    /// @dev Sending speaks for the sender alone.
    function test_RevertWhen_TheSenderIsNotTheOneWhoIsMissing() external {
        Signed memory s = signed(baseOffer());
        s.borrowerSignature = "";
        vm.prank(lender);
        vm.expectRevert(refused(borrower, aggregator.hashIntent(s.intent)));
        aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
        s = signed(baseOffer());
        s.lenderSignature = "";
        vm.prank(borrower);
        vm.expectRevert(refused(lender, aggregator.hashOffer(s.offer)));
        aggregator.originate(s.offer, s.lenderSignature, s.intent, s.borrowerSignature);
    }

    // --- keys

    function test_RevertWhen_TheSignatureIsNotTheParties() external {
        Signed memory s = signed(baseOffer());
        s.lenderSignature = signWith(BORROWER_KEY, aggregator.hashOffer(s.offer));
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
        s = signed(baseOffer());
        s.borrowerSignature = signWith(LENDER_KEY, aggregator.hashIntent(s.intent));
        submitReverting(s, refused(borrower, aggregator.hashIntent(s.intent)));
    }

    function test_RevertWhen_TheLengthIsWrong() external {
        Signed memory s = signed(baseOffer());
        bytes memory good = s.lenderSignature;
        bytes32 digest = aggregator.hashOffer(s.offer);
        s.lenderSignature = abi.encodePacked(good, bytes1(0));
        submitReverting(s, refused(lender, digest));
        s.lenderSignature = new bytes(64);
        submitReverting(s, refused(lender, digest));
        s.lenderSignature = new bytes(65 + 21 * 32);
        submitReverting(s, refused(lender, digest));
    }

    /// @dev Of the two forms that the curve allows only the lower counts, so that no copy of a signature exists.
    function test_RevertWhen_SIsHigh() external {
        Signed memory s = signed(baseOffer());
        (uint8 v, bytes32 r, bytes32 low) = vm.sign(LENDER_KEY, aggregator.hashOffer(s.offer));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        s.lenderSignature = abi.encodePacked(r, order - uint256(low), v == 27 ? uint8(28) : uint8(27));
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
    }

    /// @dev A broken signature recovers to the zero address, which must not pass for a lender named zero.
    function test_RevertWhen_NobodyLends() external {
        Offer memory offer = baseOffer();
        offer.lender = address(0);
        Signed memory s = signed(offer);
        s.lenderSignature = new bytes(65);
        submitReverting(s, refused(address(0), aggregator.hashOffer(offer)));
        offer.lender = address(1);
        s = signed(offer);
        s.lenderSignature = new bytes(65);
        submitReverting(s, refused(address(1), aggregator.hashOffer(offer)));
    }

    // --- contracts

    function test_ContractsSignForBothSides() external {
        address smartLender = address(new SmartSigner(lender));
        address smartBorrower = address(new SmartSigner(borrower));
        fund(smartLender);
        fund(smartBorrower);
        Offer memory offer = baseOffer();
        offer.lender = smartLender;
        offer.borrower = smartBorrower;
        bytes32 id = submit(signBy(LENDER_KEY, BORROWER_KEY, offer, intentFor(offer, smartBorrower)));
        eq(aggregator.loan(id).status, Status.Active, "settled");
        require(!aggregator.loan(id).hasHook, "a wallet without a hook is not told");
    }

    function test_RevertWhen_TheContractRefuses() external {
        Offer memory offer = baseOffer();
        offer.lender = address(new RejectingSigner());
        submitReverting(signed(offer), refused(offer.lender, aggregator.hashOffer(offer)));
    }

    // --- one signature for many chains

    /// @dev A tree over this offer and three more; proof of the first.
    function tree(Offer memory offer, uint256 height) private view returns (bytes32 root, bytes memory proof) {
        root = aggregator.hashOffer(offer);
        for (uint256 i = 0; i < height; ++i) {
            bytes32 other = keccak256(abi.encode("other", i));
            root = root < other ? keccak256(abi.encode(root, other)) : keccak256(abi.encode(other, root));
            proof = abi.encodePacked(proof, other);
        }
    }

    function withTree(Offer memory offer, uint256 height) private view returns (Signed memory s) {
        s = signed(offer);
        (bytes32 root, bytes memory proof) = tree(offer, height);
        s.lenderSignature = abi.encodePacked(signWith(LENDER_KEY, aggregator.hashOfferTree(root)), proof);
    }

    function test_OneSignatureCoversATreeOfOffers() external {
        require(submit(withTree(baseOffer(), 3)) != 0, "settled");
    }

    function test_TreesReachTwentyLevels() external {
        require(submit(withTree(baseOffer(), 20)) != 0, "settled");
    }

    function test_RevertWhen_TheTreeIsHigher() external {
        Signed memory s = withTree(baseOffer(), 21);
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
    }

    function test_RevertWhen_TheProofLeadsElsewhere() external {
        Signed memory s = withTree(baseOffer(), 3);
        s.lenderSignature[65] ^= 0x01;
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
        s = withTree(baseOffer(), 3);
        s.offer.nonce = 9;
        s.intent.offerHash = aggregator.hashOffer(s.offer);
        s.borrowerSignature = signWith(BORROWER_KEY, aggregator.hashIntent(s.intent));
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
    }

    /// @dev The root alone is no offer, and an offer's digest signed as a root is none either.
    function test_RevertWhen_ATreeSignatureIsUsedAsAPlainOne() external {
        Signed memory s = signed(baseOffer());
        (bytes32 root,) = tree(s.offer, 3);
        s.lenderSignature = signWith(LENDER_KEY, aggregator.hashOfferTree(root));
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
    }

    /// @dev 4: each leaf names its chain, so the same signature settles an offer on one chain alone.
    function test_RevertWhen_TheLeafIsOfAnotherChain() external {
        Signed memory s = withTree(baseOffer(), 3);
        bytes32 treeDigest = aggregator.hashOfferTree(bytes32(uint256(7)));
        bytes32 here = aggregator.hashOffer(s.offer);
        vm.chainId(8453);
        eq(aggregator.hashOfferTree(bytes32(uint256(7))), treeDigest, "the tree's digest is the same everywhere");
        require(aggregator.hashOffer(s.offer) != here, "the offer's is not");
        s.intent.offerHash = aggregator.hashOffer(s.offer);
        s.borrowerSignature = signWith(BORROWER_KEY, aggregator.hashIntent(s.intent));
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
    }

    /// @dev What wallets show and our clients compute.
    function test_TheTreesDigestIsTypedData() external view {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version)"),
                keccak256("Usance CreditAggregator"),
                keccak256("1")
            )
        );
        bytes32 root = keccak256("root");
        bytes32 hash = keccak256(abi.encode(keccak256("OfferTree(bytes32 root)"), root));
        eq(aggregator.hashOfferTree(root), keccak256(abi.encodePacked(hex"1901", separator, hash)), "digest");
    }

    function testFuzz_AnyProofThatWasNotSignedIsRefused(bytes32[3] calldata proof, uint8 height) external {
        Signed memory s = signed(baseOffer());
        bytes memory signature = signWith(LENDER_KEY, aggregator.hashOfferTree(keccak256("another tree")));
        for (uint256 i = 0; i < height % 4; ++i) {
            if (i < 3) signature = abi.encodePacked(signature, proof[i]);
        }
        s.lenderSignature = signature;
        submitReverting(s, refused(lender, aggregator.hashOffer(s.offer)));
    }

    /// @dev Sorted pairs: the order in which the tree was drawn does not matter.
    function testFuzz_TreesOfAnyShapeSettle(uint256 height, uint128 principal) external {
        Offer memory offer = baseOffer();
        offer.principal = uint128(bound(principal, 1, 1e20));
        offer.installmentAmount = offer.principal;
        require(submit(withTree(offer, bound(height, 1, 20))) != 0, "settled");
    }
}
