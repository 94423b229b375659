//! Reports to authorities as pure functions of facts: suspicious activity, blocked property, HMDA, travel rule.
