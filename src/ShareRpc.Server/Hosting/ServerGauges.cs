using System.Diagnostics.Metrics;
using ShareRpc.Server.Access;
using ShareRpc.Server.Commit;
using ShareRpc.Server.Connections.Handles;
using ShareRpc.Server.Diagnostics;
using ShareRpc.Server.Maintenance;
using ShareRpc.Server.Memory;
using ShareRpc.Server.Read;

namespace ShareRpc.Server.Hosting;

/// <summary>What is read when somebody looks: queue, connections, readers, memory, disk.</summary>
internal sealed class ServerGauges
{
    public ServerGauges(
        IMeterFactory meters, CommitQueue queue, ServerHealth health, AuthorityRegistry registry,
        Broadcaster feeds, MemoryBudget memory, ServerOptions options)
    {
        Meter meter = meters.Create(ServerMetrics.Name);
        Add("sharerpc.queue.items", "{item}", "Mutations that wait for the disk", () => queue.Waiting.Items);
        Add("sharerpc.queue.size", "By", "Their bytes", () => queue.Waiting.Bytes);
        Add("sharerpc.connections", "{connection}", "Open WebSockets", () => health.Connections);
        Add("sharerpc.handles", "{handle}", "Live handles", () => registry.Count().Handles);
        Add("sharerpc.shares.open", "{share}", "Shares with handles", () => feeds.Count);
        Add("sharerpc.readers.waiting", "{reader}", "Reads that wait for the next op", () => feeds.CountWaiting());
        Add("sharerpc.memory.used", "By", "What the memory budget has given out", () => memory.Used);
        Add("sharerpc.memory.limit", "By", "The memory budget", () => options.MemoryBytes);
        Add("sharerpc.ring.size", "By", "Recent ops kept in memory", () => memory.Cached);
        if (options.Postgres is null)
        {
            Add("sharerpc.disk.free", "By", "Free space of the data directory's file system",
                () => FreeSpace.Of(options.DataDirectory) ?? 0);
        }

        void Add(string name, string unit, string description, Func<long> read) =>
            meter.CreateObservableUpDownCounter(name, read, unit, description);
    }
}
