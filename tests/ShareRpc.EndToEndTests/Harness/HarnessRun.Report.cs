using ShareRpc.Client.Reading;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.EndToEndTests.Harness;

/// <summary>What came of a run.</summary>
internal sealed partial class HarnessRun
{
    private async Task<RunReport> ReportAsync(TimeSpan elapsed, CancellationToken cancellationToken)
    {
        List<Finding> findings =
            [.. writers.Select(writer => writer.LostEnqueue).OfType<string>().Select(lost => new Finding(Property.NothingLost, lost))];
        int ops = 0;
        foreach (string share in Shares)
        {
            ShareHistory history = await CollectAsync(share, cancellationToken);
            ops += history.Writers.Sum(writer => writer.Plan.Sum(step => step.Ops.Count));
            findings.AddRange(HistoryChecker.Check(history));
        }

        return new RunReport
        {
            Seed = seed, Ops = ops, ServerKills = server.Kills, ServerStops = server.Stops, WriterKills = writerKills,
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
            Protocol.Messages.OpPage page = await direct.ReadOpsAsync(log.Count, cancellationToken);
            log.AddRange(page.Ops);
            head = page.Ops.Count == 0 ? log.Count : page.Head;
        }
        while (log.Count < head);

        ShareSnapshot state = await direct.ReadStateAsync(cancellationToken);
        ReaderSlot[] following = [.. readers.Where(reader => reader.Share == share)];
        await Until.TrueAsync(
            () => following.All(reader => reader.Seen.Count >= log.Count || reader.Failure is not null), cancellationToken);
        return new ShareHistory(
            log, state.Documents, [.. writers.Where(writer => writer.Share == share).Select(WriterOf)],
            [.. following.Select(reader => reader.Seen)]);
    }

    /// <summary>The rows of a plan may have been in its writer's outbox and in a copy of it.</summary>
    private WriterHistory WriterOf(WriterSlot writer) => new(
        writer.Name, writer.Plan,
        [.. writers.Where(other => other.Name == writer.Name || other.CopyOf == writer.Name).Select(other => other.End!)]);
}
