import { idOf } from './ids.js';
import { sha256 } from './sha256.js';

/** The id that stands for a capability in what it says to others (COMMENT-3): `author.id` of its comments. */
export function authorOf(capId: string): string {
  return idOf(sha256(new TextEncoder().encode(`author ${capId}`)).subarray(0, 16));
}

/** The key of a comment, and what it is on (COMMENT-2). */
export interface CommentPlace {
  kind: 'message' | 'part' | 'session_diff';
  key: string;
  id: string;
}

/** Writes the key of a comment. */
export function commentKey({ kind, key, id }: CommentPlace): string {
  return `${kind}/${key}/${id}`;
}

/** Reads the key of a comment; undefined for any other text. */
export function commentPlace(text: string): CommentPlace | undefined {
  const [, kind, key, id] = /^(message|part|session_diff)\/(.+)\/([A-Za-z0-9_-]{1,64})$/s.exec(text) ?? [];
  return kind && key && id ? { kind: kind as CommentPlace['kind'], key, id } : undefined;
}
