using ShareRpc.Sources.Following;
using System.Security.Cryptography;
using System.Text;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.LeftOut;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>
/// Imports one session into a share: its own, or as a subagent's that of the session which started it. The caller holds
/// the <see cref="SyncLock"/>.
/// </summary>
internal sealed class SessionImport(
    StorageTree tree, SessionFile session, ImportedSession imported, SecretScanner? secrets, TimeProvider time)
{
    /// <summary>
    /// Digest of the enqueued documents, empty during the first import. If unchanged, a rescan enqueues nothing. After
    /// a crash all is put again; <c>if_changed</c> prevents second ops.
    /// </summary>
    private const string ContentBookmark = "opencode.files";

    private readonly SessionForm form = new(session.Info.Id, imported.SessionId);
    private (int Messages, int Parts, int Skipped) counted;

    public SkipList Skips { get; private set; } = new();

    private string ContentName => OpencodeSync.NameOf(ContentBookmark, form);

    private string KeysName => OpencodeSync.NameOf(OpencodeSync.KeysBookmark, form);

    /// <summary>Returns null if the share may take the files.</summary>
    public async Task<SkipReason?> RefusalAsync(CancellationToken cancellationToken)
    {
        if (imported.Writer.Status.ClosedCode is not null) return SkipReason.ShareClosed;
        if (await BookmarkAsync(OpencodeSync.PositionBookmark, cancellationToken).ConfigureAwait(false) is not null)
            return SkipReason.FollowsDatabase;
        bool hasKeys =
            await BookmarkAsync(KeysName, cancellationToken).ConfigureAwait(false) is not null;
        bool isOurs = await BookmarkAsync(ContentName, cancellationToken).ConfigureAwait(false) is not null;
        return hasKeys && !isOurs ? SkipReason.FollowsDatabase : null;
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string? before = await BookmarkAsync(ContentName, cancellationToken).ConfigureAwait(false);
        bool isAgain = !string.IsNullOrEmpty(before);
        if (isAgain && await ReadAsync(store: false, cancellationToken).ConfigureAwait(false) == before) return;
        if (!isAgain) await StoreAsync([], ContentName, "", cancellationToken).ConfigureAwait(false);
        string content = await ReadAsync(store: true, cancellationToken).ConfigureAwait(false);
        await StoreAsync([], ContentName, content, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Returns the digest; enqueues only if <c>store</c>.</summary>
    private async Task<string> ReadAsync(bool store, CancellationToken cancellationToken)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        LeftOutDocuments leftOut =
            await LeftOutDocuments.ReadAsync(imported.Writer, cancellationToken).ConfigureAwait(false);
        var known = new KnownDocuments();
        var filter = new SecretFilter(secrets);
        var builder = new StepBuilder(filter, leftOut);
        Revert? revert = Revert.OfSession(session.Document);
        var documents = new SessionDocuments(tree, form, filter, time, revert);
        Skips = documents.Skips;
        (int messages, int parts) = (0, 0);
        if (!form.IsSubagent)
        {
            await TakeAsync(OpencodeOps.Put(Kinds.Session, session.Info.Id, filter.Clean(session.Document)))
                .ConfigureAwait(false);
        }

        await foreach (FoundDocument found in documents.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (found.Op.Kind == Kinds.Message) messages++;
            if (found.MessageId is not null) parts++;
            Note(found, known);
            await TakeAsync(found.Op).ConfigureAwait(false);
            if (found.IsPlaceholder) leftOut.Note(found.Op.Kind, found.Op.Key, found.Op.Data!.Value);
        }

        // With the keys, the database source can later remove documents that it no longer has.
        IReadOnlyList<OpIntent> rest = builder.Take(position: null)?.Ops ?? [];
        if (store)
            await StoreAsync(rest, KeysName, new KnownKeys(-1, known).ToJson(),
                cancellationToken).ConfigureAwait(false);
        Count((messages, parts, Skips.Count));
        if (store) await CountAsync(filter.Counts, cancellationToken).ConfigureAwait(false);
        if (store) await leftOut.StoreAsync(imported.Writer, cancellationToken).ConfigureAwait(false);
        imported.LeftOut = leftOut.Listed;
        return Convert.ToHexStringLower(digest.GetHashAndReset());

        async Task TakeAsync(OpIntent op)
        {
            digest.AppendData(Encoding.UTF8.GetBytes($"{op.Kind}\n{op.Key}\n{op.Data!.Value.Utf8.Length}\n"));
            digest.AppendData(op.Data!.Value.Utf8.Span);
            if (store && builder.Add(op, position: null) is { } step)
                await StoreAsync(step.Ops, null, "", cancellationToken).ConfigureAwait(false);
        }
    }

    private Task CountAsync(SecretCounts counts, CancellationToken cancellationToken)
    {
        imported.Redacted.Add(counts);
        return counts.StoreAsync(imported.Writer, cancellationToken);
    }

    /// <summary>Counts what the last reading found, in place of what the one before it did.</summary>
    private void Count((int Messages, int Parts, int Skipped) now)
    {
        imported.Messages += now.Messages - counted.Messages;
        imported.Parts += now.Parts - counted.Parts;
        imported.Skipped += now.Skipped - counted.Skipped;
        counted = now;
    }

    private static void Note(FoundDocument found, KnownDocuments known)
    {
        if (found.Op.Kind == Kinds.Message) known.PutMessage(found.Op.Key);
        else if (found.MessageId is { } messageId) known.PutPart(messageId, found.Op.Key);
    }

    private Task<string?> BookmarkAsync(string name, CancellationToken cancellationToken) =>
        imported.Writer.ReadBookmarkAsync(name, cancellationToken);

    private async Task StoreAsync(IReadOnlyList<OpIntent> ops, string? bookmark, string value,
        CancellationToken cancellationToken)
    {
        var options = new EnqueueOptions { Bookmark = bookmark is null ? null : new Bookmark(bookmark, value) };
        await imported.Writer.EnqueueAsync(ops, options, cancellationToken).ConfigureAwait(false);
        imported.Enqueued += ops.Count;
    }
}
