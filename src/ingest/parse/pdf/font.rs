//! Fonts: from the bytes a page shows to characters and their widths.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
};

use lopdf::{Dictionary, Document, Encoding, Object, ObjectId};

use super::widths::standard_width;

/// Most glyphs whose widths are read from one font.
const MAX_WIDTHS: usize = 70_000;

/// Fonts of one document, each read once.
pub(super) struct Fonts<'a> {
    document: &'a Document,
    max_bytes: usize,
    read: HashMap<ObjectId, Rc<Font>>,
}

impl<'a> Fonts<'a> {
    pub(super) fn new(document: &'a Document, max_bytes: usize) -> Self {
        Self { document, max_bytes, read: HashMap::new() }
    }

    /// The font called `name` in the nearest of these resources.
    pub(super) fn find(&mut self, resources: &[&'a Dictionary], name: &[u8]) -> Option<Rc<Font>> {
        let named = resources.iter().find_map(|resources| {
            let fonts = resources.get_deref(b"Font", self.document).and_then(Object::as_dict).ok()?;
            fonts.get(name).ok()
        })?;
        let (id, object) = self.document.dereference(named).ok()?;
        if let Some(font) = id.and_then(|id| self.read.get(&id)) {
            return Some(Rc::clone(font));
        }
        let font = Rc::new(Font::read(self.document, object.as_dict().ok()?, self.max_bytes));
        if let Some(id) = id {
            self.read.insert(id, Rc::clone(&font));
        }
        Some(font)
    }
}

/// A shown code: its characters, its advance in parts of the font size, and whether it is the one-byte space.
pub(super) struct Glyph<'f> {
    pub(super) text: &'f str,
    pub(super) advance: f64,
    pub(super) is_space: bool,
}

pub(super) struct Font {
    codes: Codes,
    widths: HashMap<u32, f64>,
    default_width: Option<f64>,
    name: String,
}

enum Codes {
    /// Characters of each of the 256 codes.
    OneByte(Vec<String>),
    TwoByte(HashMap<u16, String>),
    /// A multi-byte character set that a predefined CMap names.
    Charset(&'static encoding_rs::Encoding),
}

impl Font {
    fn read(document: &Document, font: &Dictionary, max_bytes: usize) -> Self {
        let name_of = |key: &[u8]| font.get_deref(key, document).and_then(Object::as_name).unwrap_or_default();
        let name = String::from_utf8_lossy(name_of(b"BaseFont")).into_owned();
        let to_unicode = to_unicode(document, font, max_bytes);
        if name_of(b"Subtype") == b"Type0" {
            let codes = match (to_unicode, charset_of(name_of(b"Encoding"))) {
                (None, Some(charset)) => Codes::Charset(charset),
                (map, _) => Codes::TwoByte(map.map(|map| two_byte_codes(&map)).unwrap_or_default()),
            };
            let (widths, default_width) = composite_widths(document, font);
            return Self { codes, widths, default_width: Some(default_width), name };
        }
        let codes = one_byte_codes(document, font, to_unicode.as_ref(), &name, max_bytes);
        let scale = match font.get_deref(b"FontMatrix", document).and_then(Object::as_array) {
            Ok(matrix) if name_of(b"Subtype") == b"Type3" => {
                matrix.first().and_then(|n| n.as_float().ok()).map_or(0.001, f64::from).abs()
            }
            _ => 0.001,
        };
        let (widths, default_width) = simple_widths(document, font, scale);
        Self { codes: Codes::OneByte(codes), widths, default_width, name }
    }

