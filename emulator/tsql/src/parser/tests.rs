//! The parser against the corpus, an error table and hostile text.

mod corpus;
