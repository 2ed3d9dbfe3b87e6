using System.Text.Json;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// Writes the newest turn. The bookmark is committed with the op, so that a turn ends once: final turns cannot change.
/// </summary>
internal sealed class TurnTracker(string sessionId, ShareWriter writer)
{
    private const string Bookmark = "opencode.turn";

    public async Task<int> WriteAsync(OpencodeView view, CancellationToken cancellationToken)
    {
        string? stored = await writer.ReadBookmarkAsync(Bookmark, cancellationToken).ConfigureAwait(false);
        (string Id, string State)? written = stored?.Split(' ') is [var id, var state] ? (id, state) : null;
        if (view.NewestTurn(sessionId) is not { } newest) return 0;
        int enqueued = 0;
        if (written is { } last && last.Id != newest.Id && !TurnStates.IsFinal(last.State))
        {
            // The next answer has begun, so this one has ended.
            string? now = TurnDocument.StateOf(view.MessageData(last.Id));
            await PutAsync(last.Id, TurnStates.IsFinal(now) ? now! : TurnStates.Aborted,
                cancellationToken).ConfigureAwait(false);
            enqueued++;
        }

        // Ids rise with time: an older newest message means that the last one was removed; write nothing.
        bool isNew = written is not { } before || string.CompareOrdinal(newest.Id, before.Id) > 0
            || (newest.Id == before.Id && !TurnStates.IsFinal(before.State) && before.State != newest.State);
        if (!isNew) return enqueued;
        await PutAsync(newest.Id, newest.State, cancellationToken).ConfigureAwait(false);
        return enqueued + 1;
    }

    private async Task PutAsync(string messageId, string state, CancellationToken cancellationToken)
    {
        OpIntent op = OpencodeOps.Put(Kinds.Turn, messageId, TurnDocument.Build(state));
        var options = new EnqueueOptions { Bookmark = new Bookmark(Bookmark, $"{messageId} {state}") };
        await writer.EnqueueAsync([op], options, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>
/// The turn document: key = message id, <c>{state}</c> derived from the message: streaming until an error or completion
/// time.
/// </summary>
internal static class TurnDocument
{
    /// <summary>Returns null if not the assistant's.</summary>
    public static string? StateOf(ReadOnlySpan<byte> message)
    {
        try
        {
            var reader = new Utf8JsonReader(message);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            return StateOf(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static RawJson Build(string state) => RawJson.Parse($$"""{"state":"{{state}}"}""");

    private static string? StateOf(JsonElement message)
    {
        if (!JsonMembers.TryFind(message, "role"u8, out JsonElement role) || !JsonMembers.IsText(role, "assistant"u8))
            return null;
        if (JsonMembers.TryFind(message, "error"u8, out JsonElement error) && error.ValueKind == JsonValueKind.Object)
        {
            bool isAborted = JsonMembers.TryFind(error, "name"u8, out JsonElement name)
                && JsonMembers.IsText(name, "MessageAbortedError"u8);
            return isAborted ? TurnStates.Aborted : TurnStates.Failed;
        }

        bool isCompleted = JsonMembers.TryFind(message, "time"u8, out JsonElement time)
            && JsonMembers.TryFind(time, "completed"u8, out JsonElement completed)
                && completed.ValueKind == JsonValueKind.Number;
        return isCompleted ? TurnStates.Completed : TurnStates.Streaming;
    }
}
