//! The ports' stores in memory, with the faults that a real store has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use alloy_primitives::{Address, B256};
use async_trait::async_trait;
use domain::ids::ChainTxId;
use domain::ports::{Attempt, BlockRef, Call, ChainLog, JournaledTx, LoanEvent, StoreFailure, TxJournal, TxState};
use uuid::Uuid;

#[derive(Default)]
struct Book {
    txs: Vec<JournaledTx>,
    moves: Vec<(ChainTxId, TxState)>,
    next_nonce: u64,
    holder: Option<u32>,
    /// The next write of that name is made, and then its answer is lost.
    lose_answer_of: Option<&'static str>,
}

/// One holder's view of a shared journal.
#[derive(Clone)]
pub struct MemJournal {
    book: Arc<Mutex<Book>>,
    holder: u32,
}

impl MemJournal {
    pub fn new() -> Self {
        Self {
            book: Arc::default(),
            holder: 0,
        }
    }

    /// The same journal as another process sees it.
    pub fn other(&self, holder: u32) -> Self {
        Self {
            book: Arc::clone(&self.book),
            holder,
        }
    }

    pub fn queue(&self, call: Call) -> ChainTxId {
        self.with(|b| {
            let id = ChainTxId(Uuid::from_u128(b.txs.len() as u128 + 1));
            b.txs.push(JournaledTx {
                id,
                call,
                nonce: None,
                state: TxState::Queued,
                attempts: vec![],
            });
            id
        })
    }

    pub fn get(&self, id: ChainTxId) -> JournaledTx {
        self.with(|b| b.txs.iter().find(|t| t.id == id).unwrap().clone())
    }

    /// States in which the journal put that transaction, in order.
    pub fn moves(&self, id: ChainTxId) -> Vec<TxState> {
        self.with(|b| b.moves.iter().filter(|(i, _)| *i == id).map(|(_, s)| *s).collect())
    }

    pub fn lose_answer_of(&self, name: &'static str) {
        self.with(|b| b.lose_answer_of = Some(name));
    }

    /// The lease ends without the holder noticing.
    pub fn expire_lease(&self) {
        self.with(|b| b.holder = None);
    }

    fn with<T>(&self, f: impl FnOnce(&mut Book) -> T) -> T {
        f(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, name: &'static str, f: impl FnOnce(&mut Book) -> T) -> Result<T, StoreFailure> {
        self.with(|b| {
            if b.holder != Some(self.holder) {
                return Err(StoreFailure("fenced off".to_owned()));
            }
            let answer = f(b);
            if b.lose_answer_of == Some(name) {
                b.lose_answer_of = None;
                return Err(StoreFailure("connection lost after commit".to_owned()));
            }
            Ok(answer)
        })
    }
}

#[async_trait]
impl TxJournal for MemJournal {
    async fn lead(&self, _chain_id: u64, _signer: Address) -> Result<bool, StoreFailure> {
        Ok(self.with(|b| *b.holder.get_or_insert(self.holder) == self.holder))
    }

    async fn queued(&self, _chain_id: u64, _signer: Address, limit: u32) -> Result<Vec<JournaledTx>, StoreFailure> {
        let queued = |b: &mut Book| b.txs.iter().filter(|t| t.nonce.is_none()).cloned().collect::<Vec<_>>();
        Ok(self.with(queued).into_iter().take(limit as usize).collect())
    }

    async fn take_nonce(
        &self,
        _chain_id: u64,
        _signer: Address,
        tx: ChainTxId,
        chain_nonce: u64,
    ) -> Result<Option<JournaledTx>, StoreFailure> {
        self.write("take_nonce", |b| {
            let nonce = b.next_nonce.max(chain_nonce);
            let taken = b.txs.iter_mut().find(|t| t.id == tx && t.nonce.is_none())?;
            taken.nonce = Some(nonce);
            taken.state = TxState::Broadcast;
            b.next_nonce = nonce + 1;
            Some(taken.clone())
        })
    }

