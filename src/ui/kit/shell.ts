// Words of a command line, quoted for a POSIX shell.

/** `word` as a shell reads it back: bare when nothing in it is special, else in single quotes. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command line from its words. */
export function shellCommand(...words: readonly string[]): string {
  return words.map(shellQuote).join(" ");
}
