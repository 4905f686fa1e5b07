//! The parser against the corpus, an error table, expected trees and hostile text.

mod corpus;
mod errors;
mod hostile;
mod shape;
