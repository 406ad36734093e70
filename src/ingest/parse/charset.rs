//! Finds a text's character encoding and decodes it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far a text is looked into to decide whether it is one.
const SAMPLE_BYTES: usize = 64 << 10;

/// Decodes `bytes`: byte order mark, valid UTF-8, UTF-16 without mark, then a guess by statistics.
/// `None` for binary data.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    decode_declared(bytes, None)
}

/// Like [`decode`], but trusts `declared` (an encoding label from the file itself) over the guess.
pub(super) fn decode_declared(bytes: &[u8], declared: Option<&str>) -> Option<String> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(encoding.decode(bytes).0.into_owned());
    }
    if let Some(encoding) = unmarked_utf16(bytes) {
        return Some(encoding.decode_without_bom_handling(bytes).0.into_owned());
    }
    if is_binary(bytes) {
        return None;
    }
    if is_nearly_utf8(bytes) {
        return Some(UTF_8.decode_without_bom_handling(bytes).0.into_owned());
    }
    let declared = declared.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = declared.filter(|&encoding| encoding != UTF_8).unwrap_or_else(|| guess(bytes));
    Some(encoding.decode_without_bom_handling(bytes).0.into_owned())
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Allow)
}

/// UTF-16 text in a Latin script has a zero in every other byte.
fn unmarked_utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let sample = bytes.get(..bytes.len().min(SAMPLE_BYTES)).unwrap_or_default();
    let units = sample.len() / 2;
    if units < 2 || bytes.len() % 2 == 1 {
        return None;
    }
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if odd * 10 > units * 6 && even * 20 < units {
        Some(UTF_16LE)
    } else if even * 10 > units * 6 && odd * 20 < units {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn is_binary(bytes: &[u8]) -> bool {
    let sample = bytes.get(..bytes.len().min(SAMPLE_BYTES)).unwrap_or_default();
    let controls = sample.iter().filter(|&&byte| byte < 9 || (14..32).contains(&byte) && byte != 27);
    controls.count() * 50 > sample.len()
}

/// Whether it is UTF-8, or UTF-8 with a few damaged places.
fn is_nearly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    bad == 0 || good > bad * 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_encodings_are_found() {
        let text = "Größe und Maß: die Straße wird für Fußgänger geöffnet, schöne Grüße aus Köln.";
        let (latin, ..) = encoding_rs::WINDOWS_1252.encode(text);
        assert_eq!(decode(&latin).as_deref(), Some(text));
        assert_eq!(decode(text.as_bytes()).as_deref(), Some(text));
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&wide).as_deref(), Some(text));
        let marked: Vec<u8> = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(decode(&marked).as_deref(), Some(text));
        let japanese = "東京都は日本の首都です。人口は千四百万人を超えています。";
        let (sjis, ..) = encoding_rs::SHIFT_JIS.encode(japanese);
        assert_eq!(decode(&sjis).as_deref(), Some(japanese));
    }

    #[test]
    fn a_damaged_place_does_not_change_the_encoding() {
        let mut bytes = "größer, schöner, für alle äöü äöü äöü äöü".as_bytes().to_vec();
        bytes.push(0xFF);
        assert!(decode(&bytes).is_some_and(|text| text.starts_with("größer") && text.ends_with('\u{FFFD}')));
    }

    #[test]
    fn binary_data_is_no_text() {
        let noise: Vec<u8> = (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(decode(&noise), None);
    }

    #[test]
    fn a_declared_encoding_wins_over_the_guess() {
        let (bytes, ..) = encoding_rs::ISO_8859_2.encode("Žluťoučký kůň");
        assert_eq!(decode_declared(&bytes, Some("iso-8859-2")).as_deref(), Some("Žluťoučký kůň"));
    }
}
