//! A picture as a flowchart of Mermaid.

use std::fmt::Write as _;

use super::picture::{Mark, Picture, Stroke};

/// The picture in Mermaid's words.
pub(super) fn write(picture: &Picture) -> String {
    let mut text = String::new();
    for line in &picture.caption {
        let _ = writeln!(text, "%% {}", comment(line));
    }
    text.push_str("flowchart LR\n");
    for number in &picture.outermost {
        write_box(&mut text, picture, *number, 1);
    }
    for line in &picture.lines {
        let arrow = match (line.stroke, line.mark) {
            (Stroke::Dashed, _) => "-.-",
            (Stroke::Plain, Mark::None) => "---",
            (Stroke::Plain, _) => "===",
            (Stroke::Arrow, Mark::None) => "-->",
            (Stroke::Arrow, _) => "==>",
        };
        let label = match line.label.as_str() {
            "" => String::new(),
            label => format!("|\"{}\"|", escaped(label)),
        };
        let _ = writeln!(text, "  n{} {arrow}{label} n{}", line.from, line.to);
    }
    for mark in [Mark::OnWay, Mark::Broken] {
        style(&mut text, picture, mark);
    }
    text
}

fn write_box(text: &mut String, picture: &Picture, number: usize, depth: usize) {
    let found = &picture.boxes[number];
    let indent = "  ".repeat(depth);
    let words: Vec<String> = found.words.iter().map(|word| escaped(word)).collect();
    let words = words.join("<br/>");
    if found.inside.is_empty() {
        let _ = writeln!(text, "{indent}n{number}[\"{words}\"]");
        return;
    }
    let _ = writeln!(text, "{indent}subgraph n{number}[\"{words}\"]");
    for inside in &found.inside {
        write_box(text, picture, *inside, depth + 1);
    }
    let _ = writeln!(text, "{indent}end");
}

fn style(text: &mut String, picture: &Picture, mark: Mark) {
    let look = format!("stroke:{},stroke-width:{}px", mark.colour(), mark.width());
    let boxes = picture.boxes.iter().enumerate();
    for (number, _) in boxes.filter(|(_, found)| found.mark == mark) {
        let _ = writeln!(text, "  style n{number} {look}");
    }
    let lines = picture.lines.iter().enumerate();
    for (number, _) in lines.filter(|(_, line)| line.mark == mark) {
        let _ = writeln!(text, "  linkStyle {number} {look}");
    }
}

/// A text within quotation marks: everything that has a meaning there becomes an entity.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | ';' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A text in a comment, which ends with its line. Braces would be a directive.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || matches!(c, '{' | '}') {
                ' '
            } else {
                c
            }
        })
        .collect()
}
