//! Affine maps of the page.

use lopdf::Object;

use super::paint::Area;

/// An affine map `[a b c d e f]` as PDF writes it.
#[derive(Clone, Copy)]
pub(super) struct Matrix(pub(super) [f64; 6]);

impl Matrix {
    pub(super) const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// First `self`, then `next`.
    pub(super) fn then(self, next: Self) -> Self {
        let ([a, b, c, d, e, f], [na, nb, nc, nd, ne, nf]) = (self.0, next.0);
        Self([
            a * na + b * nc,
            a * nb + b * nd,
            c * na + d * nc,
            c * nb + d * nd,
            e * na + f * nc + ne,
            e * nb + f * nd + nf,
        ])
    }

    pub(super) fn apply(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (x * a + y * c + e, x * b + y * d + f)
    }

    pub(super) fn moved(self, x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y]).then(self)
    }

    pub(super) fn of(operands: &[Object]) -> Option<Self> {
        let mut numbers = operands.iter().filter_map(|n| n.as_float().ok()).map(f64::from);
        let mut next = || numbers.next();
        Some(Self([next()?, next()?, next()?, next()?, next()?, next()?]))
    }

    /// Moves and stretches one area onto another.
    pub(super) fn between([left, bottom, right, top]: Area, [to_left, to_bottom, to_right, to_top]: Area) -> Self {
        let stretch = |from: f64, to: f64| if from.abs() < 1e-6 { 1.0 } else { to / from };
        let (x, y) = (stretch(right - left, to_right - to_left), stretch(top - bottom, to_top - to_bottom));
        Self([x, 0.0, 0.0, y, to_left - left * x, to_bottom - bottom * y])
    }

    /// The upright area round the image of an area.
    pub(super) fn hull(self, [left, bottom, right, top]: Area) -> Area {
        let corners = [(left, bottom), (right, bottom), (left, top), (right, top)].map(|(x, y)| self.apply(x, y));
        let start = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        corners.iter().fold(start, |[left, bottom, right, top], (x, y)| {
            [left.min(*x), bottom.min(*y), right.max(*x), top.max(*y)]
        })
    }
}
