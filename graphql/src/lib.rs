//! The one interface: GraphQL schema, REST routes, authentication and error mapping.
