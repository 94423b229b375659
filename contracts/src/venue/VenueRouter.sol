// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {
    IAaveDebtToken,
    IAavePool,
    IMorpho,
    IVToken,
    MorphoAuthorization,
    MorphoParams,
    MorphoPosition,
    MorphoSignature
} from "./IVenues.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @notice An asset to be borrowed against collateral. Amounts are base units.
struct Pledge {
    IERC20 collateral;
    uint256 collateralAmount;
    IERC20 asset;
    uint256 amount;
}

/// @notice A signature of the caller that lets the router act at a venue, or stops it. A `deadline` of zero means that there is none.
struct Permission {
    uint256 nonce;
    uint256 deadline;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// @title Opens and closes a position at a lending protocol in one transaction of the borrower.
/// @notice The position is the borrower's own: the router locks the caller's collateral in the caller's name and borrows in the caller's
/// name by a permission that the caller signs, and hands out all it took. It acts for nobody but its caller, whatever others have permitted
/// it, and nobody can stop, change or own it.
/// @dev Holds no token and leaves no allowance between transactions. The caller names the venue; one that cheats can cheat that caller
/// only. A signature that somebody else has already delivered is no failure: what it permits is then permitted.
contract VenueRouter {
    using SafeERC20 for IERC20;

    /// @notice A market of Venus refused; the code is the market's.
    error Refused(uint256 code);
    /// @notice The venue called back.
    error Reentered();

    /// @notice Of Aave: interest that follows the market.
    uint256 private constant VARIABLE = 2;
    bool private transient entered;

    /// @dev A venue that calls back finds the caller's tokens here.
    modifier alone() {
        _enter();
        _;
        entered = false;
    }

    /// @notice Aave v3: locks the caller's collateral and borrows variable debt in the caller's name.
    /// @param delegation Of the amount, to the router, for the debt token; none when the router may already borrow for the caller.
    function openAave(IAavePool pool, IAaveDebtToken debtToken, Pledge calldata pledge, Permission calldata delegation)
        external
        alone
    {
        _take(pledge.collateral, pledge.collateralAmount, address(pool));
        pool.supply(address(pledge.collateral), pledge.collateralAmount, msg.sender, 0);
        _settle(pledge.collateral, address(pool));
        if (delegation.deadline != 0) {
            try debtToken.delegationWithSig(
                msg.sender, address(this), pledge.amount, delegation.deadline, delegation.v, delegation.r, delegation.s
            ) { }
                catch { }
        }
        pool.borrow(address(pledge.asset), pledge.amount, VARIABLE, 0, msg.sender);
        pledge.asset.safeTransfer(msg.sender, pledge.amount);
    }

    /// @notice Aave v3: repays the caller's whole debt with at most `most` and takes all collateral out.
    /// @param receipt The pool's token for the collateral, which the caller lets the router take.
    function closeAave(IAavePool pool, IERC20 asset, uint256 most, IERC20 collateral, IERC20 receipt) external alone {
        _take(asset, most, address(pool));
        pool.repay(address(asset), most, VARIABLE, msg.sender);
        _settle(asset, address(pool));
        receipt.safeTransferFrom(msg.sender, address(this), receipt.balanceOf(msg.sender));
        pool.withdraw(address(collateral), type(uint256).max, msg.sender);
    }

    /// @notice Morpho Blue: locks the caller's collateral and borrows in the caller's name.
    /// @param permission Of the caller to the router; none when it is given.
    /// @param revocation Takes it back at the end; none to keep it.
    function openMorpho(
        IMorpho morpho,
        MorphoParams calldata market,
        uint256 collateralAmount,
        uint256 amount,
        Permission calldata permission,
        Permission calldata revocation
    ) external alone {
        IERC20 collateral = IERC20(market.collateralToken);
        _take(collateral, collateralAmount, address(morpho));
        morpho.supplyCollateral(market, collateralAmount, msg.sender, "");
        _settle(collateral, address(morpho));
        _permit(morpho, permission);
        morpho.borrow(market, amount, 0, msg.sender, msg.sender);
        _revoke(morpho, revocation);
    }

    /// @notice Morpho Blue: repays the caller's whole debt with at most `most` and takes all collateral out.
    /// @param permission Of the caller to the router; none when it is given.
    /// @param revocation Takes it back at the end; none to keep it.
    function closeMorpho(
        IMorpho morpho,
        MorphoParams calldata market,
        uint256 most,
        Permission calldata permission,
        Permission calldata revocation
    ) external alone {
        MorphoPosition memory held = morpho.position(keccak256(abi.encode(market)), msg.sender);
        IERC20 asset = IERC20(market.loanToken);
        _take(asset, most, address(morpho));
        morpho.repay(market, 0, held.borrowShares, msg.sender, "");
        _settle(asset, address(morpho));
        _permit(morpho, permission);
        morpho.withdrawCollateral(market, held.collateral, msg.sender, msg.sender);
        _revoke(morpho, revocation);
    }

    /// @notice Venus: locks the caller's collateral and borrows in the caller's name.
    /// @dev Venus has no signatures: the caller has entered the collateral's market and made the router a delegate before.
    function openVenus(IVToken collateralMarket, IVToken assetMarket, Pledge calldata pledge) external alone {
        _take(pledge.collateral, pledge.collateralAmount, address(collateralMarket));
        _check(collateralMarket.mintBehalf(msg.sender, pledge.collateralAmount));
        _settle(pledge.collateral, address(collateralMarket));
        _check(assetMarket.borrowBehalf(msg.sender, pledge.amount));
        pledge.asset.safeTransfer(msg.sender, pledge.amount);
    }

    /// @notice Venus: repays the caller's whole debt with at most `most` and takes all collateral out.
    function closeVenus(IVToken collateralMarket, IVToken assetMarket, IERC20 asset, uint256 most, IERC20 collateral)
        external
        alone
    {
        _take(asset, most, address(assetMarket));
        _check(assetMarket.repayBorrowBehalf(msg.sender, type(uint256).max));
        _settle(asset, address(assetMarket));
        _check(collateralMarket.redeemBehalf(msg.sender, collateralMarket.balanceOf(msg.sender)));
        collateral.safeTransfer(msg.sender, collateral.balanceOf(address(this)));
    }

    function _enter() private {
        if (entered) revert Reentered();
        entered = true;
    }

    /// @dev Takes the caller's tokens and lets the venue take them.
    function _take(IERC20 token, uint256 amount, address venue) private {
        token.safeTransferFrom(msg.sender, address(this), amount);
        token.forceApprove(venue, amount);
    }

    /// @dev Gives back what the venue left, and takes the allowance back.
    function _settle(IERC20 token, address venue) private {
        token.forceApprove(venue, 0);
        uint256 left = token.balanceOf(address(this));
        if (left != 0) token.safeTransfer(msg.sender, left);
    }

    /// @dev A permission that does not come through shows in what needs it; a revocation has to.
    function _permit(IMorpho morpho, Permission calldata permission) private {
        if (permission.deadline == 0) return;
        (MorphoAuthorization memory authorization, MorphoSignature memory signature) = _signed(permission, true);
        try morpho.setAuthorizationWithSig(authorization, signature) { } catch { }
    }

    function _revoke(IMorpho morpho, Permission calldata permission) private {
        if (permission.deadline == 0) return;
        (MorphoAuthorization memory authorization, MorphoSignature memory signature) = _signed(permission, false);
        morpho.setAuthorizationWithSig(authorization, signature);
    }

    function _signed(Permission calldata permission, bool isAuthorized)
        private
        view
        returns (MorphoAuthorization memory, MorphoSignature memory)
    {
        return (
            MorphoAuthorization(msg.sender, address(this), isAuthorized, permission.nonce, permission.deadline),
            MorphoSignature(permission.v, permission.r, permission.s)
        );
    }

    function _check(uint256 code) private pure {
        if (code != 0) revert Refused(code);
    }
}
