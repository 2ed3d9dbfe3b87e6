using System.Collections.Immutable;
using System.Text.Json.Nodes;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Tests.Server.Append.Model;

/// <summary>
/// A share as protocol/apply-rules.md describes it: what is known, as plain collections, and the rules, in their order.
/// </summary>
internal sealed record ModelShare
{
    public ImmutableList<LoggedOp> Log { get; init; } = [];

    public bool Ended { get; init; }

    /// <summary>
    /// Op ids that were applied or were duplicates: what they were, and the cursor they are answered with.
    /// </summary>
    private ImmutableDictionary<string, (string Content, long Cursor)> Settled { get; init; } =
        ImmutableDictionary<string, (string, long)>.Empty;

    /// <summary>Op ids that were rejected to a writer.</summary>
    private ImmutableHashSet<string> Refused { get; init; } = [];

    /// <summary>What was answered under each seq of each writer.</summary>
    private ImmutableDictionary<(string Writer, long Seq), ModelOutcome> Records { get; init; } =
        ImmutableDictionary<(string, long), ModelOutcome>.Empty;

    public long Head => Log.Count;

    public long Watermark(string? writer) =>
        Records.Keys.Where(key => key.Writer == writer).Select(key => key.Seq).DefaultIfEmpty(0).Max();

    /// <summary>The share after a batch, and the answer.</summary>
    public (ModelShare After, string Answer) Apply(string? writer, OpBatch batch)
    {
        long watermark = Watermark(writer);
        if (batch.Ops[0].Seq <= watermark) return (this, AnswerResend(writer!, watermark, batch));
        bool isMalformed = batch.Ops.DistinctBy(op => op.OpId).Count() < batch.Ops.Count;
        bool areKnown = writer is null && !isMalformed && batch.Ops.All(op =>
            Settled.TryGetValue(op.OpId, out (string Content, long) known) && known.Content == Content(op));
        string AllKnown() => ModelAnswer.Of(Head, [.. batch.Ops.Select(op =>
            new ModelOutcome(op.OpId, Content(op), Settled[op.OpId].Cursor, IsKnown: true))]);
        if (Ended) return (this, areKnown ? AllKnown() : ModelAnswer.Refusal(ErrorCode.ShareEnded));
        if (batch.Ops[0].Seq > watermark + 1)
            return (this, ModelAnswer.Refusal(ErrorCode.SequenceGap, ackedSeq: watermark));
        if (isMalformed)
            return (this, ModelAnswer.Refusal(ErrorCode.InvalidBatch));
        if (batch.ExpectedCursor is { } expected && expected != Head)
        {
            return (this, areKnown ? AllKnown() : ModelAnswer.Refusal(ErrorCode.CursorMismatch, head: Head));
        }

        (ModelShare after, List<ModelOutcome> outcomes) = ApplyEach(writer, batch);
        if (batch.Atomic == true && outcomes.Exists(outcome => outcome.Code is not null))
        {
            outcomes = [.. outcomes.Select(outcome => outcome.Code is null
                && !outcome.IsKnown ? outcome.Aborted() : outcome)];
            after = this;
        }

        after = after.Remember(writer, batch, outcomes);
        return (after, ModelAnswer.Of(after.Head, outcomes));
    }

    private string AnswerResend(string writer, long watermark, OpBatch batch)
    {
        var outcomes = new List<ModelOutcome>();
        foreach (OpIntent op in batch.Ops)
        {
            if (!Records.TryGetValue((writer, op.Seq!.Value), out ModelOutcome? record) || record.OpId != op.OpId)
            {
                return ModelAnswer.Refusal(ErrorCode.WriterForked, ackedSeq: watermark);
            }

            outcomes.Add(record.Content == Content(op)
                ? record with { IsNew = false } : record.Refused(ErrorCode.OpIdReused));
        }

        return ModelAnswer.Of(Head, outcomes);
    }

