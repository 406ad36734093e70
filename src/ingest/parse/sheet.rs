//! Workbooks (XLSX, XLSB, XLS, ODS): a section per sheet, its cells as tables.

use std::io::Cursor;

use calamine::{Data, ExcelDateTime, Ods, Range, Reader, SheetVisible, Sheets, Xls, Xlsb, Xlsx};

use super::{Draft, Limits, error::Fault, package::Package, table::Table};

/// Most filled cells of a workbook.
const MAX_CELLS: usize = 2_000_000;

/// A filled cell: row, column, text.
type Cell = (u32, u32, String);

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Draft, Fault> {
    let mut book = open(bytes, limits)?;
    let mut draft = Draft::default();
    let sheets: Vec<(String, SheetVisible)> =
        book.sheets_metadata().iter().map(|sheet| (sheet.name.clone(), sheet.visible)).collect();
    let mut cells_left = MAX_CELLS;
    for (name, visibility) in sheets {
        if visibility != SheetVisible::Visible {
            draft.note(format!("the hidden sheet {name} was left out"));
            continue;
        }
        match read_cells(&mut book, &name, cells_left) {
            Ok(cells) => {
                cells_left = cells_left.saturating_sub(cells.len());
                write_sheet(&name, cells, &mut draft);
            }
            Err(fault @ Fault::TooLarge { .. }) => return Err(fault),
            Err(Fault::Broken(detail)) => draft.note(format!("the sheet {name} was left out: {detail}")),
            Err(fault) => return Err(fault),
        }
        if draft.len() > limits.max_text_bytes {
            return Err(Fault::over("its text is", limits.max_text_bytes as u64));
        }
    }
    match draft.first_note().filter(|_| draft.is_blank()) {
        Some(note) => Err(Fault::NoText(format!("it holds no text ({note})"))),
        None => Ok(draft),
    }
}

/// The reader that fits the container and its parts.
fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Sheets<Cursor<&'a [u8]>>, Fault> {
    let input = Cursor::new(bytes);
    if !bytes.starts_with(b"PK") {
        return Xls::new(input).map(Sheets::Xls).map_err(|error| fault(&error));
    }
    let mut package = Package::open(bytes, limits.max_unpacked_bytes)?;
    // The readers unpack whatever they are given.
    package.check_sizes()?;
    let names = package.names();
    let has = |part: &str| names.iter().any(|name| name == part);
    if has("xl/workbook.bin") {
        Xlsb::new(input).map(Sheets::Xlsb).map_err(|error| fault(&error))
    } else if has("content.xml") {
        Ods::new(input).map(Sheets::Ods).map_err(|error| fault(&error))
    } else {
        Xlsx::new(input).map(Sheets::Xlsx).map_err(|error| fault(&error))
    }
}

/// The filled cells of a sheet. The newer formats are read cell by cell: a sheet that claims to be
/// large takes no memory for that.
fn read_cells(book: &mut Sheets<Cursor<&[u8]>>, sheet: &str, most: usize) -> Result<Vec<Cell>, Fault> {
    let mut cells = Vec::new();
    let mut push = |(row, column): (u32, u32), value: &Data| -> Result<(), Fault> {
        let text = text_of(value);
        if !text.trim().is_empty() {
            cells.push((row, column, text));
        }
        if cells.len() > most {
            return Err(Fault::TooLarge { what: "the number of its cells is".into(), limit: MAX_CELLS.to_string() });
        }
        Ok(())
    };
    match book {
        Sheets::Xlsx(book) => {
            let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| fault(&error))?;
            while let Some(cell) = reader.next_cell().map_err(|error| fault(&error))? {
                push(cell.get_position(), &Data::from(cell.get_value().clone()))?;
            }
        }
        Sheets::Xlsb(book) => {
            let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| fault(&error))?;
            while let Some(cell) = reader.next_cell().map_err(|error| fault(&error))? {
                push(cell.get_position(), &Data::from(cell.get_value().clone()))?;
            }
        }
        Sheets::Xls(book) => push_range(&book.worksheet_range(sheet).map_err(|error| fault(&error))?, &mut push)?,
        Sheets::Ods(book) => push_range(&book.worksheet_range(sheet).map_err(|error| fault(&error))?, &mut push)?,
    }
    cells.sort_unstable_by_key(|&(row, column, _)| (row, column));
    Ok(cells)
}

fn push_range(range: &Range<Data>, push: &mut impl FnMut((u32, u32), &Data) -> Result<(), Fault>) -> Result<(), Fault> {
    for (row, column, value) in range.used_cells() {
        push((u32::try_from(row).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX)), value)?;
    }
    Ok(())
}

/// Blocks of rows, parted by empty ones, are tables of their own.
fn write_sheet(name: &str, cells: Vec<Cell>, draft: &mut Draft) {
    if cells.is_empty() {
        return;
    }
    draft.section(1, name);
    for block in blocks(&cells) {
        let mut columns: Vec<u32> = block.iter().map(|(_, column, _)| *column).collect();
        columns.sort_unstable();
        columns.dedup();
        let mut table = Table::default();
        for row in block.chunk_by(|(row, ..), (next, ..)| row == next) {
            table.start_row();
            let mut filled = row.iter().peekable();
            for column in &columns {
                let cell = filled.next_if(|(_, at, _)| at == column);
                table.push_cell(cell.map_or("", |(.., text)| text), 1);
            }
        }
        draft.push("\n\n");
        draft.push(&table.lines().join("\n"));
        draft.push("\n\n");
    }
}

