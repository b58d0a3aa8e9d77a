// A bug planted in a copy of a source: a change of one place of it.

/** `text` of `file` with the bug `name`; other files as they are. Throws when the bug does not fit the source any more. */
export function plant(name, bug, file, text) {
  if (file !== bug.file) return text;
  if (text.split(bug.wanted).length !== 2) throw new Error(`the bug "${name}" fits ${file} not once: ${bug.wanted}`);
  return text.replace(bug.wanted, () => bug.bug);
}