    /// Calls `show` for every code in `bytes`.
    pub(super) fn decode(&self, bytes: &[u8], mut show: impl FnMut(Glyph<'_>)) {
        match &self.codes {
            Codes::OneByte(codes) => {
                for &byte in bytes {
                    let text = codes.get(usize::from(byte)).map_or("", String::as_str);
                    let known = self.widths.get(&byte.into()).copied().or(self.default_width);
                    let advance = known.unwrap_or_else(|| text.chars().map(|c| standard_width(&self.name, c)).sum());
                    show(Glyph { text, advance, is_space: byte == b' ' });
                }
            }
            Codes::TwoByte(codes) => {
                for pair in bytes.chunks(2) {
                    let code = pair.iter().fold(0u16, |code, &byte| code << 8 | u16::from(byte));
                    let text = codes.get(&code).map_or("", String::as_str);
                    let advance = self.widths.get(&code.into()).copied().or(self.default_width).unwrap_or(1.0);
                    show(Glyph { text, advance, is_space: false });
                }
            }
            Codes::Charset(charset) => {
                for c in charset.decode_without_bom_handling(bytes).0.chars() {
                    let advance = if c.is_ascii() { 0.5 } else { 1.0 };
                    show(Glyph { text: c.encode_utf8(&mut [0; 4]), advance, is_space: c == ' ' });
                }
            }
        }
    }
}

/// The font's own table of characters, which is right more often than its encoding.
fn to_unicode(document: &Document, font: &Dictionary, max_bytes: usize) -> Option<Encoding<'static>> {
    let stream = font.get(b"ToUnicode").ok()?;
    let mut only_map = Dictionary::new();
    only_map.set("Type", Object::Name(b"Font".to_vec()));
    only_map.set("ToUnicode", stream.clone());
    match only_map.get_font_encoding_with_limit(document, max_bytes) {
        Ok(Encoding::UnicodeMapEncoding(map)) => Some(Encoding::UnicodeMapEncoding(map)),
        _ => None,
    }
}

fn known(map: &Encoding<'_>, code: &[u8]) -> Option<String> {
    let text = map.bytes_to_string(code).ok()?;
    let is_known = !text.is_empty() && !text.chars().any(|c| matches!(c, '\u{FFFD}' | '\0'));
    is_known.then_some(text)
}

fn two_byte_codes(map: &Encoding<'_>) -> HashMap<u16, String> {
    (0..=u16::MAX).filter_map(|code| Some((code, known(map, &code.to_be_bytes())?))).collect()
}

fn one_byte_codes(
    document: &Document,
    font: &Dictionary,
    map: Option<&Encoding<'_>>,
    name: &str,
    max_bytes: usize,
) -> Vec<String> {
    let is_dingbats = ["Dingbats", "Wingdings", "Webdings"].iter().any(|dingbats| name.contains(dingbats));
    let mut codes = base_codes(document, font, max_bytes);
    for (code, glyph) in differences(document, font) {
        // TeX's bitmap fonts call the glyph of code 65 `a65`.
        let is_own_code =
            glyph.get(1..).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()) == Some(code);
        if let Some(text) = codes.get_mut(usize::from(code)).filter(|_| !(is_own_code && code.is_ascii_graphic())) {
            *text = glyph_text(document, &glyph, max_bytes);
        }
    }
    for (code, text) in codes.iter_mut().enumerate() {
        let byte = u8::try_from(code).unwrap_or_default();
        if let Some(better) = map.and_then(|map| known(map, &[byte]).or_else(|| known(map, &[0, byte]))) {
            *text = better;
        } else if is_dingbats && byte > b' ' {
            *text = "•".to_owned();
        }
    }
    codes
}

/// Characters of the encoding before its differences.
fn base_codes(document: &Document, font: &Dictionary, max_bytes: usize) -> Vec<String> {
    let encoding = font.get_deref(b"Encoding", document).ok();
    let base = match encoding {
        Some(Object::Name(name)) => Some(name.as_slice()),
        Some(Object::Dictionary(dict)) => dict.get_deref(b"BaseEncoding", document).and_then(Object::as_name).ok(),
        _ => None,
    };
    let is_true_type =
        font.get_deref(b"Subtype", document).and_then(Object::as_name).is_ok_and(|name| name == b"TrueType");
    let base = base.unwrap_or(if is_true_type { b"WinAnsiEncoding".as_slice() } else { b"StandardEncoding" });
    let mut plain = Dictionary::new();
    plain.set("Type", Object::Name(b"Font".to_vec()));
    plain.set("Encoding", Object::Name(base.to_vec()));
    let encoding = plain.get_font_encoding_with_limit(document, max_bytes).ok();
    let text = |code: u8| encoding.as_ref().and_then(|encoding| encoding.bytes_to_string(&[code]).ok());
    (0..=u8::MAX).map(|code| text(code).unwrap_or_default()).collect()
}

fn differences(document: &Document, font: &Dictionary) -> Vec<(u8, Vec<u8>)> {
    let encoding = font.get_deref(b"Encoding", document).and_then(Object::as_dict);
    let array = encoding.and_then(|dict| dict.get_deref(b"Differences", document)).and_then(Object::as_array);
    let mut code = 0u8;
    let mut found = Vec::new();
    for entry in array.into_iter().flatten() {
        match entry {
            Object::Integer(next) => code = u8::try_from(*next).unwrap_or_default(),
            Object::Name(name) => {
                found.push((code, name.clone()));
                code = code.wrapping_add(1);
            }
            _ => {}
        }
    }
    found
}

/// Characters of a glyph name: Adobe's list, then `uni0041` and `u1F600`; `f_i` and `a.alt` by their parts.
fn glyph_text(document: &Document, name: &[u8], max_bytes: usize) -> String {
    let name = String::from_utf8_lossy(name);
    let base = name.split('.').next().unwrap_or_default();
    base.split('_').map(|part| glyph_part(document, part, max_bytes)).collect()
}

