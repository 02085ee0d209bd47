//! A chart of tickets for the terminal.

use crate::render::escape::{cut, plain, width};
use crate::render::style::{Paint, Tint};

/// Eighths of a row.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Rows of bars; with the axis, its labels and the legend the chart is ten lines high.
const ROWS: usize = 7;
/// Columns below which there is no room for bars with an axis.
const NARROWEST: usize = 20;
/// Columns of a bar at most, the gap to its right included.
const WIDEST_BAR: usize = 4;

/// One cell of a series.
#[derive(Clone, Debug)]
pub struct ChartPoint {
    /// What the axis says about it, for instance its day and time.
    pub label: String,
    /// Tickets; NaN when missing.
    pub actual: f64,
    /// Tickets expected; NaN when there is no forecast.
    pub expected: f64,
    /// Whether it belongs to the anomaly.
    pub hot: bool,
}

/// A column of the chart: one point, or several when there are more than columns.
struct Column {
    actual: f64,
    expected: f64,
    hot: bool,
    /// Index of its first point.
    first: usize,
}

/// Draws bars with the expectation as a line, at most `width` columns wide and ten lines high.
///
/// With more points than columns a column shows a mean: of its hot points when it has any, else of all. A missing
/// cell is a dot. Empty without points; only a [`spark`] line when `width` is below 20.
pub fn bars(points: &[ChartPoint], width: usize, color: bool) -> String {
    if points.is_empty() || width == 0 {
        return String::new();
    }
    if width < NARROWEST {
        let (columns, _) = columns(points, width);
        return format!("{}\n", spark(&columns.iter().map(|c| c.actual).collect::<Vec<_>>()));
    }
    let gutter = number(highest(points.iter().flat_map(|p| [p.actual, p.expected]))).len().max(1);
    let room = width - gutter - 1;
    let (columns, group) = columns(points, room);
    let bar = (room / columns.len()).clamp(1, WIDEST_BAR);
    let top = highest(columns.iter().flat_map(|c| [c.actual, c.expected]));
    let scale = if top > 0.0 { (ROWS * 8) as f64 / top } else { 0.0 };
    let paint = Paint::new(color);
    let mut out = String::new();
    for row in (0..ROWS).rev() {
        let mark = match row {
            row if row == ROWS - 1 => number(top),
            0 => "0".to_owned(),
            _ => String::new(),
        };
        let mut line = format!("{} ", paint.tint(Tint::Dim, &format!("{mark:>gutter$}")));
        columns.iter().for_each(|c| c.draw(row, scale, bar, &paint, &mut line));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let axis = "▔".repeat(columns.len() * bar);
    for line in [axis, foot(points, &columns, bar, room), cut(&legend(group), room)] {
        out.push_str(&format!("{:gutter$} {}\n", "", paint.tint(Tint::Dim, line.trim_end())));
    }
    out
}

/// At most `room` columns, and how many points each stands for.
fn columns(points: &[ChartPoint], room: usize) -> (Vec<Column>, usize) {
    let group = points.len().div_ceil(room.max(1)).max(1);
    (points.chunks(group).enumerate().map(|(i, chunk)| Column::of(chunk, i * group)).collect(), group)
}

fn highest(values: impl Iterator<Item = f64>) -> f64 {
    values.filter(|v| v.is_finite()).fold(0.0, f64::max)
}

impl Column {
    fn of(points: &[ChartPoint], first: usize) -> Self {
        let hot = points.iter().any(|p| p.hot);
        let shown = || points.iter().filter(|p| p.hot || !hot);
        let mean = |values: Vec<f64>| {
            let finite: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).map(|v| v.max(0.0)).collect();
            if finite.is_empty() { f64::NAN } else { finite.iter().map(|v| v / finite.len() as f64).sum() }
        };
        let actual = mean(shown().map(|p| p.actual).collect());
        let expected = mean(shown().map(|p| p.expected).collect());
        Self { actual, expected, hot, first }
    }

    /// Writes the column's piece of a row: block, mark of the expectation, or nothing.
    fn draw(&self, row: usize, scale: f64, bar: usize, paint: &Paint, out: &mut String) {
        let tint = if self.hot { Tint::Red } else { Tint::Blue };
        let eighths = if self.actual.is_finite() { (self.actual * scale).round() as usize } else { 0 };
        // A cell with few tickets must not look empty.
        let eighths = if self.actual > 0.0 { eighths.max(1) } else { eighths };
        let fill = eighths.saturating_sub(row * 8).min(8);
        let marked = self.expected.is_finite() && {
            let eighth = (self.expected * scale).round() as usize;
            eighth.saturating_sub(1) / 8 == row
        };
        let body = bar.saturating_sub(1).max(1);
        let gap = bar - body;
        match BLOCKS.get(fill.wrapping_sub(1)) {
            // The mark replaces a block that others stand on, so that it stays visible inside a tall bar.
            Some(block) if !(marked && eighths > (row + 1) * 8) => {
                out.push_str(&paint.tint(tint, &block.to_string().repeat(body)));
                out.push_str(&" ".repeat(gap));
            }
            _ if marked => out.push_str(&paint.tint(Tint::Bold, &"─".repeat(bar))),
            _ if row == 0 && !self.actual.is_finite() => {
                out.push_str(&paint.tint(Tint::Dim, &"·".repeat(body)));
                out.push_str(&" ".repeat(gap));
            }
            _ => out.push_str(&" ".repeat(bar)),
        }
    }
}

/// What the signs mean, and what a column shows that stands for several points.
fn legend(group: usize) -> String {
    let mean = if group > 1 { format!(" · each column the mean of {group}") } else { String::new() };
    format!("█ tickets · ─ expected{mean}")
}

