using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ShareRpc.Server.Access;
using ShareRpc.Server.Access.Changes;
using ShareRpc.Server.Access.Redeeming;
using ShareRpc.Server.Append;
using ShareRpc.Server.CapnWeb;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Connections;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Fold;
using ShareRpc.Server.Http;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Mcp;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Opencode;
using ShareRpc.Server.Pages;
using ShareRpc.Server.Read;
using ShareRpc.Server.Search;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Storage.Sqlite;
using ShareRpc.Server.Supervision;
using ShareRpc.Server.Turns;

namespace ShareRpc.Server.Hosting;

/// <summary>Registers a share server; map its endpoints by <c>MapShareRpc</c>.</summary>
public static class ShareRpcServerServices
{
    /// <summary>The configuration section of the options.</summary>
    public const string ConfigurationSection = "ShareRpc";

    /// <summary>
    /// Adds a server whose options come from the section <c>ShareRpc</c> of the configuration, then from
    /// <paramref name="configure"/>. They are validated once, when the host starts: a mistake is an
    /// <see cref="OptionsValidationException"/> that names the option. A data directory that cannot be used is a
    /// <see cref="ServerStartException"/>. The server starts, drains and stops with the host.
    /// </summary>
    public static IServiceCollection AddShareRpcServer(this IServiceCollection services,
        Action<ServerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<ServerOptions>().BindConfiguration(ConfigurationSection).Configure(configure
            ?? (_ => { })).ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ServerOptions>, ServerOptionsValidation>());
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<ServerOptions>>().Value);
        return services.AddParts();
    }

    /// <summary>Adds a server. Throws <see cref="ServerStartException"/> naming an invalid option.</summary>
    public static IServiceCollection AddShareRpcServer(this IServiceCollection services, ServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        services.TryAddSingleton(options);
        return services.AddParts();
    }

    private static IServiceCollection AddParts(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddHealthChecks().AddCheck<ReadyCheck>("sharerpc", tags: [ReadyCheck.Tag]);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider =>
        {
            ServerOptions options = provider.GetRequiredService<ServerOptions>();
            return options.ServerLimits with { QueueBytes = options.QueueBytes };
        });
        services.TryAddSingleton(provider => provider.GetRequiredService<ServerOptions>().Limits);
        services.TryAddSingleton<ServerMetrics>();
        services.TryAddSingleton<ServerGauges>();
        services.TryAddSingleton<DrainSignal>();
        services.TryAddSingleton<MemoryBudget>();
        services.TryAddSingleton<Supervisor>();
        services.TryAddSingleton<ServerLifecycle>();
        services.AddSingleton<IHostedService>(provider =>
        {
            provider.GetRequiredService<ServerGauges>(); // makes its instruments
            return provider.GetRequiredService<ServerLifecycle>();
        });
        services.AddCluster();
        AddStorage(services);
        AddLoops(services);
        AddAccess(services);
        AddEndpoints(services);
        return services;
    }

    private static void AddStorage(IServiceCollection services)
    {
        services.TryAddSingleton<StorePlace>();
        services.TryAddSingleton(provider => provider.GetRequiredService<StorePlace>().Directory!);
        services.TryAddSingleton(provider => provider.GetRequiredService<StorePlace>() is { Directory: { } directory }
            ? directory.Open(() => TokenVerifier.Open(directory.Path, directory.IsNew))
            : TokenVerifier.OpenFile(provider.GetRequiredService<ServerOptions>().KeyFile!));
        services.TryAddSingleton(provider =>
            new AuditKeys(provider.GetRequiredService<TokenVerifier>().Keys.Select(key => key.Bytes)));
        services.TryAddSingleton(OpenSearchIndex);
        services.TryAddSingleton<IShareStore>(provider =>
        {
            StorePlace place = provider.GetRequiredService<StorePlace>();
            ServerOptions options = provider.GetRequiredService<ServerOptions>();

            // Keys are durable before the database exists, so that a power loss leaves no database without them.
            provider.GetRequiredService<TokenVerifier>();
            if (options.Postgres is { } postgres) return place.Open(() => PostgresShareStore.Open(postgres));
            DataDirectory directory = place.Directory!;
            TimeProvider time = provider.GetRequiredService<TimeProvider>();
            ILogger log = provider.GetRequiredService<ILogger<SqliteShareStore>>();
            return directory.Open(() => SqliteShareStore.Open(
                directory.DatabasePath, time, options.ServerLimits, log, options.NeverSyncs));
        });
    }

    private static ISearchIndex OpenSearchIndex(IServiceProvider provider)
    {
        ServerOptions options = provider.GetRequiredService<ServerOptions>();
        if (options.Postgres is not null)
        {
            return new PostgresSearchIndex(
                provider.GetRequiredService<PostgresDatabase>(), provider.GetRequiredService<TimeProvider>());
        }

        DataDirectory directory = provider.GetRequiredService<DataDirectory>();
        ILogger log = provider.GetRequiredService<ILogger<SqliteSearchIndex>>();
        return directory.Open(() => SqliteSearchIndex.Open(directory.SearchPath, options.ServerLimits, log));
    }

    /// <summary>The commit loop comes last: it notifies the others.</summary>
    private static void AddLoops(IServiceCollection services)
    {
        services.TryAddSingleton<CommitQueue>();
        services.TryAddSingleton<CommitMeter>();
        AddListener<Broadcaster>(services);
        AddLoop<Broadcaster>(services);
        AddLoop<AuditBook>(services);
        AddLoop<AuditSealer>(services);
        AddLoop<SpaceWatch>(services);
        AddLoop<ShareEraser>(services);
        AddLoop<OwedRevocations>(services);
        AddLoop<GrantSweeper>(services);
        AddLoop<ShareExpiry>(services);
        AddLoop<TurnSweeper>(services);
        AddLoop<Folder>(services);
        AddListener<Folder>(services);
        AddLoop<SearchIndexer>(services);
        services.TryAddSingleton<IFoldListener>(provider => provider.GetRequiredService<SearchIndexer>());
        AddLoop<CommitLoop>(services);
        services.TryAddSingleton<LiveWriters>();
    }

    private static void AddAccess(IServiceCollection services)
    {
        services.TryAddSingleton<AuthorityRegistry>();
        services.TryAddSingleton<IAuthorityListener>(provider => provider.GetRequiredService<AuthorityRegistry>());
        services.TryAddSingleton<PassphraseVerifier>();
        services.TryAddSingleton<RedemptionLimits>();
        services.TryAddSingleton<Redeemer>();
        services.TryAddSingleton<CapabilityAdmin>();
        services.TryAddSingleton<CapabilityChanges>();
        services.TryAddSingleton<CapabilityLists>();
        services.TryAddSingleton<CommentRate>();
        services.TryAddSingleton<ShareLog>();
        services.TryAddSingleton<Presence>();
        services.TryAddSingleton<ShareReads>();
        services.TryAddSingleton<ShareSearch>();
    }

    private static void AddEndpoints(IServiceCollection services)
    {
        services.TryAddSingleton<ServerHealth>();
        services.TryAddSingleton<HandleFactory>();
        services.TryAddSingleton<SocketDoor>();
        services.TryAddSingleton<ClientAddress>();
        services.TryAddSingleton<RefusedFrames>();
        services.TryAddSingleton<SocketAdmission>();
        services.TryAddSingleton<RpcEndpoint>();
        services.TryAddSingleton<CapEndpoint>();
        services.TryAddSingleton<CapBatch>();
        services.TryAddSingleton<HttpAccess>();
        services.TryAddSingleton<HttpRequests>();
        services.TryAddSingleton<ServerOrigin>();
        services.TryAddSingleton<OpsEndpoints>();
        services.TryAddSingleton<McpEndpoint>();
        services.TryAddSingleton<OpenCreator>();
        services.TryAddSingleton<OpencodeShares>();
        services.TryAddSingleton<ShareSync>();
        services.TryAddSingleton<OpencodeEndpoints>();
        services.TryAddSingleton<SharesEndpoint>();
        services.TryAddSingleton<LiveShare>();
        services.TryAddSingleton(PageFiles.Embedded);
        services.TryAddSingleton<PageEndpoints>();
        services.TryAddSingleton<PreviewEndpoint>();
    }

    private static void AddLoop<T>(IServiceCollection services)
        where T : class, IServerLoop
    {
        services.TryAddSingleton<T>();
        services.AddSingleton<IServerLoop>(provider => provider.GetRequiredService<T>());
    }

    private static void AddListener<T>(IServiceCollection services)
        where T : class, ICommitListener
    {
        services.TryAddSingleton<T>();
        services.AddSingleton<ICommitListener>(provider => provider.GetRequiredService<T>());
    }
}
