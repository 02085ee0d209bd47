//! Pauses between repeats of what the SDK does not repeat by itself: parts of batches, conflicts, broken bodies.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often something is tried before it is given up.
pub(crate) const TRIES: u32 = 6;
const FIRST: u64 = 40;

/// Waits after the failed try `number` (from 0): up to 40 ms, doubling each time, a random part of it, so that those
/// who collided do not meet again.
pub(crate) async fn pause(number: u32) {
    tokio::time::sleep(Duration::from_millis(pause_ms(number, RandomState::new().hash_one(number)))).await;
}

fn pause_ms(number: u32, random: u64) -> u64 {
    let longest = FIRST << number.min(6);
    longest / 4 + random % (longest - longest / 4 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert_eq!((pause_ms(0, 0), pause_ms(0, 30)), (10, 40));
        assert_eq!((pause_ms(3, 0), pause_ms(3, 240)), (80, 320));
        assert!((0..1000).all(|random| pause_ms(u32::MAX, random * 7919) <= FIRST << 6));
    }
}
