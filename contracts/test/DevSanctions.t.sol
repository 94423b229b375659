// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { DevSanctions } from "../src/dev/DevSanctions.sol";
import { Vm } from "./Vm.sol";

contract DevSanctionsTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address private constant ONE = address(1);
    address private constant TWO = address(2);

    DevSanctions private oracle;

    function setUp() external {
        oracle = new DevSanctions();
    }

    function test_KnowsWhoIsListedNow() external {
        require(!oracle.isSanctioned(ONE), "nobody at first");
        vm.expectEmit(true, true, true, true, address(oracle));
        emit DevSanctions.SanctionedAddressesAdded(both());
        oracle.addToSanctionsList(both());
        require(oracle.isSanctioned(ONE) && oracle.isSanctioned(TWO), "listed");
        address[] memory first = new address[](1);
        first[0] = ONE;
        vm.expectEmit(true, true, true, true, address(oracle));
        emit DevSanctions.SanctionedAddressesRemoved(first);
        oracle.removeFromSanctionsList(first);
        require(!oracle.isSanctioned(ONE) && oracle.isSanctioned(TWO), "one is off");
        require(bytes(oracle.name()).length > 0, "name");
    }

    function test_TellsWhatItAnswers() external {
        vm.expectEmit(true, true, true, true, address(oracle));
        emit DevSanctions.NonSanctionedAddress(ONE);
        require(!oracle.isSanctionedVerbose(ONE), "not listed");
        oracle.addToSanctionsList(both());
        vm.expectEmit(true, true, true, true, address(oracle));
        emit DevSanctions.SanctionedAddress(ONE);
        require(oracle.isSanctionedVerbose(ONE), "listed");
    }

    function both() private pure returns (address[] memory accounts) {
        accounts = new address[](2);
        (accounts[0], accounts[1]) = (ONE, TWO);
    }
}
