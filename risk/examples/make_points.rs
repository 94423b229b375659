//! Writes the expert points table to `risk/models/points`, signed by the development key.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/points");
    usance_risk::points::draft()
        .sign(&usance_risk::model::development_key())?
        .write(&folder)?;
    Ok(())
}
