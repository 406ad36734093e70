//! Glyph widths for the fonts that a PDF may name without describing them.

/// Advance widths of Helvetica for characters 32 to 126, in thousandths of the font size (Adobe Core 14 AFM).
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// Width of a character in a font of this name, in parts of the font size.
pub(super) fn standard_width(font_name: &str, c: char) -> f64 {
    if font_name.contains("Courier") || font_name.contains("Mono") {
        return 0.6;
    }
    let index = usize::try_from(u32::from(c)).ok().and_then(|code| code.checked_sub(32));
    let width = index.and_then(|index| HELVETICA.get(index)).copied().unwrap_or(556);
    let scale = if font_name.contains("Times") || font_name.contains("Roman") { 0.9 } else { 1.0 };
    f64::from(width) / 1000.0 * scale
}
