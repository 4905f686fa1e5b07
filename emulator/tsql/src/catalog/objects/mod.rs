//! Objects of a database: schemas, tables, columns, types, keys and constraints.

mod object;

use super::View;

pub(crate) use object::{
    Kind, Object, default_id, schema_id, system_objects, user_objects, view_id,
};

/// The views of this family.
pub(super) const VIEWS: &[View] = &[];
