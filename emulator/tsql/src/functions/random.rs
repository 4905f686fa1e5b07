//! RAND and NEWID, from a seed: the same world gives the same numbers again.

use uuid::Uuid;

/// The random state of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    /// The two generators behind RAND.
    first: i64,
    second: i64,
    /// The state behind NEWID.
    guids: u64,
    /// How many NEWSEQUENTIALIDs there were.
    sequence: u64,
}

impl Default for Random {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Random {
    /// The state for a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Self {
            first: 1,
            second: SECOND_SEED,
            guids: seed,
            sequence: 0,
        };
        let first = random.next_u64();
        random.seed((first % 2_000_000_000) as i64);
        random
    }

    /// `RAND(seed)` starts over.
    pub(super) fn seed(&mut self, seed: i64) {
        // Zero would stay zero; the server then starts where RAND(0) = 0.943597390424144 comes from.
        self.first = match seed.unsigned_abs() as i64 {
            seed @ 1..2_147_483_563 => seed,
            _ => OTHER_SEED,
        };
        self.second = SECOND_SEED;
    }

    /// The next RAND, between 0 and 1: L'Ecuyer's combined generator, which gives the documented
    /// `RAND(1)` = 0.713591993212924.
    pub(super) fn next_float(&mut self) -> f64 {
        self.first = 40_014 * self.first % 2_147_483_563;
        self.second = 40_692 * self.second % 2_147_483_399;
        let mut difference = self.first - self.second;
        if difference < 1 {
            difference += 2_147_483_562;
        }
        difference as f64 * 4.656_613e-10
    }

    /// A seed for another source.
    pub(crate) fn next_seed(&mut self) -> u64 {
        self.next_u64()
    }

    /// The next NEWID: random, version 4.
    pub fn next_guid(&mut self) -> Uuid {
        let (high, low) = (self.next_u64(), self.next_u64());
        uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
            .into_uuid()
    }

    /// The next NEWSEQUENTIALID: greater than the one before in the order of uniqueidentifiers.
    pub fn next_sequential_guid(&mut self) -> Uuid {
        self.sequence += 1;
        // Storage bytes compare from the tenth on and then in groups backwards, so the counter stands in the first
        // two groups, and the rest stays.
        let mut bytes = [
            0, 0, 0, 0, 0, 0, 0xEF, 0x11, 0x80, 0, 0, 0x15, 0x5D, 0, 0, 1,
        ];
        let counter = self.sequence.to_be_bytes();
        bytes[..4].copy_from_slice(&counter[4..]);
        bytes[4..6].copy_from_slice(&counter[2..4]);
        Uuid::from_bytes_le(bytes)
    }

    /// splitmix64.
    fn next_u64(&mut self) -> u64 {
        self.guids = self.guids.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.guids;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

const SECOND_SEED: i64 = 67_890;
const OTHER_SEED: i64 = 12_345;
