//! Runs a page's drawing operators as far as they place text (ISO 32000-1, 8.4 and 9.4).

use std::rc::Rc;

use lopdf::{
    Dictionary, Document, Object, ObjectId,
    content::{Content, Operation},
};

use super::{
    annotations::appearances,
    font::{Font, Fonts, page_resources},
    lines::{Line, Lines, Piece, Sight},
    matrix::Matrix,
    paint::{Area, Fill, Paint, is_gray_space},
};

const MAX_OPERATIONS: usize = 4_000_000;
const MAX_SAVED_STATES: usize = 512;
/// How deep forms may draw forms.
const MAX_FORM_DEPTH: usize = 8;
const MAX_TREE_DEPTH: usize = 64;

/// What a page holds.
#[derive(Default)]
pub(super) struct Page {
    /// What a reader sees, without running headers and footers where a file marks them.
    pub(super) lines: Vec<Line>,
    /// Whether pictures take much of it.
    pub(super) is_scan: bool,
    /// Whether text was left out that a reader does not see.
    pub(super) dropped_hidden: bool,
}

pub(super) fn read_page<'a>(
    document: &'a Document,
    page: ObjectId,
    fonts: &mut Fonts<'a>,
    max_bytes: usize,
) -> Result<Page, String> {
    let content = document.get_page_content_with_limit(page, max_bytes).map_err(|error| error.to_string())?;
    let paint = Paint::default();
    let mut run = Run { document, fonts, max_bytes, lines: Lines::default(), operations: 0, paint };
    run.content(&content, &page_resources(document, page), State::default(), 0);
    for (appearance, place) in appearances(document, page) {
        run.appearance(appearance, place);
    }
    let visible = visible_box(document, page);
    let is_scan = run.paint.is_scan(visible);
    let lines = kept(run.lines.finish(), |line| !line.is_artifact);
    let drawn = lines.len();
    // Text without ink over a scan is what a recogniser read in the picture.
    let is_seen = |line: &Line| line.sight == Sight::Seen || line.sight == Sight::Inkless && is_scan;
    let lines: Vec<Line> = lines.into_iter().filter(is_seen).collect();
    let lines = match visible {
        Some([left, bottom, right, top]) => kept(lines, |line| {
            line.right >= left && line.left <= right && line.baseline >= bottom && line.baseline <= top
        }),
        None => lines,
    };
    Ok(Page { dropped_hidden: lines.len() < drawn, is_scan, lines })
}

/// The lines that pass, or all where none does.
fn kept(lines: Vec<Line>, passes: impl Fn(&Line) -> bool) -> Vec<Line> {
    let has_some = lines.iter().any(&passes);
    lines.into_iter().filter(|line| !has_some || passes(line)).collect()
}

/// Left, bottom, right and top of what is shown of a page; a file may hold text outside.
fn visible_box(document: &Document, page: ObjectId) -> Option<Area> {
    let mut node = document.get_dictionary(page).ok()?;
    for _ in 0..MAX_TREE_DEPTH {
        for key in [b"CropBox".as_slice(), b"MediaBox"] {
            let corners = node.get_deref(key, document).and_then(Object::as_array).ok();
            let numbers: Vec<f64> =
                corners.into_iter().flatten().filter_map(|n| n.as_float().ok()).map(f64::from).collect();
            if let [a, b, c, d] = numbers.as_slice() {
                let is_area = (a - c).abs() > 1.0 && (b - d).abs() > 1.0;
                return is_area.then(|| [a.min(*c), b.min(*d), a.max(*c), b.max(*d)]);
            }
        }
        node = node.get_deref(b"Parent", document).and_then(Object::as_dict).ok()?;
    }
    None
}

#[derive(Clone)]
struct State {
    page: Matrix,
    text: Matrix,
    line: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    stretch: f64,
    leading: f64,
    rise: f64,
    fill: Fill,
    /// One part of a colour is a shade of gray.
    is_gray: bool,
    /// Text rendering mode 3: neither filled nor stroked.
    is_inkless: bool,
    line_width: f64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            page: Matrix::IDENTITY,
            text: Matrix::IDENTITY,
            line: Matrix::IDENTITY,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            fill: Fill::Seen,
            is_gray: true,
            is_inkless: false,
            line_width: 1.0,
        }
    }
}

impl State {
    fn next_line(&mut self, x: f64, y: f64) {
        self.line = self.line.moved(x, y);
        self.text = self.line;
    }
}

