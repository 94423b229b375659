//! Built-in lenders and the decorators around the Lender port.