    async fn in_flight(&self, _chain_id: u64, _signer: Address) -> Result<Vec<JournaledTx>, StoreFailure> {
        let open = |t: &&JournaledTx| matches!(t.state, TxState::Broadcast | TxState::Included);
        let mut list: Vec<_> = self.with(|b| b.txs.iter().filter(open).cloned().collect());
        list.sort_by_key(|t| t.nonce);
        Ok(list)
    }

    async fn store_attempt(&self, tx: ChainTxId, attempt: Attempt) -> Result<(), StoreFailure> {
        self.write("store_attempt", |b| {
            b.txs.iter_mut().find(|t| t.id == tx).unwrap().attempts.push(attempt);
        })
    }

    async fn set_state(&self, tx: ChainTxId, state: TxState, mined: Option<(B256, u64)>) -> Result<(), StoreFailure> {
        self.write("set_state", |b| {
            let found = b.txs.iter_mut().find(|t| t.id == tx).unwrap();
            assert_eq!(
                mined.is_some(),
                state != TxState::Broadcast,
                "evidence goes with every mined state"
            );
            assert!(mined.is_none_or(|(hash, _)| found.attempts.iter().any(|a| a.hash == hash)));
            assert!(
                !matches!(found.state, TxState::Succeeded | TxState::Reverted),
                "final is final"
            );
            found.state = state;
            b.moves.push((tx, state));
        })
    }
}

#[derive(Default)]
pub struct MemLog {
    blocks: Mutex<BTreeMap<u64, (BlockRef, Vec<LoanEvent>)>>,
    pub rolled_back_to: Mutex<Vec<u64>>,
    finalized: Mutex<Option<u64>>,
}

impl MemLog {
    pub fn events(&self) -> Vec<LoanEvent> {
        self.blocks
            .lock()
            .unwrap()
            .values()
            .flat_map(|(_, e)| e.clone())
            .collect()
    }

    pub fn final_events(&self) -> Vec<LoanEvent> {
        let upto = self.finalized.lock().unwrap().unwrap_or(0);
        self.blocks
            .lock()
            .unwrap()
            .range(..=upto)
            .flat_map(|(_, (_, e))| e.clone())
            .collect()
    }

    pub fn len(&self) -> usize {
        self.blocks.lock().unwrap().len()
    }
}

#[async_trait]
impl ChainLog for MemLog {
    async fn tip(&self, _chain_id: u64) -> Result<Option<BlockRef>, StoreFailure> {
        Ok(self.blocks.lock().unwrap().last_key_value().map(|(_, (b, _))| *b))
    }

    async fn block(&self, _chain_id: u64, number: u64) -> Result<Option<BlockRef>, StoreFailure> {
        Ok(self.blocks.lock().unwrap().get(&number).map(|(b, _)| *b))
    }

    async fn append(&self, _chain_id: u64, block: BlockRef, events: Vec<LoanEvent>) -> Result<(), StoreFailure> {
        let mut blocks = self.blocks.lock().unwrap();
        if let Some((_, (tip, _))) = blocks.last_key_value() {
            assert_eq!(
                (tip.hash, tip.number + 1),
                (block.parent, block.number),
                "a block follows the tip"
            );
        }
        blocks.insert(block.number, (block, events));
        Ok(())
    }

    async fn roll_back(&self, _chain_id: u64, number: u64) -> Result<(), StoreFailure> {
        let floor = self.finalized.lock().unwrap().unwrap_or(0);
        assert!(number >= floor, "a final block is never removed");
        self.blocks.lock().unwrap().split_off(&(number + 1));
        self.rolled_back_to.lock().unwrap().push(number);
        Ok(())
    }

    async fn finalize(&self, _chain_id: u64, number: u64) -> Result<(), StoreFailure> {
        let mut finalized = self.finalized.lock().unwrap();
        *finalized = Some(finalized.unwrap_or(0).max(number));
        Ok(())
    }
}
