// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { Request } from "./ICreditPool.sol";
import { ITranche } from "./ITranche.sol";
import { PoolBooks } from "./PoolBooks.sol";
import { ShareMath } from "./ShareMath.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice Shares that wait for cash: one list for each tranche, one order over both.
/// @dev The pool holds the shares that wait. They gain and lose like all others until they are paid.
abstract contract PoolQueue is PoolBooks {
    using SafeERC20 for IERC20;

    /// @dev Places from `head` on wait; a cancelled one stays, without an owner, until the head passes it.
    struct Queue {
        uint128 head;
        uint128 tail;
        uint256 shares;
        mapping(uint256 index => Request) items;
    }

    mapping(bool senior => Queue) private _queues;
    mapping(address owner => uint256) public override claimable;
    uint64 private _sequence;

    function processQueue(uint256 max) external override returns (uint256 steps) {
        while (steps < max && _step()) ++steps;
    }

    function claim(address to) external override returns (uint256 assets) {
        assets = claimable[msg.sender];
        if (assets == 0) revert NothingToClaim();
        delete claimable[msg.sender];
        emit PaymentClaimed(msg.sender, to, assets);
        IERC20(asset).safeTransfer(to, assets);
    }

    // --- views

    function withdrawLimit(bool senior) external view override returns (uint256) {
        uint256 room = _juniorRoom();
        if (_queues[true].shares != 0 || (_queues[false].shares != 0 && room != 0)) return 0;
        return senior ? _books.cash : Math.min(room, _books.cash);
    }

    function freeCash() public view override returns (uint256) {
        return
            Math.saturatingSub(_books.cash, _worth(true, _queues[true].shares) + _worth(false, _queues[false].shares));
    }

    function queueOf(bool senior) external view override returns (uint256 head, uint256 tail, uint256 shares) {
        Queue storage queue = _queues[senior];
        return (queue.head, queue.tail, queue.shares);
    }

    function requestOf(bool senior, uint256 index) external view override returns (Request memory) {
        return _queues[senior].items[index];
    }

    // --- parts

    function _enqueue(bool senior, address owner, address receiver, uint256 shares) internal returns (uint256 index) {
        Queue storage queue = _queues[senior];
        index = queue.tail++;
        queue.shares += shares;
        queue.items[index] = Request(owner, ++_sequence, receiver, shares);
        emit RedeemRequested(senior, index, owner, receiver, shares);
    }

    function _dequeue(bool senior, address owner, uint256 index) internal returns (uint256 shares) {
        Queue storage queue = _queues[senior];
        Request storage item = queue.items[index];
        if (item.owner != owner) revert NotRequestOwner(owner);
        shares = item.shares;
        queue.shares -= shares;
        // The sequence stays: the lists are merged by it.
        (item.owner, item.receiver, item.shares) = (address(0), address(0), 0);
        emit RedeemCancelled(senior, index, shares);
    }

    /// @dev Looks at the oldest request that may be paid.
    /// @return False when there is none, or no cash.
    function _step() private returns (bool) {
        uint256 money = _books.cash;
        uint256 room = _queues[false].shares == 0 ? 0 : Math.min(_juniorRoom(), money);
        bool senior = _isSeniorNext(room != 0);
        if (money == 0 || (!senior && room == 0)) return false;

        Queue storage queue = _queues[senior];
        uint256 index = queue.head;
        Request memory item = queue.items[index];
        if (item.owner == address(0)) {
            _pass(queue, index);
            return true;
        }
        return _pay(senior, queue, index, item, senior ? money : room);
    }

    /// @dev Pays all of the request, or what `limit` base units buy back.
    function _pay(bool senior, Queue storage queue, uint256 index, Request memory item, uint256 limit)
        private
        returns (bool)
    {
        ITranche tranche = ITranche(_trancheOf(senior));
        uint256 supply = tranche.totalSupply();
        uint256 total = trancheAssets(senior);
        uint256 shares = ShareMath.sharesWithin(item.shares, limit, total, supply);
        if (shares == 0) return false;
        uint256 assets = ShareMath.toAssets(shares, total, supply, Math.Rounding.Floor);

        queue.shares -= shares;
        if (shares == item.shares) _pass(queue, index);
        else queue.items[index].shares = item.shares - shares;
        _withdraw(senior, assets, shares, supply);
        emit RedeemPaid(senior, index, shares, assets);
        tranche.burnQueued(shares);
        // A receiver that the asset refuses must not block those behind it.
        if (!IERC20(asset).trySafeTransfer(item.receiver, assets)) {
            claimable[item.owner] += assets;
            emit PaymentHeld(item.owner, assets);
        }
        return true;
    }

    function _pass(Queue storage queue, uint256 index) private {
        delete queue.items[index];
        queue.head = uint128(index + 1);
    }

    /// @param juniorMay Whether junior may leave at all.
    function _isSeniorNext(bool juniorMay) private view returns (bool) {
        Queue storage seniors = _queues[true];
        if (seniors.shares == 0) return false;
        if (!juniorMay) return true;
        Queue storage juniors = _queues[false];
        return seniors.items[seniors.head].sequence < juniors.items[juniors.head].sequence;
    }

    function _worth(bool senior, uint256 shares) private view returns (uint256) {
        if (shares == 0) return 0;
        uint256 supply = IERC20(_trancheOf(senior)).totalSupply();
        return ShareMath.toAssets(shares, trancheAssets(senior), supply, Math.Rounding.Ceil);
    }
}
