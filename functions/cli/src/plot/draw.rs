//! The picture itself: where everything goes, and in which colour.

use super::axis::{count_step, time_ticks};
use super::{Plot, PlotPoint, SIZE};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{Color, DrawingArea, DrawingBackend, IntoFont, RGBColor, WHITE};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{ShapeStyle, TextStyle};

const INK: RGBColor = RGBColor(38, 50, 62);
const MUTED: RGBColor = RGBColor(104, 118, 132);
const GRID: RGBColor = RGBColor(233, 236, 240);
const AXIS: RGBColor = RGBColor(180, 189, 198);
const BAND: RGBColor = RGBColor(219, 230, 241);
const EXPECTED: RGBColor = RGBColor(112, 152, 192);
const ACTUAL: RGBColor = RGBColor(36, 62, 92);
const ALARM: RGBColor = RGBColor(208, 48, 56);

/// The plotting area in the picture's units.
const LEFT: f64 = 64.0;
const RIGHT: f64 = SIZE.0 as f64 - 28.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = SIZE.1 as f64 - 56.0;
/// Greatest count that is drawn; a larger one would leave no room for its own label.
const GREATEST: f64 = 1e9;
/// Anomalies that get a date; more would hide the curve.
const MOST_LABELS: usize = 8;

type Point = (f64, f64);

/// Draws on an area with `scale` pixels per unit.
pub struct Pen<'a, B: DrawingBackend> {
    area: &'a DrawingArea<B, Shift>,
    scale: f64,
    pixels: bool,
}

impl<'a, B: DrawingBackend> Pen<'a, B> {
    /// A pen for `area`, which consists of `pixels` or of shapes.
    pub fn new(area: &'a DrawingArea<B, Shift>, scale: u32, pixels: bool) -> Self {
        Self { area, scale: f64::from(scale), pixels }
    }

    fn at(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn stroke(&self, color: RGBColor, width: f64) -> ShapeStyle {
        color.stroke_width((width * self.scale).round().max(1.0) as u32)
    }

    fn line(&self, points: &[Point], color: RGBColor, width: f64) -> anyhow::Result<()> {
        if self.pixels {
            return self.pixel_line(points, color, width);
        }
        let points: Vec<_> = points.iter().map(|p| self.at(*p)).collect();
        self.area.draw(&PathElement::new(points, self.stroke(color, width))).map_err(failed)
    }

    /// Draws every piece as a bar of its own with round ends: the bitmap backend's polygon around a whole line
    /// breaks at sharp angles.
    fn pixel_line(&self, points: &[Point], color: RGBColor, width: f64) -> anyhow::Result<()> {
        let half = width / 2.0;
        for pair in points.windows(2) {
            let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
            let length = (x1 - x0).hypot(y1 - y0).max(1e-9);
            let (dx, dy) = (-(y1 - y0) / length * half, (x1 - x0) / length * half);
            self.area(
                &[(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)],
                color,
            )?;
        }
        for point in points.iter().skip(1).take(points.len().saturating_sub(2)) {
            self.dot(*point, half, color)?;
        }
        Ok(())
    }

    fn area(&self, points: &[Point], color: RGBColor) -> anyhow::Result<()> {
        let points: Vec<_> = points.iter().map(|p| self.at(*p)).collect();
        self.area.draw(&Polygon::new(points, color.filled())).map_err(failed)
    }

    fn dot(&self, at: Point, radius: f64, color: RGBColor) -> anyhow::Result<()> {
        // Rounded down, lest the round ends of a line stand out.
        let radius = (radius * self.scale) as i32;
        self.area.draw(&Circle::new(self.at(at), radius, color.filled())).map_err(failed)
    }

    fn blank(&self, corner: Point, opposite: Point) -> anyhow::Result<()> {
        let style = WHITE.mix(0.8).filled();
        self.area.draw(&Rectangle::new([self.at(corner), self.at(opposite)], style)).map_err(failed)
    }

    fn text(&self, text: &str, at: Point, size: f64, color: RGBColor, anchor: HPos) -> anyhow::Result<()> {
        let style = TextStyle::from(("sans-serif", size * self.scale).into_font())
            .color(&color)
            .pos(Pos::new(anchor, VPos::Center));
        // "Centre" is above the middle of capitals by a part of the size that differs between the backends.
        let drop = size * if self.pixels { 0.2 } else { 0.07 };
        self.area.draw(&Text::new(text.to_owned(), self.at((at.0, at.1 + drop)), style)).map_err(failed)
    }

    fn width(&self, text: &str, size: f64) -> f64 {
        let width = ("sans-serif", size * self.scale).into_font().box_size(text).map_or(0, |s| s.0);
        f64::from(width) / self.scale
    }

    /// `text` as far as it fits into `room`.
    fn fit(&self, text: &str, size: f64, room: f64) -> String {
        if self.width(text, size) <= room {
            return text.to_owned();
        }
        let mut kept = String::new();
        let mut used = self.width("…", size);
        for c in text.chars() {
            used += self.width(c.encode_utf8(&mut [0; 4]), size);
            if used > room {
                break;
            }
            kept.push(c);
        }
        format!("{}…", kept.trim_end())
    }
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("draw: {error}")
}

/// Maps times and counts to the picture.
struct Frame {
    start: Timestamp,
    end: Timestamp,
    top: f64,
}

impl Frame {
    fn of(points: &[PlotPoint]) -> Self {
        let (mut start, mut end) = (Timestamp::MAX, Timestamp::MIN);
        let (mut line, mut band) = (0f64, 0f64);
        for p in points {
            (start, end) = (start.min(p.at), end.max(p.at));
            line = line.max(count(p.actual).unwrap_or(0.0)).max(count(p.expected).unwrap_or(0.0));
            band = band.max(count(p.upper).unwrap_or(0.0));
        }
        if start >= end {
            let hour = jiff::SignedDuration::from_hours(12);
            start = start.saturating_sub(hour).unwrap_or(Timestamp::MIN);
            end = end.saturating_add(hour).unwrap_or(Timestamp::MAX);
        }
        // A very wide range may leave the picture, lest it flatten the curve.
        let top = line.max(band.min(line * 1.6)).max(1.0) * 1.12;
        Self { start, end, top }
    }

