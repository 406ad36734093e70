//! Writes a table as lines of `| a | b |`, one per row.

/// Widest table that keeps its columns; beyond it cells are appended to the last one.
const MAX_COLUMNS: usize = 64;

/// Rows of cells while a table is read. A cell that spans columns is followed by empty cells.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn start_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn push_cell(&mut self, text: &str, columns: usize) {
        if self.rows.is_empty() {
            self.start_row();
        }
        let Some(row) = self.rows.last_mut() else { return };
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
                row.extend(std::iter::repeat_n(String::new(), columns.saturating_sub(1).min(room)));
            }
        }
    }

    /// The rows as lines, without empty rows and columns. A single column gives plain lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let filled = |column: usize| self.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.is_empty()));
        let columns: Vec<usize> = (0..width).filter(|&column| filled(column)).collect();
        let rows = self.rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty()));
        rows.map(|row| {
            let cells = columns.iter().map(|&column| row.get(column).map_or("", String::as_str));
            let cells: Vec<&str> = cells.collect();
            if cells.len() == 1 { cells.concat() } else { format!("| {} |", cells.join(" | ")) }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_lines_and_empty_columns_go() {
        let mut table = Table::default();
        table.push_cell("Region", 2);
        table.push_cell(" Net\n sales ", 1);
        table.start_row();
        table.push_cell("", 3);
        table.start_row();
        table.push_cell("Europe", 1);
        table.push_cell("", 1);
        table.push_cell("12", 1);
        assert_eq!(table.lines(), ["| Region | Net sales |", "| Europe | 12 |"]);
    }
}
