using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using ShareRpc.Protocol.Ids;
using ShareRpc.Protocol.Json;
using ShareRpc.Protocol.Limits;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;
using ShareRpc.Protocol.Tokens;
using ShareRpc.Server;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Hosting;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Supervision;
using ShareRpc.Server.Turns;
using ShareRpc.Sqlite;
using ShareRpc.Tests.Fakes;

namespace ShareRpc.Tests.Server;

/// <summary>
/// The parts of a server, wired by its own registrations, without its network and background loops: the log on a medium
/// that can fail, and the capabilities.
/// </summary>
internal sealed class ServerRooms : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private readonly ServiceProvider services;
    private Task? committing;

    private ServerRooms(
        ServerLimits limits, ProtocolLimits protocolLimits, long? compactAfterOps,
        Action<IServiceCollection>? configure, IShareStore? shared)
    {
        var options = new ServerOptions
        {
            DataDirectory = directory.Path, ServerLimits = limits, Limits = protocolLimits,
            CompactAfterOps = compactAfterOps,
        };
        IServiceCollection registrations = new ServiceCollection().AddLogging().AddSingleton<TimeProvider>(Clock)
            .AddSingleton<IShareStore>(provider =>
                new FaultyStore(shared ?? SqliteShareStore.Open(
                    provider.GetRequiredService<DataDirectory>().DatabasePath, Clock, limits)))
            .AddSingleton<IHostApplicationLifetime, ApplicationLifetime>().AddShareRpcServer(options);
        configure?.Invoke(registrations);
        services = registrations.BuildServiceProvider();
    }

    public ManualTimeProvider Clock { get; } = new();

    /// <summary>The data directory.</summary>
    public string Path => directory.Path;

    public ServerLimits Limits => Get<ServerLimits>();

    public FaultyStore Store => (FaultyStore)Get<IShareStore>();

    public TokenVerifier Tokens => Get<TokenVerifier>();

    public GrantSweeper Grants => Get<GrantSweeper>();

    public CapabilityChanges Changes => Get<CapabilityChanges>();

    public AuditBook Audit => Get<AuditBook>();

    public AuditSealer Sealer => Get<AuditSealer>();

    public RedemptionLimits Guard => Get<RedemptionLimits>();

    public CommitMeter Meter => Get<CommitMeter>();

    public CommitQueue Queue => Get<CommitQueue>();

    public CommitLoop Loop => Get<CommitLoop>();

    public Folder Folder => Get<Folder>();

    /// <summary>What keeps the log of the database from growing.</summary>
    public LogMaintenance LogMaintenance => ((SqliteShareStore)Store.Inner).Log;

    public Broadcaster Broadcaster => Get<Broadcaster>();

    public LiveWriters Writers => Get<LiveWriters>();

    public TurnSweeper Sweeper => Get<TurnSweeper>();

    public AuthorityRegistry Registry => Get<AuthorityRegistry>();

    public OwedRevocations Owed => Get<OwedRevocations>();

    public ShareLog Log => Get<ShareLog>();

    public ShareReads Reads => Get<ShareReads>();

    public Redeemer Redeemer => Get<Redeemer>();

    public ShareEraser Eraser => Get<ShareEraser>();

    public CapabilityAdmin Admin => Get<CapabilityAdmin>();

    public CapabilityLists Lists => Get<CapabilityLists>();

    public ShareToken RootToken { get; private set; } = null!;

    /// <summary>A live root authority.</summary>
    public Authority Root { get; private set; } = null!;

    /// <summary>
    /// Runs the commit loop alone; with <paramref name="isSupervised"/> nothing until the supervisor is started. With
    /// SHARERPC_TEST_STORE=postgres on that store.
    /// </summary>
    /// <param name="shared">A store that other rooms have, too.</param>
    /// <param name="other">The rooms whose keys and root token these have.</param>
    public static async Task<ServerRooms> OpenAsync(
        ServerLimits? limits = null, ProtocolLimits? protocolLimits = null, long? compactAfterOps = null,
        Action<IServiceCollection>? configure = null, bool isSupervised = false, IShareStore? shared = null,
        ServerRooms? other = null)
    {
        if (shared is null && Environment.GetEnvironmentVariable("SHARERPC_TEST_STORE") == "postgres")
            shared = await PostgresShareStore.OpenAsync(await TestPostgres.NewDatabaseAsync());
        var rooms = new ServerRooms(
            limits ?? ServerLimits.Default, protocolLimits ?? ProtocolLimits.Default, compactAfterOps, configure,
            shared);
        string path = rooms.directory["root.token"];
        if (other is not null)
        {
            File.Copy(other.directory["root.token"], path);
            Directory.CreateDirectory(rooms.directory["keys"]);
            File.Copy(other.directory["keys/token.key"], rooms.directory["keys/token.key"]);
        }

        await ShareRpc.Server.Hosting.RootToken.EnsureAsync(rooms.Store, rooms.Tokens, path, rooms.Clock,
            CancellationToken.None);
        Assert.True(ShareToken.TryParse((await File.ReadAllTextAsync(path)).Trim(), out ShareToken? token));
        rooms.RootToken = token;
        rooms.Root = await rooms.RedeemAsync(token, ofShare: false);
        if (!isSupervised) rooms.committing = rooms.Loop.RunAsync(() => { }, CancellationToken.None);
        return rooms;
    }

    public async Task<Authority> RedeemAsync(
        ShareToken token, string? passphrase = null, string? address = null, bool? ofShare = null,
            ShareToken? grant = null)
    {
        GrantRequest? asked = grant is null ? null
            : new GrantRequest { CapId = grant.CapId, TokenDigest = grant.Digest };
        FoundRef found = await Redeemer.FindAsync(token.Reveal(), address, CancellationToken.None);
        var terms = new RedemptionTerms(ofShare ?? found.Share is not null, passphrase, asked, address);
        return (await Redeemer.RedeemAsync(found, terms, reader: null, CancellationToken.None)).Authority;
    }

    /// <summary>A new share; its owner's live authority.</summary>
    public async Task<Authority> CreateShareAsync(Authority? creator = null)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await Admin.CreateShareAsync(
            creator ?? Root,
            new CreateShareRequest { ShareId = RandomId.New(), CapId = token.CapId, TokenDigest = token.Digest });
        return await RedeemAsync(token);
    }

    /// <summary>A child of a ref; its token.</summary>
    public async Task<ShareToken> AttenuateAsync(
        Authority parent, Rights rights, Caveats? caveats = null, string? passphrase = null)
    {
        ShareToken token = ShareToken.New(RandomId.New());
        await Admin.AttenuateAsync(
            parent, new AttenuateRequest
            {
                CapId = token.CapId, TokenDigest = token.Digest, Rights = rights.ToNames(), Caveats = caveats,
                PassphraseDigest = passphrase is null ? null : Passphrase.DigestOf(token, passphrase),
            });
        return token;
    }

    public Task<Ack> AppendAsync(Authority authority, params OpIntent[] ops) =>
        Log.AppendAsync(authority, null, new OpBatch { BatchId = "b", Ops = ops });

    public static OpIntent Put(string key, string json = "{}", string? opId = null) =>
        new() { OpId = opId ?? OpId.New(), Verb = Verbs.Put, Kind = Kinds.Part, Key = key, Data = RawJson.Parse(json) };

    /// <summary>
    /// Queues things while a commit is held up, so that they meet in one transaction, and lets it go; then the storage
    /// may fail.
    /// </summary>
    public async Task<T> HoldUpAsync<T>(Func<T> enqueue, CancellationToken timeout, bool breaks = false)
    {
        var committing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var release = new ManualResetEventSlim();
        Store.BeforeCommit = () =>
        {
            committing.TrySetResult();
            release.Wait(timeout);
        };
        var first = new CommitWork<bool>(_ => ValueTask.FromResult(true));
        Queue.Enqueue(first);
        await committing.Task.WaitAsync(timeout);
        T queued = enqueue();
        if (breaks) Store.Break();
        else Store.BeforeCommit = null;
        release.Set();
        await first.Completion.WaitAsync(timeout);
        return queued;
    }

    /// <summary>A part of the server, as its own registrations make it.</summary>
    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>Closes the queue, and ends when what waits in it is done.</summary>
    public Task CloseAsync()
    {
        Queue.Close();
        return committing ?? Get<Supervisor>().StopAsync();
    }

    public void Dispose()
    {
        Store.Repair();
#pragma warning disable VSTHRD002 // Tests hold it by `using`; nothing of theirs runs on this thread meanwhile.
        CloseAsync().Wait();
        services.DisposeAsync().AsTask().Wait();
#pragma warning restore VSTHRD002
        directory.Dispose();
    }
}
