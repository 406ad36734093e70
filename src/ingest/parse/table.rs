//! Writes a table so that each row can be quoted alone: `Region: Europe; Net sales: 12`.
//!
//! Where no row of column names is found, rows are written as `| a | b |`.

/// Widest table that keeps its columns; beyond it cells are appended to the last one.
const MAX_COLUMNS: usize = 1_024;
/// Most columns that one cell spans.
const MAX_SPAN: usize = 32;
/// Longer words are no column's name.
const MAX_NAME_CHARS: usize = 100;
/// How many rows are looked at to tell names from values.
const SAMPLE_ROWS: usize = 20;

/// Rows of cells while a table is read. A cell that spans columns is followed by empty cells.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    names: Names,
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Names {
    /// The file does not say: the cells decide.
    #[default]
    Unknown,
    /// The file says so, or its format is written that way.
    Given,
}

#[derive(Debug, Default)]
struct Row {
    cells: Vec<String>,
    /// How many cells the file calls names.
    names: usize,
}

impl Table {
    pub(super) fn start_row(&mut self) {
        self.rows.push(Row::default());
    }

    /// The first row holds the columns' names, as far as it looks like that.
    pub(super) fn name_columns(&mut self) {
        self.names = Names::Given;
    }

    /// A cell that the file calls a name of its column or row.
    pub(super) fn push_name(&mut self, text: &str, columns: usize) {
        self.push_cell(text, columns);
        if let Some(row) = self.rows.last_mut() {
            row.names += 1;
        }
    }

    pub(super) fn push_cell(&mut self, text: &str, columns: usize) {
        if self.rows.is_empty() {
            self.start_row();
        }
        let Some(row) = self.rows.last_mut().map(|row| &mut row.cells) else { return };
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_full = row.len() >= MAX_COLUMNS;
        match row.last_mut() {
            Some(last) if is_full => {
                last.push(' ');
                last.push_str(&text);
            }
            _ => {
                row.push(text);
                let room = MAX_COLUMNS - row.len();
                row.extend(std::iter::repeat_n(String::new(), columns.min(MAX_SPAN).saturating_sub(1).min(room)));
            }
        }
    }

    /// The rows as lines, without empty rows and columns. A single column gives plain lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let grid = Grid::of(self);
        let mut lines = Vec::new();
        let mut at = 0;
        // A caption in the first row stands over the table.
        while let Some(row) = grid.rows.get(at).filter(|row| grid.width > 1 && row.filled() == 1)
            && at + 1 < grid.rows.len()
            && row.names < 2
        {
            lines.push(row.cells.concat());
            at += 1;
        }
        let Some((first, rest)) = grid.rows.get(at..).and_then(<[_]>::split_first) else { return lines };
        let in_two_rows = || grid.names_in_two_rows(first, rest);
        // A second row of names fills what the first leaves open.
        let is_open = first.cells.iter().skip(1).any(|cell| cell.is_empty());
        let goes_on = is_open && rest.first().is_some_and(|row| row.cells.first().is_some_and(|cell| cell.is_empty()));
        let in_one_row = || {
            let names: Vec<String> = first.cells.iter().map(|cell| (*cell).to_owned()).collect();
            grid.names_columns(first, rest, self.names).then_some((names, rest))
        };
        let named = if goes_on { in_two_rows().or_else(in_one_row) } else { in_one_row().or_else(in_two_rows) };
        match named {
            Some((names, rest)) => {
                lines.extend(rest.iter().filter(|row| row.cells != first.cells).map(|row| row.named(&names)));
            }
            None => lines.extend(std::iter::once(first).chain(rest).map(Line::plain)),
        }
        lines
    }
}

/// The filled rows and columns of a table.
struct Grid<'t> {
    rows: Vec<Line<'t>>,
    width: usize,
}

struct Line<'t> {
    cells: Vec<&'t str>,
    names: usize,
}

