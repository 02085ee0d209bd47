//! Sets of reporters that can be merged: exact to 64 members, then a HyperLogLog sketch.
//!
//! Flajolet, Fusy, Gandouet, Meunier 2007, "HyperLogLog", with linear counting for small sets; 1,024 registers, so
//! a standard error of 1.04/√1024 = 3.3 %.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const EXACT: usize = 64;
const REGISTER_BITS: u32 = 10;
const REGISTERS: usize = 1 << REGISTER_BITS;

/// 64-bit hash of whoever reported a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReporterId(pub u64);

impl ReporterId {
    /// Hash of `value` within its own `space`.
    pub fn hash(space: &str, value: &str) -> Self {
        let digest = Sha256::new().chain_update(space).chain_update([0]).chain_update(value).finalize();
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(bytes))
    }
}

/// A set of reporters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distinct {
    /// Every member, up to 64.
    Exact(BTreeSet<ReporterId>),
    /// The registers of a sketch, 1,024 of them.
    Sketch(Vec<u8>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact(BTreeSet::new())
    }
}

impl Distinct {
    /// Adds one reporter.
    pub fn insert(&mut self, id: ReporterId) {
        match self {
            Self::Exact(set) => {
                set.insert(id);
                if set.len() > EXACT {
                    let mut registers = vec![0; REGISTERS];
                    set.iter().for_each(|id| register(&mut registers, *id));
                    *self = Self::Sketch(registers);
                }
            }
            Self::Sketch(registers) => register(registers, id),
        }
    }

    /// Adds every member of `other`.
    pub fn merge(&mut self, other: &Self) {
        match (&mut *self, other) {
            (_, Self::Exact(set)) => set.iter().for_each(|id| self.insert(*id)),
            (Self::Exact(set), Self::Sketch(registers)) => {
                let mut merged = registers.clone();
                merged.resize(REGISTERS, 0);
                set.iter().for_each(|id| register(&mut merged, *id));
                *self = Self::Sketch(merged);
            }
            (Self::Sketch(mine), Self::Sketch(theirs)) => {
                for (a, b) in mine.iter_mut().zip(theirs) {
                    *a = (*a).max(*b);
                }
            }
        }
    }

    /// How many: exact up to 64, an estimate with 3.3 % standard error above.
    pub fn count(&self) -> u64 {
        let registers = match self {
            Self::Exact(set) => return set.len() as u64,
            Self::Sketch(registers) => registers,
        };
        let m = REGISTERS as f64;
        let sum: f64 = registers.iter().map(|r| 0.5f64.powi(i32::from(*r))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let zeros = registers.iter().filter(|r| **r == 0).count();
        let estimate = if raw <= 2.5 * m && zeros > 0 { m * (m / zeros as f64).ln() } else { raw };
        estimate.round() as u64
    }
}

fn register(registers: &mut [u8], id: ReporterId) {
    let index = (id.0 >> (64 - REGISTER_BITS)) as usize;
    let rank = ((id.0 << REGISTER_BITS) | (1 << (REGISTER_BITS - 1))).leading_zeros() as u8 + 1;
    if let Some(register) = registers.get_mut(index) {
        *register = (*register).max(rank);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(range: std::ops::Range<u32>) -> Distinct {
        let mut set = Distinct::default();
        range.for_each(|i| set.insert(ReporterId::hash("t", &i.to_string())));
        set
    }

    #[test]
    fn small_sets_are_exact() {
        assert_eq!(set(0..64).count(), 64);
    }

    #[test]
    fn large_sets_are_within_four_standard_errors() {
        for n in [65u32, 500, 5_000, 50_000] {
            let count = set(0..n).count() as f64;
            assert!((count / f64::from(n) - 1.0).abs() < 0.13, "{n}: {count}");
        }
    }

    #[test]
    fn merging_equals_inserting() {
        for (a, b) in [(0..40, 20..60), (0..40, 0..400), (0..400, 0..40), (0..400, 300..900)] {
            let mut merged = set(a.clone());
            merged.merge(&set(b.clone()));
            assert_eq!(merged, set(a.start.min(b.start)..a.end.max(b.end)));
        }
    }
}
