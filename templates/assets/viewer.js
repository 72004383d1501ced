// Opens a private statement in the reader's browser.
//
// The link's fragment, which browsers never send, holds a secret of 20 bytes and a checksum. The secret finds a pack
// of encrypted records, one record in it, and the key that opens it. Nothing is fetched or decrypted before the reader
// asks for it, because programs that scan mail run scripts too; and nothing stays when the reader leaves the page.

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

/** What the reader is told when a statement cannot be shown; `state` names the sentences in the page. */
export class Trouble extends Error {
  constructor(state) {
    super(state);
    this.state = state;
  }
}

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

const equal = (one, other) => one.length === other.length && one.every((byte, index) => byte === other[index]);

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const encodeBase32 = (bytes) => {
  let letters = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) letters += ALPHABET[(value >> (bits - 5)) & 31];
  }
  return letters;
};

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

/** The 20 bytes in a link's fragment, in either case and with stray marks around it; Trouble "damaged" otherwise. */
export async function parseFragment(fragment) {
  const letters = fragment.toLowerCase().replace(/^[^a-z2-7]+|[^a-z2-7]+$/g, "");
  if (letters.length !== FRAGMENT_LENGTH || /[^a-z2-7]/.test(letters)) throw new Trouble("damaged");
  const secret = decodeBase32(letters.slice(0, -CHECKSUM_LENGTH));
  const digest = await sha256(joined(text.encode("offerpress link"), secret));
  if (!encodeBase32(digest.slice(0, 5)).startsWith(letters.slice(-CHECKSUM_LENGTH))) throw new Trouble("damaged");
  return secret;
}

/** The locator of the secret's record, and the key that opens it: HKDF-SHA-256 without salt. */
export async function derive(secret) {
  const info = joined(Uint8Array.of(0, 0, 0, 6), text.encode("record"));
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const derived = new Uint8Array(await crypto.subtle.deriveBits(parameters, material, KEY_END * 8));
  const key = await crypto.subtle.importKey("raw", derived.slice(LOCATOR_SIZE), "AES-GCM", false, ["decrypt"]);
  return { locator: derived.slice(0, LOCATOR_SIZE), key };
}

/** Where the pack of a size class lies that the first bits of the secret name. */
export function packPath(secret, size, bits) {
  const shard = bits ? new DataView(secret.buffer).getUint32(0) >>> (32 - bits) : 0;
  return `${size / 1024}k-${bits}/${shard.toString(16).padStart(Math.max(1, Math.ceil(bits / 4)), "0")}.bin`;
}

const inflate = async (bytes) => {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(stream).text();
};

/** The record of these keys in a pack, as { html, figures }; null if it holds none, Trouble "tampered" if it changed. */
export async function openPack(pack, { locator, key }) {
  const magic = joined(text.encode("OPPK"), Uint8Array.of(FORMAT));
  if (pack.length < HEADER_SIZE || !equal(pack.slice(0, magic.length), magic)) throw new Trouble("tampered");
  const digest = await sha256(joined(pack.slice(0, DIGEST_START), pack.slice(HEADER_SIZE)));
  if (!equal(digest, pack.slice(DIGEST_START, HEADER_SIZE))) throw new Trouble("tampered");
  const size = 2 ** pack[5];
  for (let start = HEADER_SIZE; start < pack.length; start += size) {
    const slot = pack.slice(start, start + size);
    if (equal(slot.slice(0, LOCATOR_SIZE), locator)) return openSlot(slot, pack.slice(12, DIGEST_START), key);
  }
  return null;
}

async function openSlot(slot, keyVersion, key) {
  const nonceEnd = LOCATOR_SIZE + NONCE_SIZE;
  const additionalData = joined(
    text.encode("offerpress record"), Uint8Array.of(FORMAT), keyVersion, slot.slice(0, LOCATOR_SIZE),
  );
  const parameters = { name: "AES-GCM", iv: slot.slice(LOCATOR_SIZE, nonceEnd), additionalData };
  try {
    const padded = new Uint8Array(await crypto.subtle.decrypt(parameters, key, slot.slice(nonceEnd)));
    const length = new DataView(padded.buffer).getUint32(0);
    const record = await inflate(padded.slice(LENGTH_SIZE, LENGTH_SIZE + length));
    const end = record.indexOf("\n");
    return { figures: JSON.parse(record.slice(0, end)), html: record.slice(end + 1) };
  } catch {
    throw new Trouble("tampered");
  }
}

async function fetched(address) {
  const options = { cache: "no-cache", referrerPolicy: "no-referrer" };
  const response = await fetch(address, options).catch(() => { throw new Trouble("offline"); });
  if (!response.ok) throw new Trouble("missing");
  return response.arrayBuffer().catch(() => { throw new Trouble("offline"); });
}

