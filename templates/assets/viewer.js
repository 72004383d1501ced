// Opens a private statement in the reader's browser.
//
// The link's fragment, which browsers never send, holds a secret of 20 bytes and a checksum. The secret finds a pack
// of encrypted records, one of them, and its key. Nothing is fetched or decrypted before the reader asks for it,
// because mail scanners run scripts too, and nothing stays when the reader leaves the page.

const FORMAT = 1;
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const FRAGMENT_LENGTH = 36;
const CHECKSUM_LENGTH = 4;
const HEADER_SIZE = 48;
const DIGEST_START = 16;
const LOCATOR_SIZE = 16;
const NONCE_SIZE = 12;
const LENGTH_SIZE = 4;
const KEY_END = 48;

/** Why there is no statement; `state` names the sentences. */
export class Trouble extends Error {
  constructor(state) {
    super(state);
    this.state = state;
  }
}

const text = new TextEncoder();
const byId = (id) => document.getElementById(id);
const made = (tag, properties) => Object.assign(document.createElement(tag), properties);

const joined = (...parts) => {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
};

const equal = (one, other) => String(one) === String(other);

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

const decodeBase32 = (letters) => {
  const bytes = [];
  let bits = 0;
  let value = 0;
  for (const letter of letters) {
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits >= 8) bytes.push((value >> (bits -= 8)) & 255);
  }
  return Uint8Array.from(bytes);
};

/** The 20 bytes in a link's fragment, in any case, with stray marks; else Trouble "damaged". */
export async function parseFragment(fragment) {
  const letters = fragment.toLowerCase().replace(/^[^a-z2-7]+|[^a-z2-7]+$/g, "");
  if (letters.length !== FRAGMENT_LENGTH || /[^a-z2-7]/.test(letters)) throw new Trouble("damaged");
  const secret = decodeBase32(letters.slice(0, -CHECKSUM_LENGTH));
  const digest = await sha256(joined(text.encode("offerpress link"), secret));
  const checksum = [...letters.slice(-CHECKSUM_LENGTH)].reduce((sum, letter) => sum * 32 + ALPHABET.indexOf(letter), 0);
  if (checksum !== ((digest[0] << 12) | (digest[1] << 4) | (digest[2] >> 4))) throw new Trouble("damaged");
  return secret;
}

/** Locator and key of the secret's record: HKDF-SHA-256 without salt. */
export async function derive(secret) {
  const info = joined(Uint8Array.of(0, 0, 0, 6), text.encode("record"));
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const derived = new Uint8Array(await crypto.subtle.deriveBits(parameters, material, KEY_END * 8));
  const key = await crypto.subtle.importKey("raw", derived.slice(LOCATOR_SIZE), "AES-GCM", false, ["decrypt"]);
  return { locator: derived.slice(0, LOCATOR_SIZE), key };
}

/** The path of the pack that the secret's first bits name. */
export function packPath(secret, size, bits) {
  const shard = bits ? new DataView(secret.buffer).getUint32(0) >>> (32 - bits) : 0;
  return `${size / 1024}k-${bits}/${shard.toString(16).padStart(Math.max(1, Math.ceil(bits / 4)), "0")}.bin`;
}

