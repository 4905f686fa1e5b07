//! A picture as an SVG file that needs nothing else: no style sheet, no script, no font of its own.

use std::fmt::Write as _;

use super::layout::{Area, LINE, Layout, PADDING, lay_out};
use super::picture::{Mark, Picture, Stroke};

/// The picture as a file.
pub(super) fn write(picture: &Picture) -> String {
    let layout = lay_out(picture);
    let Layout { width, height, .. } = layout;
    let mut text = String::new();
    let _ = writeln!(
        text,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="monospace" font-size="12">"#
    );
    let title = match picture.caption.is_empty() {
        true => "network".to_owned(),
        false => picture.caption.join("; "),
    };
    let _ = writeln!(text, "<title>{}</title>", escaped(&title));
    text.push_str(concat!(
        r##"<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" "##,
        r##"markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>"##,
        "\n"
    ));
    let _ = writeln!(
        text,
        r##"<rect width="{width}" height="{height}" fill="#ffffff"/>"##
    );
    write_words(&mut text, &picture.caption, PADDING, PADDING, "caption");
    for number in &picture.outermost {
        write_box(&mut text, picture, &layout, *number);
    }
    for line in &picture.lines {
        let (from, to) = (layout.areas[line.from], layout.areas[line.to]);
        let ((x1, y1), (x2, y2)) = (border(from, to), border(to, from));
        let mut traits = format!(
            r#"stroke="{}" stroke-width="{}""#,
            line.mark.colour(),
            line.mark.width()
        );
        match line.stroke {
            Stroke::Plain => (),
            Stroke::Arrow => traits.push_str(r##" marker-end="url(#arrow)""##),
            Stroke::Dashed => traits.push_str(r#" stroke-dasharray="5 4""#),
        }
        let _ = writeln!(
            text,
            r#"<line class="{}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {traits}/>"#,
            class(line.mark)
        );
        if !line.label.is_empty() {
            let (x, y) = (x1.midpoint(x2), y1.midpoint(y2));
            let _ = writeln!(
                text,
                r##"<text x="{x}" y="{y}" text-anchor="middle" font-size="10" stroke="#ffffff" stroke-width="3" paint-order="stroke">{}</text>"##,
                escaped(&line.label)
            );
        }
    }
    text.push_str("</svg>\n");
    text
}

fn write_box(text: &mut String, picture: &Picture, layout: &Layout, number: usize) {
    let found = &picture.boxes[number];
    let Area {
        x,
        y,
        width,
        height,
    } = layout.areas[number];
    let _ = writeln!(
        text,
        r#"<rect class="{} {}" x="{x}" y="{y}" width="{width}" height="{height}" rx="5" fill="{}" stroke="{}" stroke-width="{}"/>"#,
        found.kind.word(),
        class(found.mark),
        found.kind.fill(),
        found.mark.colour(),
        found.mark.width()
    );
    write_words(text, &found.words, x + PADDING, y + PADDING, "words");
    for inside in &found.inside {
        write_box(text, picture, layout, *inside);
    }
}

/// Lines of text; the first is what the others are about.
fn write_words(text: &mut String, words: &[String], x: u32, y: u32, class: &str) {
    let mut y = y;
    for (number, word) in words.iter().enumerate() {
        y += LINE;
        let weight = if number == 0 {
            r#" font-weight="bold""#
        } else {
            ""
        };
        let base = y - 4;
        let _ = writeln!(
            text,
            r#"<text class="{class}" x="{x}" y="{base}"{weight}>{}</text>"#,
            escaped(word)
        );
    }
}

/// Where a line from the middle of one area to that of another leaves it.
fn border(from: Area, to: Area) -> (i32, i32) {
    let middle = |area: Area| {
        let half = |at: u32, size: u32| i64::from(at) + i64::from(size) / 2;
        (half(area.x, area.width), half(area.y, area.height))
    };
    let ((x, y), (tx, ty)) = (middle(from), middle(to));
    let (dx, dy) = (tx - x, ty - y);
    let (half_width, half_height) = (i64::from(from.width) / 2, i64::from(from.height) / 2);
    // The nearer of the two borders that the line comes to; in whole numbers, so that drawings are the same everywhere.
    let (out_x, out_y) = if dx == 0 && dy == 0 {
        (0, 0)
    } else if dx.abs() * half_height > dy.abs() * half_width {
        (half_width * dx.signum(), dy * half_width / dx.abs())
    } else {
        (
            dx * half_height / dy.abs().max(1),
            half_height * dy.signum(),
        )
    };
    let small = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
    (small(x + out_x), small(y + out_y))
}

const fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::None => "plain",
        Mark::OnWay => "way",
        Mark::Broken => "broken",
    }
}

/// A text as XML; what XML cannot hold becomes a space.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
