/** Shapes of identifiers, shared by both faces. */

/** Account ids: any string a client puts in the URL, within these bounds. */
export const ACCOUNT_ID = /^[A-Za-z0-9_-]{1,64}$/;
/** Gateway ids are chosen by the user and immutable. */
export const GATEWAY_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** The gateway that the first authenticated call creates. */
export const DEFAULT_GATEWAY_ID = 'default';