// A stored block puts the dictionary before the stream.
const inflate = async (bytes, dictionary) => {
  const size = dictionary.length;
  const stored = Uint8Array.of(0, size, size >> 8, ~size, ~size >> 8);
  const stream = new Blob([stored, dictionary, bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return (await new Response(stream).text()).slice(size);
};

/** The record of these keys in a pack, { figures, shown }, or null; throws if anything was changed. */
export async function openPack(pack, { locator, key }, dictionary) {
  const magic = joined(text.encode("OPPK"), Uint8Array.of(FORMAT));
  const digest = await sha256(joined(pack.slice(0, DIGEST_START), pack.slice(HEADER_SIZE)));
  const isSound = equal(pack.slice(0, magic.length), magic) && equal(digest, pack.slice(DIGEST_START, HEADER_SIZE));
  if (!isSound) throw new Trouble("tampered");
  const size = 2 ** pack[5];
  for (let start = HEADER_SIZE; start < pack.length; start += size) {
    const slot = pack.slice(start, start + size);
    if (equal(slot.slice(0, LOCATOR_SIZE), locator)) return openSlot(slot, pack.slice(12, DIGEST_START), key, dictionary);
  }
  return null;
}

async function openSlot(slot, keyVersion, key, dictionary) {
  const nonceEnd = LOCATOR_SIZE + NONCE_SIZE;
  const bound = [text.encode("offerpress record"), Uint8Array.of(FORMAT), keyVersion, slot.slice(0, LOCATOR_SIZE)];
  const parameters = { name: "AES-GCM", iv: slot.slice(LOCATOR_SIZE, nonceEnd), additionalData: joined(...bound) };
  const padded = new Uint8Array(await crypto.subtle.decrypt(parameters, key, slot.slice(nonceEnd)));
  const length = new DataView(padded.buffer).getUint32(0);
  const record = await inflate(padded.slice(LENGTH_SIZE, LENGTH_SIZE + length), dictionary);
  const [figures, shown] = record.split("\n").map((line) => JSON.parse(line));
  return { figures, shown };
}

async function fetched(address) {
  const options = { cache: "no-cache", referrerPolicy: "no-referrer" };
  const response = await fetch(address, options).catch(() => { throw new Trouble("offline"); });
  if (!response.ok) throw new Trouble("missing");
  return response.arrayBuffer().catch(() => { throw new Trouble("offline"); });
}

const fetchedJson = async (address) => JSON.parse(new TextDecoder().decode(await fetched(address)));

/** The record that the secret opens under the folder `packs`, or a Trouble. */
export async function openRecord(secret, packs, dictionary) {
  const keys = await derive(secret);
  const index = await fetchedJson(new URL("index.json", packs));
  if (index.format !== FORMAT) throw new Trouble("tampered");
  for (const { size, bits, folder = "" } of index.packs) {
    const pack = new Uint8Array(await fetched(new URL(folder + packPath(secret, size, bits), packs)));
    const record = await openPack(pack, keys, dictionary);
    if (record) return record;
  }
  throw new Trouble("unknown");
}

/** The figures in their form for people; an item's own figures stay below `raw`. */
export function merged(raw, shown) {
  if (Array.isArray(raw)) return raw.map((item, index) => merged(item, shown?.[index]));
  if (raw === null || typeof raw !== "object") return shown ?? raw;
  const whole = { ...raw, ...shown, raw };
  for (const [key, value] of Object.entries(raw)) if (Array.isArray(value)) whole[key] = merged(value, shown?.[key]);
  return whole;
}

/** Marks with `over` each item whose last day, `until` or its new expiry, is past. */
export function past(whole, day) {
  const over = (item) => (item.until ?? item.raw?.extended_to ?? day) < day;
  const lists = Object.entries(whole).filter(([, value]) => Array.isArray(value));
  const marked = lists.map(([key, items]) => [key, items.map((item) => (over(item) ? { ...item, over: 1 } : item))]);
  return { ...whole, ...Object.fromEntries(marked) };
}

/** Writes days as a reader of the region does, in the calendar and the digits of the ledger. */
function dayWriter(region) {
  const form = { dateStyle: "long", timeZone: "UTC", calendar: "gregory", numberingSystem: "latn" };
  const { format } = new Intl.DateTimeFormat(region, form);
  return (day) => format(new Date(day));
}

/** An exact amount as its reader writes it; `form` says how (see Formats.money_form). */
function written(amount, [before, after, minusBefore, minusAfter, group, decimal, least]) {
  const [whole, part] = amount.replace("-", "").split(".");
  const grouped = Number(whole) >= least ? whole.replace(/\B(?=(\d{3})+$)/g, group) : whole;
  const number = part === undefined ? grouped : `${grouped}${decimal}${part}`;
  return amount.startsWith("-") ? `${minusBefore}${number}${minusAfter}` : `${before}${number}${after}`;
}

/** The rows of the lines that count, for people. */
export function withLines(whole, region) {
  if (!whole.lines) return whole;
  const dayOf = dayWriter(region);
  const lines = whole.lines.map((group) => {
    const form = whole.forms[group.currency];
    const amountOf = (exact) => (form ? written(exact, form) : `${exact} ${group.currency}`);
    const row = ([on, line, product, exact]) => ({ on, day: dayOf(on), line, product, exact, amount: amountOf(exact) });
    return { ...group, rows: group.rows.map(row) };
  });
  return { ...whole, lines };
}

const find = (scope, key) => key.split(".").reduce((value, part) => value?.[part], scope);

function holds(condition, scope) {
  if (condition.startsWith("!")) return !holds(condition.slice(1), scope);
  const [key, wanted] = condition.split("=");
  const value = find(scope, key);
  return wanted === undefined ? Boolean(value?.length ?? value) : String(value) === wanted;
}

/** Fills the places below an element (generator/statements/shell.py); a value becomes text only. */
export function fill(root, scope, words) {
  for (const child of [...root.children]) {
    const { each } = child.dataset;
    if (!each) {
      settle(child, scope, words);
      continue;
    }
    for (const item of find(scope, each) ?? []) {
      const copy = child.cloneNode(true);
      child.before(copy);
      settle(copy, Object.assign(Object.create(scope), item), words);
    }
    child.remove();
  }
}

function settle(element, scope, words) {
  const { if: condition, text: key, name, set, stop } = element.dataset;
  if (condition && !holds(condition, scope)) return element.remove();
  // A sentence ends once, also after an abbreviation.
  if (stop && /\.[\u200e\u200f]?$/.test(find(scope, stop))) return element.remove();
  for (const pair of set?.split(" ") ?? []) {
    const [attribute, source] = pair.split(":");
    element.setAttribute(attribute, find(scope, source) ?? "");
  }
  if (key) {
    element.textContent = find(scope, key) ?? "";
  } else if (name) {
    const [kind, source] = name.split(":");
    const value = find(scope, source) ?? "";
    element.textContent = words[`${kind}:${value}`] ?? value;
  } else {
    fill(element, scope, words);
  }
}

const MOST_ROWS = 50;

/** Search, sort and leaf through a long table. */
function handle(table, language) {
  const [body, heads] = [table.tBodies[0], [...table.tHead.rows[0].cells]];
  let rows = [...body.rows];
  if (rows.length <= 10) return;
  const [search, pages] = [".search", ".pages"].map((one) => table.parentElement.querySelector(one));
  const [input, output] = [search.querySelector("input"), search.querySelector("output")];
  const leaf = { first: 0, found: rows };
  function show(first) {
    leaf.first = first;
    const last = pages ? first + MOST_ROWS : rows.length;
    for (const row of rows) row.hidden = true;
    for (const row of leaf.found.slice(first, last)) row.hidden = false;
    if (!pages) return;
    pages.hidden = leaf.found.length <= MOST_ROWS;
    pages.querySelector("output").textContent = `${first + 1}–${Math.min(last, leaf.found.length)} / ${leaf.found.length}`;
    for (const button of pages.querySelectorAll("button")) {
      const next = first + button.dataset.step * MOST_ROWS;
      button.disabled = next < 0 || next >= leaf.found.length;
    }
  }
  function select() {
    const wanted = input.value.trim().toLowerCase();
    leaf.found = rows.filter((row) => row.textContent.toLowerCase().includes(wanted));
    if (wanted || output.textContent) output.textContent = `${leaf.found.length} / ${rows.length}`;
    show(0);
  }
  search.hidden = false;
  input.addEventListener("input", select);
  pages?.addEventListener("click", ({ target: { dataset: { step } } }) => step && show(leaf.first + step * MOST_ROWS));
  const { compare } = new Intl.Collator(language, { numeric: true });
  const inOrder = (one, other) => (isNaN(one) || isNaN(other) ? compare(one, other) : one - other);
  heads.forEach((head, column) => {
    const button = made("button", { type: "button", textContent: head.textContent });
    const key = ({ cells }) => cells[column].dataset.sort ?? cells[column].textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const order = head.ariaSort === "ascending" ? -1 : 1;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.ariaSort = order > 0 ? "ascending" : "descending";
      rows = rows.sort((one, other) => order * inOrder(key(one), key(other)));
      body.append(...rows);
      select();
    });
  });
  show(0);
}

