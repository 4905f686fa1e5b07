//! Identifiers, and the one seeded source that makes them.

use std::fmt;

use uuid::Uuid;

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(
    /// A SQL Server or a managed instance of the world.
    InstanceId(u32)
);
integer_id!(
    /// `database_id` on one instance: 1 master, 2 tempdb, 3 model, 4 msdb, 5 and up user databases.
    DatabaseId(i32)
);
integer_id!(
    /// `object_id` of a table or another object in a database.
    ObjectId(i32)
);
integer_id!(
    /// The hidden number of a row in its table; never used twice.
    RowId(u64)
);
integer_id!(
    /// A transaction on one instance.
    TransactionId(u64)
);
integer_id!(
    /// `session_id` (`@@SPID`) on one instance.
    SessionId(i16)
);
integer_id!(
    /// `certificate_id` in a database.
    CertificateId(i32)
);
integer_id!(
    /// `principal_id` of a login or a database user.
    PrincipalId(i32)
);
integer_id!(
    /// `endpoint_id` on one instance.
    EndpointId(i32)
);
guid!(
    /// `group_id` of an availability group or distributed availability group.
    GroupId
);
guid!(
    /// `replica_id` of an availability replica.
    ReplicaId
);
guid!(
    /// `group_database_id`: a database's identity in its availability group, the same on every replica.
    GroupDatabaseId
);
guid!(
    /// `job_id` of a job of SQL Server Agent.
    JobId
);
guid!(
    /// What ARM clients poll.
    OperationId
);

/// A seeded source of numbers and GUIDs: the same seed and the same calls give the same ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdSource {
    state: u64,
}

impl IdSource {
    /// A source that begins at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number (SplitMix64).
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next GUID, of version 4.
    pub fn next_guid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(
            (u128::from(self.next_u64()) << 64 | u128::from(self.next_u64())).to_be_bytes(),
        )
        .into_uuid()
    }
}
