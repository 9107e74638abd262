//! A reader of the fixtures: comment lines, a header, rows of numbers.

/// Rows of named columns.
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<&'static str>>,
}

/// One row.
pub(crate) struct Row<'t> {
    table: &'t Table,
    cells: &'t [&'static str],
}

impl Table {
    pub(crate) fn parse(text: &'static str) -> Self {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let header = lines.next().expect("a fixture has a header").split(',').collect();
        let rows = lines.map(|line| line.split(',').collect()).collect();
        Self { header, rows }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }
}

impl Row<'_> {
    pub(crate) fn text(&self, column: &str) -> &'static str {
        let found = self.table.header.iter().position(|name| *name == column);
        self.cells[found.unwrap_or_else(|| panic!("no column {column}"))]
    }

    /// The number in a column; an empty cell counts as `empty`.
    pub(crate) fn number_or(&self, column: &str, empty: f64) -> f64 {
        match self.text(column) {
            "" => empty,
            text => text.parse().unwrap_or_else(|_| panic!("{column}: {text} is no number")),
        }
    }

    pub(crate) fn number(&self, column: &str) -> f64 {
        self.number_or(column, f64::NAN)
    }
}
