using ShareRpc.Benchmarks.Figures;
using ShareRpc.Benchmarks.Load;

namespace ShareRpc.Benchmarks.Servers;

/// <summary>
/// A node of this build on a PostgreSQL of the run's own. The first one owns the database and the other nodes, and
/// counts what they cost.
/// </summary>
internal sealed class PostgresNode : MeasuredProcess
{
    private readonly DirectoryInfo directory;
    private readonly PostgresPeer database;
    private readonly List<PostgresNode> others = [];

    private PostgresNode(DirectoryInfo directory, PostgresPeer database) =>
        (this.directory, this.database) = (directory, database);

    /// <summary>Gets where the nodes listen.</summary>
    public IReadOnlyList<Uri> Addresses => [Address, .. others.Select(node => node.Address)];

    public static async Task<PostgresNode> StartAsync(int count, CancellationToken cancellationToken)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("sharerpc-bench-");
        PostgresPeer database = await PostgresPeer.StartAsync(cancellationToken);
        var first = new PostgresNode(directory, database);
        await PostgresPeer.RunAsync(
            new("dotnet", ["exec", .. first.Command("init"), "--root-token", first.RootToken]), cancellationToken);
        await first.LaunchAsync([.. first.Command("serve"), .. Named(0)], cancellationToken);
        for (int i = 1; i < count; i++)
        {
            var other = new PostgresNode(directory, database);
            await other.LaunchAsync([.. other.Command("serve"), .. Named(i)], cancellationToken);
            first.others.Add(other);
        }

        return first;
    }

    public Task<ShareSetup> SetUpAsync(CancellationToken cancellationToken) =>
        ShareSetup.OpenAsync(Address, File.ReadAllText(RootToken).Trim(), cancellationToken);

    public override Cost ReadCost()
    {
        Cost own = base.ReadCost();
        foreach (Cost cost in others.Select(node => node.ReadOwnCost()).Append(database.ReadCost()))
        {
            own = own with { ServerCpu = own.ServerCpu + cost.ServerCpu, DiskBytes = own.DiskBytes + cost.DiskBytes };
        }

        return own;
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (PostgresNode other in others) await other.KillAsync();
        await base.DisposeAsync();
        await database.DisposeAsync();
        directory.Delete(recursive: true);
    }

    protected override long ReadCommits() => 0;

    private Cost ReadOwnCost() => base.ReadCost();

    private string RootToken => Path.Combine(directory.FullName, "root.token");

    private static string[] Named(int i) =>
        ["--node-name", FormattableString.Invariant($"node{i}"), "--urls", "http://127.0.0.1:0"];

    private string[] Command(string verb) =>
    [
        ServerUnderTest.OwnBuild, verb, "--postgres", database.StoreConnectionString,
        "--keys", Path.Combine(directory.FullName, "keys"),
    ];
}
