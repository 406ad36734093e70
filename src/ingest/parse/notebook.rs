//! Jupyter notebooks: prose as Markdown, code as it is, results as far as they are text.

use serde::Deserialize;

use super::{Draft, charset, error::Fault, markdown};

/// Longest result that is kept of one cell.
const MAX_RESULT_CHARS: usize = 4_000;

/// Version 4 of the format (nbformat.readthedocs.io); version 3 has its cells in worksheets.
#[derive(Deserialize)]
struct Notebook {
    #[serde(default)]
    cells: Vec<Cell>,
    #[serde(default)]
    worksheets: Vec<Worksheet>,
}

#[derive(Deserialize)]
struct Worksheet {
    #[serde(default)]
    cells: Vec<Cell>,
}

#[derive(Deserialize)]
struct Cell {
    cell_type: String,
    #[serde(default, alias = "input")]
    source: Text,
    #[serde(default)]
    outputs: Vec<Output>,
    level: Option<u8>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    text: Text,
    #[serde(default)]
    data: Data,
    evalue: Option<String>,
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(default, rename = "text/plain")]
    plain: Text,
}

/// Text in one piece or in lines.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Lines(Vec<String>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

impl Text {
    fn words(self) -> String {
        match self {
            Self::Whole(text) => text,
            Self::Lines(lines) => lines.concat(),
        }
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = charset::decode(bytes).ok_or_else(|| Fault::broken("it holds binary data, not text"))?;
    let notebook: Notebook = serde_json::from_str(text.trim_start_matches('\u{FEFF}'))
        .map_err(|error| Fault::broken(format!("its JSON is not a notebook's: {error}")))?;
    let mut draft = Draft::default();
    let old = notebook.worksheets.into_iter().flat_map(|sheet| sheet.cells);
    for cell in notebook.cells.into_iter().chain(old) {
        write(cell, &mut draft)?;
    }
    Ok(draft)
}

fn write(cell: Cell, draft: &mut Draft) -> Result<(), Fault> {
    let source = cell.source.words();
    match cell.cell_type.as_str() {
        "markdown" => {
            draft.push("\n\n");
            draft.append(markdown::parse(source.as_bytes())?, 0);
        }
        "heading" => draft.section(cell.level.unwrap_or(1), &source),
        "code" if !source.trim().is_empty() => {
            draft.push(&format!("\n\n```\n{}\n```\n\n", source.trim_end()));
            for output in cell.outputs {
                let found = [output.text.words(), output.data.plain.words(), output.evalue.unwrap_or_default()];
                for result in found.iter().map(|result| result.trim()).filter(|result| !result.is_empty()) {
                    draft.push(&result.chars().take(MAX_RESULT_CHARS).collect::<String>());
                    draft.push("\n\n");
                }
            }
        }
        "raw" => {
            draft.push("\n\n");
            draft.push(&source);
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_code_and_results_in_order() -> Result<(), Fault> {
        let notebook = r##"{"nbformat":4,"metadata":{},"cells":[
            {"cell_type":"markdown","source":["# Sales\n","Some **bold** words"]},
            {"cell_type":"code","source":"print(1)","outputs":[{"output_type":"stream","text":["1\n"]},
                {"output_type":"display_data","data":{"image/png":"iVBOR","text/plain":"<Figure>"}}]},
            {"cell_type":"code","source":"x","outputs":[{"output_type":"error","evalue":"no x","traceback":["\u001b[31m"]}]}]}"##;
        let document = parse(notebook.as_bytes())?.finish("file", 1 << 20)?;
        let expected = "# Sales\nSome bold words\n\n```\nprint(1)\n```\n\n1\n\n<Figure>\n\n```\nx\n```\n\nno x";
        assert_eq!(document.text, expected);
        assert_eq!(document.title.as_deref(), Some("Sales"));
        assert!(matches!(parse(b"{\"cells\": 3}"), Err(Fault::Broken(_))));
        Ok(())
    }
}
