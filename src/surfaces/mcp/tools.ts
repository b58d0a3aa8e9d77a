// All tools for agents, in the order in which they are listed: what only looks first, then what changes something. A tool is offered
// when it is in this list, and described in docs/reference/mcp.md.

import { type Tool, writes } from './tool.ts';
import { changeTools } from './tools_change.ts';
import { declareTools } from './tools_declare.ts';
import { findTools } from './tools_find.ts';
import { historyTools } from './tools_history.ts';
import { ruleTools } from './tools_rules.ts';

const all = [...findTools, ...historyTools, ...declareTools, ...ruleTools, ...changeTools];

export const tools: readonly Tool[] = [...all.filter((t) => !writes(t)), ...all.filter(writes)];
