//! Where the boxes of a picture lie: those that hold others around them, the outermost in rows.

use super::picture::Picture;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The places of all boxes, and how large the whole is.
pub(super) struct Layout {
    pub(super) areas: Vec<Area>,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The height of a line of text.
pub(super) const LINE: u32 = 16;
/// Room between a border and what is within it.
pub(super) const PADDING: u32 = 10;
/// Room between neighbours within a box.
const GAP: u32 = 14;
/// Room between outermost boxes, for lines.
const ROOM: u32 = 70;
/// How wide a row gets.
const ROW: u32 = 1_100;
/// A character of the fixed-width type is 7.2 wide.
const TENTHS_OF_A_CHARACTER: u32 = 72;

/// Places every box.
pub(super) fn lay_out(picture: &Picture) -> Layout {
    let mut areas = vec![Area::default(); picture.boxes.len()];
    // No box comes before the one that it is in.
    for number in (0..picture.boxes.len()).rev() {
        measure(picture, &mut areas, number);
    }
    let caption = widest(&picture.caption);
    let (mut x, mut y) = (ROOM / 2, PADDING + LINE * lines(&picture.caption) + PADDING);
    let (mut row, mut width) = (0, caption + ROOM);
    for number in &picture.outermost {
        let size = areas[*number];
        if x > ROOM / 2 && x + size.width > ROW {
            x = ROOM / 2;
            y += row + ROOM;
            row = 0;
        }
        put(picture, &mut areas, *number, x, y);
        x += size.width + ROOM;
        row = row.max(size.height);
        width = width.max(x - ROOM / 2);
    }
    Layout {
        areas,
        width,
        height: y + row + PADDING,
    }
}

/// How wide text is.
pub(super) fn widest(words: &[String]) -> u32 {
    let longest = words.iter().map(|word| word.chars().count()).max();
    let longest = u32::try_from(longest.unwrap_or(0)).unwrap_or(u32::MAX / 100);
    longest.saturating_mul(TENTHS_OF_A_CHARACTER).div_ceil(10)
}

fn lines(words: &[String]) -> u32 {
    u32::try_from(words.len()).unwrap_or(u32::MAX / 100)
}

/// How large a box is; what is in it lies below its words, one below the other.
fn measure(picture: &Picture, areas: &mut [Area], number: usize) {
    let found = &picture.boxes[number];
    let mut width = widest(&found.words);
    let mut height = PADDING + LINE * lines(&found.words);
    for inside in &found.inside {
        width = width.max(areas[*inside].width);
        height += GAP + areas[*inside].height;
    }
    areas[number].width = width + 2 * PADDING;
    areas[number].height = height + PADDING;
}

fn put(picture: &Picture, areas: &mut [Area], number: usize, x: u32, y: u32) {
    areas[number].x = x;
    areas[number].y = y;
    let found = &picture.boxes[number];
    let mut y = y + PADDING + LINE * lines(&found.words);
    for inside in &found.inside {
        y += GAP;
        put(picture, areas, *inside, x + PADDING, y);
        y += areas[*inside].height;
    }
}
