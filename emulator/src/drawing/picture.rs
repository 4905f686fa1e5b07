//! A picture: boxes in boxes, and lines between them.

/// Boxes and lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    /// What it shows, one line each.
    pub(super) caption: Vec<String>,
    /// All boxes; their numbers are their places here, and no box comes before the one it is in.
    pub(super) boxes: Vec<Box>,
    /// The boxes that are in no other.
    pub(super) outermost: Vec<usize>,
    /// Lines between boxes.
    pub(super) lines: Vec<Line>,
}

/// A box.
#[derive(Clone, Debug)]
pub(super) struct Box {
    pub(super) kind: Kind,
    /// Its name first, then what is to be said about it.
    pub(super) words: Vec<String>,
    pub(super) inside: Vec<usize>,
    pub(super) mark: Mark,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Network,
    Subnet,
    Site,
    Internet,
    Instance,
    Server,
    Machine,
    Endpoint,
    Balancer,
    Service,
    Zone,
    Note,
}

/// A line from one box to another.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: String,
    pub(super) stroke: Stroke,
    pub(super) mark: Mark,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    /// Both ways.
    Plain,
    /// One way.
    Arrow,
    /// Something that does not carry packets, or does not work.
    Dashed,
}

/// Whether a box or line is of the way that is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mark {
    #[default]
    None,
    OnWay,
    Broken,
}

impl Picture {
    /// Adds a box, in another one or in none.
    pub(super) fn add(&mut self, parent: Option<usize>, kind: Kind, words: Vec<String>) -> usize {
        let number = self.boxes.len();
        self.boxes.push(Box {
            kind,
            words,
            inside: Vec::new(),
            mark: Mark::None,
        });
        match parent {
            Some(parent) => self.boxes[parent].inside.push(number),
            None => self.outermost.push(number),
        }
        number
    }

    /// Whether a box is in another one, however deep.
    pub(super) fn is_in(&self, inner: usize, outer: usize) -> bool {
        let mut inside = self.boxes[outer].inside.iter();
        inside.any(|found| *found == inner || self.is_in(inner, *found))
    }

    /// Adds a line.
    pub(super) fn join(
        &mut self,
        from: usize,
        to: usize,
        label: impl Into<String>,
        stroke: Stroke,
    ) {
        self.lines.push(Line {
            from,
            to,
            label: label.into(),
            stroke,
            mark: Mark::None,
        });
    }
}

impl Kind {
    /// A word for style sheets.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Subnet => "subnet",
            Self::Site => "site",
            Self::Internet => "internet",
            Self::Instance => "instance",
            Self::Server => "server",
            Self::Machine => "machine",
            Self::Endpoint => "endpoint",
            Self::Balancer => "balancer",
            Self::Service => "service",
            Self::Zone => "zone",
            Self::Note => "note",
        }
    }

    /// The colour that boxes of this kind are filled with.
    pub(super) const fn fill(self) -> &'static str {
        match self {
            Self::Network | Self::Site => "#f4f7fb",
            Self::Subnet => "#ffffff",
            Self::Internet => "#eeeeee",
            Self::Instance => "#dbeafe",
            Self::Server => "#e0e7ff",
            Self::Machine => "#ecfccb",
            Self::Endpoint => "#fef3c7",
            Self::Balancer => "#fce7f3",
            Self::Service => "#ede9fe",
            Self::Zone => "#f5f5f4",
            Self::Note => "#fff1f2",
        }
    }
}

impl Mark {
    /// The colour that is drawn with.
    pub(super) const fn colour(self) -> &'static str {
        match self {
            Self::None => "#64748b",
            Self::OnWay => "#15803d",
            Self::Broken => "#dc2626",
        }
    }

    /// How thick a line is.
    pub(super) const fn width(self) -> u8 {
        match self {
            Self::None => 1,
            Self::OnWay | Self::Broken => 3,
        }
    }
}
