// How what was made from here is known: for schemas whose objects can have a comment.

// The mark of what was made, shared: begin

// The comment of what we made ends with a mark of the action that made it, so that the action is not done twice.

const markOf = (idempotencyKey: string) => `[headwater ${idempotencyKey.slice(0, 32)}]`;
const markIn = (comment: unknown) => /\[headwater [^\]]*\]$/.exec(String(comment ?? ''))?.[0];
const marked = (text: string | undefined, mark: string | undefined) => [text, mark].filter((t) => t).join('\n') || null;
const textIn = (comment: unknown) => String(comment ?? '').replace(/\n?\[headwater [^\]]*\]$/, '');

// The mark of what was made, shared: end
