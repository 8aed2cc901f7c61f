//! The images, as text in SVG. The page's style sheet sets what is black here to the colour of its text.

use super::super::rows::Row;
use super::super::subjects::{Kind, kind};
use anyhow::{Result, anyhow};
use core::ops::Range;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::collections::BTreeMap;

const WIDTH: u32 = 760;
const LINE_HEIGHT: u32 = 19;
/// What a name needs.
const LABEL_HEIGHT: i32 = 14;
/// In the backend's measure: 12 pixels on the page.
const FONT: (&str, u32) = ("sans-serif", 15);

/// Digits whose values are named on an axis.
const NAMED: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

/// Read well on white and on black.
const BLUE: RGBColor = RGBColor(0x3b, 0x82, 0xd6);
const GREY: RGBColor = RGBColor(0x8a, 0x8f, 0x98);
const OCHRE: RGBColor = RGBColor(0xc0, 0x8a, 0x2e);
const RED: RGBColor = RGBColor(0xd0, 0x4a, 0x3f);
const GREEN: RGBColor = RGBColor(0x3a, 0x9d, 0x5d);

/// A value with what lies round it, on a line of its own.
pub(super) struct Dot {
    pub(super) label: String,
    pub(super) low: f64,
    pub(super) middle: f64,
    pub(super) high: f64,
    pub(super) kind: Kind,
}

impl Dot {
    pub(super) fn of_row(row: &Row) -> Dot {
        Dot {
            label: row.subject.clone(),
            low: row.lo,
            middle: row.ns,
            high: row.hi,
            kind: kind(&row.subject),
        }
    }

    /// Beside a line that divides good from bad the side counts, elsewhere who it is.
    fn colour(&self, line: Option<f64>) -> RGBColor {
        match (line, self.kind) {
            (Some(line), _) if self.middle > line * 1.005 => RED,
            (Some(_), _) => GREEN,
            (None, Kind::Ours) => BLUE,
            (None, Kind::Rival) => GREY,
            (None, Kind::Limit | Kind::Thermometer) => OCHRE,
        }
    }
}

/// The values under each other on a logarithmic axis, with a line across if one is given.
pub(super) fn dots(dots: &[Dot], unit: &str, line: Option<f64>) -> Result<String> {
    let values = dots
        .iter()
        .flat_map(|dot| [dot.low, dot.middle, dot.high])
        .chain(line);
    let axis = round_axis(axis(values));
    let lines = dots.len() as f64;
    let longest = dots.iter().map(|dot| dot.label.chars().count()).max();
    let names = 24 + 7 * longest.unwrap_or_default() as u32;
    draw(60 + LINE_HEIGHT * dots.len() as u32, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin(8)
            .margin_right(24)
            .x_label_area_size(40)
            .y_label_area_size(names)
            .build_cartesian_2d(axis.clone().log_scale(), lines..0.0)?;
        let mut mesh = chart.configure_mesh();
        mesh.disable_mesh().disable_y_axis().x_labels(0).y_labels(0);
        // The names are ours, below.
        mesh.x_desc(unit)
            .x_label_formatter(&|_| String::new())
            .label_style(FONT)
            .draw()?;
        let name = FONT.into_text_style(root);
        let name = name.pos(Pos::new(HPos::Center, VPos::Top));
        for tick in ticks(&axis) {
            let across = [(tick, 0.0), (tick, lines)];
            chart.draw_series([PathElement::new(across, GREY.mix(0.35))])?;
            let (x, y) = chart.backend_coord(&(tick, lines));
            root.draw(&Text::new(label(&tick), (x, y + 5), name.clone()))?;
        }
        if let Some(line) = line {
            chart.draw_series([PathElement::new([(line, 0.0), (line, lines)], BLACK)])?;
        }
        for (at, dot) in dots.iter().enumerate() {
            let (y, colour) = (at as f64 + 0.5, dot.colour(line));
            chart.draw_series([PathElement::new(
                [(dot.low, y), (dot.high, y)],
                colour.stroke_width(3),
            )])?;
            chart.draw_series([Circle::new((dot.middle, y), 4, colour.filled())])?;
            let (_, y) = chart.backend_coord(&(dot.middle, y));
            root.draw(&Text::new(dot.label.as_str(), (12, y - 6), FONT))?;
        }
        Ok(())
    })
}

