// A law that does not hold is an Error that says which law and where; nothing is asserted on a sample only.

export function law(holds: boolean, message: () => string): void {
  if (!holds) throw new Error(message());
}
