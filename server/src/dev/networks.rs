//! The lenders on networks of the development marketplace. They lend rupees in India, and ask the borrower to be identified.

use std::sync::Arc;

use anyhow::Result;
use lenders::LenderConfig;
use lenders::networks::OCEN_PATH;
use sandbox::fis12::{Fis12Bank, OpenBank};
use sandbox::network::ByHttp;
use sandbox::ocen::{OcenLender, OpenLender};
use tokio::net::TcpListener;

use crate::runtime::Sources;

/// The lenders; they stop when this is dropped.
#[derive(Debug)]
pub(super) struct Networks {
    bank: OpenBank,
    lender: OpenLender,
}

/// Opens them, to call back at the listener's address.
pub(super) async fn open(sources: &Sources, listener: &TcpListener) -> Result<Networks> {
    let world = sandbox::World {
        clock: Arc::clone(&sources.clock),
        ids: Arc::clone(&sources.ids),
    };
    let agent_url = format!("http://{}{OCEN_PATH}", listener.local_addr()?);
    let by_http = Arc::new(ByHttp::new()?);
    let bank = Fis12Bank::open(sandbox::fis12::Setup::development()?, world.clone(), by_http.clone());
    let lender = OcenLender::open(sandbox::ocen::Setup::development(agent_url)?, world, by_http);
    let (bank, lender) = tokio::try_join!(bank, lender)?;
    Ok(Networks { bank, lender })
}

impl Networks {
    /// Their entries in the configuration.
    pub(super) fn lenders(&self) -> Result<[LenderConfig; 2]> {
        Ok([
            serde_json::from_value(self.bank.bank.entry("bharat-bank"))?,
            serde_json::from_value(self.lender.lender.entry("udaan-capital"))?,
        ])
    }
}
