//! `sys.dm_os_ring_buffers`: the states that availability groups went through. milink keeps none.

use crate::catalog::View;
use crate::catalog::column::{BIGINT, DESC, ViewColumn, col, nvarchar, req, varbinary};

pub(super) const VIEW: View = View::sys("dm_os_ring_buffers", COLUMNS, |_| Vec::new());

const COLUMNS: &[ViewColumn] = &[
    req("ring_buffer_address", varbinary(8)),
    req("ring_buffer_type", DESC),
    req("timestamp", BIGINT),
    col("record", nvarchar(3072)),
];
