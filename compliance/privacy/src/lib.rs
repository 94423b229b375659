//! Personal data that cannot be printed, and its encryption per person.
