/** What is disposed of together: the same for the parts of the panel's host that need no VS Code. */
export { Disposables } from '../engine/view/disposables.ts';