/// The labels of the first point, of the highest column (of the hot ones, if any) and of the last point, as far as
/// there is room.
fn foot(points: &[ChartPoint], columns: &[Column], bar: usize, room: usize) -> String {
    let label = |i: usize| points.get(i).map_or(String::new(), |p| plain(&p.label));
    let span = columns.len() * bar;
    let line = span.max((width(&label(0)) + 2 + width(&label(points.len().saturating_sub(1)))).min(room));
    let mut foot: Vec<(usize, String)> = vec![(0, cut(&label(0), room))];
    if points.len() > 1 {
        let last = label(points.len() - 1);
        let start = line.saturating_sub(width(&last));
        if start >= width(&label(0)) + 2 {
            foot.push((start, last));
        }
    }
    let peak = columns
        .iter()
        .enumerate()
        .filter(|(_, c)| c.actual > 0.0)
        .max_by(|a, b| a.1.hot.cmp(&b.1.hot).then(a.1.actual.total_cmp(&b.1.actual)).then(b.0.cmp(&a.0)));
    if let (Some((index, column)), [(_, first), (end, _)]) = (peak, foot.as_slice()) {
        let text = format!("▲ {} {}", label(column.first), number(column.actual));
        let start = index * bar;
        if start >= width(first) + 2 && start + width(&text) + 2 <= *end {
            foot.insert(1, (start, text));
        }
    }
    let mut out = String::new();
    for (start, text) in foot {
        out.push_str(&" ".repeat(start.saturating_sub(width(&out))));
        out.push_str(&text);
    }
    out
}

/// A count of at most six characters.
fn number(value: f64) -> String {
    match value {
        v if !v.is_finite() => "–".to_owned(),
        v if v >= 1e15 => "huge".to_owned(),
        v if v >= 1e12 => format!("{:.0}T", v / 1e12),
        v if v >= 1e9 => format!("{:.1}G", v / 1e9),
        v if v >= 1e6 => format!("{:.1}M", v / 1e6),
        v if v >= 1e5 => format!("{:.0}k", v / 1e3),
        v if v >= 10.0 || v.fract().abs() < 0.05 => format!("{v:.0}"),
        v => format!("{v:.1}"),
    }
}

/// One block per value, from 0 to the highest; a missing value is a space.
pub fn spark(values: &[f64]) -> String {
    let top = highest(values.iter().copied());
    let block = |value: &f64| match value {
        v if !v.is_finite() => ' ',
        v if top <= 0.0 || *v <= 0.0 => BLOCKS[0],
        v => BLOCKS[((v / top * 7.0).round() as usize).min(7)],
    };
    values.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points(values: &[(f64, f64, bool)]) -> Vec<ChartPoint> {
        let point = |(i, (actual, expected, hot)): (usize, &(f64, f64, bool))| ChartPoint {
            label: format!("day {i}"),
            actual: *actual,
            expected: *expected,
            hot: *hot,
        };
        values.iter().enumerate().map(point).collect()
    }

    #[test]
    fn a_spike_stands_above_the_expectation() {
        let mut values = vec![(20.0, 20.0, false); 14];
        values[3].0 = f64::NAN;
        values[9] = (64.0, 24.0, true);
        values[12].0 = 10.0;
        insta::assert_snapshot!(bars(&points(&values), 60, false), @r#"
        64                                     ███
                                               ███
                                               ███
                                               ███
           ▂▂▂ ▂▂▂ ▂▂▂ ────▂▂▂ ▂▂▂ ▂▂▂ ▂▂▂ ▂▂▂ ────▂▂▂ ▂▂▂ ────▂▂▂
           ███ ███ ███     ███ ███ ███ ███ ███ ███ ███ ███ ▁▁▁ ███
         0 ███ ███ ███ ··· ███ ███ ███ ███ ███ ███ ███ ███ ███ ███
           ▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔▔
           day 0                               ▲ day 9 64    day 13
           █ tickets · ─ expected
        "#);
    }

    #[test]
    fn colours_are_used_only_when_asked() {
        let points = points(&[(1.0, 1.0, false), (9.0, 1.0, true)]);
        assert!(!bars(&points, 40, false).contains('\u{1b}'));
        assert!(bars(&points, 40, true).contains("\u{1b}[31m█"));
    }

    #[test]
    fn a_short_spike_survives_aggregation() {
        let mut values = vec![(10.0, 10.0, false); 700];
        values[400] = (80.0, 10.0, true);
        let chart = bars(&points(&values), 80, false);
        assert!(chart.starts_with("80 "), "{chart}");
        assert!(chart.contains("mean of 10"), "{chart}");
    }

    #[test]
    fn nothing_gives_nothing_and_zeros_give_an_axis() {
        assert_eq!(bars(&[], 80, true), "");
        assert_eq!(spark(&[]), "");
        assert_eq!(bars(&points(&[(1.0, 1.0, false), (8.0, 1.0, true)]), 5, true), "▂█\n");
        assert_eq!(bars(&points(&[(0.0, 0.0, false)]), 80, false).lines().count(), 10);
        assert_eq!(spark(&[0.0, f64::NAN, 4.0, 8.0]), "▁ ▅█");
    }

    #[test]
    fn a_label_cannot_steer_the_terminal() {
        let mut points = points(&[(1.0, 1.0, false)]);
        points[0].label = "\u{1b}[2J\nx".into();
        assert!(!bars(&points, 80, false).contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn a_chart_keeps_its_size(
            values in proptest::collection::vec((any::<f64>(), any::<f64>(), any::<bool>()), 0..300),
            columns in 0usize..140,
        ) {
            let chart = bars(&points(&values), columns, false);
            prop_assert!(chart.lines().count() <= 10);
            prop_assert!(chart.lines().all(|l| width(l) <= columns), "{chart}");
        }
    }
}