impl<'t> Grid<'t> {
    fn of(table: &'t Table) -> Self {
        let width = table.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        let filled = |column: usize| table.rows.iter().any(|row| row.cells.get(column).is_some_and(|c| !c.is_empty()));
        let columns: Vec<usize> = (0..width).filter(|&column| filled(column)).collect();
        let rows = table.rows.iter().filter(|row| row.cells.iter().any(|cell| !cell.is_empty())).map(|row| Line {
            cells: columns.iter().map(|&column| row.cells.get(column).map_or("", String::as_str)).collect(),
            names: row.names,
        });
        Self { rows: rows.collect(), width: columns.len() }
    }

    /// Whether the first row names the columns of the rest.
    fn names_columns(&self, first: &Line<'_>, rest: &[Line<'_>], names: Names) -> bool {
        if rest.is_empty() || self.width < 2 || !first.could_be_names() {
            return false;
        }
        let marked = first.names == first.cells.len() && rest.iter().any(|row| row.names < row.cells.len());
        if names == Names::Given || marked {
            return true;
        }
        if first.names == 1 && rest.iter().all(|row| row.names > 0) {
            // Each row starts with its own name.
            return false;
        }
        let is_complete = first.cells.iter().skip(1).all(|cell| !cell.is_empty());
        let starts_with_name = |row: &Line<'_>| row.cells.first().is_some_and(|cell| cell.ends_with(':'));
        self.has_numbers(rest) || is_complete && self.width > 2 && !rest.iter().take(SAMPLE_ROWS).any(starts_with_name)
    }

    /// Whether a column after the first holds mostly numbers.
    fn has_numbers(&self, rows: &[Line<'_>]) -> bool {
        (1..self.width).any(|column| {
            let sample = || rows.iter().take(SAMPLE_ROWS).filter_map(|row| row.cells.get(column));
            let numbers = sample().filter(|cell| is_number(cell)).count();
            numbers * 2 > sample().filter(|cell| !cell.is_empty()).count()
        })
    }

    /// Names that two rows give together, the upper one over several columns: `Results Accuracy`. And the rows below.
    fn names_in_two_rows<'r>(&self, upper: &Line<'_>, rest: &'r [Line<'t>]) -> Option<(Vec<String>, &'r [Line<'t>])> {
        let (lower, rest) = rest.split_first()?;
        let is_words = |row: &Line<'_>| row.cells.iter().all(|cell| !is_number(cell) || is_year(cell));
        if !self.has_numbers(rest) || self.width < 3 || !is_words(upper) || !is_words(lower) {
            return None;
        }
        let mut over = "";
        let mut names = Vec::with_capacity(self.width);
        for (column, (above, below)) in upper.cells.iter().zip(&lower.cells).enumerate() {
            // What stands over the rows' own names stands over nothing else.
            over = match (above.is_empty(), below.is_empty()) {
                (false, _) => *above,
                (true, false) if column > 1 => over,
                _ => "",
            };
            names.push(format!("{over} {below}").trim().to_owned());
            over = if column == 0 { "" } else { over };
        }
        let is_named = names.iter().skip(1).all(|name| !name.is_empty() && name.chars().count() <= MAX_NAME_CHARS);
        is_named.then_some((names, rest))
    }
}

impl Line<'_> {
    fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }

    /// Whether most cells are short words of their own, or years. The one over the rows' names may be empty.
    fn could_be_names(&self) -> bool {
        let mut seen = std::collections::HashSet::new();
        let filled = || self.cells.iter().filter(|cell| !cell.is_empty());
        self.cells.iter().skip(1).filter(|cell| cell.is_empty()).count() * 3 <= self.cells.len()
            && filled().count() >= 2
            && filled().all(|cell| cell.chars().count() <= MAX_NAME_CHARS && seen.insert(*cell))
            && filled().all(|cell| !is_number(cell) || is_year(cell))
            && !self.cells.first().is_some_and(|cell| is_number(cell))
    }

    fn plain(&self) -> String {
        match self.cells.as_slice() {
            [cell] => (*cell).to_owned(),
            [name, value] if self.names == 1 && !name.is_empty() && !value.is_empty() => field(name, value),
            cells => format!("| {} |", cells.join(" | ")),
        }
    }

    /// The row with each cell under its column's name; a row with one cell alone is a line between the others.
    fn named(&self, names: &[String]) -> String {
        if self.filled() == 1 && self.cells.len() > 2 && self.cells.first().is_some_and(|cell| !cell.is_empty()) {
            return self.cells.concat();
        }
        let cells = names.iter().zip(&self.cells).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(name, cell)| field(name, cell)).collect::<Vec<_>>().join("; ")
    }
}

