using ShareRpc.Client.Reading;
using ShareRpc.EndToEndTests.Harness;

namespace ShareRpc.EndToEndTests;

/// <summary>Two processes on one outbox file.</summary>
public sealed class OutboxLeaseTests : IAsyncLifetime, IAsyncDisposable
{
    private const int Seed = 1;
    private const int Ops = 60;

    /// <summary>What <see cref="WriterWorker"/> opens its client with.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private readonly CancellationToken timeout = new CancellationTokenSource(TimeSpan.FromMinutes(6)).Token;
    private readonly string world = Directory.CreateTempSubdirectory("sharerpc-lease-").FullName;
    private readonly FaultProxy proxy = new();
    private readonly List<WriterSlot> writers = [];
    private ServerSlot server = null!;

    [Fact]
    public async Task One_process_sends_for_both_and_when_it_is_killed_the_other_takes_over_within_the_lease_time()
    {
        server = new ServerSlot(proxy, Path.Combine(world, "data"));
        await server.StartAsync(timeout);
        WriterSlot first = Start("first");
        await Until.TrueAsync(() => File.Exists(Path.Combine(world, "a.read")), timeout);
        first.Allow(1, 3);
        await using var reader = new ShareReader(
            await LinkFile.ReadAsync(Path.Combine(world, "a.read")),
            new ShareReaderOptions { InvalidTokenPatience = TimeSpan.FromMinutes(1) });
        await Until.TrueAsync(async () => await HeadAsync(reader) > 0, timeout);

        WriterSlot second = Start("second");
        second.Allow(1, 3);
        long both = OpsOf(first, 1) + OpsOf(second, 1);
        await Until.TrueAsync(async () => await HeadAsync(reader) == both, timeout);

        second.Allow(2, 3);
        await first.KillAsync(timeout);
        long killed = TimeProvider.System.GetTimestamp();
        long after = OpsOf(first, 1) + OpsOf(second, 2);
        await Until.TrueAsync(async () => await HeadAsync(reader) == after, timeout);
        TimeSpan taken = TimeProvider.System.GetElapsedTime(killed);
        Assert.True(taken <= Lease + Grace, $"taken over after {taken}");

        first = Start("first", first);
        first.Finish();
        second.Finish();
        await Until.TrueAsync(() => !first.HasDied() && !second.HasDied() && first.End is not null
            && second.End is not null, timeout);
        Assert.Equal(OpsOf(first, 3) + OpsOf(second, 3), await HeadAsync(reader));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>xunit calls the other one.</summary>
    ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());

    public async Task DisposeAsync()
    {
        foreach (WriterSlot writer in writers) await writer.DisposeAsync();
        await server.DisposeAsync();
        await proxy.DisposeAsync();
        Directory.Delete(world, recursive: true);
    }

    /// <summary>The ops of the first thirds of a plan that make a cursor.</summary>
    private static long OpsOf(WriterSlot writer, int thirds) => writer.Plan.Take(writer.Plan.Count * thirds / 3)
        .SelectMany(step => step.Ops).LongCount(op => op.Expect == Expectation.Applied);

    private static async Task<long> HeadAsync(ShareReader reader) =>
        (await reader.ReadOpsAsync(long.MaxValue / 2)).Head;

    /// <summary>
    /// Both write to one share from one directory. Their plans have no ops in common, as those of copies have none.
    /// </summary>
    private WriterSlot Start(string name, WriterSlot? again = null)
    {
        string directory = Path.Combine(world, "outbox");
        Directory.CreateDirectory(directory);
        WriterSlot writer = again ?? new WriterSlot(
            name + Plan.CopySuffix, "a", directory, creates: true, copyOf: null,
            Plan.Of(Seed, "a", name + Plan.CopySuffix, Ops));
        if (again is null) writers.Add(writer);
        writer.Start(proxy.Address, world, Seed, Ops, fault: null);
        return writer;
    }
}
