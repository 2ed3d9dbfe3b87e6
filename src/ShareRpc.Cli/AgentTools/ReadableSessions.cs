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
            throw new CliException(ExitCode.Error, "Sessions of OpenCode 1 can be read once they are shared.");
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

    private async Task<ShareLink?> FindOwnAsync(string name, CancellationToken stop)
    {
        if (await new KnownShares(context).FindAsync(name, send: false, stop).ConfigureAwait(false) is not var (client,
            share)) return null;
        await using (client.ConfigureAwait(false)) return share.ViewerLink ?? share.OwnerLink;
    }

    private async Task<string> ReadShareAsync(ShareLink link, TranscriptRequest request, CancellationToken stop)
    {
        var options = new ShareReaderOptions { Credentials = new CredentialStore(context.State.CredentialsPath) };
        await using var reader = new ShareReader(link, options, context.Time);
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
        var documents = new Dictionary<(string Kind, string Key), Document>();
        var ops = new SourceOps();
        using ISessionReader reader = storage.Open(session, bookmark: null);
        foreach (OpIntent op in reader.Read().SelectMany(step => ops.Of(step.Changes, secrets)))
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
