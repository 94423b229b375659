//! Disclosures and notices as documents: HTML and PDF from typed data.
