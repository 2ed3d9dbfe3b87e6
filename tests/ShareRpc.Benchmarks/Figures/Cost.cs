namespace ShareRpc.Benchmarks.Figures;

/// <summary>What something took.</summary>
/// <param name="ServerCpu">Processor time of the server's process.</param>
/// <param name="ClientCpu">Processor time of this process.</param>
/// <param name="Commits">Durable transactions.</param>
/// <param name="DiskBytes">Bytes that the server wrote to the disk.</param>
internal readonly record struct Cost(TimeSpan ServerCpu, TimeSpan ClientCpu, long Commits, long DiskBytes)
{
    public Cost Since(Cost before) => new(
        ServerCpu - before.ServerCpu, ClientCpu - before.ClientCpu, Commits - before.Commits,
        DiskBytes - before.DiskBytes);
}
