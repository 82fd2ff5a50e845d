// UTF-8 to and from JavaScript strings without the platform's TextEncoder, which is not part of ECMAScript.

const REPLACEMENT = 0xfffd;
/** Arguments per `String.fromCharCode` call; engines limit how many a call may take. */
const CHUNK = 8192;

/** UTF-8 bytes of `text`. A surrogate without its partner becomes U+FFFD, as in the Encoding standard. O(length). */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  // Three bytes per UTF-16 unit is the worst case: a pair of units takes four.
  const bytes = new Uint8Array(text.length * 3);
  let used = 0;
  for (const char of text) {
    let code = char.codePointAt(0)!;
    if (code >= 0xd800 && code <= 0xdfff) code = REPLACEMENT;
    if (code < 0x80) {
      bytes[used++] = code;
    } else if (code < 0x800) {
      bytes[used++] = 0xc0 | (code >> 6);
      bytes[used++] = 0x80 | (code & 0x3f);
    } else if (code < 0x1_0000) {
      bytes[used++] = 0xe0 | (code >> 12);
      bytes[used++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[used++] = 0x80 | (code & 0x3f);
    } else {
      bytes[used++] = 0xf0 | (code >> 18);
      bytes[used++] = 0x80 | ((code >> 12) & 0x3f);
      bytes[used++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[used++] = 0x80 | (code & 0x3f);
    }
  }
  return bytes.slice(0, used);
}

/**
 * The string whose UTF-8 form is `bytes`, or undefined when they are not well-formed UTF-8 (overlong forms,
 * encoded surrogates, values above U+10FFFF and cut sequences included). O(length).
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const units: number[] = [];
  let text = "";
  let i = 0;
  while (i < bytes.length) {
    const lead = bytes[i++]!;
    let code = lead;
    if (lead >= 0x80) {
      const extra = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
      if (lead < 0xc2 || lead > 0xf4 || i + extra > bytes.length) return undefined;
      code = lead & (0x3f >> extra);
      for (let k = 0; k < extra; k++) {
        const next = bytes[i++]!;
        if ((next & 0xc0) !== 0x80) return undefined;
        code = (code << 6) | (next & 0x3f);
      }
      const smallest = extra === 1 ? 0x80 : extra === 2 ? 0x800 : 0x1_0000;
      if (code < smallest || code > 0x10_ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined;
    }
    if (code < 0x1_0000) units.push(code);
    else units.push(0xd7c0 + (code >> 10), 0xdc00 | (code & 0x3ff));
    if (units.length >= CHUNK) text += String.fromCharCode(...units.splice(0));
  }
  return text + String.fromCharCode(...units);
}
