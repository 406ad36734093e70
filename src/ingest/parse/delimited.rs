//! CSV and TSV: one line per record, each value under its column's name.

use super::{Draft, charset, error::Fault, table::Table};

const DELIMITERS: [u8; 4] = [b'|', b'\t', b';', b','];
/// How much of a file decides its delimiter.
const SAMPLE_LINES: usize = 50;
/// This share of the lines, in percent, has as many cells as most.
const MIN_AGREEMENT: usize = 50;

pub(super) fn parse(bytes: &[u8]) -> Result<Draft, Fault> {
    let text = charset::decode(bytes).ok_or_else(|| Fault::broken("it holds binary data, not text"))?;
    let text = text.trim_start_matches('\u{FEFF}');
    // Spreadsheets say the delimiter in a first line of their own.
    let (declared, text) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
        Some((sign, rest)) => (sign.bytes().next(), rest),
        None => (None, text),
    };
    let mut draft = Draft::default();
    let Some(delimiter) = declared.or_else(|| delimiter(text)) else {
        draft.push(text);
        return Ok(draft);
    };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut table = Table::default();
    table.name_columns();
    for record in reader.records() {
        let record = record.map_err(|error| Fault::broken(format!("cannot read a record: {error}")))?;
        table.start_row();
        record.iter().for_each(|cell| table.push_cell(cell, 1));
    }
    for line in table.lines() {
        draft.push(&line);
        draft.push("\n");
    }
    Ok(draft)
}

/// The sign that parts most lines into the same number of cells, at least two; `None` for lines of one cell.
fn delimiter(text: &str) -> Option<u8> {
    let score = |&delimiter: &u8| {
        let sample: String = text.lines().take(SAMPLE_LINES).map(|line| format!("{line}\n")).collect();
        let reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(sample.as_bytes());
        let widths: Vec<usize> = reader.into_records().flatten().map(|record| record.len()).collect();
        let count = |width: usize| widths.iter().filter(|&&other| other == width).count();
        let usual = widths.iter().copied().filter(|&width| width > 1).max_by_key(|&width| count(width)).unwrap_or(0);
        // With equal agreement the wider table is meant.
        (count(usual) * 100 / widths.len().max(1), usual)
    };
    // Commas win a tie by coming last.
    let best = DELIMITERS.into_iter().map(|delimiter| (score(&delimiter), delimiter)).max_by_key(|(score, _)| *score);
    best.filter(|((agreement, _), _)| *agreement >= MIN_AGREEMENT).map(|(_, delimiter)| delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_found_and_rows_name_their_columns() -> Result<(), Fault> {
        let cases = [
            ("Team,Cups\nFlyers,2\n", "Team: Flyers; Cups: 2"),
            ("Team;Town\nFlyers;\"Phila;delphia\"\n", "Team: Flyers; Town: Phila;delphia"),
            ("a\tb\r\nx, y\tz\r\n", "a: x, y; b: z"),
            ("sep=;\na;b\n1,5;2\n", "a: 1,5; b: 2"),
            ("1,2\n3,4\n", "| 1 | 2 |\n| 3 | 4 |"),
            ("only\none\ncolumn\n", "only\none\ncolumn"),
            ("Some words, and\nmore of\nthem\nhere\n", "Some words, and\nmore of\nthem\nhere"),
            ("Cups\nTeam,Cups\nFlyers,2\nBlues,1\n", "Cups\nTeam: Flyers; Cups: 2\nTeam: Blues; Cups: 1"),
            ("a,b\n\"two\nlines\",2,extra\n", "a: two lines; b: 2; extra"),
        ];
        for (csv, expected) in cases {
            assert_eq!(parse(csv.as_bytes())?.finish("file", 1 << 20)?.text, expected, "{csv:?}");
        }
        Ok(())
    }
}
