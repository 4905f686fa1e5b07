//! TDS bytes to messages and back, from the server side.
