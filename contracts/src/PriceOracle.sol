// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { IAggregatorV3 } from "./IAggregatorV3.sol";
import { IPriceOracle } from "./IPriceOracle.sol";
import { Initializable } from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import { UUPSUpgradeable } from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice Where the price of a token in US dollars comes from.
/// @param primary Feed of the token in US dollars.
/// @param primaryMaxAge Seconds after which an answer of `primary` is stale.
/// @param second Feed of another source for the same price; zero when there is none.
/// @param secondMaxAge The same for `second`; zero exactly when there is none.
/// @param maxDeviationBps How far the higher of the two answers may lie above the lower one, in 1/10,000 of the lower one, at most
/// 5,000; zero exactly when there is no second feed.
/// @param decimals Decimals of the token, 0 to 24.
struct TokenFeeds {
    address primary;
    uint32 primaryMaxAge;
    address second;
    uint32 secondMaxAge;
    uint16 maxDeviationBps;
    uint8 decimals;
}

/// @notice A listed token as it is stored: two slots, of which the second is read only when there is a second feed.
/// @param primaryDecimals As the feed said when it was set.
/// @param conservative Two opinions are not compared; the one that is worse for the borrower counts.
/// @param listed A token that is not has no price.
struct TokenListing {
    address primary;
    uint32 primaryMaxAge;
    uint8 primaryDecimals;
    uint8 decimals;
    uint16 maxDeviationBps;
    bool conservative;
    bool listed;
    address second;
    uint32 secondMaxAge;
    uint8 secondDecimals;
}

