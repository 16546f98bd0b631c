//! Kubernetes' quantities, to the last digit: `1.5`, `250m`, `128Mi`, `1e3`. No floating point: a bound
//! is what was written, rounded up to the unit it is kept in.

/// Most digits of a number. More mean nothing: an exabyte has 19.
const MOST_DIGITS: usize = 24;
/// Largest power of ten, and the inverse of the least.
const MOST_EXPONENT: i32 = 18;

/// A number that is not negative: `mantissa` / 10^`places`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantity {
    mantissa: u128,
    places: u32,
}

impl Quantity {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn parse(text: &str) -> Result<Quantity, String> {
        let wrong = || {
            format!(
                "{text:?} is no quantity: a number of at most {MOST_DIGITS} digits, with a unit (m, k, \
                 M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei), an exponent (1e3) or neither"
            )
        };
        let unsigned = match text.strip_prefix('-') {
            Some(_) => return Err(format!("{text:?} is less than nothing")),
            None => text.strip_prefix('+').unwrap_or(text),
        };
        let end = unsigned
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .unwrap_or(unsigned.len());
        let (number, unit) = unsigned.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{part}");
        if digits.is_empty() || digits.len() > MOST_DIGITS || part.contains('.') {
            return Err(wrong());
        }
        let digits: u128 = digits.parse().map_err(|_| wrong())?;
        let places = i32::try_from(part.len()).map_err(|_| wrong())?;
        let (twos, tens) = factor(unit).ok_or_else(wrong)?;
        let tens = tens - places;
        let large = || format!("{text:?} is larger than anything there is");
        let up = 10_u128.checked_pow(tens.max(0).unsigned_abs());
        let mantissa = up
            .and_then(|up| digits.checked_mul(up))
            .and_then(|number| number.checked_mul(1 << twos))
            .ok_or_else(large)?;
        Ok(Quantity {
            mantissa,
            places: tens.min(0).unsigned_abs(),
        })
    }

    /// In whole units, rounded up.
    pub(super) fn units(self) -> Option<u64> {
        self.times(1)
    }

    /// In thousandths, rounded up.
    pub(super) fn thousandths(self) -> Option<u64> {
        self.times(1000)
    }

    fn times(self, factor: u128) -> Option<u64> {
        let below = 10_u128.checked_pow(self.places)?;
        let number = self.mantissa.checked_mul(factor)?.div_ceil(below);
        // As Kubernetes bounds it.
        u64::try_from(number)
            .ok()
            .filter(|number| *number <= i64::MAX as u64)
    }
}

/// A unit as powers of two and of ten.
fn factor(unit: &str) -> Option<(u32, i32)> {
    Some(match unit {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        other => {
            let exponent = other.strip_prefix(['e', 'E'])?;
            let exponent: i32 = exponent.parse().ok()?;
            (-MOST_EXPONENT..=MOST_EXPONENT)
                .contains(&exponent)
                .then_some((0, exponent))?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_to_the_last_digit() {
        for (text, units, thousandths) in [
            ("0", 0, 0),
            ("1", 1, 1000),
            ("+1", 1, 1000),
            ("1.5", 2, 1500),
            (".5", 1, 500),
            ("5.", 5, 5000),
            ("250m", 1, 250),
            ("0.1m", 1, 1),
            ("1n", 1, 1),
            ("1u", 1, 1),
            ("100k", 100_000, 100_000_000),
            ("128Mi", 134_217_728, 134_217_728_000),
            ("1.5Gi", 1_610_612_736, 1_610_612_736_000),
            ("128M", 128_000_000, 128_000_000_000),
            ("1e3", 1000, 1_000_000),
            ("1E3", 1000, 1_000_000),
            ("12e-1", 2, 1200),
            ("1E", 1_000_000_000_000_000_000, u64::MAX),
            ("0.001", 1, 1),
            ("000000000001", 1, 1000),
        ] {
            let read = Quantity::parse(text).unwrap();
            assert_eq!(read.units(), Some(units), "{text}");
            let expected = (thousandths != u64::MAX).then_some(thousandths);
            assert_eq!(read.thousandths(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in [
            "",
            "-1",
            "m",
            "1 Mi",
            "1mi",
            "1K",
            "1KiB",
            "1..2",
            "1.2.3",
            "0x10",
            "1e",
            "1e99",
            "1e+",
            "NaN",
            "inf",
            "١",
            "1_000",
            "+-1",
            "1e-19",
            "1000000000000000000000000000000000",
        ] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_is_larger_than_63_bits() {
        for text in ["8Ei", "9.3E", "999999999999999999999999", "1024Pi999"] {
            let read = Quantity::parse(text);
            assert!(read.is_err() || read.unwrap().units().is_none(), "{text}");
        }
        assert!(Quantity::parse("999999999999999999999999Ei").is_err());
        assert_eq!(
            Quantity::parse("9223372036854775807").unwrap().units(),
            Some(i64::MAX as u64)
        );
    }
}