/// How the time of several subjects grows with a number.
#[derive(Default)]
pub(super) struct Growth<'a>(BTreeMap<&'a str, Vec<(f64, f64)>>);

impl<'a> Growth<'a> {
    pub(super) fn add(&mut self, subject: &'a str, number: f64, ns: f64) {
        let line = self.0.entry(subject).or_default();
        line.push((number, ns));
        line.sort_by(|a, b| a.0.total_cmp(&b.0));
    }

    /// Both axes logarithmic; each line bears its subject's name at its end.
    pub(super) fn draw(&self) -> Result<String> {
        let points = || self.0.values().flatten().copied();
        let (across, up) = (
            axis(points().map(|point| point.0)),
            axis(points().map(|point| point.1)),
        );
        let height = 320.max(80 + LABEL_HEIGHT as u32 * self.0.len() as u32);
        draw(height, |root| {
            let mut names = Vec::new();
            let mut chart = ChartBuilder::on(root)
                .margin(8)
                .margin_right(150)
                .x_label_area_size(30)
                .y_label_area_size(60)
                .build_cartesian_2d(across.clone().log_scale(), up.clone().log_scale())?;
            let mut mesh = chart.configure_mesh();
            mesh.max_light_lines(0)
                .y_desc("ns")
                .x_label_formatter(&label)
                .y_label_formatter(&label);
            mesh.label_style(FONT).draw()?;
            for (subject, line) in &self.0 {
                let colour = match kind(subject) {
                    Kind::Ours => BLUE,
                    Kind::Rival => GREY,
                    Kind::Limit | Kind::Thermometer => OCHRE,
                };
                chart.draw_series(LineSeries::new(
                    line.iter().copied(),
                    colour.stroke_width(2),
                ))?;
                chart.draw_series(
                    line.iter()
                        .map(|point| Circle::new(*point, 3, colour.filled())),
                )?;
                if let Some(last) = line.last() {
                    let (x, y) = chart.backend_coord(last);
                    names.push((y - 6, x + 8, *subject));
                }
            }
            names.sort_unstable();
            for ((_, x, subject), y) in names.iter().zip(apart(names.iter().map(|name| name.0))) {
                root.draw(&Text::new(*subject, (*x, y), FONT))?;
            }
            Ok(())
        })
    }
}

/// Places in ascending order, moved down where they are too near for names to be read; back up where that would lead out of what they span.
fn apart(places: impl DoubleEndedIterator<Item = i32> + Clone) -> Vec<i32> {
    let mut moved: Vec<i32> = Vec::new();
    for place in places.clone() {
        let least = moved.last().map_or(i32::MIN, |above| above + LABEL_HEIGHT);
        moved.push(place.max(least));
    }
    // The lowest stays where it was.
    let mut most = places.last().unwrap_or_default();
    for place in moved.iter_mut().rev() {
        *place = most.min(*place);
        most = *place - LABEL_HEIGHT;
    }
    moved
}

type Root<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>>;

