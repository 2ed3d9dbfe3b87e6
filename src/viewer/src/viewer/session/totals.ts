import type { DocumentStore } from '../documents.ts';
import { number } from './fields.ts';
import type { Turn } from './rows.ts';
import { turnDiffs, turnDuration, turnState, usageOf, type TurnState, type Usage } from './summary.ts';

/** What a turn took. */
export interface TurnTotals {
  id: string;
  /** When it began; undefined where nobody said so. */
  start: number | undefined;
  /** Milliseconds; 0 while it runs. */
  worked: number;
  usage: Usage;
  files: number;
  state: TurnState;
}

export interface Totals {
  /** The sum of the turns, without the pauses between them. */
  worked: number;
  usage: Usage;
  turns: readonly TurnTotals[];
}

/** Adds up turns. */
export function totalsOf(store: DocumentStore, turns: readonly Turn[]): Totals {
  const all = turns.map((turn) => turnTotals(store, turn));
  const usage: Usage = { input: 0, output: 0, cached: 0, cost: 0 };
  for (const one of all) {
    usage.input += one.usage.input;
    usage.output += one.usage.output;
    usage.cached += one.usage.cached;
    usage.cost += one.usage.cost;
  }
  return { worked: all.reduce((sum, { worked }) => sum + worked, 0), usage, turns: all };
}

function turnTotals(store: DocumentStore, turn: Turn): TurnTotals {
  return {
    id: turn.id,
    start: number((turn.user ?? turn.answers[0])?.doc.data, 'time', 'created'),
    worked: turnDuration(turn) ?? 0,
    usage: usageOf(turn.answers),
    files: turnDiffs(turn).length,
    state: turnState(store, turn),
  };
}
