//! What lies on a page besides its content: filled form fields, typed notes, stamps (ISO 32000-1, 12.5.5).

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::matrix::Matrix;

/// Most annotations of a page that are looked at.
const MAX_ANNOTATIONS: usize = 2_000;
/// Flags of an annotation that is not shown: invisible, hidden, no view.
const NOT_SHOWN: i64 = 1 | 1 << 1 | 1 << 5;

/// The shown appearance of each annotation that carries text, and where on the page it goes.
pub(super) fn appearances(document: &Document, page: ObjectId) -> Vec<(&Stream, Matrix)> {
    let page = document.get_dictionary(page).ok();
    let list = page.and_then(|page| page.get_deref(b"Annots", document).and_then(Object::as_array).ok());
    let annotations = list.into_iter().flatten().take(MAX_ANNOTATIONS).filter_map(|annotation| {
        let (_, annotation) = document.dereference(annotation).ok()?;
        annotation.as_dict().ok()
    });
    annotations.filter(|annotation| is_shown(document, annotation)).filter_map(|a| appearance(document, a)).collect()
}

fn is_shown(document: &Document, annotation: &Dictionary) -> bool {
    let kind = annotation.get_deref(b"Subtype", document).and_then(Object::as_name);
    let flags = annotation.get_deref(b"F", document).and_then(Object::as_i64).unwrap_or(0);
    matches!(kind, Ok(b"Widget" | b"FreeText" | b"Stamp")) && flags & NOT_SHOWN == 0
}

fn appearance<'a>(document: &'a Document, annotation: &'a Dictionary) -> Option<(&'a Stream, Matrix)> {
    let normal =
        annotation.get_deref(b"AP", document).and_then(Object::as_dict).ok()?.get_deref(b"N", document).ok()?;
    let stream = match normal {
        Object::Stream(stream) => stream,
        Object::Dictionary(states) => {
            let state = annotation.get_deref(b"AS", document).and_then(Object::as_name).ok()?;
            states.get_deref(state, document).and_then(Object::as_stream).ok()?
        }
        _ => return None,
    };
    let own = stream.dict.get_deref(b"Matrix", document).and_then(Object::as_array).ok();
    let own = own.and_then(|matrix| Matrix::of(matrix)).unwrap_or(Matrix::IDENTITY);
    let [left, bottom, right, top] = corners(document, &stream.dict, b"BBox")?;
    let drawn = own.hull([left, bottom, right, top]);
    let target = corners(document, annotation, b"Rect")?;
    Some((stream, own.then(Matrix::between(drawn, target))))
}

/// Left, bottom, right and top of a rectangle.
fn corners(document: &Document, dictionary: &Dictionary, key: &[u8]) -> Option<[f64; 4]> {
    let array = dictionary.get_deref(key, document).and_then(Object::as_array).ok()?;
    let numbers: Vec<f64> = array.iter().filter_map(|n| n.as_float().ok()).map(f64::from).collect();
    let [a, b, c, d] = numbers.as_slice() else { return None };
    Some([a.min(*c), b.min(*d), a.max(*c), b.max(*d)])
}
