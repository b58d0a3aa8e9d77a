import type { Json } from '../../base/json.ts';
export declare function readText(file: string): string;
export declare function readJson(file: string): Json;
