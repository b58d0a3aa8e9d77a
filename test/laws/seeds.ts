// Seeds of pairs that failed once; they are run before all others.

export const failingSeeds: readonly number[] = [];
