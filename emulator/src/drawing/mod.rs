//! Drawings of a world's network: what lies in what, what leads where, and the way that a connection takes or where it breaks.
//!
//! `gather` makes a picture of the world, `way` marks a verdict in it, and each format writes the picture in its own words.

mod dot;
mod gather;
mod layout;
mod mermaid;
mod picture;
mod svg;
mod way;

use milink_core::World;
use milink_core::path::{Vantage, Verdict};

/// How a drawing is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// Mermaid's flowcharts, as Markdown renderers draw them.
    #[default]
    Mermaid,
    /// Graphviz.
    Dot,
    /// A picture.
    Svg,
}

impl Format {
    /// The format of this name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "mermaid" => Some(Self::Mermaid),
            "dot" => Some(Self::Dot),
            "svg" => Some(Self::Svg),
            _ => None,
        }
    }

    /// Its media type.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Mermaid => "text/vnd.mermaid; charset=utf-8",
            Self::Dot => "text/vnd.graphviz; charset=utf-8",
            Self::Svg => "image/svg+xml",
        }
    }
}

/// The world's network, with the way of a connection in it if there is one to show.
pub(crate) fn draw(world: &World, way: Option<(&Vantage, &Verdict)>, format: Format) -> String {
    let mut gathered = gather::gather(world);
    if let Some((from, verdict)) = way {
        way::mark(world, &mut gathered, from, verdict);
    }
    let picture = &gathered.picture;
    match format {
        Format::Mermaid => mermaid::write(picture),
        Format::Dot => dot::write(picture),
        Format::Svg => svg::write(picture),
    }
}

#[cfg(test)]
mod tests;
