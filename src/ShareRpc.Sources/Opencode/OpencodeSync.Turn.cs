using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Sources.Opencode;

/// <summary>
/// The session's newest turn, from its row. What was said of it last is a bookmark of its own, stored with the op that says it: a turn is
/// told to begin once and to end once, whatever is read again, because the share lets no ended turn change.
/// </summary>
public sealed partial class OpencodeSync
{
    internal const string TurnBookmark = "opencode.turn";

    private async Task TurnAsync(Pass pass, CancellationToken cancellationToken)
    {
        string? stored = await Writer.ReadBookmarkAsync(TurnBookmark, cancellationToken).ConfigureAwait(false);
        (string Id, string State)? said = stored?.Split(' ') is [var id, var state] ? (id, state) : null;
        if (pass.View.NewestTurn(SessionId) is not { } newest) return;
        if (said is { } last && last.Id != newest.Id && !TurnStates.IsFinal(last.State))
        {
            // The next answer has begun: however this one ended, it is over.
            string? now = TurnDocument.StateOf(pass.View.MessageData(last.Id));
            await SayTurnAsync(pass, last.Id, TurnStates.IsFinal(now) ? now! : TurnStates.Aborted, cancellationToken).ConfigureAwait(false);
        }

        // Ids rise with time: a newest message that is older than the one before means that one was removed, and is no news.
        bool isNews = said is not { } before || string.CompareOrdinal(newest.Id, before.Id) > 0
            || (newest.Id == before.Id && !TurnStates.IsFinal(before.State) && before.State != newest.State);
        if (isNews) await SayTurnAsync(pass, newest.Id, newest.State, cancellationToken).ConfigureAwait(false);
    }

    private async Task SayTurnAsync(Pass pass, string messageId, string state, CancellationToken cancellationToken)
    {
        OpIntent op = OpencodeOps.Put(Kinds.Turn, messageId, TurnDocument.Build(state));
        var options = new EnqueueOptions { Bookmark = new Bookmark(TurnBookmark, $"{messageId} {state}") };
        await Writer.EnqueueAsync([op], options, cancellationToken).ConfigureAwait(false);
        pass.Enqueued++;
    }
}