/// Rows that stand together. One empty row between column names and what they name does not part them.
fn blocks(cells: &[Cell]) -> Vec<&[Cell]> {
    let is_number = |(.., text): &Cell| !text.chars().any(char::is_alphabetic);
    let mut found = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for block in cells.chunk_by(|(above, ..), (below, ..)| below.saturating_sub(*above) <= 1) {
        let open = cells.get(start..end).unwrap_or_default();
        let gap = open.last().zip(block.first()).map_or(0, |((above, ..), (below, ..))| below - above);
        let are_names = open.len() > 2 && gap == 2 && !open.iter().any(is_number) && block.iter().any(is_number);
        let rows = open.last().zip(open.first()).map_or(0, |((last, ..), (first, ..))| last - first);
        let goes_on = are_names && rows <= 1;
        if !open.is_empty() && !goes_on {
            found.push(open);
            start = end;
        }
        end += block.len();
    }
    found.push(cells.get(start..end).unwrap_or_default());
    found
}

fn text_of(value: &Data) -> String {
    match value {
        Data::Float(number) => number_text(*number),
        Data::DateTime(moment) => moment_text(moment),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        value => value.to_string(),
    }
}

/// A number as a sheet shows it: without the noise of binary fractions.
fn number_text(number: f64) -> String {
    if number == number.trunc() && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    let digits = format!("{number:.10}");
    let short = digits.trim_end_matches('0').trim_end_matches('.');
    if number.abs() < 1e-9 || number.abs() >= 1e15 { number.to_string() } else { short.to_owned() }
}

fn moment_text(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    let has_time = moment.as_f64().fract() != 0.0;
    if moment.is_duration() {
        let seconds = (moment.as_f64() * 86_400.0).round() as i64;
        return format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    match (moment.as_f64() < 1.0, has_time) {
        (true, true) => format!("{hour:02}:{minute:02}"),
        (_, true) => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
        _ => format!("{year:04}-{month:02}-{day:02}"),
    }
}

fn fault(error: &dyn std::error::Error) -> Fault {
    let text = error.to_string();
    if text.to_lowercase().contains("password") {
        return Fault::Encrypted;
    }
    Fault::broken(format!("the workbook cannot be read ({text})"))
}

#[cfg(test)]
mod tests {
    use super::super::package::archive;
    use super::*;

    const TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
    const ROOT: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    const BOOK: &str = r#"<workbook xmlns:r="r"><sheets><sheet name="Sales" sheetId="1" r:id="r1"/><sheet name="Salaries" sheetId="2" state="hidden" r:id="r2"/></sheets></workbook>"#;
    const LINKS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/></Relationships>"#;

    fn book(rows: &str) -> Vec<u8> {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        archive(&[
            ("[Content_Types].xml", TYPES.as_bytes()),
            ("_rels/.rels", ROOT.as_bytes()),
            ("xl/workbook.xml", BOOK.as_bytes()),
            ("xl/_rels/workbook.xml.rels", LINKS.as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
            ("xl/worksheets/sheet2.xml", sheet.as_bytes()),
        ])
    }

    fn text(cell: &str, words: &str) -> String {
        format!(r#"<c r="{cell}" t="inlineStr"><is><t>{words}</t></is></c>"#)
    }

    #[test]
    fn sheets_are_sections_and_rows_name_their_columns() -> Result<(), Fault> {
        let rows = format!(
            r#"<row r="1">{}{}</row><row r="2">{}<c r="C2"><v>0.30000000000000004</v></c></row><row r="9">{}</row>"#,
            text("A1", "Region"),
            text("C1", "Share"),
            text("A2", "Europe"),
            text("XFD9", "far away")
        );
        let document = parse(&book(&rows), &Limits::default())?.finish("file", 1 << 20)?;
        assert_eq!(document.text, "# Sales\n\nRegion: Europe; Share: 0.3\n\nfar away");
        assert_eq!(document.notes, ["the hidden sheet Salaries was left out"]);
        assert_eq!(document.headings.len(), 1);
        Ok(())
    }

    #[test]
    fn a_sheet_of_claimed_size_takes_no_memory() -> Result<(), Fault> {
        let rows =
            format!(r#"<row r="1">{}</row><row r="1048576">{}</row>"#, text("A1", "first"), text("XFD1048576", "last"));
        let document = parse(&book(&rows), &Limits::default())?.finish("file", 1 << 20)?;
        assert_eq!(document.text, "# Sales\n\nfirst\n\nlast");
        Ok(())
    }

    #[test]
    fn numbers_and_dates_read_as_shown() {
        assert_eq!([number_text(12.0), number_text(-0.125), number_text(1.1 + 2.2)], ["12", "-0.125", "3.3"]);
    }

    #[test]
    fn bombs_have_reasons() {
        let bomb = book(&" ".repeat(12 << 20));
        assert!(matches!(parse(&bomb, &Limits::default()), Err(Fault::TooLarge { .. })));
        assert!(matches!(parse(b"PK\x03\x04 broken", &Limits::default()), Err(Fault::Broken(_))));
    }
}
