//! The provider SDK: the Lender port, provider protocol v1, signing, and the HTTP client.
