// What helpers of tests clean up. All files of a suite share a process, and with it what they import: a hook that a helper registers
// when it is read is one of the file that read it first, and of no other. What is registered here is done after every file, or every
// test, by the set-up that each file runs.

type Ending = () => unknown;

const ofFiles: Ending[] = [];
const ofTests: Ending[] = [];

/** After every file from now on. */
export const afterFiles = (end: Ending): void => void ofFiles.push(end);

/** After every test from now on, before what is after its file. */
export const afterTests = (end: Ending): void => void ofTests.push(end);

const done = async (endings: readonly Ending[]): Promise<void> => {
  for (const end of endings.toReversed()) await end();
};

export const endTest = (): Promise<void> => done(ofTests);
export const endFile = (): Promise<void> => done(ofFiles);
