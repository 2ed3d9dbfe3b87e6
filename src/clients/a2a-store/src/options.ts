import type { OwnerResolver } from '@a2a-js/sdk/server';

export interface A2aStoreOptions {
  /** The server's address, with path. */
  server: string;
  /** A root or creator token. All processes of an agent use the same one. */
  token: string;
  /**
   * A secret of the agent's own, at least 32 characters, the same in all its processes and for as long as its tasks are
   * kept: the tokens of the tasks' shares are derived from it, and push configurations are encrypted with it.
   */
  key: string;
  /** Who a call belongs to. Default: the name of its authenticated user, as the stores of the SDK do. */
  ownerResolver?: OwnerResolver;
  /** Default: the platform's; before Node 22 that of `ws`. */
  WebSocket?: typeof WebSocket;
  /** How long a call tries again while the server cannot be reached or refuses for now. Default 30 s. */
  patienceMs?: number;
}

/**
 * The task was changed since the caller loaded it: nothing was saved. Load it, apply the change to it, save again.
 */
export class TaskConflictError extends Error {
  override readonly name = 'TaskConflictError';

  constructor(readonly taskId: string) {
    super(`Task ${taskId} was changed by someone else since it was loaded.`);
  }
}
