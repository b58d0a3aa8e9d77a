// A view: a named set of components, with the geometry of each on the map and, where wanted, who must approve changes
// in it.

/** Stored under the view's id. */
export interface ViewRecord {
  readonly name: string;
  /** The view every component is put in unless told otherwise; cannot be removed. */
  readonly isDefault: boolean;
}

/** Stored under `view/component`; null geometry: placed by the console. Units: map pixels. */
export interface Geometry {
  readonly x: number;
  readonly y: number;
  readonly width: number | null;
  readonly height: number | null;
}

/** Stored under `view!approvers`. */
export interface ApproverRule {
  /** User ids or role names. */
  readonly approvers: readonly string[];
  readonly minimum: number;
}
