//! The venue router on the real protocols: one transaction opens the borrower's own position, one closes it, nothing stays behind.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use chain::views::Head;
use domain::ports::Venue;
use lenders::desk::{LocalSigner, OrderSigner};
use serde_json::json;

use crate::protocols::{IErc20, IMorpho, IPool, IRouter, Params, Permission, Pledge, Signing, VenusUser};
use crate::stage::*;

/// Key 4 of the public development mnemonic: the borrower's.
const KEY: &str = "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a";
const CENTS: i64 = 1_000_000;

async fn deploy(stage: &Stage) -> Address {
    let artifact: serde_json::Value =
        serde_json::from_str(include_str!("../../../../contracts/abi/VenueRouter.json")).unwrap();
    let sent = json!([{ "from": stage.borrower(), "data": artifact["bytecode"], "gas": "0x989680" }]);
    let receipt = stage.raw("eth_sendTransactionSync", sent).await;
    receipt["contractAddress"].as_str().unwrap().parse().unwrap()
}

fn none() -> Permission {
    Permission {
        nonce: U256::ZERO,
        deadline: U256::ZERO,
        v: 0,
        r: B256::ZERO,
        s: B256::ZERO,
    }
}

/// The borrower's signature of a struct of a contract's own EIP-712 domain.
async fn signed(stage: &Stage, contract: Address, words: Vec<u8>, (nonce, deadline): (U256, U256)) -> Permission {
    let domain = stage.ask(contract, &Signing::DOMAIN_SEPARATORCall {}).await;
    let message = [b"\x19\x01", domain.as_slice(), keccak256(words).as_slice()].concat();
    let signer = LocalSigner::from_hex(&KEY.into()).unwrap();
    let signature = signer.sign(keccak256(message)).await.unwrap();
    Permission {
        nonce,
        deadline,
        v: signature[64],
        r: B256::from_slice(&signature[..32]),
        s: B256::from_slice(&signature[32..64]),
    }
}

async fn allow(stage: &Stage, token: Address, router: Address) {
    let call = Signing::approveCall {
        spender: router,
        amount: U256::MAX,
    };
    stage.act(stage.borrower(), token, &call).await;
}

fn pledge(stage: &Stage, debt: U256) -> Pledge {
    Pledge {
        collateral: stage.collateral().token,
        collateralAmount: eth(10),
        asset: stage.asset().token,
        amount: debt,
    }
}

/// What a venue's open and close are, with the router's address; either may ask for a signature first.
struct Flow<'a> {
    stage: &'a Stage,
    market: Market,
    router: Address,
}

impl Flow<'_> {
    async fn open(&self, debt: U256) -> Bytes {
        let stage = self.stage;
        let pledge = pledge(stage, debt);
        match self.market {
            Market::Aave30 | Market::Aave36 => {
                let pool = self.pool();
                let asset = stage.asset().token;
                let token = stage
                    .ask(pool, &IPool::getReserveDataCall { asset })
                    .await
                    .variableDebtTokenAddress;
                let delegation = self.delegation(token, debt).await;
                IRouter::openAaveCall {
                    pool,
                    debtToken: token,
                    pledge,
                    delegation,
                }
                .abi_encode()
                .into()
            }
            Market::Morpho => {
                let morpho = stage.world.address("/morpho/morpho");
                let (permission, revocation) = self.permissions(morpho).await;
                let call = IRouter::openMorphoCall {
                    morpho,
                    market: params(stage),
                    collateralAmount: eth(10),
                    amount: debt,
                    permission,
                    revocation,
                };
                call.abi_encode().into()
            }
            Market::Venus => {
                let (comptroller, user) = (stage.world.address("/venus/comptroller"), stage.borrower());
                let (holds, lends) = self.venus();
                let enter = VenusUser::enterMarketsCall { vTokens: vec![holds] };
                stage.act(user, comptroller, &enter).await;
                let delegate = VenusUser::updateDelegateCall {
                    delegate: self.router,
                    approved: true,
                };
                stage.act(user, comptroller, &delegate).await;
                IRouter::openVenusCall {
                    collateralMarket: holds,
                    assetMarket: lends,
                    pledge,
                }
                .abi_encode()
                .into()
            }
        }
    }

    async fn close(&self, most: U256) -> Bytes {
        let stage = self.stage;
        let (asset, collateral) = (stage.asset().token, stage.collateral().token);
        match self.market {
            Market::Aave30 | Market::Aave36 => {
                let pool = self.pool();
                let receipt = stage
                    .ask(pool, &IPool::getReserveDataCall { asset: collateral })
                    .await
                    .aTokenAddress;
                allow(stage, receipt, self.router).await;
                IRouter::closeAaveCall {
                    pool,
                    asset,
                    most,
                    collateral,
                    receipt,
                }
                .abi_encode()
                .into()
            }
            Market::Morpho => {
                let morpho = stage.world.address("/morpho/morpho");
                let (permission, revocation) = self.permissions(morpho).await;
                let market = params(stage);
                IRouter::closeMorphoCall {
                    morpho,
                    market,
                    most,
                    permission,
                    revocation,
                }
                .abi_encode()
                .into()
            }
            Market::Venus => {
                let (holds, lends) = self.venus();
                let call = IRouter::closeVenusCall {
                    collateralMarket: holds,
                    assetMarket: lends,
                    asset,
                    most,
                    collateral,
                };
                call.abi_encode().into()
            }
        }
    }

    fn pool(&self) -> Address {
        let name = if self.market == Market::Aave30 {
            "aave1"
        } else {
            "aave36"
        };
        self.stage.world.address(&format!("/{name}/pool"))
    }

    fn venus(&self) -> (Address, Address) {
        let at = |path| self.stage.world.address(path);
        (at("/venus/vCollateral"), at("/venus/vAsset"))
    }

    async fn delegation(&self, token: Address, value: U256) -> Permission {
        let kind = keccak256("DelegationWithSig(address delegatee,uint256 value,uint256 nonce,uint256 deadline)");
        let owner = self.stage.borrower();
        let nonce = self.stage.ask(token, &Signing::noncesCall { owner }).await;
        let words = (kind, self.router, value, nonce, U256::MAX).abi_encode();
        signed(self.stage, token, words, (nonce, U256::MAX)).await
    }

    async fn permissions(&self, morpho: Address) -> (Permission, Permission) {
        let kind = keccak256(
            "Authorization(address authorizer,address authorized,bool isAuthorized,uint256 nonce,uint256 deadline)",
        );
        let (user, router) = (self.stage.borrower(), self.router);
        let first = self.stage.ask(morpho, &Signing::nonceCall { authorizer: user }).await;
        let words = |given: bool, nonce: U256| (kind, user, router, given, nonce, U256::MAX).abi_encode();
        let next = first + U256::ONE;
        let given = signed(self.stage, morpho, words(true, first), (first, U256::MAX)).await;
        let taken = signed(self.stage, morpho, words(false, next), (next, U256::MAX)).await;
        (given, taken)
    }
}

