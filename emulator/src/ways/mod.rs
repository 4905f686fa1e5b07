//! The ways into a world's network besides mapped ports: names as a vantage hears them, a proxy, addresses of the loopback.

pub(crate) mod names;

#[cfg(test)]
pub(crate) mod sample;
