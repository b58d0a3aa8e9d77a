// Every route of the API, by subject. The order is that of the document; where two paths could take a request, the router
// prefers the one with fewer parameters.

import type { Route } from '../route.ts';
import { actionRoutes } from './actions.ts';
import { changeControlRoutes } from './change_control.ts';
import { changeSetRoutes } from './change_sets.ts';
import { componentListRoutes } from './component_lists.ts';
import { componentQuestionRoutes } from './component_questions.ts';
import { componentRoutes } from './components.ts';
import { declarationRoutes } from './declarations.ts';
import { editRoutes } from './edits.ts';
import { eventRoutes } from './events.ts';
import { funcRoutes } from './funcs.ts';
import { importRoutes } from './imports.ts';
import { mutationRoutes } from './mutations.ts';
import { operationRoutes } from './operations.ts';
import { planPolicyRoutes } from './plan_policies.ts';
import { policyRoutes } from './policies.ts';
import { policyReportRoutes } from './policy_reports.ts';
import { realityRoutes } from './reality.ts';
import { runRoutes } from './runs.ts';
import { scheduleRoutes } from './schedule.ts';
import { schemaRoutes } from './schemas.ts';
import { secretRoutes } from './secrets.ts';
import { startedRoutes } from './started.ts';
import { systemRoutes } from './system.ts';
import { tokenRoutes } from './tokens.ts';
import { upkeepRoutes } from './upkeep.ts';
import { variantFunctionRoutes } from './variant_functions.ts';
import { viewRoutes } from './views.ts';
import { webhookRoutes } from './webhooks.ts';
import { workspaceRoutes } from './workspaces.ts';

export const routes: readonly Route[] = [
  ...systemRoutes,
  ...changeSetRoutes,
  ...componentRoutes,
  ...componentListRoutes,
  ...componentQuestionRoutes,
  ...declarationRoutes,
  ...viewRoutes,
  ...realityRoutes,
  ...mutationRoutes,
  ...editRoutes,
  ...schemaRoutes,
  ...variantFunctionRoutes,
  ...funcRoutes,
  ...startedRoutes,
  ...runRoutes,
  ...importRoutes,
  ...upkeepRoutes,
  ...changeControlRoutes,
  ...scheduleRoutes,
  ...actionRoutes,
  ...secretRoutes,
  ...policyRoutes,
  ...planPolicyRoutes,
  ...policyReportRoutes,
  ...workspaceRoutes,
  ...tokenRoutes,
  ...eventRoutes,
  ...webhookRoutes,
  ...operationRoutes,
];
