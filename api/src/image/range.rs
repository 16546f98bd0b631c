//! `Range: bytes=…`, one range at a time.

use schemas::{Error, Result};

/// Bytes `from..=to` of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub from: u64,
    pub to: u64,
}

impl Range {
    pub fn len(self) -> u64 {
        self.to - self.from + 1
    }

    /// For the header `Content-Range`.
    pub fn header(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.from, self.to)
    }
}

/// The range asked for; `None` = all of it. Units and lists of ranges that are not understood are
/// answered with the whole, as HTTP wants it.
///
/// # Errors
/// `RangeNotSatisfiable` for a range outside.
pub(super) fn parse(header: Option<&str>, size: u64) -> Result<Option<Range>> {
    let Some(spec) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return Ok(None);
    };
    let Some((from, to)) = spec.trim().split_once('-') else {
        return Ok(None);
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let range = match (number(from), number(to)) {
        (Ok(from), Ok(to)) if from <= to => Range {
            from,
            to: to.min(size.saturating_sub(1)),
        },
        (Ok(from), Err(_)) if to.trim().is_empty() => Range {
            from,
            to: size.saturating_sub(1),
        },
        (Err(_), Ok(last)) if from.trim().is_empty() && last > 0 => Range {
            from: size.saturating_sub(last),
            to: size.saturating_sub(1),
        },
        (Err(_), Ok(0)) if from.trim().is_empty() => return Err(outside(size)),
        _ => return Ok(None),
    };
    if range.from >= size {
        return Err(outside(size));
    }
    Ok(Some(range))
}

fn outside(size: u64) -> Error {
    Error::RangeNotSatisfiable(format!(
        "The range is outside of the data, which has {size} bytes."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_range_is_understood() {
        let range = |text| parse(Some(text), 100).unwrap().map(|r| (r.from, r.to));
        assert_eq!(range("bytes=0-9"), Some((0, 9)));
        assert_eq!(range("bytes=90-"), Some((90, 99)));
        assert_eq!(range("bytes=-10"), Some((90, 99)));
        assert_eq!(range("bytes=-1000"), Some((0, 99)));
        assert_eq!(range("bytes=50-1000"), Some((50, 99)));
        assert_eq!(range("bytes=0-1,5-6"), None);
        assert_eq!(range("lines=1-2"), None);
        assert_eq!(range("bytes=9-1"), None);
        assert_eq!(parse(None, 100).unwrap(), None);
    }

    #[test]
    fn what_lies_outside_is_refused() {
        for text in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert!(parse(Some(text), 100).is_err(), "{text}");
        }
        assert!(parse(Some("bytes=0-"), 0).is_err());
    }
}
