using System.Runtime.CompilerServices;
using ShareRpc.Cli.Sharing;
using ShareRpc.Cli.State;
using ShareRpc.Cli.Watching;
using ShareRpc.Client.Credentials;
using ShareRpc.Client.Reading;
using ShareRpc.Client.Writing;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Protocol.Transcripts;
using ShareRpc.Sources.Following;
using ShareRpc.Sources.Opencode;
using ShareRpc.Sources.Secrets;

namespace ShareRpc.Cli.AgentTools;

/// <summary>
/// Reads sessions as text: a share by its link, and what the link may not read stays out; a session of this machine
/// from its agent's files, with what looks like a secret replaced, as when it is shared.
/// </summary>
internal sealed class ReadableSessions(CommandContext context)
{
    /// <summary>How long a server may take to answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task<string> ReadAsync(string name, TranscriptRequest request, CancellationToken stop)
    {
        if (LinkFinder.TryFind(name, out ShareLink? link))
            return await ReadShareAsync(link, request, stop).ConfigureAwait(false);
        if (await FindOwnAsync(name, stop).ConfigureAwait(false) is { } own)
            return await ReadShareAsync(own, request, stop).ConfigureAwait(false);
        var catalog = new SessionCatalog(AgentHome.OfThisUser(context.State.Folder), opencodePath: null, agent: null);
        if (catalog.Find(name) is not { } entry)
            throw new CliException(ExitCode.Error,
                "That is no link, no share of this machine and no session of it. list_sessions lists what is here.");
        if (entry.IsOlder)
        {
            return await Task.Run(() => ReadOlderAsync(catalog.OpencodePath, name, request, stop), stop)
                .ConfigureAwait(false);
        }

        IAgentStorage storage = catalog.Storages.First(one => one.Agent == entry.Session.Agent);
        return await Task.Run(() => ReadLocalAsync(storage, entry.Session, request, stop), stop).ConfigureAwait(false);
    }

    /// <summary>Returns the shares of this machine, newest last.</summary>
    public async Task<IReadOnlyList<ShareWriter>> ListAsync(CancellationToken stop)
    {
        if (!Path.Exists(context.State.OutboxPath)) return [];
        var known = new KnownShares(context);
        var shares = new List<ShareWriter>();
        foreach (Uri server in known.Servers)
        {
            await using var client = await known.OpenAsync(server, send: false, stop).ConfigureAwait(false);
            shares.AddRange(client.Shares);
        }

        return shares;
    }

    /// <summary>Opens a share of this machine to follow it, and returns where it stands.</summary>
    public async Task<(ShareReader Reader, long Head)> OpenAsync(string shareId, CancellationToken stop)
    {
        ShareLink link = await FindOwnAsync(shareId, stop).ConfigureAwait(false)
            ?? throw new CliException(ExitCode.Error, "No such session is shared here.");
        var reader = new ShareReader(link, OptionsOf(), context.Time);
        try
        {
            long head = await new PatientReading(reader, link, context.Time, Patience).AnswerAsync(
                async cancel => (await reader.ReadOpsAsync(long.MaxValue, cancel).ConfigureAwait(false)).Head, stop)
                .ConfigureAwait(false);
            return (reader, head);
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private ShareReaderOptions OptionsOf() =>
        new() { Credentials = new CredentialStore(context.State.CredentialsPath) };

    private async Task<ShareLink?> FindOwnAsync(string name, CancellationToken stop)
    {
        if (await new KnownShares(context).FindAsync(name, send: false, stop).ConfigureAwait(false) is not var (client,
            share)) return null;
        await using (client.ConfigureAwait(false)) return share.ViewerLink ?? share.OwnerLink;
    }

    private async Task<string> ReadShareAsync(ShareLink link, TranscriptRequest request, CancellationToken stop)
    {
        await using var reader = new ShareReader(link, OptionsOf(), context.Time);
        var read = new Dictionary<string, ShareSnapshot>(StringComparer.Ordinal);
        return await new PatientReading(reader, link, context.Time, Patience).AnswerAsync(
            cancel => new TranscriptReader(kind => DocumentsAsync(kind, cancel), request).ReadAsync(), stop)
            .ConfigureAwait(false);

        async IAsyncEnumerable<Document> DocumentsAsync(string kind, [EnumeratorCancellation] CancellationToken cancel)
        {
            if (!read.TryGetValue(kind, out ShareSnapshot? state))
                read[kind] = state = await reader.ReadStateAsync([kind], cancel).ConfigureAwait(false);
            foreach (Document document in state.Documents) yield return document;
        }
    }

    private static async Task<string> ReadLocalAsync(
        IAgentStorage storage, AgentSession session, TranscriptRequest request, CancellationToken stop)
    {
        var secrets = new SecretFilter(Commands.Secrets.ScannerOf(null));
        var ops = new SourceOps();
        using ISessionReader reader = storage.Open(session, bookmark: null);
        return await ReadAsync(reader.Read().SelectMany(step => ops.Of(step.Changes, secrets)), request, stop)
            .ConfigureAwait(false);
    }

    /// <summary>Reads a session from the tables of OpenCode 1.</summary>
    internal static async Task<string> ReadOlderAsync(
        string databasePath, string id, TranscriptRequest request, CancellationToken stop)
    {
        using OpencodeDatabase database = OpencodeDatabase.Open(databasePath);
        return await ReadAsync(database.ReadOps(id, Commands.Secrets.ScannerOf(null)), request, stop)
            .ConfigureAwait(false);
    }

    private static async Task<string> ReadAsync(
        IEnumerable<OpIntent> ops, TranscriptRequest request, CancellationToken stop)
    {
        var documents = new Dictionary<(string Kind, string Key), Document>();
        foreach (OpIntent op in ops)
        {
            stop.ThrowIfCancellationRequested();
            if (op.Data is { } data) documents[(op.Kind, op.Key)] = new Document(op.Kind, op.Key, 0, data);
            else documents.Remove((op.Kind, op.Key));
        }

        return await new TranscriptReader(
            kind => documents.Values.Where(one => one.Kind == kind).ToAsyncEnumerable(), request).ReadAsync()
            .ConfigureAwait(false);
    }
}
