using ShareRpc.Client;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Writing;
using ShareRpc.Client.Writing.Outbox;
using ShareRpc.Protocol.Ops;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Sources.Opencode.Files;

/// <summary>
/// Imports a storage tree of opencode before 1.2, each session with its subagents into its own share. A new run
/// completes an interrupted import; only <c>Rescan</c> repeats a finished one. For one caller.
/// </summary>
public sealed class OpencodeFilesImport
{
    private readonly ShareClient client;
    private readonly OpencodeFilesOptions options;
    private readonly TimeProvider time;
    private readonly SkipList skips = new();
    private readonly List<ImportedSession> sessions = [];
    private int read;

    /// <summary>Initializes the import. The caller keeps the client.</summary>
    public OpencodeFilesImport(ShareClient client, OpencodeFilesOptions options, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        this.client = client;
        this.options = options;
        this.time = time ?? TimeProvider.System;
    }

    /// <summary>Called, and awaited, when a session has its share, before its first op is read.</summary>
    public Func<ImportedSession, CancellationToken, Task>? Started { get; set; }

    /// <summary>Gets the sessions so far, in the order found.</summary>
    public IReadOnlyList<ImportedSession> Sessions => sessions;

    /// <summary>
    /// Reads the tree; returns when all is in the outbox. Throws <see cref="OpencodeException"/> for a wrong folder or
    /// a full outbox.
    /// </summary>
    public async Task<ImportReport> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OutboxException or CredentialStoreException)
        {
            throw new OpencodeException(error.Message, error);
        }
    }

    private async Task<ImportReport> ReadAsync(CancellationToken cancellationToken)
    {
        StorageTree tree = StorageTree.Open(options.Path);
        ImportState? known = await client.FindImportAsync(tree.Root, cancellationToken).ConfigureAwait(false);
        if (known?.FinishedAt is not null && !options.Rescan) return new ImportReport(known, IsEarlier: true, []);
        string hash = await Task.Run(() => tree.Hash(cancellationToken), cancellationToken).ConfigureAwait(false);
        ImportState? copy = await client.FindFinishedImportAsync(hash, cancellationToken).ConfigureAwait(false);
        if (copy is not null && !options.Rescan) return new ImportReport(copy, IsEarlier: true, []);

        var state = new ImportState { Path = tree.Root, ContentHash = hash, StartedAt = time.GetUtcNow() };

        // An interrupted rescan must not mark a finished tree as unfinished.
        if (known?.FinishedAt is null) await client.StoreImportAsync(state, cancellationToken).ConfigureAwait(false);
        await SessionsAsync(tree, cancellationToken).ConfigureAwait(false);
        state = state with
        {
            Sessions = read, Messages = sessions.Sum(session => session.Messages),
            Parts = sessions.Sum(session => session.Parts),
            SkippedCount = skips.Count, Skipped = skips.ToJson(), FinishedAt = time.GetUtcNow(),
        };
        await client.StoreImportAsync(state, cancellationToken).ConfigureAwait(false);
        return new ImportReport(state, IsEarlier: false, skips.Listed);
    }

    private async Task SessionsAsync(StorageTree tree, CancellationToken cancellationToken)
    {
        var messageIds = new HashSet<string>(StringComparer.Ordinal);
        var sessionIds = new HashSet<string>(StringComparer.Ordinal);
        IReadOnlyList<SessionFile> files =
            await SessionFile.ListAsync(tree, skips, time, cancellationToken).ConfigureAwait(false);
        var byId = files.ToDictionary(file => file.Info.Id, StringComparer.Ordinal);
        var shares = new Dictionary<string, ImportedSession?>(StringComparer.Ordinal);
        IReadOnlyList<OpencodeSessionInfo> newestFirst = [.. files.Select(file => file.Info).Reverse()];
        foreach (OpencodeSessionInfo info in OpencodeSelection.All.Choose(newestFirst))
        {
            SessionFile session = byId[info.Id];
            sessionIds.Add(session.Info.Id);
            messageIds.UnionWith(
                tree.Files($"{Kinds.Message}/{session.Info.Id}", new SkipList()).Select(message => message.Id));
            ImportedSession? parent = info.ParentId is { } id ? shares.GetValueOrDefault(id) : null;
            bool isLeftOut = parent is null && info.ParentId is { } gone && shares.ContainsKey(gone);
            if (isLeftOut) skips.Add(session.File.Path, SkipReason.FollowsDatabase);
            shares[info.Id] = isLeftOut
                ? null : await SessionAsync(tree, session, parent, cancellationToken).ConfigureAwait(false);
        }

        Leftovers(tree, sessionIds, messageIds);
    }

    /// <summary>Imports a session, a subagent's into the share of its parent; returns null if it was refused.</summary>
    private async Task<ImportedSession?> SessionAsync(
        StorageTree tree, SessionFile session, ImportedSession? parent, CancellationToken cancellationToken)
    {
        ImportedSession imported = parent ?? await ShareAsync(session, cancellationToken).ConfigureAwait(false);
        var run = new SessionImport(tree, session, imported, options.Secrets, time);
        using IDisposable turn =
            await SyncLock.TakeAsync(options.LockPath, time, cancellationToken).ConfigureAwait(false);
        if (await run.RefusalAsync(cancellationToken).ConfigureAwait(false) is { } refusal)
        {
            skips.Add(session.File.Path, refusal);
            return null;
        }

        read++;
        if (parent is null) sessions.Add(imported);
        if (parent is null && Started is { } started)
            await started(imported, cancellationToken).ConfigureAwait(false);
        await run.RunAsync(cancellationToken).ConfigureAwait(false);
        skips.AddAll(run.Skips);
        return imported;
    }

    private async Task<ImportedSession> ShareAsync(SessionFile session, CancellationToken cancellationToken)
    {
        OpencodeSessionInfo info =
            session.Info with { Title = new SecretFilter(options.Secrets).Clean(session.Info.Title) };
        ShareWriter writer =
            await client.CreateShareAsync($"opencode:{info.Id}", info.Label, cancellationToken).ConfigureAwait(false);
        return new ImportedSession(info.Id, info.ParentId, info.Title, writer);
    }

    private void Leftovers(StorageTree tree, HashSet<string> sessionIds, HashSet<string> messageIds)
    {
        foreach (string sessionId in tree.Folders(Kinds.Message, skips).Where(id => !sessionIds.Contains(id)))
        {
            foreach (StorageFile message in tree.Files($"{Kinds.Message}/{sessionId}", skips))
            {
                skips.Add(message.Path, SkipReason.NoSession);
                foreach (StorageFile part in tree.Files($"{Kinds.Part}/{message.Id}", skips))
                    skips.Add(part.Path, SkipReason.NoSession);
                messageIds.Add(message.Id);
            }
        }

        foreach (string messageId in tree.Folders(Kinds.Part, skips).Where(id => !messageIds.Contains(id)))
        {
            foreach (StorageFile part in tree.Files($"{Kinds.Part}/{messageId}", skips))
                skips.Add(part.Path, SkipReason.NoMessage);
        }

        foreach (string kind in new[] { Kinds.SessionDiff, Kinds.Todo })
        {
            foreach (StorageFile file in tree.Files(kind, skips).Where(file => !sessionIds.Contains(file.Id)))
                skips.Add(file.Path, SkipReason.NoSession);
        }
    }
}

/// <summary>Options of an import.</summary>
public sealed record OpencodeFilesOptions
{
    /// <summary>Gets the <c>storage</c> folder, or its parent.</summary>
    public required string Path { get; init; }

    /// <summary>Gets the lock file, shared by all processes with the same outbox; created if missing.</summary>
    public required string LockPath { get; init; }

    /// <summary>Gets whether to read an imported tree again. Unchanged documents make no ops.</summary>
    public bool Rescan { get; init; }

    /// <summary>Gets the scanner that replaces secrets; null for none. Default: built-in rules.</summary>
    public SecretScanner? Secrets { get; init; } = SecretScanner.BuiltIn;
}
