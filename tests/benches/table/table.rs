//! The table that is printed at the end.

use std::fmt;
use std::time::Duration;

/// Figures beside their limits.
#[derive(Default)]
pub struct Table(Vec<[String; 5]>);

impl Table {
    /// A figure, the limit measured in the same run, their ratio, and what the project aims at.
    pub fn row(&mut self, what: &str, figure: &str, limit: &str, ratio: Option<f64>, aim: &str) {
        let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        eprintln!("  {what}: {figure} | {limit} | {ratio} | {aim}");
        self.0
            .push([what.into(), figure.into(), limit.into(), ratio, aim.into()]);
    }

    /// Something that this machine does not offer.
    pub fn left_out(&mut self, what: &str, why: &str) {
        self.row(what, "left out", why, None, "");
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["what", "figure", "limit (same run)", "ratio", "aim"].map(String::from);
        let widths: Vec<usize> = (0..5)
            .map(|n| {
                let cells = self
                    .0
                    .iter()
                    .chain([&head])
                    .map(|row| row[n].chars().count());
                cells.max().unwrap_or(0)
            })
            .collect();
        let line = |f: &mut fmt::Formatter<'_>, row: &[String; 5]| {
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")
        };
        line(f, &head)?;
        line(f, &std::array::from_fn(|n| "-".repeat(widths[n])))?;
        self.0.iter().try_for_each(|row| line(f, row))
    }
}

/// `1.23 ms`, `45 µs`, `6.7 s`.
pub fn time(length: Duration) -> String {
    let micros = length.as_secs_f64() * 1e6;
    match micros {
        m if m < 1e3 => format!("{m:.0} µs"),
        m if m < 1e6 => format!("{:.2} ms", m / 1e3),
        m => format!("{:.2} s", m / 1e6),
    }
}
