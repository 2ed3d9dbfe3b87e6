using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Http;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Opencode;
using ShareRpc.Server.Pages;
using ShareRpc.Server.Read;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Hosting;

/// <summary>The rooms of one server, wired once: everything that lives as long as the server does.</summary>
internal sealed class ServerRuntime : IAsyncDisposable
{
    private readonly DataDirectory directory;
    private readonly IShareStore store;
    private readonly TokenVerifier verifier;
    private readonly CommitQueue queue;
    private readonly Folder folder;
    private readonly ShareEraser eraser;
    private readonly OwedRevocations owed;
    private readonly TurnSweeper sweeper;
    private readonly AuditBook audit;
    private readonly CancellationTokenSource draining = new();
    private readonly CancellationTokenSource background = new();
    private Task backgroundWork = Task.CompletedTask;

    private ServerRuntime(
        ServerOptions options, DataDirectory directory, IShareStore store, TokenVerifier verifier, TimeProvider time, ILoggerFactory logs)
    {
        this.directory = directory;
        this.store = store;
        this.verifier = verifier;
        ServerLimits limits = options.ServerLimits;
        queue = new CommitQueue(limits);
        folder = new Folder(store, queue, limits, time, logs.CreateLogger<Folder>(), options.CompactAfterOps);
        eraser = new ShareEraser(store, queue, limits, time, logs.CreateLogger<ShareEraser>());
        var broadcaster = new Broadcaster(limits);
        var writers = new LiveWriters();
        sweeper = new TurnSweeper(store, queue, writers, limits, time, logs.CreateLogger<TurnSweeper>());
        var meter = new CommitMeter(time);
        Commits = new CommitLoop(queue, store, broadcaster, folder, limits, time, logs.CreateLogger<CommitLoop>(), meter);
        owed = new OwedRevocations(queue, limits, time);
        var registry = new AuthorityRegistry { Owed = owed };
        var tickets = new TicketBook(limits, time);
        audit = new AuditBook(queue, limits, time, logs.CreateLogger<AuditBook>());
        var guard = new RedemptionLimits(limits, time);
        Services = new RpcServices(
            store, new ShareLog(queue, options.Limits, limits, audit), new ShareReads(store, folder, options.Limits, time, draining.Token),
                broadcaster,
            writers,
            new Redeemer(store, queue, verifier, tickets, new VerifiedTokens(limits, time), registry, guard, audit, time), tickets,
                registry,
            new CapabilityAdmin(
                store, queue, verifier, registry, broadcaster, eraser, options.Limits, logs.CreateLogger<CapabilityAdmin>()),
            new CapabilityChanges(store, queue, verifier, registry), new CapabilityLists(store, registry, audit, options.Limits, time),
            new ServerHealth(queue, meter, registry, time), guard, audit, new ClientAddress(options.TrustedProxies), time, options.Limits,
                limits, logs.CreateLogger<RpcSession>());
    }

    public RpcServices Services { get; }

    public CommitLoop Commits { get; }

    /// <summary>The endpoints of the HTTP API.</summary>
    public HttpRoutes Http { get; private set; } = null!;

    public bool CreatedRootToken { get; private set; }

    public string RootTokenPath => directory.RootTokenPath;

    public int Waiting => queue.Count;

    /// <summary>Opens the data directory and starts the loops. Fails with a message for whoever runs the server.</summary>
    public static async Task<ServerRuntime> OpenAsync(
        ServerOptions options, TimeProvider time, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        options.Validate();
        Argon2.EnsureAvailable();
        DataDirectory directory = DataDirectory.Open(options.DataDirectory);
        IShareStore? store = null;
        try
        {
            bool isNew = !File.Exists(directory.DatabasePath);
            SecretKeys keys = SecretKeys.Open(directory.Path, isNew);
            store = SqliteShareStore.Open(directory.DatabasePath, time, options.ServerLimits.StartCheckTime, options.NeverSyncs);
            var verifier = new TokenVerifier(keys, options.ServerLimits);
            var runtime = new ServerRuntime(options, directory, store, verifier, time, logs);
            runtime.CreatedRootToken =
                await RootToken.EnsureAsync(store, verifier, directory.RootTokenPath, time, cancellationToken).ConfigureAwait(false);
            runtime.Http = runtime.WireHttp(options, time);
            runtime.Start();
            return runtime;
        }
        catch (Exception exception)
        {
            store?.Dispose();
            directory.Dispose();
            throw exception switch
            {
                SqliteException failure => new ServerStartException(SqliteTrouble.Describe(failure, directory.DatabasePath)),
                IOException or UnauthorizedAccessException => new ServerStartException(DataDirectory.Describe(exception, directory.Path)),
                _ => exception,
            };
        }
    }

    /// <summary>
    /// Cancelled once the server is shutting down: waiting reads end, and connections close when their replies have left.
    /// </summary>
    public CancellationToken Draining => draining.Token;

    /// <summary>Refuses new work with <c>draining</c> and finishes what is queued.</summary>
    public async Task DrainAsync()
    {
        await background.CancelAsync().ConfigureAwait(false);
        await audit.WriteAsync().ConfigureAwait(false);
        queue.Close();
        await backgroundWork.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Run(Commits.Drain).ConfigureAwait(false);
        await draining.CancelAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await DrainAsync().ConfigureAwait(false);
        store.Dispose();
        verifier.Dispose();
        directory.Dispose();
        background.Dispose();
        draining.Dispose();
    }

    private HttpRoutes WireHttp(ServerOptions options, TimeProvider time)
    {
        string? openCreator = options.OpenCreation ? OpenCreator.Ensure(store, options.Limits, time) : null;
        var held = new HeldBytes(options.ServerLimits.HttpHeldBytes);
        var access = new HttpAccess(Services.Redeemer, Services.Registry, Services.Addresses);
        var opencode = new OpencodeEndpoints(
            Services, access, new OpencodeShares(Services, queue, verifier, options.EraseUnshared ? eraser.Wake : null),
            new PublicOrigin(options.PublicUrl), held, openCreator, time);
        return new HttpRoutes(
            new HttpRequests(options.ServerLimits, Services.Logger), opencode, new OpsEndpoints(Services, access, held),
            new PageEndpoints(PageFiles.Embedded));
    }

    private void Start()
    {
        Commits.Start();
        backgroundWork = Task.WhenAll(
            folder.RunAsync(background.Token), folder.LogMaintenance.RunAsync(background.Token), eraser.RunAsync(background.Token),
            owed.RunAsync(background.Token), sweeper.RunAsync(background.Token), audit.RunAsync(background.Token));
    }
}
