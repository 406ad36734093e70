//! How a file is fetched: as it is, or exported where Google alone can read it.
//!
//! <https://developers.google.com/workspace/drive/api/guides/ref-export-formats>

use super::client::File;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Folders, and shortcuts: what they lead to is listed by itself, under its own permissions.
    None,
    AsItIs,
    Export {
        kind: &'static str,
        extension: &'static str,
    },
    /// Forms, maps, sites and the like.
    Unreadable,
}

impl Format {
    pub(super) fn of(file: &File) -> Self {
        let Some(kind) = file.mime_type.strip_prefix("application/vnd.google-apps.") else { return Self::AsItIs };
        match kind {
            "folder" | "shortcut" | "drive-sdk" => Self::None,
            "document" => Self::Export {
                kind: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                extension: "docx",
            },
            "spreadsheet" => Self::Export {
                kind: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                extension: "xlsx",
            },
            "presentation" => Self::Export {
                kind: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
                extension: "pptx",
            },
            "drawing" => Self::Export { kind: "application/pdf", extension: "pdf" },
            _ => Self::Unreadable,
        }
    }
}
