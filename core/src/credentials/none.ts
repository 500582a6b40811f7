/** Sends no credential at all. */
export function signNothing(): void {}