/// @title Prices of tokens in each other from Chainlink feeds of both in US dollars.
/// @notice With a second feed, a price is given only while both are fresh. By default both must agree, and the first one counts. A
/// token set conservative is never refused for disagreement: as collateral the lower of its two prices counts, as debt the higher.
/// @dev The owner (a timelock) lists tokens and is the only one to clear what the guardian did. The guardian may set a token conservative
/// and take it off the list, which leaves it without a price; it cannot make any price more favorable to a borrower.
///
/// Assumption on feeds: their decimals never change. Whoever calls and goes on when this contract reverts must make sure
/// that the call was not starved of gas.
contract PriceOracle is IPriceOracle, Initializable, UUPSUpgradeable {
    /// @custom:storage-location erc7201:usance.storage.PriceOracle
    struct PriceOracleStorage {
        address owner;
        address guardian;
        address sequencerFeed;
        mapping(address token => TokenListing) tokens;
    }

    /// @notice Seconds after the sequencer came up again before prices are given: feeds catch up, borrowers can react.
    uint256 public constant SEQUENCER_GRACE = 3_600;

    /// @dev keccak256(abi.encode(uint256(keccak256("usance.storage.PriceOracle")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant STORAGE = 0x8931ac87d6c7bbe1887679273f57871208d7fe060f70f71effd6efe2471e7f00;

    uint256 private constant BPS = 10_000;
    uint256 private constant MAX_DEVIATION_BPS = 5_000;
    uint256 private constant MAX_DECIMALS = 24;
    /// @dev Decimal places of a price.
    uint256 private constant PRICE_DECIMALS = 36;
    /// @dev The largest power of ten in 256 bits.
    uint256 private constant MAX_POWER = 77;

    event TokenSet(address indexed token, TokenListing listing);
    event TokenDelisted(address indexed token);
    event ConservativeSet(address indexed token, bool conservative);
    event SequencerFeedSet(address feed);
    event GuardianSet(address guardian);
    event OwnershipTransferred(address indexed from, address indexed to);

    error NotOwner(address caller);
    error NotGuardian(address caller);
    /// @param name The refused field as a left-aligned ASCII word.
    error InvalidField(bytes32 name);
    error NotListed(address token);
    /// @notice Older than the feed's maximum age, or from the future.
    error StalePrice(address feed, uint256 updatedAt);
    /// @notice Zero or negative.
    error BadPrice(address feed, int256 answer);
    /// @notice The feed has no answer of its present round yet.
    error IncompleteRound(address feed);
    /// @notice The feed reverted, or answered what is not of its interface.
    error FeedFailed(address feed);
    /// @notice The two prices in the same decimals, saturated, and how far they may lie apart.
    error FeedsDisagree(address token, uint256 primary, uint256 second, uint256 maxDeviationBps);
    error SequencerDown();
    /// @param until First second with prices, Unix time.
    error SequencerGrace(uint256 until);
    error SequencerFeedAlreadySet(address feed);
    /// @notice The price rounds down to zero, or takes more than 256 bits.
    error Unrepresentable(address collateral, address asset);

    modifier onlyOwner() {
        if (msg.sender != _storage().owner) revert NotOwner(msg.sender);
        _;
    }

    modifier onlyGuardianOrOwner() {
        PriceOracleStorage storage $ = _storage();
        if (msg.sender != $.guardian && msg.sender != $.owner) revert NotGuardian(msg.sender);
        _;
    }

    constructor() {
        _disableInitializers();
    }

    /// @notice Called once, by the constructor of the proxy.
    /// @param guardian_ May be zero: then there is none.
    function initialize(address owner_, address guardian_) external initializer {
        _setOwner(owner_);
        _setGuardian(guardian_);
    }

    /// @inheritdoc IPriceOracle
    function price(address collateral, address asset) external view override returns (uint256 result) {
        PriceOracleStorage storage $ = _storage();
        _requireSequencer($.sequencerFeed);
        (uint256 worth, uint256 worthDecimals) = _dollars($.tokens[collateral], collateral, true);
        (uint256 cost, uint256 costDecimals) = _dollars($.tokens[asset], asset, false);
        result = _ratioDown(worth, cost, PRICE_DECIMALS + costDecimals, worthDecimals);
        if (result == 0) revert Unrepresentable(collateral, asset);
    }

    /// @notice Lists a token, or replaces its feeds. Only for the owner. A token that is conservative stays so.
    /// @dev Reads the decimals of the feeds. Where the token tells its own, they must be those given.
    function setToken(address token, TokenFeeds calldata feeds) external onlyOwner {
        if (token == address(0)) revert InvalidField("token");
        if (feeds.primary == address(0)) revert InvalidField("primary");
        if (feeds.primaryMaxAge == 0) revert InvalidField("primaryMaxAge");
        if (feeds.decimals > MAX_DECIMALS) revert InvalidField("decimals");
        (bool told, uint256[5] memory words) = _ask(token, IAggregatorV3.decimals.selector, 1);
        if (told && words[0] != feeds.decimals) revert InvalidField("decimals");
        bool pair = feeds.second != address(0);
        if (feeds.second == feeds.primary) revert InvalidField("second");
        if (pair != (feeds.secondMaxAge != 0)) revert InvalidField("secondMaxAge");
        if (pair != (feeds.maxDeviationBps != 0) || feeds.maxDeviationBps > MAX_DEVIATION_BPS) {
            revert InvalidField("maxDeviationBps");
        }

        TokenListing storage listing = _storage().tokens[token];
        listing.primary = feeds.primary;
        listing.primaryMaxAge = feeds.primaryMaxAge;
        listing.primaryDecimals = _decimalsOf(feeds.primary);
        listing.decimals = feeds.decimals;
        listing.maxDeviationBps = feeds.maxDeviationBps;
        listing.listed = true;
        listing.second = feeds.second;
        listing.secondMaxAge = feeds.secondMaxAge;
        listing.secondDecimals = pair ? _decimalsOf(feeds.second) : 0;
        emit TokenSet(token, listing);
    }

    /// @notice Leaves a token without a price until the owner sets it again. For the guardian and the owner.
    /// @dev Loans that need the price cannot be liquidated meanwhile; one in default for long goes to its lender with all of its
    /// collateral, see {ICreditAggregator-markDefault}.
    function delist(address token) external onlyGuardianOrOwner {
        TokenListing storage listing = _storage().tokens[token];
        if (!listing.listed) revert NotListed(token);
        listing.listed = false;
        emit TokenDelisted(token);
    }

    /// @notice Only the owner clears it.
    function setConservative(address token, bool conservative) external onlyGuardianOrOwner {
        PriceOracleStorage storage $ = _storage();
        if (!conservative && msg.sender != $.owner) revert NotOwner(msg.sender);
        $.tokens[token].conservative = conservative;
        emit ConservativeSet(token, conservative);
    }

    /// @notice The Chainlink uptime feed of the sequencer of a layer 2. Only for the owner, once; there is none before.
    function setSequencerFeed(address feed) external onlyOwner {
        PriceOracleStorage storage $ = _storage();
        if ($.sequencerFeed != address(0)) revert SequencerFeedAlreadySet($.sequencerFeed);
        if (feed == address(0)) revert InvalidField("feed");
        $.sequencerFeed = feed;
        emit SequencerFeedSet(feed);
    }

    /// @notice Only for the owner; zero means none.
    function setGuardian(address guardian_) external onlyOwner {
        _setGuardian(guardian_);
    }

    /// @notice Only for the owner.
    function transferOwnership(address to) external onlyOwner {
        _setOwner(to);
    }

    function tokenOf(address token) external view returns (TokenListing memory) {
        return _storage().tokens[token];
    }

    /// @notice Zero when prices do not depend on a sequencer.
    function sequencerFeed() external view returns (address) {
        return _storage().sequencerFeed;
    }

    function owner() external view returns (address) {
        return _storage().owner;
    }

    function guardian() external view returns (address) {
        return _storage().guardian;
    }

    function _authorizeUpgrade(address) internal view override onlyOwner { }

    function _setOwner(address to) private {
        if (to == address(0)) revert InvalidField("owner");
        PriceOracleStorage storage $ = _storage();
        emit OwnershipTransferred($.owner, to);
        $.owner = to;
    }

    function _setGuardian(address guardian_) private {
        _storage().guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    function _requireSequencer(address feed) private view {
        if (feed == address(0)) return;
        (int256 answer, uint256 startedAt,) = _latest(feed);
        if (answer != 0) revert SequencerDown();
        // Arbitrum's feed says so until its first report.
        if (startedAt == 0) revert IncompleteRound(feed);
        uint256 until = Math.saturatingAdd(startedAt, SEQUENCER_GRACE);
        if (block.timestamp < until) revert SequencerGrace(until);
    }

    /// @param lower Of two opinions on a conservative token: the lower one, else the higher.
    /// @return answer Dollars of one base unit of the token, times 10^decimals.
    function _dollars(TokenListing storage listing, address token, bool lower)
        private
        view
        returns (uint256 answer, uint256 decimals)
    {
        if (!listing.listed) revert NotListed(token);
        answer = _fresh(listing.primary, listing.primaryMaxAge);
        decimals = listing.primaryDecimals;
        uint256 maxDeviationBps = listing.maxDeviationBps;
        if (maxDeviationBps != 0) {
            uint256 other = _fresh(listing.second, listing.secondMaxAge);
            uint256 otherDecimals = listing.secondDecimals;
            // Where a product saturates, one price is at least twice the other, as it was: answers are below 2^255.
            uint256 a = decimals < otherDecimals ? Math.saturatingMul(answer, 10 ** (otherDecimals - decimals)) : answer;
            uint256 b = decimals > otherDecimals ? Math.saturatingMul(other, 10 ** (decimals - otherDecimals)) : other;
            if (listing.conservative) {
                if ((b < a) == lower) (answer, decimals) = (other, otherDecimals);
            } else if (_apart(a, b, maxDeviationBps)) {
                revert FeedsDisagree(token, a, b, maxDeviationBps);
            }
        }
        decimals += listing.decimals;
    }

    /// @dev Whether the higher exceeds the lower by more than `maxBps` of it, exactly.
    function _apart(uint256 a, uint256 b, uint256 maxBps) private pure returns (bool) {
        (uint256 low, uint256 high) = a < b ? (a, b) : (b, a);
        return high - low > Math.mulDiv(low, maxBps, BPS);
    }

    /// @dev A positive answer of at most that age.
    function _fresh(address feed, uint256 maxAge) private view returns (uint256) {
        (int256 answer,, uint256 updatedAt) = _latest(feed);
        if (updatedAt == 0) revert IncompleteRound(feed);
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > maxAge) revert StalePrice(feed, updatedAt);
        if (answer <= 0) revert BadPrice(feed, answer);
        // Positive.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint256(answer);
    }

    function _latest(address feed) private view returns (int256 answer, uint256 startedAt, uint256 updatedAt) {
        (bool told, uint256[5] memory words) = _ask(feed, IAggregatorV3.latestRoundData.selector, 5);
        if (!told) revert FeedFailed(feed);
        // The round of the answer is behind the present one.
        if (words[4] < words[0]) revert IncompleteRound(feed);
        // The word is the two's complement of the answer.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (int256(words[1]), words[2], words[3]);
    }

    function _decimalsOf(address feed) private view returns (uint8) {
        (bool told, uint256[5] memory words) = _ask(feed, IAggregatorV3.decimals.selector, 1);
        if (!told || words[0] > MAX_DECIMALS) revert FeedFailed(feed);
        // At most 24.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint8(words[0]);
    }

    /// @dev Calls a view without arguments and takes `count` words of its answer, however long that is. Solidity's own calls cannot catch
    /// an address without code, nor an answer that is too short.
    function _ask(address target, bytes4 selector, uint256 count)
        private
        view
        returns (bool told, uint256[5] memory words)
    {
        assembly ("memory-safe") {
            mstore(0x00, selector)
            let size := shl(5, count)
            told := staticcall(gas(), target, 0x00, 0x04, words, size)
            told := and(told, iszero(lt(returndatasize(), size)))
        }
    }

    /// @dev worth * 10^up / (cost * 10^down), rounded down; zero also for what takes more than 256 bits. `up` is at least 36 and at most 84,
    /// `down` at most 48.
    function _ratioDown(uint256 worth, uint256 cost, uint256 up, uint256 down) private pure returns (uint256) {
        if (up < down) {
            // What saturates exceeds any answer: the ratio is below one.
            return worth / Math.saturatingMul(cost, 10 ** (down - up));
        }
        uint256 power = up - down;
        if (power > MAX_POWER) {
            bool fits;
            (fits, worth) = Math.tryMul(worth, 10 ** (power - MAX_POWER));
            // The answers are below 2^255: the ratio would exceed 2 * 10^77.
            if (!fits) return 0;
            power = MAX_POWER;
        }
        (uint256 high,) = Math.mul512(worth, 10 ** power);
        // The quotient takes more than 256 bits.
        if (high >= cost) return 0;
        return Math.mulDiv(worth, 10 ** power, cost);
    }

    function _storage() private pure returns (PriceOracleStorage storage $) {
        assembly {
            $.slot := STORAGE
        }
    }
}