/** The languages with their sentences and shells, the default first. */
function readLanguages() {
  return Array.from(document.querySelectorAll("template.language"), ({ lang, dir, content, dataset: { home } }) => {
    const words = Array.from(content.querySelectorAll("[data-word]"), (one) => [one.dataset.word, one.textContent]);
    return { lang, dir, home, words: Object.fromEntries(words), shell: content.querySelector("article") };
  });
}

function chosen(languages, wanted) {
  const tags = wanted.flatMap((tag) => [tag, tag.split("-")[0]]);
  return tags.map((tag) => languages.find(({ lang }) => lang === tag)).find(Boolean) ?? languages[0];
}

function viewer() {
  const [gate, heading, message, show, statement, actions, csv] =
    "gate heading message show statement actions csv".split(" ").map(byId);
  const dictionary = byId("dictionary").content.textContent;
  const languages = readLanguages();
  let language = chosen(languages, navigator.languages);
  let state = "";
  let secret = null;
  let download = null;

  function speak(wanted) {
    language = chosen(languages, wanted);
    Object.assign(document.documentElement, { lang: language.lang, dir: language.dir });
    document.title = language.words.title;
    for (const one of document.querySelectorAll("[data-say], [data-way]")) {
      const { say, way } = one.dataset;
      if (say) one.textContent = language.words[say];
      if (way) one.href = language.home + way;
    }
    enter(state);
  }

  function enter(next) {
    state = next;
    document.body.dataset.state = state;
    heading.textContent = language.words[`${state}-heading`] ?? language.words.heading;
    message.textContent = language.words[state] ?? "";
    show.textContent = language.words[state === "ready" ? "show" : "again"];
    show.hidden = !(secret && /ready|offline|missing|tampered/.test(state));
    gate.hidden = state === "open";
    actions.hidden = state !== "open";
  }

  function wipe() {
    secret = download = null;
    statement.replaceChildren();
  }

  async function begin() {
    wipe();
    if (!isSecureContext || !crypto.subtle) return enter("insecure");
    if (!window.DecompressionStream) return enter("outdated");
    const fragment = location.hash.slice(1);
    if (!fragment) return enter("none");
    history.replaceState(null, "", location.pathname + location.search);
    secret = await parseFragment(fragment).catch(() => null);
    return enter(secret ? "ready" : "damaged");
  }

  async function open() {
    const mine = secret;
    const folder = new URL("packs/", import.meta.url);
    enter("loading");
    try {
      const day = await fetchedJson(new URL("../as-of.json", folder));
      const record = await openRecord(mine, folder, dictionary);
      if (secret === mine) present(record, day);
    } catch (trouble) {
      // Without a name: these are other bytes than we published.
      if (secret === mine) enter(trouble.state ?? "tampered");
    }
  }

  function present({ figures, shown }, { as_of, shown: days }) {
    wipe();
    state = "open";
    speak([shown.language]);
    statement.replaceChildren(language.shell.cloneNode(true));
    // A record has all days; past ones go here.
    const next = shown.next?.filter(({ on }) => on >= as_of);
    const region = shown.region ?? language.lang;
    const whole = withLines(past(merged(figures, shown), as_of), region);
    const day = shown.region ? dayWriter(region)(as_of) : days[language.lang];
    fill(statement, { ...whole, next, as_of: day ?? as_of }, language.words);
    for (const table of statement.querySelectorAll("table.long")) handle(table, language.lang);
    download = { figures: { ...figures, as_of }, lines: shown.lines ?? [], region, heads: language.words };
    statement.focus({ preventScroll: true });
  }

  function save(content, ending, type = `text/${ending};charset=utf-8`) {
    const { partner_id: partner, as_of: day } = download.figures;
    const named = [document.querySelector(".brand").textContent, partner, day].map((part) => part.trim().replace(/[^\p{L}\p{N}._-]+/gu, "-"));
    const address = URL.createObjectURL(new Blob([content], { type }));
    made("a", { href: address, download: `${named.join("-")}.${ending}` }).click();
    setTimeout(() => URL.revokeObjectURL(address));
  }

  /** What makes files; the page has loaded it with its digest, so that this is the very module. */
  const tools = () => import(byId("tables").src);

  async function tables() {
    const { tableOf, linesOf } = await tools();
    const { figures, lines, heads } = download;
    const names = "kind offer day line product currency amount".split(" ").map((name) => heads[`column-${name}`]);
    return { [heads["sheet-figures"]]: tableOf(figures, csv.dataset), [heads["sheet-lines"]]: linesOf(lines, names) };
  }

  function leave() {
    if (!secret && !download) return;
    wipe();
    enter("closed");
  }

  const json = () => save(`${JSON.stringify(download.figures, null, 2)}\n`, "json");
  const sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  const xlsx = async () => save((await tools()).workbook(await tables()), "xlsx", sheet);
  const saveCsv = async () => save((await tools()).regionalCsv(Object.values(await tables()), download.region), "csv");
  const acts = { show: open, print: () => print(), xlsx, csv: saveCsv, json, close: leave };
  for (const [id, act] of Object.entries(acts)) byId(id).addEventListener("click", act);
  addEventListener("hashchange", begin);
  addEventListener("pagehide", leave);
  speak(navigator.languages);
  begin();
}

if (byId("gate")) viewer();