    private (ModelShare After, List<ModelOutcome> Outcomes) ApplyEach(string? writer, OpBatch batch)
    {
        ModelShare share = this;
        var outcomes = new List<ModelOutcome>();
        foreach (OpIntent op in batch.Ops)
        {
            ModelOutcome outcome = share.Judge(op, writer, outcomes);
            if (outcome.Code is null)
                share = share with { Settled = share.Settled.SetItem(op.OpId, (outcome.Content, outcome.Cursor)) };
            if (outcome.IsNew)
            {
                share = share with
                {
                    Log = share.Log.Add(new LoggedOp
                    {
                        Cursor = outcome.Cursor, OpId = op.OpId, Verb = op.Verb, Kind = op.Kind, Key = op.Key,
                        Data = op.Data,
                        WriterId = writer, Seq = op.Seq, Actor = "", TimeMs = 0, SchemaVersion = 1,
                    }),
                };
            }

            outcomes.Add(outcome);
        }

        return (share, outcomes);
    }

    /// <summary>Step 5: the first of these that applies decides.</summary>
    private ModelOutcome Judge(OpIntent op, string? writer, List<ModelOutcome> before)
    {
        var outcome = new ModelOutcome(op.OpId, Content(op));
        if (Settled.TryGetValue(op.OpId, out (string Content, long Cursor) known))
        {
            return known.Content == outcome.Content
                ? outcome with { Cursor = known.Cursor, IsKnown = true }
                : outcome.Refused(ErrorCode.OpIdReused);
        }

        JsonNode? data = op.Data is { } bytes ? JsonNode.Parse(bytes.ToString()) : null;
        if (IsMalformed(op, data)) return outcome.Refused(ErrorCode.InvalidOp);
        (long Cursor, JsonNode Value)? current =
            ModelDocs.Fold(Log).TryGetValue(ModelDocs.Name(op.Kind, op.Key), out (long, JsonNode) doc) ? doc : null;
        if (op.Kind == Kinds.Turn && current is { } turn && JudgeTurn(turn.Value, data, writer) is { } verdict)
        {
            return verdict == ErrorCode.TurnFinal ? outcome.Refused(verdict) : outcome with { Cursor = turn.Cursor };
        }

        foreach (string dependency in op.DependsOn ?? [])
        {
            if (Settled.ContainsKey(dependency)) continue;
            bool wasRefused = Refused.Contains(dependency) || before.Exists(earlier => earlier.OpId == dependency);
            return outcome.Refused(wasRefused ? ErrorCode.DependencyFailed : ErrorCode.DependencyMissing);
        }

        bool isSame = op.IfChanged == true && current is not null
            && ModelDocs.Canonical(current.Value.Value) == ModelDocs.Canonical(data);
        return isSame
            ? outcome with { Cursor = current!.Value.Cursor } : outcome with { Cursor = Head + 1, IsNew = true };
    }

    /// <summary>Null: it may be. Otherwise turn_final, or (any other code) a duplicate.</summary>
    private static ErrorCode? JudgeTurn(JsonNode turn, JsonNode? next, string? writer)
    {
        string state = turn["state"]!.GetValue<string>();
        string? nextState = next?["state"]!.GetValue<string>();
        if (state == "streaming") return null;
        if (turn["provisional"]?.GetValue<bool>() == true)
        {
            bool isTrueEnding = nextState is not null and not "streaming"
                && turn["writer_id"]?.GetValue<string>() == writer;
            return isTrueEnding ? null : ErrorCode.TurnFinal;
        }

        return nextState == state ? ErrorCode.Internal : ErrorCode.TurnFinal;
    }

    private static bool IsMalformed(OpIntent op, JsonNode? data) => op.Verb switch
    {
        Verbs.Remove => false,
        Verbs.Append => op.Kind == Kinds.Turn,
        Verbs.Put => op.Kind == Kinds.Turn
            && data?["state"]?.GetValue<string>() is not ("streaming" or "completed" or "failed" or "aborted"),
        _ => true,
    };

    private ModelShare Remember(string? writer, OpBatch batch, List<ModelOutcome> outcomes)
    {
        if (writer is null) return this;
        ModelShare share = this;
        for (int i = 0; i < outcomes.Count; i++)
        {
            share = share with { Records = share.Records.SetItem((writer, batch.Ops[i].Seq!.Value), outcomes[i]) };
            if (outcomes[i].Code is not null) share = share with { Refused = share.Refused.Add(outcomes[i].OpId) };
        }

        return share;
    }

    private static string Content(OpIntent op) =>
        $"{op.Verb} {op.Kind} {op.Key} {string.Join(",", op.DependsOn ?? [])} {op.Data}";
}
