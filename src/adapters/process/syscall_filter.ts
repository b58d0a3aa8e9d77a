// A filter over system calls, as the classic BPF program that seccomp takes (https://docs.kernel.org/userspace-api/seccomp_filter.html).
// It refuses what no function needs and what has let others out of such walls before: user namespaces (which give privileges
// over a new world inside), mounts, tracing, kernel keys, BPF, io_uring. Everything else passes. The program is the same
// for every run; bubblewrap loads it from a file.

import { constants } from 'node:os';

interface Processor {
  /** AUDIT_ARCH_* of linux/audit.h. */
  readonly audit: number;
  /** Numbers from here on belong to another calling convention. */
  readonly foreignFrom?: number;
  readonly clone: number;
  readonly unshare: number;
  readonly refused: readonly number[];
}

/** With the same number on every processor: mounts by descriptors, io_uring. */
const newer = {
  openTree: 428,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  mountSetattr: 442,
};
const ioUring = [425, 426, 427];
const clone3 = 435;

const processors: Readonly<Partial<Record<NodeJS.Architecture, Processor>>> = {
  x64: {
    audit: 0xc000003e,
    foreignFrom: 0x40000000,
    clone: 56,
    unshare: 272,
    // ptrace, pivot_root, mount, umount2, add_key, request_key, keyctl, perf_event_open, open_by_handle_at, setns,
    // process_vm_readv, process_vm_writev, bpf, userfaultfd
    refused: [101, 155, 165, 166, 248, 249, 250, 298, 304, 308, 310, 311, 321, 323],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    unshare: 97,
    // umount2, mount, pivot_root, ptrace, add_key, request_key, keyctl, perf_event_open, open_by_handle_at, setns,
    // process_vm_readv, process_vm_writev, bpf, userfaultfd
    refused: [39, 40, 41, 117, 217, 218, 219, 241, 265, 268, 270, 271, 280, 282],
  },
};

const newUserNamespace = 0x10000000;
/** Offsets in struct seccomp_data. */
const at = { number: 0, audit: 4, firstArgument: 16 } as const;
const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfAtLeast = 0x35;
const jumpIfAnyBit = 0x45;
const give = 0x06;
const allow = 0x7fff0000;
const endProcess = 0x80000000;
const fail = (errno: number): number => 0x00050000 | errno;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** The program for a processor; undefined for one it is not written for. */
export function syscallFilter(architecture: NodeJS.Architecture): Buffer | undefined {
  const processor = processors[architecture];
  if (processor === undefined) return undefined;
  const { EPERM, ENOSYS } = constants.errno;
  const refuse = (number: number, errno: number): Instruction[] => [
    [jumpIfEqual, 0, 1, number],
    [give, 0, 0, fail(errno)],
  ];
  const withoutUserNamespace = (number: number): Instruction[] => [
    [jumpIfEqual, 0, 4, number],
    [load, 0, 0, at.firstArgument],
    [jumpIfAnyBit, 0, 1, newUserNamespace],
    [give, 0, 0, fail(EPERM)],
    [give, 0, 0, allow],
  ];
  const foreign: Instruction[] =
    processor.foreignFrom === undefined
      ? []
      : [
          [jumpIfAtLeast, 0, 1, processor.foreignFrom],
          [give, 0, 0, fail(ENOSYS)],
        ];
  const program: Instruction[] = [
    [load, 0, 0, at.audit],
    [jumpIfEqual, 1, 0, processor.audit],
    [give, 0, 0, endProcess],
    [load, 0, 0, at.number],
    ...foreign,
    ...[...processor.refused, ...Object.values(newer)].flatMap((number) => refuse(number, EPERM)),
    // Its flags are behind a pointer, where a filter cannot look; without it, libraries call clone.
    ...[clone3, ...ioUring].flatMap((number) => refuse(number, ENOSYS)),
    ...withoutUserNamespace(processor.unshare),
    ...withoutUserNamespace(processor.clone),
    [give, 0, 0, allow],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [i, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, i * 8);
    bytes.writeUInt8(ifTrue, i * 8 + 2);
    bytes.writeUInt8(ifFalse, i * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, i * 8 + 4);
  }
  return bytes;
}
