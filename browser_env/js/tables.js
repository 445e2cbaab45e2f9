// The headers of a table's cell: its row's, then its column's.
const MAX_COLUMNS = 200, MAX_ROWS = 2000; // of a table where cells span rows
const MAX_HEAD = 3; // rows that a table's headers may be in
const CELL_ROLES = new Map([["cell", "data"], ["gridcell", "data"], ["columnheader", "header"], ["rowheader", "header"]]);

// Note for each data cell of some rows the headers of its row and of its column: the nearest header before it in its row
// (in a row of several pairs, a cell is of its own pair's), and what stands over it in the rows of headers that the table
// begins with. A cell that spans rows and columns stands in all of them.
function note(rows, { columns, headers }, numHeads) {
  let above = [], wasHead = false; // column -> a cell that reaches down into it, and into how many rows
  rows.forEach((row, n) => {
    const cells = Array.prototype.slice.call(row.cells, 0, MAX_COLUMNS), below = [];
    const isFirst = columns.length === 0, isHead = n < numHeads && cells.length > 0 && cells.every((cell) => tagOf(cell) === "th");
    wasHead = isHead && (isFirst || (wasHead && cells.length > 1)); // a single one tells of the rows below it
    let header = null, column = 0;
    const pass = () => {
      for (; above[column]; column++) {
        const { cell, rows: left } = above[column];
        if (left > 1) below[column] = { cell, rows: left - 1 };
        if (isRowHeader(cell)) header = cell;
      }
    };
    for (const cell of cells) {
      pass();
      if (tagOf(cell) === "td") headers.set(cell, [header, columns[column] ?? null]);
      if (isRowHeader(cell)) header = cell;
      for (let i = 0; i < (cell.colSpan || 1) && column < MAX_COLUMNS; i++, column++) {
        if (cell.rowSpan !== 1) below[column] = { cell, rows: (cell.rowSpan || Infinity) - 1 };
        if (wasHead) columns[column] = cell;
      }
    }
    pass();
    above = below;
  });
}
const isRowHeader = (cell) => tagOf(cell) === "th" && roleOf(cell) === "rowheader";
function nativeHeaders(cell, tables) {
  const table = closest(cell, "table");
  if (!table) return [];
  if (!tables.has(table)) {
    const rows = Array.prototype.slice.call(table.rows, 0, selectOne(table, "[rowspan]") ? MAX_ROWS : MAX_HEAD);
    tables.set(table, { columns: [], headers: new Map() });
    note(rows, tables.get(table), MAX_HEAD);
  }
  const { headers } = tables.get(table);
  if (!headers.has(cell)) note([parentOf(cell)], tables.get(table), 0);
  return headers.get(cell) ?? [];
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
// What a header shows: the label of one that sorts its column says so as well.
function headerText(header) {
  const how = { seen: new Set([header]), inside: false, byReference: false, hidden: false, left: MAX_NODES };
  return (isLabelled(header) && clean(content(header, how))) || nameOf(header, roleOf(header));
}
function headersOf(cell, tables) {
  const names = headerCells(cell, tables).map(headerText);
  return names.filter((name) => name);
}
