export * from './wire.js';
export {
  Connection, type CloseReason, type ConnectOptions, type RedeemedForReading, type RedeemedRoot, type RedeemedShare,
} from './connection.js';
export { RootHandle, ShareHandle, type CallOptions, type ReadingHandle } from './handles.js';
export {
  Disconnected, ShareRpcError, errorInfo, errorNames, type ErrorAction, type ErrorData, type ErrorInfo, type ErrorName,
} from './errors.js';
export { findLink, formatLink, parseLink, rpcAddress, type ShareLink } from './links.js';
export { redeemLink, type GrantStore } from './grants.js';
export { authorOf, commentKey, commentPlace, type CommentPlace } from './comments.js';
export { idOf, isId, isOpId, newId, newOpId } from './ids.js';
export { capIdOf, newToken, passphraseDigest, tokenDigest, tokenOf } from './tokens.js';
export { foldOp } from './fold.js';
export { PlainWriter, type AppendOutcome, type Expectation, type PlainWriterOptions } from './plainWriter.js';
export { follow } from './follow.js';
export type { PageStream } from './stream.js';
export { ShareFollower, type FollowerOptions } from './follower.js';
export type { FollowOptions, FollowState } from './resuming.js';
