// The headers of a table's cell: its row's, then its column's.
const MAX_COLUMNS = 200;

// The first column that a cell is in, counting how many columns the cells before it span.
function columnOf(cell) {
  let column = 0;
  for (let other = cell.previousElementSibling, n = 0; other && n < MAX_COLUMNS; other = other.previousElementSibling, n++) {
    column += other.colSpan || 1;
  }
  return column;
}
// Column -> header cell, of the first row that is nothing but headers.
function columnsOf(table) {
  for (const row of Array.prototype.slice.call(table.rows, 0, 3)) {
    const cells = Array.prototype.slice.call(row.cells, 0, MAX_COLUMNS);
    if (!cells.length || !cells.every((cell) => tagOf(cell) === "th")) continue;
    const columns = [];
    for (const cell of cells) for (let i = 0; i < Math.min(cell.colSpan, MAX_COLUMNS); i++) columns.push(cell);
    return columns;
  }
  return [];
}
function headerCells(cell, tables) {
  const given = referenced(cell, "headers");
  if (given.length) return given;
  const table = closest(cell, "table"), row = parentOf(cell);
  if (!table || tagOf(row) !== "tr") return [];
  if (!tables.has(table)) tables.set(table, columnsOf(table));
  const first = row.cells[0];
  const side = tagOf(first) === "th" && first !== cell ? [first] : [];
  const top = tables.get(table)[tables.get(table).length ? columnOf(cell) : 0];
  return top && top !== cell && tagOf(cell) === "td" ? [...side, top] : tagOf(cell) === "td" ? side : [];
}
function headersOf(cell, tables) {
  const names = headerCells(cell, tables).map((header) => nameOf(header, roleOf(header)));
  return names.filter((name) => name);
}
