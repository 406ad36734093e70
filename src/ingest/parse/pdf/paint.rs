//! What a page paints besides text, as far as it decides whether its text can be seen.

use lopdf::{Dictionary, Document, Object};

/// Left, bottom, right and top in page units.
pub(super) type Area = [f64; 4];

/// More painted areas than this and nothing is called white on white any more.
const MAX_AREAS: usize = 2_000;
/// How close to full a colour's parts must be for white.
const FULL: f64 = 0.985;
/// A line this wide is a bar that text can stand on.
const BAR_WIDTH: f64 = 4.0;
/// A picture over this share of the page makes it a scan where there is no text.
const SCAN_SHARE: f64 = 0.2;

/// Areas that are not white any more, in any order.
#[derive(Default)]
pub(super) struct Paint {
    areas: Vec<Area>,
    pictures: Vec<Area>,
    path: Option<Area>,
}

impl Paint {
    pub(super) fn point(&mut self, (x, y): (f64, f64)) {
        let [left, bottom, right, top] = self.path.unwrap_or([x, y, x, y]);
        self.path = Some([left.min(x), bottom.min(y), right.max(x), top.max(y)]);
    }

    pub(super) fn fill(&mut self, is_white: bool) {
        if let Some(area) = self.path.take().filter(|_| !is_white) {
            self.cover(area);
        }
    }

    pub(super) fn stroke(&mut self, width: f64) {
        if let Some([left, bottom, right, top]) = self.path.take().filter(|_| width >= BAR_WIDTH) {
            let half = width / 2.0;
            self.cover([left - half, bottom - half, right + half, top + half]);
        }
    }

    pub(super) fn end_path(&mut self) {
        self.path = None;
    }

    pub(super) fn picture(&mut self, area: Area) {
        self.cover(area);
        if self.pictures.len() < MAX_AREAS {
            self.pictures.push(area);
        }
    }

    /// Everything may be painted over, as by a shading.
    pub(super) fn cover_all(&mut self) {
        self.cover([f64::MIN, f64::MIN, f64::MAX, f64::MAX]);
    }

    fn cover(&mut self, area: Area) {
        if self.areas.len() < MAX_AREAS {
            self.areas.push(area);
        }
    }

    /// Whether nothing but the white page lies below this point.
    pub(super) fn is_white_at(&self, (x, y): (f64, f64)) -> bool {
        let covers = |[left, bottom, right, top]: &Area| *left <= x && x <= *right && *bottom <= y && y <= *top;
        self.areas.len() < MAX_AREAS && !self.areas.iter().any(covers)
    }

    /// Whether pictures take so much of the page that it looks scanned.
    pub(super) fn is_scan(&self, page: Option<Area>) -> bool {
        let size = |[left, bottom, right, top]: &Area| (right - left).max(0.0) * (top - bottom).max(0.0);
        let pictures: f64 = self.pictures.iter().map(size).sum();
        page.is_none_or(|page| pictures >= SCAN_SHARE * size(&page)) && !self.pictures.is_empty()
    }
}

/// The colour that text is filled with, as far as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fill {
    #[default]
    Seen,
    White,
}

impl Fill {
    /// The colour that an operator sets; `None` for other operators. `is_gray`: one part means a shade of gray.
    pub(super) fn set_by(operator: &str, operands: &[Object], is_gray: bool) -> Option<Self> {
        let parts: Option<Vec<f64>> = operands.iter().map(|part| part.as_float().ok().map(f64::from)).collect();
        let is_full = |parts: &[f64]| !parts.is_empty() && parts.iter().all(|part| (FULL..=1.0).contains(part));
        let is_white = match (operator, parts.as_deref()) {
            ("g" | "rg", Some(parts)) => is_full(parts),
            ("sc" | "scn", Some(parts @ [_])) => is_gray && is_full(parts),
            ("sc" | "scn", Some(parts @ [_, _, _])) => is_full(parts),
            ("k" | "sc" | "scn", Some(parts @ [_, _, _, _])) => parts.iter().all(|part| *part <= 1.0 - FULL),
            ("g" | "rg" | "k" | "sc" | "scn", _) => false,
            _ => return None,
        };
        Some(if is_white { Self::White } else { Self::Seen })
    }
}

/// Whether a colour space's one part is a shade of gray, not an ink.
pub(super) fn is_gray_space(document: &Document, resources: &[&Dictionary], name: &[u8]) -> bool {
    if matches!(name, b"DeviceGray" | b"G" | b"CalGray") {
        return true;
    }
    let space = resources.iter().find_map(|resources| {
        let spaces = resources.get_deref(b"ColorSpace", document).and_then(Object::as_dict).ok()?;
        spaces.get_deref(name, document).ok()
    });
    let family = space.and_then(|space| match space {
        Object::Name(name) => Some(name.as_slice()),
        Object::Array(parts) => parts.first().and_then(|family| family.as_name().ok()),
        _ => None,
    });
    matches!(family, Some(b"DeviceGray" | b"CalGray" | b"ICCBased"))
}