    fn x(&self, at: Timestamp) -> f64 {
        let whole = (self.end.as_second() - self.start.as_second()).max(1) as f64;
        LEFT + (at.as_second() - self.start.as_second()) as f64 / whole * (RIGHT - LEFT)
    }

    fn y(&self, count: f64) -> f64 {
        BOTTOM - (count / self.top).min(1.0) * (BOTTOM - TOP)
    }
}

/// A number that can be drawn: none for what is missing.
fn count(value: f64) -> Option<f64> {
    value.is_finite().then(|| value.clamp(0.0, GREATEST))
}

/// Draws the whole picture.
pub fn picture<B: DrawingBackend>(pen: &Pen<'_, B>, plot: &Plot) -> anyhow::Result<()> {
    pen.area.fill(&WHITE).map_err(failed)?;
    let mut points = plot.points.clone();
    points.sort_by_key(|p| p.at);
    let frame = Frame::of(&points);
    let title = pen.fit(&drawable(&plot.title), 22.0, RIGHT - 24.0);
    pen.text(&title, (24.0, 28.0), 22.0, INK, HPos::Left)?;
    legend(pen, plot, &points)?;
    grid(pen, &frame, &plot.zone)?;
    for run in runs(&points, |p| Some((count(p.lower)?, count(p.upper)?))) {
        let upper = run.iter().map(|(at, (_, upper))| (frame.x(*at), frame.y(*upper)));
        let lower = run.iter().rev().map(|(at, (lower, _))| (frame.x(*at), frame.y(*lower)));
        pen.area(&upper.chain(lower).collect::<Vec<_>>(), BAND)?;
    }
    // Many points need a thin line to stay apart.
    let thin = ((RIGHT - LEFT) / points.len() as f64).clamp(0.35, 1.0);
    curve(pen, &frame, &points, |p| count(p.expected), EXPECTED, 1.4 * thin)?;
    curve(pen, &frame, &points, |p| count(p.actual), ACTUAL, 1.8 * thin)?;
    pen.line(&[(LEFT, BOTTOM), (RIGHT, BOTTOM)], AXIS, 1.0)?;
    anomalies(pen, &frame, &points, &plot.zone)
}

fn curve<B: DrawingBackend>(
    pen: &Pen<'_, B>,
    frame: &Frame,
    points: &[PlotPoint],
    value: impl Fn(&PlotPoint) -> Option<f64>,
    color: RGBColor,
    width: f64,
) -> anyhow::Result<()> {
    for run in runs(points, value) {
        let line: Vec<_> = run.iter().map(|(at, count)| (frame.x(*at), frame.y(*count))).collect();
        match line.as_slice() {
            [alone] => pen.dot(*alone, width, color)?,
            line => pen.line(line, color, width)?,
        }
    }
    Ok(())
}

/// Stretches of points that have a value.
fn runs<T>(points: &[PlotPoint], value: impl Fn(&PlotPoint) -> Option<T>) -> Vec<Vec<(Timestamp, T)>> {
    let mut runs = vec![Vec::new()];
    for point in points {
        match (value(point), runs.last_mut()) {
            (Some(value), Some(run)) => run.push((point.at, value)),
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

fn legend<B: DrawingBackend>(pen: &Pen<'_, B>, plot: &Plot, points: &[PlotPoint]) -> anyhow::Result<()> {
    const Y: f64 = 60.0;
    const SIZE: f64 = 14.0;
    let mut x = 24.0;
    let mut items = vec![("Tickets", ACTUAL), ("Expected", EXPECTED), ("Usual range", BAND)];
    if points.iter().any(|p| p.anomaly) {
        items.push(("Anomaly", ALARM));
    }
    for (name, color) in items {
        match color {
            BAND => {
                pen.area(&[(x, Y - 6.0), (x + 22.0, Y - 6.0), (x + 22.0, Y + 6.0), (x, Y + 6.0)], color)?
            }
            ALARM => pen.dot((x + 14.0, Y), 5.0, color)?,
            _ => pen.line(&[(x, Y), (x + 22.0, Y)], color, 2.0)?,
        }
        pen.text(name, (x + 30.0, Y), SIZE, MUTED, HPos::Left)?;
        x += 30.0 + pen.width(name, SIZE) + 26.0;
    }
    let zone = match (plot.zone.iana_name(), points.first()) {
        (Some(name), _) => name.to_owned(),
        (None, Some(first)) => first.at.to_zoned(plot.zone.clone()).strftime("%Z").to_string(),
        (None, None) => String::new(),
    };
    pen.text(&drawable(&zone), (RIGHT, Y), SIZE, MUTED, HPos::Right)
}

fn grid<B: DrawingBackend>(pen: &Pen<'_, B>, frame: &Frame, zone: &TimeZone) -> anyhow::Result<()> {
    let step = count_step(frame.top, 6);
    for i in 0..=(frame.top / step) as u32 {
        let value = f64::from(i) * step;
        let y = frame.y(value);
        pen.line(&[(LEFT, y), (RIGHT, y)], GRID, 1.0)?;
        pen.text(&short_count(value), (LEFT - 10.0, y), 13.0, MUTED, HPos::Right)?;
    }
    for tick in time_ticks(frame.start, frame.end, zone, 10) {
        let x = frame.x(tick.at);
        pen.line(&[(x, TOP), (x, BOTTOM)], GRID, 1.0)?;
        pen.line(&[(x, BOTTOM), (x, BOTTOM + 5.0)], AXIS, 1.0)?;
        pen.text(&tick.label, (x, BOTTOM + 17.0), 13.0, MUTED, HPos::Center)?;
        if let Some(heading) = tick.heading {
            let half = pen.width(&heading, 13.0) / 2.0;
            let x = x.clamp(4.0 + half, f64::from(SIZE.0) - 4.0 - half);
            pen.text(&heading, (x, BOTTOM + 37.0), 13.0, INK, HPos::Center)?;
        }
    }
    Ok(())
}

/// A mark on the count axis: round numbers, so thousands and millions can be named without loss.
fn short_count(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{}M", v / 1e6),
        v if v >= 1e4 => format!("{}k", v / 1e3),
        v => format!("{v}"),
    }
}

/// Dots at every anomaly, and the date of the strangest one of each uninterrupted stretch.
fn anomalies<B: DrawingBackend>(
    pen: &Pen<'_, B>,
    frame: &Frame,
    points: &[PlotPoint],
    zone: &TimeZone,
) -> anyhow::Result<()> {
    const SIZE: f64 = 13.0;
    let place = |p: &PlotPoint| {
        let value = count(p.actual).or(count(p.expected)).unwrap_or(0.0);
        (frame.x(p.at), frame.y(value))
    };
    let off = |p: &PlotPoint| (count(p.actual).unwrap_or(0.0) - count(p.expected).unwrap_or(0.0)).abs();
    let mut peaks: Vec<&PlotPoint> = points
        .chunk_by(|a, b| a.anomaly == b.anomaly)
        .filter(|run| run.iter().any(|p| p.anomaly))
        .filter_map(|run| run.iter().max_by(|a, b| off(a).total_cmp(&off(b)).then(b.at.cmp(&a.at))))
        .collect();
    peaks.sort_by(|a, b| off(b).total_cmp(&off(a)).then(a.at.cmp(&b.at)));
    let format = if days_only(points, zone) { "%a %-d %b" } else { "%a %-d %b %H:%M" };
    let mut boxes: Vec<(Point, Point)> = Vec::new();
    for peak in peaks {
        let label = peak.at.to_zoned(zone.clone()).strftime(format).to_string();
        let half = pen.width(&label, SIZE) / 2.0 + 4.0;
        let (x, y) = place(peak);
        let (x, y) = (x.clamp(LEFT + half, RIGHT - half), y - 19.0);
        let (from, to) = ((x - half, y - 9.0), (x + half, y + 9.0));
        let overlaps = |(a, b): &(Point, Point)| from.0 < b.0 && a.0 < to.0 && from.1 < b.1 && a.1 < to.1;
        if boxes.len() < MOST_LABELS && !boxes.iter().any(overlaps) {
            pen.blank(from, to)?;
            pen.text(&label, (x, y), SIZE, ALARM, HPos::Center)?;
            boxes.push((from, to));
        }
    }
    for point in points.iter().filter(|p| p.anomaly) {
        pen.dot(place(point), 5.5, WHITE)?;
        pen.dot(place(point), 4.5, ALARM)?;
    }
    Ok(())
}

/// Whether every point lies at a local midnight, so that the time of day says nothing.
fn days_only(points: &[PlotPoint], zone: &TimeZone) -> bool {
    points.iter().all(|p| {
        let local = p.at.to_zoned(zone.clone());
        local.hour() == 0 && local.minute() == 0
    })
}

/// `text` in the characters that the embedded font has: others become U+FFFD, control characters spaces.
fn drawable(text: &str) -> String {
    let known = |c: char| matches!(c, ' '..='~' | '\u{a0}'..='\u{ff}' | '–' | '—' | '\u{2018}'..='\u{201e}' | '•' | '…' | '€' | '−');
    let shown = text.chars().map(|c| match c {
        c if c.is_whitespace() || c.is_control() => ' ',
        c if known(c) => c,
        _ => '\u{fffd}',
    });
    shown.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_outside_the_font_is_replaced() {
        assert_eq!(drawable(" Störung:\t“Login”\u{7} 票\u{1f600} "), "Störung: “Login”  \u{fffd}\u{fffd}");
    }

    #[test]
    fn large_counts_are_short() {
        assert_eq!(
            [0.0, 500.0, 5000.0, 20_000.0, 2.5e6].map(short_count),
            ["0", "500", "5000", "20k", "2.5M"]
        );
    }

    #[test]
    fn a_wide_range_does_not_flatten_the_curve() {
        let at = Timestamp::UNIX_EPOCH;
        let point = PlotPoint { at, actual: 10.0, expected: 8.0, lower: 0.0, upper: 1e6, anomaly: false };
        assert!(Frame::of(&[point]).top < 20.0);
    }
}
