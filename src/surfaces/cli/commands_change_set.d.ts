import type { Command } from 'commander';
import type { Run } from './program.ts';
export declare function changeSetCommands(program: Command, run: Run): void;
