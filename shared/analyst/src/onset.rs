//! When the excess began, to the quarter hour.

use crate::profile::{cell_index, cell_starts};
use domain::time::Window;
use jiff::Timestamp;

/// Times the rate is estimated anew.
const ROUNDS: usize = 2;

/// The start of the cell from which the cumulative excess grows most, by a cumulative sum whose allowance is half
/// the mean excess of a cell (Page 1954: halfway between the usual rate and the new one).
///
/// `times` are those of the tickets that make the incident, `expected` what was due of them in each cell.
/// Works for a lack of tickets too.
pub(crate) fn onset(window: Window, times: impl Iterator<Item = Timestamp>, expected: &[f64]) -> Timestamp {
    let starts = cell_starts(window);
    let mut counts = vec![0.0; starts.len()];
    for at in times {
        if let Some(slot) = cell_index(window, at).and_then(|i| counts.get_mut(i)) {
            *slot += 1.0;
        }
    }
    let excess: f64 = counts.iter().sum::<f64>() - expected.iter().sum::<f64>();
    let sign = if excess < 0.0 { -1.0 } else { 1.0 };
    let extra: Vec<f64> = counts.iter().zip(expected).map(|(count, due)| sign * (count - due)).collect();
    let mut rate = excess.abs() / starts.len().max(1) as f64;
    let mut found = 0..starts.len();
    // The rate over the whole window underestimates that of a surge that begins late in it.
    for _ in 0..ROUNDS {
        found = fullest(&extra, 0.5 * rate);
        rate = extra.get(found.clone()).map_or(0.0, |e| e.iter().sum::<f64>() / e.len().max(1) as f64);
    }
    let found = found.start;
    starts.get(found).copied().unwrap_or(window.start).max(window.start)
}

/// The stretch whose sum above the allowance is largest.
fn fullest(extra: &[f64], allowance: f64) -> std::ops::Range<usize> {
    let (mut sum, mut begin, mut best, mut found) = (0.0, 0, 0.0, 0..0);
    for (i, value) in extra.iter().enumerate() {
        if sum <= 0.0 {
            (sum, begin) = (0.0, i);
        }
        sum += value - allowance;
        if sum > best {
            (best, found) = (sum, begin..i + 1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn the_first_cell_of_the_surge_is_found_among_usual_ones() {
        let window = Window::new(at(0), at(24 * 60));
        let usual = (0..96).map(|i| at(i * 15 + 3));
        let surge = (0..120).map(|i| at(14 * 60 + 30 + i * 2));
        let found = onset(window, usual.chain(surge), &vec![1.0; 96]);
        assert_eq!(found, at(14 * 60 + 30));
    }

    #[test]
    fn a_lack_of_tickets_has_an_onset_too() {
        let window = Window::new(at(0), at(12 * 60));
        let found = onset(window, (0..80).map(|i| at(i * 3)), &vec![5.0; 48]);
        assert_eq!(found, at(240));
        assert_eq!(onset(window, std::iter::empty(), &[]), at(0));
    }
}
