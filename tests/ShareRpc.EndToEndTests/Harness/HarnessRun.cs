using System.Diagnostics;
using ShareRpc.Client.Reading;
using ShareRpc.EndToEndTests.Cluster;
using ShareRpc.Protocol.Errors;
using ShareRpc.Protocol.Messages;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>
/// One run: a server, four writers on two shares, a reader of each, all real processes with a faulty network in
/// between, and a seeded schedule of what is killed or cut while they work. At the end everything must be as the plans
/// say.
/// </summary>
internal sealed class HarnessRun : IAsyncDisposable
{
    private const int SlicesPerBlow = 10;
    private static readonly string[] Shares = ["a", "b"];
    private readonly int seed;
    private readonly HarnessOptions options;
    private readonly Dice dice;
    private readonly string world = Directory.CreateTempSubdirectory("sharerpc-harness-").FullName;
    private readonly FaultProxy proxy;
    private readonly List<WriterSlot> writers = [];
    private readonly List<ReaderSlot> readers = [];
    private readonly IServers server;
    private bool isGood;
    private int writerKills;
    private int readerKills;

    public HarnessRun(int seed, HarnessOptions options)
    {
        this.seed = seed;
        this.options = options;
        dice = new Dice(seed);
        string data = Path.Combine(world, "data");
        ClusterServers? cluster = options.IsCluster ? new ClusterServers(data, seed, options.Broken) : null;
        proxy = cluster is null ? new FaultProxy() : new FaultProxy { Choose = cluster.Choose };
        server = cluster is null ? new ServerSlot(proxy, data) : cluster;
    }

