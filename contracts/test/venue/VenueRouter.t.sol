// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { DevToken } from "../../src/dev/DevToken.sol";
import {
    IAaveDebtToken,
    IAavePool,
    IMorpho,
    IVToken,
    MorphoAuthorization,
    MorphoParams
} from "../../src/venue/IVenues.sol";
import { Permission, Pledge, VenueRouter } from "../../src/venue/VenueRouter.sol";
import { Vm, shippedCode } from "../Vm.sol";
import { AavePool, Intruder, Ledger, MorphoBlue, VenusMarkets } from "./Doubles.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice The router beside venues that keep books only. It is run with the real ones in the tests of the adapters.
contract VenueRouterTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant KEY = 0xB0B;
    uint256 private constant PLEDGED = 10e18;
    uint256 private constant BORROWED = 12_000e6;
    uint256 private constant DEADLINE = type(uint64).max;
    address private constant STRANGER = address(0x57A);

    VenueRouter private router;
    DevToken private asset;
    DevToken private collateral;
    address private borrower = vm.addr(KEY);
    AavePool private aave;
    IAaveDebtToken private debt;
    IERC20 private receipt;
    MorphoBlue private morpho;
    VenusMarkets private venus;

    function setUp() public {
        bytes memory code = shippedCode(vm, "VenueRouter");
        address at;
        assembly ("memory-safe") {
            at := create(0, add(code, 0x20), mload(code))
        }
        router = VenueRouter(at);
        asset = new DevToken("Asset", "AST", 6);
        collateral = new DevToken("Collateral", "COL", 18);
        aave = new AavePool();
        debt = IAaveDebtToken(address(aave.DEBT()));
        receipt = IERC20(address(aave.RECEIPT()));
        morpho = new MorphoBlue();
        venus = new VenusMarkets(collateral, asset);
        collateral.mint(borrower, PLEDGED);
        address[3] memory venues = [address(aave), address(morpho), address(venus)];
        for (uint256 i = 0; i < 3; ++i) {
            asset.mint(venues[i], BORROWED);
        }
        vm.startPrank(borrower);
        collateral.approve(address(router), type(uint256).max);
        asset.approve(address(router), type(uint256).max);
        receipt.approve(address(router), type(uint256).max);
        venus.updateDelegate(address(router), true);
        vm.stopPrank();
    }

    // --- Calls of the borrower

    function pledge() private view returns (Pledge memory) {
        return Pledge(IERC20(address(collateral)), PLEDGED, IERC20(address(asset)), BORROWED);
    }

    function none() private pure returns (Permission memory) { }

    function signed(bytes32 digest, uint256 nonce) private pure returns (Permission memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, digest);
        return Permission(nonce, DEADLINE, v, r, s);
    }

    function delegation() private view returns (Permission memory) {
        return signed(keccak256(abi.encode(borrower, router, BORROWED, DEADLINE)), 0);
    }

    function authorization(uint256 nonce, bool given) private view returns (Permission memory) {
        return
            signed(keccak256(abi.encode(MorphoAuthorization(borrower, address(router), given, nonce, DEADLINE))), nonce);
    }

    function market() private view returns (MorphoParams memory) {
        return MorphoParams(address(asset), address(collateral), address(0), address(0), 0.8e18);
    }

    function openAave(Permission memory permission) private {
        vm.prank(borrower);
        router.openAave(IAavePool(address(aave)), debt, pledge(), permission);
    }

    function closeAave() private {
        vm.prank(borrower);
        router.closeAave(
            IAavePool(address(aave)), IERC20(address(asset)), BORROWED + 7, IERC20(address(collateral)), receipt
        );
    }

    function openMorpho(Permission memory permission, Permission memory revocation) private {
        vm.prank(borrower);
        router.openMorpho(IMorpho(address(morpho)), market(), PLEDGED, BORROWED, permission, revocation);
    }

    function closeMorpho(Permission memory permission, Permission memory revocation) private {
        vm.prank(borrower);
        router.closeMorpho(IMorpho(address(morpho)), market(), BORROWED + 7, permission, revocation);
    }

    function openVenus() private {
        vm.prank(borrower);
        router.openVenus(IVToken(address(venus)), IVToken(address(venus)), pledge());
    }

    function closeVenus() private {
        vm.prank(borrower);
        router.closeVenus(
            IVToken(address(venus)),
            IVToken(address(venus)),
            IERC20(address(asset)),
            BORROWED + 7,
            IERC20(address(collateral))
        );
    }

    // --- What holds after each

    function assertOpen(Ledger venue) private view {
        require(
            venue.pledged(borrower) == PLEDGED && venue.owed(borrower) == BORROWED, "the position is the borrower's"
        );
        require(
            asset.balanceOf(borrower) == BORROWED && collateral.balanceOf(borrower) == 0, "the money is the borrower's"
        );
        assertEmpty(address(venue));
    }

    function assertClosed(Ledger venue) private view {
        require(venue.pledged(borrower) == 0 && venue.owed(borrower) == 0, "nothing is left of the position");
        require(asset.balanceOf(borrower) == 7 && collateral.balanceOf(borrower) == PLEDGED, "all is back");
        assertEmpty(address(venue));
    }

    function assertEmpty(address venue) private view {
        require(asset.balanceOf(address(router)) == 0 && collateral.balanceOf(address(router)) == 0, "it keeps nothing");
        uint256 left = asset.allowance(address(router), venue) + collateral.allowance(address(router), venue);
        require(left == 0, "it leaves no allowance");
    }

    // --- Reverts

    function test_openAave_withoutDelegation_reverts() public {
        vm.expectRevert();
        openAave(none());
    }

    function test_openMorpho_withoutPermission_reverts() public {
        vm.expectRevert(Ledger.Unauthorized.selector);
        openMorpho(none(), none());
    }

    function test_openMorpho_whoseRevocationFails_reverts() public {
        Permission memory permission = authorization(0, true);
        Permission memory wrong = authorization(5, false);
        vm.expectRevert(Ledger.Unauthorized.selector);
        openMorpho(permission, wrong);
    }

    function test_openVenus_ofWhoDelegatedNothing_reverts() public {
        vm.prank(borrower);
        venus.updateDelegate(address(router), false);
        vm.expectRevert(Ledger.Unauthorized.selector);
        openVenus();
    }

    /// @dev Venus answers codes where others revert.
    function test_venus_refusalsAreReverts() public {
        for (uint256 code = 1; code < 3; ++code) {
            venus.setFailing(code);
            vm.expectRevert(abi.encodeWithSelector(VenueRouter.Refused.selector, code));
            openVenus();
        }
        venus.setFailing(0);
        openVenus();
        asset.mint(borrower, 7);
        for (uint256 code = 3; code < 5; ++code) {
            venus.setFailing(code);
            vm.expectRevert(abi.encodeWithSelector(VenueRouter.Refused.selector, code));
            closeVenus();
        }
    }

    /// @dev Whatever the intruder asks for, the router is busy with somebody else's tokens.
    function test_aVenueThatCallsBack_isRefused() public {
        Intruder intruder = new Intruder(router);
        venus.setIntruder(address(intruder));
        IVToken markets = IVToken(address(venus));
        intruder.set(abi.encodeCall(VenueRouter.openVenus, (markets, markets, pledge())));
        vm.expectRevert(VenueRouter.Reentered.selector);
        openVenus();
    }

    /// @dev What the borrower let the router do it does for the borrower only.
    function test_anotherCaller_cannotUseThePermissions() public {
        Permission memory permission = authorization(0, true);
        openMorpho(permission, none());
        require(morpho.isAuthorized(borrower, address(router)), "kept");
        vm.expectRevert();
        vm.prank(STRANGER);
        router.closeMorpho(IMorpho(address(morpho)), market(), 0, none(), none());
        vm.expectRevert();
        vm.prank(STRANGER);
        router.openMorpho(IMorpho(address(morpho)), market(), 0, 1, none(), none());
        openAfterDeposit();
        vm.expectRevert();
        vm.prank(STRANGER);
        router.openVenus(IVToken(address(venus)), IVToken(address(venus)), emptyPledge());
    }

    function openAfterDeposit() private {
        collateral.mint(borrower, PLEDGED);
        openVenus();
    }

    function emptyPledge() private view returns (Pledge memory) {
        return Pledge(IERC20(address(collateral)), 0, IERC20(address(asset)), 1);
    }

    // --- Behavior

    function test_aave_opensAndCloses() public {
        openAave(delegation());
        assertOpen(aave);
        asset.mint(borrower, 7);
        closeAave();
        assertClosed(aave);
    }

    function test_morpho_opensAndCloses_andNoPermissionIsLeft() public {
        openMorpho(authorization(0, true), authorization(1, false));
        assertOpen(morpho);
        require(!morpho.isAuthorized(borrower, address(router)), "revoked");
        asset.mint(borrower, 7);
        closeMorpho(authorization(2, true), authorization(3, false));
        assertClosed(morpho);
        require(!morpho.isAuthorized(borrower, address(router)), "revoked again");
    }

    function test_venus_opensAndCloses() public {
        openVenus();
        assertOpen(venus);
        asset.mint(borrower, 7);
        closeVenus();
        assertClosed(venus);
    }

    /// @dev A signature is public before it is in a block: who delivers it first must not stop the borrower.
    function test_signaturesThatOthersDelivered_areNoFailure() public {
        Permission memory d = delegation();
        debt.delegationWithSig(borrower, address(router), BORROWED, d.deadline, d.v, d.r, d.s);
        openAave(d);
        assertOpen(aave);
    }

    function test_whatAVenueDoesNotTake_goesBack() public {
        venus.setShy(3);
        openVenus();
        require(collateral.balanceOf(borrower) == 3, "the rest is back");
        assertEmpty(address(venus));
    }
}