fn draw(height: u32, draw: impl FnOnce(&Root<'_>) -> Drawn) -> Result<String> {
    let mut image = String::new();
    {
        let root = SVGBackend::with_string(&mut image, (WIDTH, height)).into_drawing_area();
        draw(&root)
            .and_then(|()| root.present())
            .map_err(|error| anyhow!("a plot: {error}"))?;
    }
    Ok(image)
}

/// From a little below the least to a little above the greatest; never empty, never down to nothing.
fn axis(values: impl Iterator<Item = f64>) -> Range<f64> {
    let values = values.filter(|value| value.is_finite() && *value > 0.0);
    let (low, high) = values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if low > high {
        1.0..10.0
    } else {
        low * 0.8..high * 1.25
    }
}

/// Widened to where both ends have names, so that there are at least two.
fn round_axis(axis: Range<f64>) -> Range<f64> {
    let [low, high] = [axis.start, axis.end].map(|end| 10_f64.powf(end.log10().floor()));
    let low = NAMED
        .iter()
        .rev()
        .map(|digit| digit * low)
        .find(|named| *named <= axis.start);
    let high = NAMED
        .iter()
        .map(|digit| digit * high)
        .find(|named| *named >= axis.end);
    low.unwrap_or(axis.start)..high.unwrap_or(axis.end)
}

/// The values that are named: 1, 2 and 5 of each power of ten, or powers only where those would be many.
fn ticks(axis: &Range<f64>) -> Vec<f64> {
    const MANY: usize = 9;
    let powers = axis.start.log10().floor() as i32..=axis.end.log10().ceil() as i32;
    let inside = |value: &f64| (axis.start * 0.999..axis.end * 1.001).contains(value);
    let of_each = |digits: &'static [f64]| -> Vec<f64> {
        let powers = powers.clone().map(|power| 10_f64.powi(power));
        let values = powers.flat_map(|power| digits.iter().map(move |digit| digit * power));
        values.filter(inside).collect()
    };
    let all = of_each(&NAMED[..3]);
    if all.len() > MANY {
        of_each(&NAMED[..1])
    } else {
        all
    }
}

/// The names of some values of an axis: 1, 2 and 5 of each power of ten; more would touch each other.
fn label(value: &f64) -> String {
    let digit = value / 10_f64.powf(value.log10().floor());
    let is_named = NAMED.iter().any(|named| (digit - named).abs() < 1e-6);
    match *value {
        _ if !is_named => String::new(),
        value if value > 9e5 => format!("{:.0} M", value / 1e6),
        value if value > 9e3 => format!("{:.0} k", value / 1e3),
        value if value > 0.9 => format!("{value:.0}"),
        value => format!("{}", (value * 1e6).round() / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_all_values_and_is_never_empty() {
        assert_eq!(axis([10.0, 1.0, 0.0].into_iter()), 0.8..12.5);
        assert_eq!(axis(core::iter::empty()), 1.0..10.0);
    }

    #[test]
    fn names_that_would_touch_are_moved_apart() {
        assert_eq!(apart([0, 50, 100].into_iter()), [0, 50, 100]);
        assert_eq!(apart([0, 1, 100].into_iter()), [0, 14, 100]);
        assert_eq!(apart([0, 98, 99, 100].into_iter()), [0, 72, 86, 100]);
    }

    #[test]
    fn an_axis_ends_at_names_and_has_a_few() {
        let axis = round_axis(0.13..0.33);
        assert!(
            (axis.start - 0.1).abs() < 1e-9 && (axis.end - 0.5).abs() < 1e-9,
            "{axis:?}"
        );
        let names = |axis| ticks(&axis).iter().map(label).collect::<Vec<_>>();
        assert_eq!(names(axis), ["0.1", "0.2", "0.5"]);
        assert_eq!(names(1.0..1000.0), ["1", "10", "100", "1000"]);
    }

    #[test]
    fn few_values_of_an_axis_are_named_and_shortly() {
        let values = [
            0.05,
            0.1 + 0.2,
            0.1 * 3.0,
            0.2,
            1.0,
            3.0,
            50.0,
            1000.0,
            2e4,
            1e6,
        ];
        let labels = ["0.05", "", "", "0.2", "1", "", "50", "1000", "20 k", "1 M"];
        assert_eq!(values.map(|value| label(&value)), labels);
    }

    #[test]
    fn every_dot_is_named_in_the_image() {
        let dot = |label: &str| Dot {
            label: label.into(),
            low: 1.0,
            middle: 2.0,
            high: 3.0,
            kind: Kind::Rival,
        };
        let image = dots(&[dot("dpdk"), dot("opool")], "ns", Some(1.0)).expect("drawn");
        assert!(image.starts_with("<svg") && image.contains("dpdk") && image.contains("opool"));
        assert_eq!(image.matches("<circle").count(), 2);
    }
}
