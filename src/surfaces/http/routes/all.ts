// Every route of the API, by subject. The order is that of the document; where two paths could take a request, the router
// prefers the one with fewer parameters.

import type { Route } from '../route.ts';
import { changeSetRoutes } from './change_sets.ts';
import { funcRoutes } from './funcs.ts';
import { importRoutes } from './imports.ts';
import { operationRoutes } from './operations.ts';
import { runRoutes } from './runs.ts';
import { schemaRoutes } from './schemas.ts';
import { startedRoutes } from './started.ts';
import { systemRoutes } from './system.ts';
import { tokenRoutes } from './tokens.ts';
import { upkeepRoutes } from './upkeep.ts';
import { variantFunctionRoutes } from './variant_functions.ts';

export const routes: readonly Route[] = [
  ...systemRoutes,
  ...changeSetRoutes,
  ...schemaRoutes,
  ...variantFunctionRoutes,
  ...funcRoutes,
  ...startedRoutes,
  ...runRoutes,
  ...importRoutes,
  ...upkeepRoutes,
  ...tokenRoutes,
  ...operationRoutes,
];
