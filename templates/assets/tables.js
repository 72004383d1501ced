// A statement's tables as files for spreadsheets, CSV and XLSX, without a library.

const text = new TextEncoder();

const joined = (...parts) => {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
};

/** A cell that is text whatever it looks like, such as an id of digits or a name that begins with "=". */
const asText = (value) => (value ? { text: String(value) } : "");

// In CSV, a text that a spreadsheet could take for a formula begins with an apostrophe.
const guarded = (value) => (/^ *[-=+@\uff0d\uff1d\uff0b\uff20\t\r]/.test(value) ? `'${value}` : value);

/** The statement as rows of cells under the names of the columns. */
export function tableOf(figures, { columns, kinds, texts }) {
  const [names, isText] = [columns.split(" "), new Set(texts.split(" "))];
  const cell = (name, value) => (isText.has(name) ? asText(value) : (value ?? ""));
  const rows = kinds.split(" ").flatMap((pair) => {
    const [list, kind] = pair.split(":");
    const ofHeld = ({ offer, product }) => (held) => ({ kind: "held_subscription", offer, product, ...held });
    return figures[list].flatMap((entry) => [{ ...entry, kind }, ...(entry.subscriptions ?? []).map(ofHeld(entry))]);
  });
  return [names, ...rows.map((row) => names.map((name) => cell(name, row[name])))];
}

/** The lines that count as rows of cells: kind, offers, day, line, product, currency, amount. */
export function linesOf(lines, heads) {
  const kinds = { sales: "sale", credits: "credit" };
  const rows = lines.flatMap(({ kind, currency, offers, rows: own }) => {
    const counted = asText(offers.map(({ offer }) => offer).join(" "));
    return own.map(([day, line, product, amount]) =>
      [kinds[kind], counted, day, asText(line), asText(product), currency, amount]);
  });
  return [heads, ...rows];
}

function csvRows(rows, separator) {
  const isSpecial = (value) => /["\r\n]/.test(value) || value.includes(separator);
  const quoted = (cell) => {
    const value = cell.text === undefined ? String(cell) : guarded(cell.text);
    return isSpecial(value) ? `"${value.replaceAll('"', '""')}"` : value;
  };
  return rows.map((row) => `${row.map(quoted).join(separator)}\r\n`).join("");
}

/** The statement as the table that mails attach (RFC 4180). */
export const csvOf = (figures, words) => csvRows(tableOf(figures, words), ",");

/** Tables as a spreadsheet of the region opens them by a double click: by its decimal sign, and what parts cells then. */
export function regionalCsv(tables, region) {
  const parts = new Intl.NumberFormat(region, { numberingSystem: "latn" }).formatToParts(1.5);
  const decimal = parts.find(({ type }) => type === "decimal").value;
  const local = (cell) => (/^-?\d+\.\d+$/.test(cell) ? cell.replace(".", decimal) : cell);
  const written = tables.map((rows) => csvRows(rows.map((row) => row.map(local)), decimal === "," ? ";" : ","));
  return `\ufeff${written.join("\r\n")}`;
}

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
const crc32 = (bytes) => ~bytes.reduce((sum, byte) => CRC[(sum ^ byte) & 255] ^ (sum >>> 8), -1) >>> 0;

/** Numbers as little-endian bytes, from pairs of size and number. */
const packed = (...fields) =>
  Uint8Array.from(fields.flatMap(([size, number]) =>
    Array.from({ length: size }, (_, byte) => (number >>> (8 * byte)) & 255)));

/** Files as a ZIP archive without compression (APPNOTE 6.3.10), dated 1980-01-01. */
function zipped(files) {
  const [local, central] = [[], []];
  let offset = 0;
  for (const [name, content] of files) {
    const [path, bytes] = [text.encode(name), text.encode(content)];
    const sizes = [[4, crc32(bytes)], [4, bytes.length], [4, bytes.length]];
    const common = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 0x21], ...sizes, [2, path.length], [2, 0]];
    central.push(packed([4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), path);
    local.push(packed([4, 0x04034b50], ...common), path, bytes);
    offset += 30 + path.length + bytes.length;
  }
  const directory = joined(...central);
  const counts = [[2, files.length], [2, files.length]];
  const end = packed([4, 0x06054b50], [2, 0], [2, 0], ...counts, [4, directory.length], [4, offset], [2, 0]);
  return joined(...local, directory, end);
}

