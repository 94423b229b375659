// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { CreditScoringOracle } from "../../src/CreditScoringOracle.sol";
import { PriceOracle } from "../../src/PriceOracle.sol";
import { Vm, shippedCode } from "../Vm.sol";
import { ERC1967Proxy } from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

/// @notice Both oracles behind their proxies, as they are deployed.
abstract contract OracleBase {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant START = 1_900_000_000;
    address internal constant OWNER = address(0xAD);
    address internal constant GUARDIAN = address(0x6A6D);
    address internal constant STRANGER = address(0x57A);
    address internal constant AGGREGATOR = address(0xA66);

    /// @dev Whether to deploy the bytecode that ships instead of what the tests compile, see {ShippedOracles}.
    bool internal shipped;

    function deployPrices() internal returns (PriceOracle) {
        bytes memory init = abi.encodeCall(PriceOracle.initialize, (OWNER, GUARDIAN));
        return PriceOracle(address(new ERC1967Proxy(address(barePrices()), init)));
    }

    /// @notice The implementation without a proxy.
    function barePrices() internal returns (PriceOracle) {
        return shipped ? PriceOracle(ship("PriceOracle", "")) : new PriceOracle();
    }

    function deployScoring() internal returns (CreditScoringOracle) {
        bytes memory init = abi.encodeCall(CreditScoringOracle.initialize, (OWNER, GUARDIAN));
        return CreditScoringOracle(address(new ERC1967Proxy(address(bareScoring()), init)));
    }

    /// @notice The implementation without a proxy.
    function bareScoring() internal returns (CreditScoringOracle) {
        return shipped
            ? CreditScoringOracle(ship("CreditScoringOracle", abi.encode(AGGREGATOR)))
            : new CreditScoringOracle(AGGREGATOR);
    }

    function ship(string memory name, bytes memory arguments) private returns (address deployed) {
        bytes memory code = shippedCode(vm, name);
        bytes memory init = bytes.concat(code, arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(init, 0x20), mload(init))
        }
        require(deployed != address(0), "not deployed");
    }

    /// @notice `x` folded into [low, high]; an edge now and then.
    function bound(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        if (x % 16 == 0) return low;
        if (x % 16 == 1) return high;
        unchecked {
            uint256 size = high - low + 1;
            return size == 0 ? x : low + x % size;
        }
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
}

/// @notice The same with the bytecode that ships: other compiler settings than those of the tests.
abstract contract ShippedOracles is OracleBase {
    constructor() {
        shipped = true;
    }
}
