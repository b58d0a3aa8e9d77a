// Policy reports: what checks outside of the engine came to, uploaded beside a change set and read by whoever reviews. The
// contract has the upload only; reading is ours.

import { Type } from 'typebox';
import { policyResults } from '../../../engine/policy_reports.ts';
import { shape } from '../model.ts';
import { inChangeSet, type Route, route } from '../route.ts';

const result = Type.Union(policyResults.map((r) => Type.Literal(r)));
const members = {
  id: Type.String(),
  name: Type.String(),
  result,
  changeSet: Type.String(),
  uploadedBy: Type.String(),
  createdAtMs: Type.Integer(),
};
const line = shape('PolicyReportLine', members);

const path = '/v1/w/{workspace_id}/policy-reports';
const name = Type.Optional(Type.String({ description: 'Part of the name, in upper or lower case.' }));
const changeSet = Type.Optional(Type.String({ description: 'Only those about this change set.' }));

export const policyReportRoutes: readonly Route[] = [
  route({
    id: 'PolicyReports.uploadPolicyReport',
    method: 'POST',
    path: `${inChangeSet}/policy-reports`,
    summary: 'Keeps what a check of the change set, or of Head, came to.',
    body: shape('UploadPolicyReportV1Request', {
      name: Type.String({ description: 'Of the check; reports are found by it.' }),
      policy: Type.String(),
      report: Type.String(),
      result,
    }),
    answers: { 200: shape('UploadPolicyReportV1Response', { id: Type.String() }) },
    handle: async ({ params, body, operation }) => {
      const about = { changeSet: params['change_set_id'] };
      const { id } = await operation<{ id: string }>('policy_report.upload', { ...body, ...about });
      return { id };
    },
  }),
  route({
    id: 'PolicyReports.listPolicyReports',
    method: 'GET',
    path,
    summary: 'Reports, the newest first, a page at a time.',
    query: Type.Object({
      name,
      changeSet,
      page: Type.Optional(Type.Integer({ minimum: 0, description: 'From 1; 0 is the first, too.' })),
      size: Type.Optional(
        Type.Integer({ minimum: 0, description: 'Default 50, most 300; 0: only how many there are.' }),
      ),
    }),
    answers: {
      200: shape('ListPolicyReportsResponse', {
        reports: Type.Array(line),
        page: Type.Integer(),
        size: Type.Integer(),
        total: Type.Integer({ description: 'Of all pages.' }),
      }),
    },
    handle: ({ query, operation }) => operation('policy_report.list', query),
  }),
  route({
    id: 'PolicyReports.groupPolicyReports',
    method: 'GET',
    path: `${path}/groups`,
    summary: 'The newest reports of each check.',
    query: Type.Object({ name, changeSet }),
    answers: {
      200: shape('GroupPolicyReportsResponse', {
        groups: Type.Array(
          shape('PolicyReportGroup', {
            name: Type.String(),
            total: Type.Integer(),
            failed: Type.Integer(),
            reports: Type.Array(line),
          }),
        ),
        more: Type.Integer({ description: 'Checks that are not told.' }),
      }),
    },
    handle: ({ query, operation }) => operation('policy_report.groups', query),
  }),
  route({
    id: 'PolicyReports.getPolicyReport',
    method: 'GET',
    path: `${path}/{report_id}`,
    summary: 'One report, with the policy that was checked.',
    answers: { 200: shape('PolicyReport', { ...members, policy: Type.String(), report: Type.String() }) },
    handle: ({ params, operation }) => operation('policy_report.get', { report: params['report_id'] }),
  }),
];