const escaped = (value) => String(value).replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const DOCUMENT = "application/vnd.openxmlformats-officedocument.spreadsheetml";

// The styles of cells: text, day, then numbers by their decimals (0 to 3), and heads in bold.
const STYLES = ['numFmtId="0"', 'numFmtId="14"', ...[3, 165, 4, 164].map((id) => `numFmtId="${id}"`), 'numFmtId="0" fontId="1"'];
const [DAY, NUMBER, BOLD] = [1, 2, 6];
const FORMATS = '<numFmts count="2"><numFmt numFmtId="164" formatCode="#,##0.000"/><numFmt numFmtId="165" formatCode="#,##0.0"/></numFmts>';
const FONTS = '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>';
const FILLS = '<fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>';

const NAMED = '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>';

const stylesXml = () => {
  const cells = STYLES.map((one) => `<xf ${one} applyNumberFormat="1" applyFont="1"/>`).join("");
  const around = `${FORMATS}${FONTS}${FILLS}<cellStyleXfs count="1"><xf/></cellStyleXfs>`;
  return `${HEAD}<styleSheet xmlns="${MAIN}">${around}<cellXfs count="${STYLES.length}">${cells}</cellXfs>${NAMED}</styleSheet>`;
};

const textXml = (value, style) =>
  `<c t="inlineStr" s="${style}"><is><t xml:space="preserve">${escaped(value)}</t></is></c>`;

/** A cell: days and exact numbers look as in the reader's region; all else is text, which is never a formula. */
function cellXml(value, isHead) {
  if (isHead) return textXml(value, BOLD);
  if (value.text !== undefined) return textXml(value.text, 0);
  const number = /^-?\d{1,12}(\.\d{1,3})?$/.exec(value);
  if (number) return `<c s="${NUMBER + Math.max(0, (number[1]?.length ?? 1) - 1)}"><v>${value}</v></c>`;
  if (/^(19[1-9]|[2-9]\d\d)\d-\d\d-\d\d$/.test(value)) {
    return `<c s="${DAY}"><v>${(Date.parse(value) - Date.UTC(1899, 11, 30)) / 86_400_000}</v></c>`;
  }
  return textXml(value, 0);
}

function sheetXml(rows) {
  const written = rows.map((row, n) => `<row>${row.map((cell) => cellXml(cell, n === 0)).join("")}</row>`);
  return `${HEAD}<worksheet xmlns="${MAIN}"><sheetData>${written.join("")}</sheetData></worksheet>`;
}

function relationsXml(targets) {
  const one = ([kind, target], n) => `<Relationship Id="r${n + 1}" Type="${OFFICE}/${kind}" Target="${target}"/>`;
  return `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${targets.map(one).join("")}</Relationships>`;
}

function typesXml(parts) {
  const one = ([name, kind]) => `<Override PartName="/xl/${name}.xml" ContentType="${DOCUMENT}.${kind}+xml"/>`;
  const relations = `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`;
  return `${HEAD}<Types xmlns="${PACKAGE}/content-types">${relations}${parts.map(one).join("")}</Types>`;
}

function bookXml(names) {
  const title = (name) => escaped(name.replace(/[:\\/?*[\]]/g, " ").slice(0, 31));
  const sheets = names.map((name, n) => `<sheet name="${title(name)}" sheetId="${n + 1}" r:id="r${n + 1}"/>`);
  return `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${sheets.join("")}</sheets></workbook>`;
}

/** Tables by the names of their sheets as a workbook (ECMA-376). */
export function workbook(sheets) {
  const names = Object.keys(sheets);
  const files = names.map((_, n) => `sheet${n + 1}`);
  return zipped([
    ["[Content_Types].xml", typesXml([["workbook", "sheet.main"], ["styles", "styles"], ...files.map((one) => [one, "worksheet"])])],
    ["_rels/.rels", relationsXml([["officeDocument", "xl/workbook.xml"]])],
    ["xl/workbook.xml", bookXml(names)],
    ["xl/_rels/workbook.xml.rels", relationsXml([...files.map((one) => ["worksheet", `${one}.xml`]), ["styles", "styles.xml"]])],
    ["xl/styles.xml", stylesXml()],
    ...names.map((name, n) => [`xl/${files[n]}.xml`, sheetXml(sheets[name])]),
  ]);
}
