//! The world: instances, databases, certificates, endpoints, availability groups and links, as one value.
