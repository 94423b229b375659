// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { AttestationMirrorTest } from "./AttestationMirror.t.sol";
import { ShippedOracles } from "./OracleBase.sol";
import { PriceOracleTest } from "./PriceOracle.t.sol";
import { PriceOracleAdminTest } from "./PriceOracleAdmin.t.sol";
import { PriceOracleFuzzTest } from "./PriceOracleFuzz.t.sol";
import { ScoringAdminTest } from "./ScoringAdmin.t.sol";
import { ScoringDrawTest, ScoringTransactionTest } from "./ScoringDraw.t.sol";
import { ScoringFuzzTest } from "./ScoringFuzz.t.sol";
import { ScoringPresentTest } from "./ScoringPresent.t.sol";

// Every test of the oracles but the invariants again, on the bytecode that ships. The long fuzz runs are those on the sources.

contract ShippedPriceOracleTest is PriceOracleTest, ShippedOracles { }

contract ShippedPriceOracleAdminTest is PriceOracleAdminTest, ShippedOracles { }

contract ShippedScoringPresentTest is ScoringPresentTest, ShippedOracles { }

contract ShippedScoringDrawTest is ScoringDrawTest, ShippedOracles { }

contract ShippedScoringTransactionTest is ScoringTransactionTest, ShippedOracles { }

contract ShippedScoringAdminTest is ScoringAdminTest, ShippedOracles { }

contract ShippedMirroredOracleTest is AttestationMirrorTest, ShippedOracles { }

/// forge-config: ci.fuzz.runs = 512
contract ShippedPriceOracleFuzzTest is PriceOracleFuzzTest, ShippedOracles { }

/// forge-config: ci.fuzz.runs = 512
contract ShippedScoringFuzzTest is ScoringFuzzTest, ShippedOracles { }
