// Every route of the API, by subject. The order is that of the document; where two paths could take a request, the router
// prefers the one with fewer parameters.

import type { Route } from '../route.ts';
import { actionRoutes } from './actions.ts';
import { changeControlRoutes } from './change_control.ts';
import { changeSetRoutes } from './change_sets.ts';
import { componentListRoutes } from './component_lists.ts';
import { componentQuestionRoutes } from './component_questions.ts';
import { componentRoutes } from './components.ts';
import { mutationRoutes } from './mutations.ts';
import { operationRoutes } from './operations.ts';
import { policyReportRoutes } from './policy_reports.ts';
import { realityRoutes } from './reality.ts';
import { secretRoutes } from './secrets.ts';
import { systemRoutes } from './system.ts';
import { tokenRoutes } from './tokens.ts';
import { viewRoutes } from './views.ts';
import { workspaceRoutes } from './workspaces.ts';

export const routes: readonly Route[] = [
  ...systemRoutes,
  ...changeSetRoutes,
  ...componentRoutes,
  ...componentListRoutes,
  ...componentQuestionRoutes,
  ...viewRoutes,
  ...realityRoutes,
  ...mutationRoutes,
  ...changeControlRoutes,
  ...actionRoutes,
  ...secretRoutes,
  ...policyReportRoutes,
  ...workspaceRoutes,
  ...tokenRoutes,
  ...operationRoutes,
];
