//! Puts shown pieces of text into lines by where they stand on the page.

/// Text on one baseline, in page units.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) baseline: f64,
    pub(super) size: f64,
    pub(super) is_horizontal: bool,
    /// Drawn as page decoration (running header, page number) by a tagged file.
    pub(super) is_artifact: bool,
    pub(super) sight: Sight,
}

/// Whether a reader sees a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sight {
    #[default]
    Seen,
    /// White on the white page.
    White,
    /// Drawn without any ink.
    Inkless,
}

/// A piece of text with its baseline from `start` to `end`.
pub(super) struct Piece<'t> {
    pub(super) text: &'t str,
    pub(super) start: (f64, f64),
    pub(super) end: (f64, f64),
    pub(super) size: f64,
    pub(super) is_artifact: bool,
    pub(super) sight: Sight,
}

/// A gap of this many font sizes is a space; a wider one parts table cells.
const SPACE: f64 = 0.16;
const CELL: f64 = 1.9;

#[derive(Default)]
pub(super) struct Lines {
    done: Vec<Line>,
    open: Option<Open>,
}

struct Open {
    line: Line,
    origin: (f64, f64),
    end: (f64, f64),
    direction: (f64, f64),
    last_text: String,
    last_start: (f64, f64),
}

impl Lines {
    pub(super) fn show(&mut self, piece: &Piece<'_>) {
        let is_placed =
            [piece.start.0, piece.start.1, piece.end.0, piece.end.1, piece.size].iter().all(|n| n.is_finite());
        if piece.text.is_empty() || !is_placed {
            return;
        }
        if let Some(open) = &mut self.open
            && open.take(piece)
        {
            return;
        }
        self.close();
        if !piece.text.trim().is_empty() {
            self.open = Some(Open::new(piece));
        }
    }

    pub(super) fn finish(mut self) -> Vec<Line> {
        self.close();
        self.done
    }

    fn close(&mut self) {
        if let Some(mut open) = self.open.take() {
            let end = open.line.text.trim_end().len();
            open.line.text.truncate(end);
            self.done.push(open.line);
        }
    }
}

impl Open {
    fn new(piece: &Piece<'_>) -> Self {
        let (dx, dy) = (piece.end.0 - piece.start.0, piece.end.1 - piece.start.1);
        let length = dx.hypot(dy);
        let direction = if length > 1e-6 { (dx / length, dy / length) } else { (1.0, 0.0) };
        let line = Line {
            text: piece.text.trim_start().to_owned(),
            left: piece.start.0.min(piece.end.0),
            right: piece.start.0.max(piece.end.0),
            baseline: piece.start.1,
            size: piece.size,
            is_horizontal: direction.0 > 0.99,
            is_artifact: piece.is_artifact,
            sight: piece.sight,
        };
        Self {
            line,
            origin: piece.start,
            end: piece.end,
            direction,
            last_text: piece.text.to_owned(),
            last_start: piece.start,
        }
    }

    /// Appends the piece if it stands on this line, at its end. Text drawn twice for boldness is taken once.
    fn take(&mut self, piece: &Piece<'_>) -> bool {
        let size = self.line.size.max(piece.size).max(1e-3);
        let (along, across) = self.measure(piece.start);
        let to_end = along - self.measure(self.end).0;
        if across.abs() > 0.45 * size || (piece.is_artifact, piece.sight) != (self.line.is_artifact, self.line.sight) {
            return false;
        }
        let shift = (piece.start.0 - self.last_start.0).hypot(piece.start.1 - self.last_start.1);
        if piece.text == self.last_text && shift < 0.2 * size {
            return true;
        }
        if to_end < -0.6 * size {
            return false;
        }
        let parts = self.line.text.ends_with(char::is_whitespace) || piece.text.starts_with(char::is_whitespace);
        if to_end > CELL * size {
            let end = self.line.text.trim_end().len();
            self.line.text.truncate(end);
            self.line.text.push('\t');
            self.line.text.push_str(piece.text.trim_start());
        } else {
            if to_end > SPACE * size && !parts {
                self.line.text.push(' ');
            }
            self.line.text.push_str(piece.text);
        }
        self.line.left = self.line.left.min(piece.start.0);
        self.line.right = self.line.right.max(piece.end.0);
        if piece.text.trim().chars().count() > 2 {
            self.line.size = self.line.size.max(piece.size);
        }
        self.end = piece.end;
        self.last_start = piece.start;
        piece.text.clone_into(&mut self.last_text);
        true
    }

    /// Distance of a point from the line's start, along it and across it.
    fn measure(&self, point: (f64, f64)) -> (f64, f64) {
        let (x, y) = (point.0 - self.origin.0, point.1 - self.origin.1);
        (x * self.direction.0 + y * self.direction.1, y * self.direction.0 - x * self.direction.1)
    }
}
