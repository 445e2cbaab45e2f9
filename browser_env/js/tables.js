// The headers of a table's cell: its row's, then its column's.
const MAX_COLUMNS = 200;
const CELL_ROLES = new Map([["cell", "data"], ["gridcell", "data"], ["columnheader", "header"], ["rowheader", "header"]]);

// The first column that a cell is in, counting how many columns the cells before it span.
function columnOf(cell) {
  let column = 0;
  for (let other = cell.previousElementSibling, n = 0; other && n < MAX_COLUMNS; other = other.previousElementSibling, n++) {
    column += other.colSpan || 1;
  }
  return column;
}
// The nearest header before a cell in its row: in a row of several pairs, a cell is of its own pair's header.
function rowHeaderOf(cell) {
  for (let other = cell.previousElementSibling, n = 0; other && n < MAX_COLUMNS; other = other.previousElementSibling, n++) {
    if (tagOf(other) === "th" && roleOf(other) === "rowheader") return other;
  }
  return null;
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
function nativeHeaders(cell, tables) {
  const table = closest(cell, "table");
  if (!table) return [];
  if (!tables.has(table)) tables.set(table, columnsOf(table));
  const columns = tables.get(table);
  return tagOf(cell) === "td" ? [rowHeaderOf(cell), columns.length ? columns[columnOf(cell)] : null] : [];
}
// The cells of a row that is made of roles -> their columns: what `aria-colindex` says, or "1", "2", ...
function rowByRole(row, tables) {
  if (!tables.has(row)) {
    const cells = Array.prototype.filter.call(lightChildrenOf(row), (cell) => CELL_ROLES.has(attribute(cell, "role")));
    tables.set(row, new Map(cells.map((cell, i) => [cell, attribute(cell, "aria-colindex") ?? String(i + 1)])));
  }
  return tables.get(row);
}
// Column -> its header.
function columnsByRole(table, tables) {
  if (!tables.has(table)) {
    const header = selectOne(table, '[role="columnheader"]');
    const cells = header ? rowByRole(parentOf(header), tables) : new Map();
    tables.set(table, new Map(Array.from(cells, ([cell, column]) => [column, cell])));
  }
  return tables.get(table);
}
function headersByRole(cell, row, tables) {
  const table = closest(cell, '[role="grid"], [role="table"], [role="treegrid"]');
  if (!table || CELL_ROLES.get(attribute(cell, "role")) === "header") return [];
  const column = rowByRole(row, tables).get(cell);
  const cells = Array.from(rowByRole(row, tables).keys());
  const before = cells.slice(0, cells.indexOf(cell)).filter((other) => attribute(other, "role") === "rowheader");
  return [before.at(-1), columnsByRole(table, tables).get(column)];
}
function headerCells(cell, tables) {
  const given = referenced(cell, "headers");
  if (given.length) return given;
  const row = parentOf(cell);
  const found = tagOf(row) === "tr" ? nativeHeaders(cell, tables) : headersByRole(cell, row, tables);
  return found.filter((header) => header && header !== cell);
}
function headersOf(cell, tables) {
  const names = headerCells(cell, tables).map((header) => nameOf(header, roleOf(header)));
  return names.filter((name) => name);
}
