//! Pictures of tickets against their forecast, as PNG or SVG.
//!
//! The same plot gives the same bytes on every machine: the font is embedded and nothing else is read.

mod axis;
mod draw;

use anyhow::{Context, bail};
use draw::Pen;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use plotters::prelude::{BitMapBackend, DrawingBackend, IntoDrawingArea, SVGBackend};
use plotters::style::{FontStyle, register_font};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Width and height of a picture in its own units; a PNG has [`PNG_SCALE`] pixels per unit.
const SIZE: (u32, u32) = (1200, 500);
/// Pixels per unit of a PNG, for screens with a high density.
const PNG_SCALE: u32 = 2;
/// Every pixel of a PNG is the mean of a square of this many drawn ones: plotters alone leaves jagged lines.
const SUPERSAMPLE: u32 = 2;
/// Coordinates per unit of an SVG: plotters rounds coordinates to whole numbers.
const SVG_SCALE: u32 = 10;

static FONT: &[u8] = include_bytes!("../assets/DejaVuSans-subset.ttf");

/// A series with its forecast.
#[derive(Clone, Debug)]
pub struct Plot {
    /// One line; characters outside Latin-1 are replaced, a long title is cut.
    pub title: String,
    /// In any order; at least one.
    pub points: Vec<PlotPoint>,
    /// The zone of the time axis and the labels.
    pub zone: TimeZone,
}

/// One cell of a series: an hour, a day.
#[derive(Clone, Copy, Debug)]
pub struct PlotPoint {
    /// When the cell begins (UTC).
    pub at: Timestamp,
    /// Tickets; NaN when missing.
    pub actual: f64,
    /// Tickets expected; NaN when there is no forecast.
    pub expected: f64,
    /// Lower end of the usual range.
    pub lower: f64,
    /// Upper end of the usual range.
    pub upper: f64,
    /// Whether the cell is an anomaly.
    pub anomaly: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Png,
    Svg,
}

impl Format {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        match ending.as_str() {
            "png" => Ok(Self::Png),
            "svg" => Ok(Self::Svg),
            _ => bail!("draw to {}: the ending must be .png or .svg", path.display()),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Png => ".png",
            Self::Svg => ".svg",
        }
    }
}

