//! `Path<ServerId>`, `Path<(String, String)>`: the parameters of the path, in order.

use crate::call::Call;
use crate::route::Extract;
use schemas::{Error, Result, ids};

/// The parameters of the path.
pub struct Path<T>(pub T);

/// A type one parameter can be read as. What does not parse is a thing that is not there: clients
/// try names in the place of ids and look further only after a 404 (contract
/// `client-requirements.md` §5).
pub trait Segment: Sized {
    /// What it is called in the 404.
    const WHAT: &'static str;
    /// Reads it.
    fn parse(text: &str) -> Option<Self>;
}

impl Segment for String {
    const WHAT: &'static str = "Object";
    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

macro_rules! typed {
    ($($id:ident = $what:literal)+) => {$(
        impl Segment for ids::$id {
            const WHAT: &'static str = $what;
            fn parse(text: &str) -> Option<Self> {
                ids::$id::parse(text)
            }
        }
    )+};
}

typed! {
    ServerId = "Instance"
    ImageId = "Image"
    HostId = "Host"
    NetworkId = "Network"
    ServerGroupId = "Instance group"
}

/// The n-th parameter. A route without it is a mistake in the table, told as such.
fn segment<T: Segment>(call: &Call, n: usize) -> Result<T> {
    let text = call.parts().params.get(n).ok_or_else(|| {
        Error::internal(format_args!(
            "route {} has no parameter {n}",
            call.route().path
        ))
    })?;
    T::parse(text).ok_or_else(|| Error::not_found(T::WHAT, text))
}

/// One parameter or several.
pub trait Segments: Sized {
    /// Reads them in order.
    fn read(call: &Call) -> Result<Self>;
}

impl<A: Segment> Segments for A {
    fn read(call: &Call) -> Result<Self> {
        segment(call, 0)
    }
}

impl<A: Segment, B: Segment> Segments for (A, B) {
    fn read(call: &Call) -> Result<Self> {
        Ok((segment(call, 0)?, segment(call, 1)?))
    }
}

impl<A: Segment, B: Segment, C: Segment> Segments for (A, B, C) {
    fn read(call: &Call) -> Result<Self> {
        Ok((segment(call, 0)?, segment(call, 1)?, segment(call, 2)?))
    }
}

impl<T: Segments> Extract for Path<T> {
    async fn extract(call: &Call) -> Result<Self> {
        T::read(call).map(Path)
    }
}
