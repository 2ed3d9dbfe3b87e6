using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ShareRpc.Server.Access;
using ShareRpc.Server.Cluster;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Storage;
using ShareRpc.Server.Storage.Postgres;
using ShareRpc.Server.Supervision;

namespace ShareRpc.Server.Hosting;

/// <summary>
/// Registers what makes a process a node among others, where the store is one that others serve, too; otherwise it is
/// the only one.
/// </summary>
internal static class ClusterParts
{
    public static void AddCluster(this IServiceCollection services)
    {
        services.TryAddSingleton<IServerNode>(provider =>
            IsCluster(provider) ? ActivatorUtilities.CreateInstance<ClusterNode>(provider) : new OnlyNode());
        services.TryAddSingleton(provider => Options(provider.GetRequiredService<ServerOptions>()));
        services.TryAddSingleton<NodeTable>();
        services.TryAddSingleton(provider =>
            ((PostgresShareStore)provider.GetRequiredService<IShareStore>()).Database);
        services.TryAddSingleton(provider =>
        {
            TimeProvider time = provider.GetRequiredService<TimeProvider>();
            return time as ClusterClock ?? new ClusterClock(time);
        });
        services.TryAddSingleton(provider => new AuthorityLease(
            provider.GetRequiredService<ClusterClock>(), provider.GetRequiredService<ClusterOptions>().Lease));
        services.TryAddSingleton<AppliedChanges>();
        services.TryAddSingleton<NamedShares>(provider => provider.GetRequiredService<RemoteOps>().Mark);
        AddLoop<AuthorityFollower>(services);
        AddLoop<NodeWatch>(services);
        AddLoop<WriterPresence>(services);
        AddLoop<WakeListener>(services);
        AddLoop<WakeSender>(services);
        AddLoop<RemoteOps>(services);
        services.AddSingleton<ICommitListener>(provider =>
            IsCluster(provider) ? provider.GetRequiredService<WakeSender>() : new Nothing());
    }

    /// <summary>Puts the clock of the database in the place of the machine's.</summary>
    public static TimeProvider ClockOf(ServerOptions options, TimeProvider own) =>
        options.Postgres is null || own is ClusterClock ? own : new ClusterClock(own);

    private static bool IsCluster(IServiceProvider provider) =>
        provider.GetRequiredService<ServerOptions>().Postgres is not null;

    private static ClusterOptions Options(ServerOptions options) => new()
    {
        NodeName = options.NodeName ?? $"{Environment.MachineName}-{Environment.ProcessId}",
        Lease = options.ServerLimits.AuthorityLease, Margin = options.ServerLimits.AuthorityMargin,
        RenewEvery = options.ServerLimits.AuthorityLease / 4, Grace = options.ServerLimits.AuthorityGrace,
        PollEvery = options.ServerLimits.HeadPollInterval,
    };

    private static void AddLoop<T>(IServiceCollection services)
        where T : class, IServerLoop
    {
        services.TryAddSingleton<T>();
        services.AddSingleton<IServerLoop>(provider =>
            IsCluster(provider) ? provider.GetRequiredService<T>() : new Nothing());
    }

    /// <summary>In the place of a part that a single process does not need.</summary>
    private sealed class Nothing : IServerLoop, ICommitListener
    {
        public string Name => "";

        public bool EndsByItself => true;

        public Task RunAsync(Action succeeded, CancellationToken stopping) => Task.CompletedTask;

        public void OnCommitted(LogShare share)
        {
        }
    }
}
