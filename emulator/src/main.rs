//! The `milink` command.

fn main() {}