fn glyph_part(document: &Document, name: &str, max_bytes: usize) -> String {
    // lopdf shows its glyph list only through an encoding: code 0 has no character of its own.
    let mut encoding = Dictionary::new();
    encoding.set("Differences", Object::Array(vec![Object::Integer(0), Object::Name(name.as_bytes().to_vec())]));
    let mut font = Dictionary::new();
    font.set("Type", Object::Name(b"Font".to_vec()));
    font.set("Encoding", Object::Dictionary(encoding));
    let listed =
        font.get_font_encoding_with_limit(document, max_bytes).and_then(|encoding| encoding.bytes_to_string(&[0]));
    if let Ok(text) = listed
        && !text.is_empty()
    {
        return text;
    }
    let hex = name.strip_prefix("uni").or_else(|| name.strip_prefix('u'));
    let code = hex.filter(|hex| (4..=6).contains(&hex.len())).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    code.and_then(char::from_u32).map(String::from).unwrap_or_default()
}

fn simple_widths(document: &Document, font: &Dictionary, scale: f64) -> (HashMap<u32, f64>, Option<f64>) {
    let first = font.get_deref(b"FirstChar", document).and_then(Object::as_i64).unwrap_or(0);
    let Ok(widths) = font.get_deref(b"Widths", document).and_then(Object::as_array) else {
        return (HashMap::new(), None);
    };
    let descriptor = font.get_deref(b"FontDescriptor", document).and_then(Object::as_dict);
    let missing =
        descriptor.and_then(|descriptor| descriptor.get_deref(b"MissingWidth", document)).and_then(Object::as_float);
    let first = u32::try_from(first).unwrap_or(0);
    let read = (first..)
        .zip(widths.iter().take(256))
        .filter_map(|(code, width)| Some((code, number(document, width)? * scale)));
    (read.collect(), Some(missing.map_or(0.0, f64::from) * scale))
}

/// `/W` of a composite font: `c [w1 w2 ..]` and `first last w`.
fn composite_widths(document: &Document, font: &Dictionary) -> (HashMap<u32, f64>, f64) {
    let mut widths = HashMap::new();
    let descendants = font.get_deref(b"DescendantFonts", document).and_then(Object::as_array).ok();
    let Some(descendant) = descendants.and_then(|fonts| fonts.first()).and_then(|font| dictionary(document, font))
    else {
        return (widths, 1.0);
    };
    let default =
        descendant.get_deref(b"DW", document).and_then(Object::as_float).map_or(1.0, |w| f64::from(w) / 1000.0);
    let Ok(entries) = descendant.get_deref(b"W", document).and_then(Object::as_array) else { return (widths, default) };
    let code = |object: &Object| number(document, object).filter(|n| (0.0..65_536.0).contains(n)).map(|n| n as u32);
    let mut at = entries.iter();
    while let (Some(first), Some(second)) = (at.next(), at.next()) {
        let Some(first) = code(first) else { continue };
        match document.dereference(second) {
            Ok((_, Object::Array(list))) => {
                widths.extend(
                    (first..).zip(list.iter().filter_map(|w| number(document, w))).map(|(c, w)| (c, w / 1000.0)),
                );
            }
            _ => {
                if let (Some(last), Some(width)) = (code(second), at.next().and_then(|w| number(document, w))) {
                    widths.extend((first..=last).map(|code| (code, width / 1000.0)));
                }
            }
        }
        if widths.len() > MAX_WIDTHS {
            break;
        }
    }
    (widths, default)
}

fn number(document: &Document, object: &Object) -> Option<f64> {
    document.dereference(object).ok()?.1.as_float().ok().map(f64::from)
}

fn dictionary<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Dictionary> {
    document.dereference(object).ok()?.1.as_dict().ok()
}

/// Character sets behind Adobe's predefined CMaps for Chinese, Japanese and Korean.
fn charset_of(cmap: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let cmap = String::from_utf8_lossy(cmap);
    let families: [(&[&str], &'static encoding_rs::Encoding); 6] = [
        (&["-UCS2-", "-UTF16-"], encoding_rs::UTF_16BE),
        (&["RKSJ"], encoding_rs::SHIFT_JIS),
        (&["GBK", "GB-EUC", "GBpc"], encoding_rs::GBK),
        (&["B5", "ETen", "ETHK", "HKscs"], encoding_rs::BIG5),
        (&["KSC"], encoding_rs::EUC_KR),
        (&["EUC-"], encoding_rs::EUC_JP),
    ];
    let is_of = |names: &[&str]| names.iter().any(|name| cmap.contains(name));
    families.iter().find(|(names, _)| is_of(names)).map(|(_, charset)| *charset)
}

/// Resource dictionaries of a page, nearest first.
pub(super) fn page_resources(document: &Document, page: ObjectId) -> Vec<&Dictionary> {
    let Ok((own, inherited)) = document.get_page_resources(page) else { return Vec::new() };
    let mut seen = HashSet::new();
    let inherited =
        inherited.into_iter().filter(|id| seen.insert(*id)).filter_map(|id| document.get_dictionary(id).ok());
    own.into_iter().chain(inherited).collect()
}
