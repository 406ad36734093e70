//! Mailbox names as people know them: IMAP writes other letters in a UTF-7 of its own (RFC 3501, section 5.1.3).

use base64::{
    Engine,
    alphabet::IMAP_MUTF7,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::RequireNone);
const MUTF7: GeneralPurpose = GeneralPurpose::new(&IMAP_MUTF7, CONFIG);

/// The name in Unicode; as it is where it is not encoded as it should be.
pub(super) fn decode(name: &str) -> String {
    decoded(name).unwrap_or_else(|| name.to_owned())
}

fn decoded(name: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = name;
    while let Some((plain, after)) = rest.split_once('&') {
        let (encoded, after) = after.split_once('-')?;
        text.push_str(plain);
        if encoded.is_empty() {
            text.push('&');
        } else {
            let bytes = MUTF7.decode(encoded).ok()?;
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            text.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_as_people_wrote_them() {
        for (name, shown) in [
            ("INBOX", "INBOX"),
            ("Entw&APw-rfe", "Entwürfe"),
            ("R&-D", "R&D"),
            ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
            ("broken&", "broken&"),
            ("broken&!!-", "broken&!!-"),
        ] {
            assert_eq!(decode(name), shown);
        }
    }
}
