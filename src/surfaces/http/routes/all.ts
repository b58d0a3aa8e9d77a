// Every route of the API, by subject. The order is that of the document; where two paths could take a request, the router
// prefers the one with fewer parameters.

import type { Route } from '../route.ts';
import { changeSetRoutes } from './change_sets.ts';
import { mutationRoutes } from './mutations.ts';
import { operationRoutes } from './operations.ts';
import { systemRoutes } from './system.ts';
import { tokenRoutes } from './tokens.ts';

export const routes: readonly Route[] = [
  ...systemRoutes,
  ...changeSetRoutes,
  ...mutationRoutes,
  ...tokenRoutes,
  ...operationRoutes,
];