async function fetchedJson(address) {
  const bytes = await fetched(address);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new Trouble("tampered");
  }
}

/** The record that the secret opens under the folder `packs`; Trouble says why there is none. */
export async function openRecord(secret, packs) {
  const keys = await derive(secret);
  const index = await fetchedJson(new URL("index.json", packs));
  if (index.format !== FORMAT) throw new Trouble("tampered");
  for (const { size, bits, folder = "" } of index.packs) {
    const pack = new Uint8Array(await fetched(new URL(folder + packPath(secret, size, bits), packs)));
    const record = await openPack(pack, keys);
    if (record) return record;
  }
  throw new Trouble("unknown");
}

/** The sentences of every language of the site, from the page's templates; the first is the site's default. */
function readWords() {
  return Array.from(document.querySelectorAll("template.words"), ({ lang, dir, content }) => {
    const entries = Array.from(content.querySelectorAll("[data-word]"), (one) => [one.dataset.word, one.textContent]);
    return { lang, dir, words: Object.fromEntries(entries) };
  });
}

function chosen(languages, wanted) {
  for (const tag of wanted) {
    const found = languages.find(({ lang }) => lang === tag) ?? languages.find(({ lang }) => lang === tag.split("-")[0]);
    if (found) return found;
  }
  return languages[0];
}

function viewer() {
  const [gate, heading, message, show] = ["gate", "heading", "message", "show"].map((id) => document.getElementById(id));
  const [statement, actions] = ["statement", "actions"].map((id) => document.getElementById(id));
  const policy = window.trustedTypes?.createPolicy("offerpress", { createHTML: (html) => html }) ?? { createHTML: (html) => html };
  const languages = readWords();
  let language = chosen(languages, navigator.languages);
  let state = "";
  let secret = null;
  let download = null;

  function speak(wanted) {
    language = chosen(languages, wanted);
    Object.assign(document.documentElement, { lang: language.lang, dir: language.dir });
    document.title = language.words.title;
    for (const one of document.querySelectorAll("[data-say]")) one.textContent = language.words[one.dataset.say];
    enter(state);
  }

  function enter(next) {
    state = next;
    document.body.dataset.state = state;
    heading.textContent = language.words[`${state}-heading`] ?? language.words.heading;
    message.textContent = language.words[state] ?? "";
    show.textContent = language.words[state === "ready" ? "show" : "again"];
    show.hidden = !(secret && ["ready", "offline", "missing", "tampered"].includes(state));
    gate.hidden = state === "open";
    actions.hidden = state !== "open";
  }

  function wipe() {
    secret = download = null;
    statement.replaceChildren();
  }

  async function begin() {
    wipe();
    if (!window.isSecureContext || !crypto.subtle) return enter("insecure");
    if (!("DecompressionStream" in window)) return enter("outdated");
    const fragment = location.hash.slice(1);
    if (!fragment) return enter("none");
    history.replaceState(null, "", location.pathname + location.search);
    try {
      secret = await parseFragment(fragment);
      return enter("ready");
    } catch {
      return enter("damaged");
    }
  }

  async function open() {
    const mine = secret;
    const folder = new URL("packs/", import.meta.url);
    enter("loading");
    try {
      const [record, day] = await Promise.all([openRecord(mine, folder), fetchedJson(new URL("../as-of.json", folder))]);
      if (secret === mine) present(record, day);
    } catch (trouble) {
      if (secret === mine) enter(trouble.state ?? "tampered");
    }
  }

  function present({ html, figures }, day) {
    wipe();
    statement.innerHTML = policy.createHTML(html);
    const { partner_id, ...rest } = figures;
    download = { partner_id, as_of: day.as_of, ...rest };
    state = "open";
    speak([statement.firstElementChild.lang]);
    for (const hole of statement.querySelectorAll("[data-as-of]")) hole.textContent = day.shown[language.lang] ?? day.as_of;
    statement.focus({ preventScroll: true });
  }

  function save() {
    const json = `${JSON.stringify(download, null, 2)}\n`;
    const address = URL.createObjectURL(new Blob([json], { type: "application/json" }));
    Object.assign(document.createElement("a"), { href: address, download: `statement-${download.as_of}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(address));
  }

  function leave() {
    if (!secret && !download) return;
    wipe();
    enter("closed");
  }

  show.addEventListener("click", open);
  document.getElementById("print").addEventListener("click", () => window.print());
  document.getElementById("download").addEventListener("click", save);
  document.getElementById("close").addEventListener("click", leave);
  window.addEventListener("hashchange", begin);
  window.addEventListener("pagehide", leave);
  speak(navigator.languages);
  begin();
}

if (document.getElementById("gate")) viewer();