struct Run<'a, 'f> {
    document: &'a Document,
    fonts: &'f mut Fonts<'a>,
    max_bytes: usize,
    lines: Lines,
    operations: usize,
    paint: Paint,
}

impl<'a> Run<'a, '_> {
    fn content(&mut self, content: &[u8], resources: &[&'a Dictionary], mut state: State, depth: usize) {
        let mut saved: Vec<State> = Vec::new();
        // Whether each open marked-content section is page decoration.
        let mut sections: Vec<bool> = Vec::new();
        for operation in Content::decode_iter(content) {
            // What comes before damage in a page's content is kept.
            let Ok(Operation { operator, operands }) = operation else { break };
            self.operations += 1;
            if self.operations > MAX_OPERATIONS {
                break;
            }
            let number = |index: usize| operands.get(index).and_then(|n| n.as_float().ok()).map_or(0.0, f64::from);
            if let Some(fill) = Fill::set_by(&operator, &operands, state.is_gray) {
                state.fill = fill;
                continue;
            }
            if self.path(&operator, &operands, &state) {
                continue;
            }
            match operator.as_str() {
                "cs" => {
                    let name = operands.first().and_then(|name| name.as_name().ok()).unwrap_or_default();
                    (state.fill, state.is_gray) = (Fill::Seen, is_gray_space(self.document, resources, name));
                }
                "Tr" => state.is_inkless = number(0) == 3.0,
                "w" => state.line_width = number(0),
                "BI" => self.paint.picture(state.page.hull([0.0, 0.0, 1.0, 1.0])),
                "sh" => self.paint.cover_all(),
                "q" if saved.len() < MAX_SAVED_STATES => saved.push(state.clone()),
                "Q" => {
                    // The text position is not part of the saved state.
                    let (text, line) = (state.text, state.line);
                    state = State { text, line, ..saved.pop().unwrap_or(state) };
                }
                "cm" => {
                    if let Some(matrix) = Matrix::of(&operands) {
                        state.page = matrix.then(state.page);
                    }
                }
                "BT" => (state.text, state.line) = (Matrix::IDENTITY, Matrix::IDENTITY),
                "Tf" => {
                    let name = operands.first().and_then(|name| name.as_name().ok()).unwrap_or_default();
                    state.font = self.fonts.find(resources, name);
                    state.size = number(1);
                }
                "Tc" => state.char_space = number(0),
                "Tw" => state.word_space = number(0),
                "Tz" => state.stretch = number(0) / 100.0,
                "TL" => state.leading = number(0),
                "Ts" => state.rise = number(0),
                "Td" => state.next_line(number(0), number(1)),
                "TD" => {
                    state.leading = -number(1);
                    state.next_line(number(0), number(1));
                }
                "Tm" => {
                    if let Some(matrix) = Matrix::of(&operands) {
                        (state.text, state.line) = (matrix, matrix);
                    }
                }
                "T*" => state.next_line(0.0, -state.leading),
                "Tj" => self.show(&mut state, operands.first(), &sections),
                "TJ" => {
                    for element in operands.first().and_then(|array| array.as_array().ok()).into_iter().flatten() {
                        match element.as_float() {
                            Ok(shift) => {
                                state.text =
                                    state.text.moved(-f64::from(shift) / 1000.0 * state.size * state.stretch, 0.0)
                            }
                            Err(_) => self.show(&mut state, Some(element), &sections),
                        }
                    }
                }
                "'" => {
                    state.next_line(0.0, -state.leading);
                    self.show(&mut state, operands.first(), &sections);
                }
                "\"" => {
                    (state.word_space, state.char_space) = (number(0), number(1));
                    state.next_line(0.0, -state.leading);
                    self.show(&mut state, operands.get(2), &sections);
                }
                "BMC" | "BDC" => sections.push(is_artifact(&operands)),
                "EMC" => {
                    sections.pop();
                }
                "Do" if depth < MAX_FORM_DEPTH => self.form(&operands, resources, &state, depth),
                _ => {}
            }
        }
    }

    /// Follows the operators that build and paint paths; `false` for others.
    fn path(&mut self, operator: &str, operands: &[Object], state: &State) -> bool {
        let numbers = || operands.iter().filter_map(|n| n.as_float().ok()).map(f64::from);
        match operator {
            "m" | "l" | "c" | "v" | "y" => {
                let numbers: Vec<f64> = numbers().collect();
                for point in numbers.chunks_exact(2) {
                    if let [x, y] = point {
                        self.paint.point(state.page.apply(*x, *y));
                    }
                }
            }
            "re" => {
                let numbers: Vec<f64> = numbers().collect();
                if let [x, y, width, height] = numbers.as_slice() {
                    for (x, y) in [(*x, *y), (x + width, *y), (*x, y + height), (x + width, y + height)] {
                        self.paint.point(state.page.apply(x, y));
                    }
                }
            }
            "f" | "F" | "f*" | "B" | "B*" | "b" | "b*" => self.paint.fill(state.fill == Fill::White),
            "S" | "s" => {
                let [a, b, ..] = state.page.0;
                self.paint.stroke(state.line_width * a.hypot(b));
            }
            "n" => self.paint.end_path(),
            "h" => {}
            _ => return false,
        }
        true
    }

    /// Draws a form object's own content.
    fn form(&mut self, operands: &[Object], resources: &[&'a Dictionary], state: &State, depth: usize) {
        let document = self.document;
        let name = operands.first().and_then(|name| name.as_name().ok()).unwrap_or_default();
        let form = resources.iter().find_map(|resources| {
            let objects = resources.get_deref(b"XObject", document).and_then(Object::as_dict).ok()?;
            objects.get_deref(name, document).and_then(Object::as_stream).ok()
        });
        let is_picture = |object: &&lopdf::Stream| {
            object.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|kind| kind == b"Image")
        };
        if form.filter(is_picture).is_some() {
            self.paint.picture(state.page.hull([0.0, 0.0, 1.0, 1.0]));
            return;
        }
        let Some(form) =
            form.filter(|form| form.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|kind| kind == b"Form"))
        else {
            return;
        };
        let Ok(content) = form.get_plain_content_with_limit(self.max_bytes) else { return };
        let matrix = form
            .dict
            .get_deref(b"Matrix", document)
            .and_then(Object::as_array)
            .ok()
            .and_then(|matrix| Matrix::of(matrix));
        let inner = State { page: matrix.unwrap_or(Matrix::IDENTITY).then(state.page), ..state.clone() };
        match form.dict.get_deref(b"Resources", document).and_then(Object::as_dict) {
            Ok(own) => self.content(&content, &[own], inner, depth + 1),
            Err(_) => self.content(&content, resources, inner, depth + 1),
        }
    }

    /// Draws what an annotation looks like.
    fn appearance(&mut self, appearance: &'a lopdf::Stream, place: Matrix) {
        let own = appearance.dict.get_deref(b"Resources", self.document).and_then(Object::as_dict);
        let resources: Vec<&Dictionary> = own.into_iter().collect();
        if let Ok(content) = appearance.get_plain_content_with_limit(self.max_bytes) {
            self.content(&content, &resources, State { page: place, ..State::default() }, 1);
        }
    }

    fn show(&mut self, state: &mut State, string: Option<&Object>, sections: &[bool]) {
        let (Some(font), Some(bytes)) = (state.font.clone(), string.and_then(|string| string.as_str().ok())) else {
            return;
        };
        let placed = state.text.then(state.page);
        let start = placed.apply(0.0, state.rise);
        let mut text = String::new();
        let mut advance = 0.0;
        font.decode(bytes, |glyph| {
            text.push_str(glyph.text);
            let space = state.char_space + if glyph.is_space { state.word_space } else { 0.0 };
            advance += (glyph.advance * state.size + space) * state.stretch;
        });
        let end = placed.apply(advance, state.rise);
        let [_, _, c, d, ..] = placed.0;
        let size = state.size.abs() * c.hypot(d);
        let is_artifact = sections.iter().any(|artifact| *artifact);
        let middle = ((start.0 + end.0) / 2.0, (start.1 + end.1) / 2.0 + size / 4.0);
        let sight = match state.fill {
            _ if state.is_inkless => Sight::Inkless,
            Fill::White if self.paint.is_white_at(middle) => Sight::White,
            _ => Sight::Seen,
        };
        self.lines.show(&Piece { text: &text, start, end, size, is_artifact, sight });
        state.text = state.text.moved(advance, 0.0);
    }
}

/// Whether a tagged section is a running header, footer or page number.
fn is_artifact(operands: &[Object]) -> bool {
    let is_tagged = operands.first().and_then(|tag| tag.as_name().ok()).is_some_and(|tag| tag == b"Artifact");
    let kind = operands
        .get(1)
        .and_then(|properties| properties.as_dict().ok())
        .and_then(|properties| properties.get(b"Type").ok());
    is_tagged && kind.and_then(|kind| kind.as_name().ok()).is_some_and(|kind| kind == b"Pagination")
}
