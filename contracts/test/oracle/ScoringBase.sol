// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditScoringOracle } from "../../src/CreditScoringOracle.sol";
import { AttestationPolicy, CreditAttestation } from "../../src/ICreditScoringOracle.sol";
import { OracleBase } from "./OracleBase.sol";

/// @notice Two of three attesters, two assets of class 1, policy 7 for bands up to 3.
// Times fit 40 bits.
// forge-lint: disable-next-item(unsafe-typecast)
abstract contract ScoringBase is OracleBase {
    address internal constant BORROWER = address(0xB0B);
    address internal constant USDC = address(0x6);
    address internal constant WIDE = address(0x24);
    uint32 internal constant POLICY = 7;
    uint16 internal constant CLASS = 1;

    CreditScoringOracle internal oracle;
    /// @dev Ascending by address.
    uint256[3] internal keys;
    address[3] internal attesters;

    function deploy() internal {
        oracle = deployScoring();
        keys = [uint256(0xA1), 0xA2, 0xA3];
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < 2; ++j) {
                if (vm.addr(keys[j]) > vm.addr(keys[j + 1])) (keys[j], keys[j + 1]) = (keys[j + 1], keys[j]);
            }
        }
        vm.startPrank(OWNER);
        for (uint256 i = 0; i < 3; ++i) {
            attesters[i] = vm.addr(keys[i]);
            oracle.setAttester(attesters[i], true);
        }
        oracle.setThreshold(2);
        oracle.setPolicy(POLICY, AttestationPolicy(CLASS, 3, 30 days, true));
        oracle.setAssetClass(USDC, CLASS, 6);
        oracle.setAssetClass(WIDE, CLASS, 24);
        vm.stopPrank();
    }

    /// @notice 1,000 units of class 1 in band 2, issued a day ago for ten days.
    function baseAttestation() internal view returns (CreditAttestation memory) {
        return CreditAttestation({
            borrower: BORROWER,
            limit: 1_000e18,
            assetClass: CLASS,
            scoreBand: 2,
            issuedAt: uint40(block.timestamp - 1 days),
            expiresAt: uint40(block.timestamp + 9 days),
            epoch: oracle.epoch(),
            id: "one"
        });
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @notice The signatures of the attesters whose bits are set, in order.
    function signedBy(uint256 mask, CreditAttestation memory attestation) internal view returns (bytes[] memory list) {
        bytes32 digest = oracle.hashAttestation(attestation);
        list = new bytes[]((mask & 1) + ((mask >> 1) & 1) + ((mask >> 2) & 1));
        uint256 next;
        for (uint256 i = 0; i < 3; ++i) {
            if ((mask >> i) & 1 != 0) list[next++] = sign(keys[i], digest);
        }
    }

    function present(CreditAttestation memory attestation) internal returns (bytes32) {
        return oracle.present(attestation, signedBy(3, attestation));
    }

    function draw(bytes32 digest, address asset, uint256 amount) internal {
        vm.prank(AGGREGATOR);
        oracle.draw(digest, BORROWER, asset, amount, POLICY);
    }
}
