//! T-SQL batches over the world model.