fn params(stage: &Stage) -> Params {
    Params {
        loanToken: stage.asset().token,
        collateralToken: stage.collateral().token,
        oracle: stage.world.address("/morpho/oracle"),
        irm: stage.world.address("/morpho/irm"),
        lltv: stage.world.text("/morpho/lltv").parse().unwrap(),
    }
}

async fn holds_nothing(stage: &Stage, router: Address) {
    for token in [stage.asset().token, stage.collateral().token] {
        assert_eq!(
            stage.ask(token, &IErc20::balanceOfCall { owner: router }).await,
            U256::ZERO
        );
    }
}

#[tokio::test]
async fn one_transaction_opens_the_borrowers_position_and_one_closes_it() {
    for market in ALL {
        let stage = Stage::start().await;
        let (user, router) = (stage.borrower(), deploy(&stage).await);
        let flow = Flow {
            stage: &stage,
            market,
            router,
        };
        let lender = stage.lender(market, &stage.views(Head::Latest));
        let terms = terms(&lender, &stage.request(CENTS, 30, eth(10))).await;
        for token in [stage.asset().token, stage.collateral().token] {
            allow(&stage, token, router).await;
        }
        let opened = stage.send(user, router, flow.open(terms.debt).await).await;
        assert!(opened.succeeded, "{market:?} opens");
        let position = lender.position(user).await.unwrap();
        assert!(
            position.debt.abs_diff(terms.debt) <= U256::ONE,
            "{market:?}: {position:?}"
        );
        holds_nothing(&stage, router).await;

        stage.jump_to(stage.now().await + 30 * 86_400).await;
        let owed = lender.position(user).await.unwrap().debt;
        let closed = stage
            .send(user, router, flow.close(owed + owed / U256::from(1_000)).await)
            .await;
        assert!(closed.succeeded, "{market:?} closes");
        let position = lender.position(user).await.unwrap();
        assert_eq!(position.debt, U256::ZERO, "{market:?}");
        assert!(
            position.collateral <= U256::from(200_000_000),
            "{market:?}: {position:?}"
        );
        holds_nothing(&stage, router).await;
        println!("{market:?}: opens for {} gas, closes for {}", opened.gas, closed.gas);
    }
}

/// The borrower took the authorization back in the transaction that used it.
#[tokio::test]
async fn no_authorization_of_morpho_outlives_the_transaction() {
    let stage = Stage::start().await;
    let router = deploy(&stage).await;
    let flow = Flow {
        stage: &stage,
        market: Market::Morpho,
        router,
    };
    allow(&stage, stage.collateral().token, router).await;
    let debt = U256::from(1_000_000_000_u64);
    assert!(
        stage
            .send(stage.borrower(), router, flow.open(debt).await)
            .await
            .succeeded
    );
    let morpho = stage.world.address("/morpho/morpho");
    let asked = IMorpho::isAuthorizedCall {
        authorizer: stage.borrower(),
        authorized: router,
    };
    assert!(!stage.ask(morpho, &asked).await);
    // Without a signature the router may do nothing.
    let call = IRouter::closeMorphoCall {
        morpho,
        market: params(&stage),
        most: debt * U256::from(2),
        permission: none(),
        revocation: none(),
    };
    allow(&stage, stage.asset().token, router).await;
    let refusal = stage.refusal(stage.borrower(), router, call.abi_encode().into()).await;
    assert!(refusal.unwrap().contains("unauthorized"));
}
