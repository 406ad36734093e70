//! The character sets that an RTF file's fonts write their bytes in.

use std::collections::HashMap;

use encoding_rs::Encoding;

/// Windows' number of the Symbol character set.
const SYMBOL: i32 = 2;

#[derive(Default)]
pub(super) struct Charsets {
    /// The file's own code page; Windows 1252 if it names none.
    page: Option<&'static Encoding>,
    fonts: HashMap<i32, i32>,
}

impl Charsets {
    pub(super) fn set_page(&mut self, page: i32) {
        self.page = encoding_of_page(page);
    }

    pub(super) fn set_font(&mut self, font: i32, charset: i32) {
        self.fonts.insert(font, charset);
    }

    pub(super) fn decode(&self, font: i32, bytes: &[u8]) -> String {
        let charset = self.fonts.get(&font).copied().unwrap_or(0);
        if charset == SYMBOL {
            // Pictures of a symbol font say nothing, except for bullets.
            return bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '•' }).collect();
        }
        let encoding = page_of_charset(charset).and_then(encoding_of_page).or(self.page);
        let encoding = encoding.unwrap_or(encoding_rs::WINDOWS_1252);
        encoding.decode_without_bom_handling(bytes).0.into_owned()
    }
}

fn page_of_charset(charset: i32) -> Option<i32> {
    Some(match charset {
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

fn encoding_of_page(page: i32) -> Option<&'static Encoding> {
    match page {
        932 => Some(encoding_rs::SHIFT_JIS),
        936 => Some(encoding_rs::GBK),
        949 => Some(encoding_rs::EUC_KR),
        950 => Some(encoding_rs::BIG5),
        10_000 => Some(encoding_rs::MACINTOSH),
        65_001 => Some(encoding_rs::UTF_8),
        page => Encoding::for_label(format!("windows-{page}").as_bytes()),
    }
}
