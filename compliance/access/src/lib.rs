//! Who may do what to which object and field: one typed matrix.