/// Draws `plot` into `path`, PNG (2400 × 1000 pixels) or SVG by its ending; an older file is replaced in one step.
///
/// Fails on another ending, on a plot without points, and when the file cannot be written.
pub fn write(plot: &Plot, path: &Path) -> anyhow::Result<()> {
    let format = Format::of(path)?;
    if plot.points.is_empty() {
        bail!("draw to {}: the plot has no points; choose a window that holds data", path.display());
    }
    if register_font("sans-serif", FontStyle::Normal, FONT).is_err() {
        bail!("read the embedded font");
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let context = || format!("write picture {}", path.display());
    // Not `tempfile_in`: its files are private to their owner, a picture is to be shown.
    let mut temporary = tempfile::Builder::new()
        .prefix(".plot-")
        .suffix(format.ending())
        .make_in(folder, |path| File::create_new(path))
        .with_context(context)?;
    match format {
        Format::Png => write_png(plot, temporary.path()).with_context(context)?,
        Format::Svg => temporary.write_all(svg(plot)?.as_bytes()).with_context(context)?,
    }
    temporary.as_file().sync_all().with_context(context)?;
    temporary.persist(path).map_err(|e| e.error).with_context(context)?;
    Ok(())
}

fn svg(plot: &Plot) -> anyhow::Result<String> {
    let mut text = String::new();
    let size = (SIZE.0 * SVG_SCALE, SIZE.1 * SVG_SCALE);
    draw_on(SVGBackend::with_string(&mut text, size), plot, SVG_SCALE, false)?;
    let drawn = format!("width=\"{}\" height=\"{}\"", size.0, size.1);
    let shown = format!("width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1);
    Ok(text.replacen(&drawn, &shown, 1))
}

fn write_png(plot: &Plot, path: &Path) -> anyhow::Result<()> {
    let (width, height) = (SIZE.0 * PNG_SCALE, SIZE.1 * PNG_SCALE);
    let (wide, high) = (width * SUPERSAMPLE, height * SUPERSAMPLE);
    let mut drawn = vec![0; wide as usize * high as usize * 3];
    let backend = BitMapBackend::with_buffer(&mut drawn, (wide, high));
    draw_on(backend, plot, PNG_SCALE * SUPERSAMPLE, true)?;
    let pixels = shrink(&drawn, width as usize, height as usize, SUPERSAMPLE as usize);
    let mut png = BitMapBackend::new(path, (width, height));
    png.blit_bitmap((0, 0), (width, height), &pixels)?;
    png.present()?;
    Ok(())
}

/// Means of squares of `factor` × `factor` RGB pixels.
fn shrink(pixels: &[u8], width: usize, height: usize, factor: usize) -> Vec<u8> {
    let mut sums = vec![0u16; width * height * 3];
    for (y, row) in pixels.chunks_exact(width * factor * 3).enumerate() {
        let target = (y / factor) * width * 3;
        let Some(target) = sums.get_mut(target..target + width * 3) else { break };
        for (square, sums) in row.chunks_exact(factor * 3).zip(target.chunks_exact_mut(3)) {
            for pixel in square.chunks_exact(3) {
                for (channel, sum) in pixel.iter().zip(sums.iter_mut()) {
                    *sum += u16::from(*channel);
                }
            }
        }
    }
    let share = (factor * factor) as u16;
    sums.into_iter().map(|sum| (sum / share) as u8).collect()
}

fn draw_on<B: DrawingBackend>(backend: B, plot: &Plot, scale: u32, pixels: bool) -> anyhow::Result<()> {
    let area = backend.into_drawing_area();
    draw::picture(&Pen::new(&area, scale, pixels), plot)?;
    area.present().map_err(|e| anyhow::anyhow!("present the picture: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(title: &str, count: i64) -> Plot {
        let point = |i: i64| {
            let expected = 40.0 + 25.0 * (i as f64 / 24.0 * std::f64::consts::TAU).sin();
            let noise = (i * 7919 % 13) as f64 - 6.0;
            let spike = [90.0, 120.0, 90.0, 70.0].get((i - 100) as usize).copied().unwrap_or(0.0);
            PlotPoint {
                at: Timestamp::from_second(1_696_000_000 / 3600 * 3600 + i * 3600).unwrap(),
                actual: if (40..44).contains(&i) { f64::NAN } else { (expected + noise + spike).max(0.0) },
                expected,
                lower: (expected - 16.0).max(0.0),
                upper: expected + 18.0,
                anomaly: spike > 0.0,
            }
        };
        Plot {
            title: title.into(),
            points: (0..count).map(point).collect(),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
        }
    }

    #[test]
    fn both_formats_are_written_and_equal_on_every_run() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "b.SVG"] {
            let path = folder.path().join(name);
            write(&plot("Tickets", 168), &path).unwrap();
            let first = std::fs::read(&path).unwrap();
            write(&plot("Tickets", 168), &path).unwrap();
            assert_eq!(first, std::fs::read(&path).unwrap());
            assert!(
                first.starts_with(b"\x89PNG") || first.starts_with(b"<svg width=\"1200\" height=\"500\"")
            );
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "temporary files stay behind");
    }

    #[test]
    fn another_ending_or_an_empty_plot_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.jpeg", "a", "svg"] {
            let error = write(&plot("x", 3), &folder.path().join(name)).unwrap_err();
            assert!(error.to_string().contains(".png or .svg"), "{error}");
        }
        let error = write(&plot("x", 0), &folder.path().join("a.png")).unwrap_err();
        assert!(error.to_string().contains("no points"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = write(&plot("x", 3), Path::new("/nonexistent-folder/a.svg")).unwrap_err();
        assert!(error.to_string().contains("/nonexistent-folder/a.svg"), "{error}");
    }

    #[test]
    fn a_title_of_any_script_is_drawn_and_cannot_break_the_file() {
        let hostile = "</text><script>alert(1)</script>\u{1b}[31m\u{202e} 票 \u{1f600}\n&\"' ".repeat(9);
        let text = svg(&plot(&hostile, 30)).unwrap();
        assert!(!text.contains("<script") && !text.contains('\u{1b}') && !text.contains('票'));
        assert!(text.contains("&lt;script") && text.contains('\u{fffd}'));
        let folder = tempfile::tempdir().unwrap();
        write(&plot(&hostile, 30), &folder.path().join("a.png")).unwrap();
    }

    #[test]
    fn odd_numbers_and_single_points_are_drawn() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -5.0, 0.0, 1e300] {
            for count in [1, 2] {
                let mut plot = plot("odd", count);
                for p in &mut plot.points {
                    (p.actual, p.expected, p.lower, p.upper, p.anomaly) = (value, value, value, value, true);
                }
                let text = svg(&plot).unwrap();
                assert!(!text.contains("NaN") && !text.contains("inf"), "{value}");
            }
        }
    }

    #[test]
    fn the_date_of_an_anomaly_is_written_in_the_zone() {
        let text = svg(&plot("Tickets", 168)).unwrap();
        let peak = plot("", 168).points[101].at.to_zoned(TimeZone::get("Europe/Berlin").unwrap());
        let label = peak.strftime("%a %-d %b %H:%M").to_string();
        assert!(text.contains(&label), "{label}");
        assert!(text.contains("Europe/Berlin"));
    }
}