/// `name: value`; the value alone where it has no name.
pub(super) fn field(name: &str, value: &str) -> String {
    let name = name.trim_end_matches([':', ' ']);
    if name.is_empty() { value.to_owned() } else { format!("{name}: {value}") }
}

/// Amounts, shares, dates in figures: digits and no letters.
fn is_number(cell: &str) -> bool {
    cell.chars().any(|c| c.is_ascii_digit()) && !cell.chars().any(char::is_alphabetic)
}

fn is_year(cell: &str) -> bool {
    cell.len() == 4 && (cell.starts_with("19") || cell.starts_with("20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[&str]]) -> Table {
        let mut table = Table::default();
        for row in rows {
            table.start_row();
            for cell in *row {
                table.push_cell(cell, 1);
            }
        }
        table
    }

    #[test]
    fn empty_rows_and_columns_go() {
        let mut table = Table::default();
        table.push_cell("Region", 2);
        table.push_cell(" Net\n sales ", 1);
        table.start_row();
        table.push_cell("", 3);
        table.start_row();
        table.push_cell("Europe", 1);
        table.push_cell("", 1);
        table.push_cell("12", 1);
        assert_eq!(table.lines(), ["Region: Europe; Net sales: 12"]);
    }

    #[test]
    fn columns_are_named_where_the_first_row_names_them() {
        let cases: &[(&[&[&str]], &[&str])] = &[
            (&[&["A", "B", "C"], &["x", "y", "z"]], &["A: x; B: y; C: z"]),
            (&[&["", "2022", "2023"], &["Sales", "1", "2"]], &["Sales; 2022: 1; 2023: 2"]),
            (&[&["Team", "Cups"], &["Flyers", "2"]], &["Team: Flyers; Cups: 2"]),
            (&[&["Name", "Ada"], &["Town", "Bath"]], &["| Name | Ada |", "| Town | Bath |"]),
            (&[&["1", "2", "3"], &["4", "5", "6"]], &["| 1 | 2 | 3 |", "| 4 | 5 | 6 |"]),
            (
                &[&["Caption", "", ""], &["A", "B", "C"], &["x", "", "z"], &["Part two", "", ""], &["A", "B", "C"]],
                &["Caption", "A: x; C: z", "Part two"],
            ),
            (&[&["A", "B"]], &["| A | B |"]),
            (
                &[&["Topic", "Period", "", "Page"], &["Cash", "FY 22", "FY 23", "5"]],
                &["Topic: Cash; Period: FY 22; FY 23; Page: 5"],
            ),
            (
                &[&["Kind", "Ballots", "Results", ""], &["", "", "Accuracy", "Time"], &["Blind", "5", "34 %", "9 s"]],
                &["Kind: Blind; Ballots: 5; Results Accuracy: 34 %; Results Time: 9 s"],
            ),
        ];
        for (rows, lines) in cases {
            assert_eq!(table(rows).lines(), *lines, "{rows:?}");
        }
    }

    #[test]
    fn marked_names_are_believed() {
        let mut given = table(&[&["Grade", "Pay"], &["A", "low"]]);
        given.name_columns();
        assert_eq!(given.lines(), ["Grade: A; Pay: low"]);
        let mut rows = Table::default();
        for (name, value) in [("Capital:", "Oslo"), ("Currency", "Krone")] {
            rows.start_row();
            rows.push_name(name, 1);
            rows.push_cell(value, 1);
        }
        assert_eq!(rows.lines(), ["Capital: Oslo", "Currency: Krone"]);
    }
}