    /// <summary>Runs to the end; a run that does not come to one says where it stands, and how to repeat it.</summary>
    public async Task<RunReport> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            RunReport report = await PlayAsync(cancellationToken);
            isGood = report.Findings.Count == 0;
            return report;
        }
        catch (Exception exception) when (
            exception is OperationCanceledException or InvalidOperationException or ShareRpcException)
        {
            throw new InvalidOperationException(
                $"{exception.GetType().Name}: {exception.Message} {Describe()} Repeat: "
                    + $"{HarnessProgram.CommandOf(seed)}", exception);
        }
    }

    private async Task<RunReport> PlayAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        await server.StartAsync(cancellationToken);
        foreach (string share in Shares)
        {
            for (int i = 0; i < 2; i++) AddWriter($"{share}{i}", share, creates: i == 0, copyOf: null);
            var reader = new ReaderSlot($"{share}.reader", share, world);
            reader.Start();
            readers.Add(reader);
        }

        for (int blow = 1; blow <= options.Blows; blow++)
        {
            await WorkAsync(blow, cancellationToken);
            await ReviveAsync(cancellationToken);
            if (seed % 3 == 0 && blow == options.Blows / 2) await CopyOutboxAsync(blow, cancellationToken);
            else await StrikeAsync(cancellationToken);
        }

        proxy.Disarm();
        await server.SettleAsync(cancellationToken);
        foreach (WriterSlot writer in writers) writer.Finish();
        await Until.TrueAsync(() => HasEndedAsync(cancellationToken), cancellationToken);
        Task<RunReport> report = ReportAsync(Stopwatch.GetElapsedTime(start), cancellationToken);
        // A fault that the server was started with may strike only now: in the fold of what came last.
        await Until.TrueAsync(() => HasCollectedAsync(report, cancellationToken), cancellationToken);
        return await report;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (WriterSlot writer in writers) await writer.DisposeAsync();
        foreach (ReaderSlot reader in readers) await reader.DisposeAsync();
        await server.DisposeAsync();
        await proxy.DisposeAsync();
        if (isGood) Directory.Delete(world, recursive: true);
    }

    /// <summary>
    /// A while in which the writers get on with their plans, little by little, so that every blow meets them at work.
    /// </summary>
    private async Task WorkAsync(int blow, CancellationToken cancellationToken)
    {
        TimeSpan slice = TimeSpan.FromMilliseconds(dice.Next(20, options.LongestPauseMs)) / SlicesPerBlow;
        for (int i = 1; i <= SlicesPerBlow; i++)
        {
            foreach (WriterSlot writer in writers)
                writer.Allow(((blow - 1) * SlicesPerBlow) + i, options.Blows * SlicesPerBlow);
            await Task.Delay(slice, TimeProvider.System, cancellationToken);
        }
    }

    private void AddWriter(string name, string share, bool creates, string? copyOf)
    {
        string directory = Path.Combine(world, name);
        Directory.CreateDirectory(directory);
        var writer =
            new WriterSlot(name, share, directory, creates, copyOf, Plan.Of(seed, share, name, options.OpsPerWriter));
        writers.Add(writer);
        StartWriter(writer, fault: null);
    }

    private void StartWriter(WriterSlot writer, string? fault) =>
        writer.Start(proxy.Address, world, seed, options.OpsPerWriter, fault);

    /// <summary>Starts again what died of a fault it was started with.</summary>
    private async Task ReviveAsync(CancellationToken cancellationToken)
    {
        await server.ReviveAsync(cancellationToken);
        foreach (WriterSlot writer in writers.Where(writer => writer.HasDied()))
        {
            writerKills++;
            StartWriter(writer, fault: null);
        }

        if (readers.Select(reader => reader.Failure).OfType<string>().FirstOrDefault() is { } failure)
            throw new InvalidOperationException(failure);
    }

    private async Task<bool> HasEndedAsync(CancellationToken cancellationToken)
    {
        await ReviveAsync(cancellationToken);
        return writers.TrueForAll(writer => writer.End is not null);
    }

    private async Task<bool> HasCollectedAsync(Task report, CancellationToken cancellationToken)
    {
        if (!report.IsCompleted) await ReviveAsync(cancellationToken);
        return report.IsCompleted;
    }

    private string Describe()
    {
        IEnumerable<string> waiting =
            writers.Where(writer => writer.End is null).Select(writer => $"{writer.Name} {writer.Errors}");
        return $"Its files are kept in {world}. Not ended: {string.Join(", ", waiting)}. Server: {server.Errors}";
    }

    private async Task StrikeAsync(CancellationToken cancellationToken)
    {
        switch (dice.Next(0, 100))
        {
            case int face when face < options.ServerBlows:
                await server.StrikeAsync(dice, () => Task.CompletedTask, cancellationToken);
                break;
            case int face when face < options.ServerBlows + 5:
                await server.StrikeAsync(dice, () => KillWriterAsync(cancellationToken), cancellationToken);
                break;
            case int face when face < options.ServerBlows + 20:
                await KillWriterAsync(cancellationToken);
                break;
            case int face when face < options.ServerBlows + 26:
                await KillReaderAsync(cancellationToken);
                break;
            default:
                proxy.Arm((Fault)dice.Next(0, Enum.GetValues<Fault>().Length));
                break;
        }
    }

    private async Task KillWriterAsync(CancellationToken cancellationToken)
    {
        WriterSlot writer = writers[dice.Next(0, writers.Count)];
        string? fault = dice.Next(0, 3) switch
        {
            0 => $"client.after_send:{dice.Next(1, 10)}",
            1 => $"client.before_ack_persisted:{dice.Next(1, 10)}",
            _ => null,
        };
        await writer.KillAsync(cancellationToken);
        writerKills++;
        StartWriter(writer, fault);
    }

    private async Task KillReaderAsync(CancellationToken cancellationToken)
    {
        ReaderSlot reader = readers[dice.Next(0, readers.Count)];
        await reader.KillAsync(cancellationToken);
        readerKills++;
        reader.Start();
    }

    /// <summary>A container is cloned, or a backup restored beside its original: both go on.</summary>
    private async Task CopyOutboxAsync(int blow, CancellationToken cancellationToken)
    {
        WriterSlot original = writers[dice.Next(0, writers.Count)];
        await original.KillAsync(cancellationToken);
        writerKills++;
        string name = original.Name + Plan.CopySuffix;
        Directory.CreateDirectory(Path.Combine(world, name));
        foreach (string file in Directory.GetFiles(original.Directory))
        {
            if (!file.EndsWith("-shm", StringComparison.Ordinal))
                File.Copy(file, Path.Combine(world, name, Path.GetFileName(file)));
        }

        StartWriter(original, fault: null);
        AddWriter(name, original.Share, creates: false, original.Name);
        writers[^1].Allow(blow * SlicesPerBlow, options.Blows * SlicesPerBlow);
    }

    private async Task<RunReport> ReportAsync(TimeSpan elapsed, CancellationToken cancellationToken)
    {
        List<Finding> findings =
            [.. writers.Select(writer => writer.LostEnqueue).OfType<string>().Select(lost =>
                new Finding(Property.NothingLost, lost))];
        int ops = 0;
        foreach (string share in Shares)
        {
            ShareHistory history = await CollectAsync(share, cancellationToken);
            ops += history.Writers.Sum(writer => writer.Plan.Sum(step => step.Ops.Count));
            findings.AddRange(HistoryChecker.Check(history));
        }

        findings.AddRange(await server.JudgeAsync(cancellationToken));
        return new RunReport
        {
            Seed = seed, Ops = ops, Beside = server.Describe(),
            ServerKills = server.Kills, ServerStops = server.Stops, WriterKills = writerKills,
            ReaderKills = readerKills, OutboxCopies = writers.Count(writer => writer.CopyOf is not null),
            Faults = new Dictionary<Fault, int>(proxy.Done), Findings = findings, Seconds = elapsed.TotalSeconds,
        };
    }

    private async Task<ShareHistory> CollectAsync(string share, CancellationToken cancellationToken)
    {
        await using var direct = new ShareReader(await LinkFile.ReadAsync(Path.Combine(world, $"{share}.read")));
        var log = new List<LoggedOp>();
        long head;
        do
        {
            OpPage page = await direct.ReadOpsAsync(log.Count, cancellationToken);
            log.AddRange(page.Ops);
            head = page.Ops.Count == 0 ? log.Count : page.Head;
        }
        while (log.Count < head);

        ShareSnapshot state = await direct.ReadStateAsync(cancellationToken);
        ReaderSlot[] following = [.. readers.Where(reader => reader.Share == share)];
        await Until.TrueAsync(
            () => following.All(reader => reader.Seen.Count >= log.Count || reader.Failure is not null),
            cancellationToken);
        return new ShareHistory(
            log, state.Documents, [.. writers.Where(writer => writer.Share == share).Select(WriterOf)],
            [.. following.Select(reader => reader.Seen)]);
    }

    /// <summary>The rows of a plan may have been in its writer's outbox and in a copy of it.</summary>
    private WriterHistory WriterOf(WriterSlot writer) => new(
        writer.Name, writer.Plan,
        [.. writers.Where(other => other.Name == writer.Name
            || other.CopyOf == writer.Name).Select(other => other.End!)]);
}
